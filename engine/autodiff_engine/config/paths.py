"""Where a config names files: the file inside a value, shown without its folders or as seen from another folder."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

KINDS = ("generated", "bbh", "trec", "hotpot", "hf")
"""What may stand before the colon of a data source."""
_LOCAL = "local/"


@dataclass(frozen=True, slots=True)
class Reference:
    """A value of a config around the file that it names; ``file`` is empty when it names none."""

    before: str
    file: str
    after: str = ""

    @property
    def shown(self) -> str:
        """The value with the file's name alone: for events and exports, which hold no folder of anybody's machine."""
        return self.before + re.split(r"[/\\]", self.file)[-1] + self.after

    def moved(self, base: Path, folder: Path) -> str:
        """The value as it has to be written in ``folder`` to name the same file as from ``base``."""
        return f"{self.before}{seen_from(folder, base / self.file) if self.file else ''}{self.after}"


def source(text: str) -> Reference:
    """Read ``bbh:FILE``, ``FILE.csv``, a corpus's folder, ``generated:NAME``, ``hf:NAME``."""
    kind, name = file_of(text)
    if kind in ("generated", "hf"):
        return Reference(text, "")
    return Reference(f"{kind}:" if kind else "", name)


def code(text: str) -> Reference:
    """Read ``path/to/file.py:function`` or the name of something built in."""
    file, colon, function = text.rpartition(":")
    return Reference("", file, colon + function) if file.endswith(".py") else Reference(text, "")


def model(text: str) -> Reference:
    """Read ``local/FILE.gguf`` or a litellm name; a content hash in the place of a file is none."""
    file = text.removeprefix(_LOCAL)
    return Reference(_LOCAL, file) if file != text and not file.startswith("sha256:") else Reference(text, "")


def file_of(text: str) -> tuple[str, str]:
    """Split a data source into its kind, empty for a plain file, and its file or name."""
    kind, colon, rest = text.partition(":")
    return (kind, rest) if colon and kind in KINDS else ("", text)


def seen_from(folder: Path, file: Path) -> str:
    """Return the path of ``file`` relative to ``folder``, with forward slashes; absolute on another drive only."""
    try:
        return Path(os.path.relpath(file.absolute(), folder.absolute())).as_posix()
    except ValueError:
        return file.absolute().as_posix()
