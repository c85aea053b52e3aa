"""A file of text -> what it holds, with errors that say what is amiss with it and which file was meant."""

from __future__ import annotations

import stat
from difflib import SequenceMatcher
from pathlib import Path
from typing import Literal

from .errors import DataError

_NEAR_STEM, _NEAR_SUFFIX = 0.7, 0.6
"""How much of a name has to be the same, from 0 to 1, for another to be a typing error of it."""


def read_text(path: Path, *, key: str, fallback: str = "") -> str:
    """Return the whole of ``path``, read as UTF-8, or as ``fallback`` when it is not; ``key`` names who asked for it.

    Raises:
        DataError: No such file, or it cannot be read, or it is not text.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise no_file(path, key=key) from None
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if fallback:
            return content.decode(fallback)
        raise DataError(f"{path}: not UTF-8 at byte {error.start}", "save the file as UTF-8") from error


def kind_of(path: Path) -> Literal["file", "folder", "device", ""]:
    """Return what there is at ``path``, links followed; empty for nothing.

    Raises:
        DataError: Nobody may look, or no file could have such a name.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    return "folder" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else "device"


def _unreadable(path: Path, error: OSError | ValueError) -> DataError:
    return DataError(f"{path}: cannot be read: {error.strerror or error if isinstance(error, OSError) else error}")


def no_file(path: Path, *, key: str) -> DataError:
    """Return the error that says so, with the file beside it that was perhaps meant."""
    return DataError(f"{key}: no file {path}{meant(path)}")


def meant(path: Path, pattern: str = "*") -> str:
    """Return, as the end of a sentence, the file beside ``path`` that was perhaps meant; empty where none is near.

    Near is a name with few letters amiss and the same kind of file behind it: ``my.toml`` is not what ``my.csv`` means.
    """
    try:
        beside = sorted(file.name for file in path.parent.glob(pattern) if not file.name.startswith("."))
    except OSError:  # a folder that nobody may look into
        return ""
    near = [(likeness, name) for name in beside if (likeness := _likeness(path.name, name)) is not None]
    return f"; did you mean {path.with_name(max(near)[1])}?" if near else ""


def _likeness(asked: str, there: str) -> tuple[float, float] | None:
    """Return how alike two names are, without and in their suffixes; None for names that are not near."""
    ours, theirs = Path(asked.casefold()), Path(there.casefold())
    stem = _ratio(ours.stem, theirs.stem)
    suffix = _ratio(ours.suffix, theirs.suffix) if ours.suffix else 1.0
    return (stem, suffix) if stem >= _NEAR_STEM and suffix >= _NEAR_SUFFIX else None


def _ratio(first: str, second: str) -> float:
    return SequenceMatcher(None, first, second).ratio()
