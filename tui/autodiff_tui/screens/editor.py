"""A text in the person's own editor: to be read there or in a pager, or to be changed."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Mapping


def editor_of(environ: Mapping[str, str]) -> list[str]:
    """Return the command that shows a file: $VISUAL, $EDITOR, $PAGER, or less.

    Raises:
        ValueError: The variable cannot be read as a command.
    """
    named = next((environ[name] for name in ("VISUAL", "EDITOR", "PAGER") if environ.get(name, "").strip()), "less")
    return shlex.split(named)


def show(text: str, environ: Mapping[str, str]) -> str:
    """Show ``text`` and wait until the person has closed it; return why it could not be shown, or empty.

    The file is read-only and of this user alone, and gone afterwards: what is changed in it is lost.
    """
    try:
        handle, path = tempfile.mkstemp(prefix="autodiff-", suffix=".md")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
                file.write(text)
            os.chmod(path, 0o400)
            command = editor_of(environ)
            code = subprocess.run([*command, path], check=False).returncode
        finally:
            os.unlink(path)
    except (OSError, ValueError) as error:
        return f"no editor: {error}; set EDITOR to a command that is there"
    return f"{command[0]} ended with code {code}" if code else ""


def change(text: str, environ: Mapping[str, str]) -> tuple[str | None, str]:
    """Have ``text`` changed and wait until the editor is closed; return the new text, or None and why there is none.

    An editor that ends with an error changes nothing. The line end that editors add to a last line is left out.
    """
    named = next((environ[name] for name in ("VISUAL", "EDITOR") if environ.get(name, "").strip()), "")
    if not named:
        return None, "no editor: set EDITOR to a command that is there"
    try:
        handle, path = tempfile.mkstemp(prefix="autodiff-", suffix=".md")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="replace", newline="") as file:
                file.write(text)
            command = shlex.split(named)
            code = subprocess.run([*command, path], check=False).returncode
            with open(path, encoding="utf-8", newline="") as file:
                changed = file.read()
        finally:
            os.unlink(path)
    except (OSError, ValueError) as error:
        return None, f"no editor: {error}; set EDITOR to a command that is there"
    if code:
        return None, f"{command[0]} ended with code {code}: nothing was changed"
    added = changed.endswith("\n") and not text.endswith("\n")
    return changed[:-1] if added else changed, ""
