"""A defect of ours, written down for whoever will mend it: frames and the message, no locals, no secrets."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

from autodiff_engine.secret import redacted

from .safe import one_line

CRASH = "crash.txt"


def write(run_dir: Path, error: BaseException) -> Path | None:
    """Write ``RUN/crash.txt`` (mode 0600) and return its path; None when there is no run folder to write it to."""
    if not run_dir.is_dir():
        return None
    path = run_dir / CRASH
    path.unlink(missing_ok=True)  # an older file would keep its mode
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(redacted("".join(traceback.format_exception(error))))  # format_exception shows no locals
    return path


def frames() -> str:
    """Return the traceback of the exception that is being handled, without the values of locals, and secrets."""
    return redacted(traceback.format_exc())


def headline(error: BaseException) -> str:
    """Return the error's class and message on one line, without secrets."""
    said = redacted(str(error))
    return one_line(f"a defect in autodiff-tui: {type(error).__name__}{': ' if said else ''}{said}")
