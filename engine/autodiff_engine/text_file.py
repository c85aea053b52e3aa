"""A file of text -> what it holds, with errors that say where it is not text and which file was meant."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from .errors import DataError


def read_text(path: Path, *, key: str, fallback: str = "") -> str:
    """Return the whole of ``path``, read as UTF-8, or as ``fallback`` when it is not; ``key`` names who asked for it.

    Raises:
        DataError: No such file, or it cannot be read, or it is not text.
    """
    try:
        content = path.read_bytes()
    except ValueError as error:  # a name that no file has: it holds a zero byte
        raise DataError(f"{key}: no file {path}: {error}") from error
    except FileNotFoundError:
        raise no_file(path, key=key) from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if fallback:
            return content.decode(fallback)
        raise DataError(f"{path}: not UTF-8 at byte {error.start}", "save the file as UTF-8") from error


def no_file(path: Path, *, key: str) -> DataError:
    """Return the error that says so, with the file beside it that was perhaps meant."""
    beside = sorted(file.name for file in path.parent.iterdir()) if path.parent.is_dir() else []
    close = get_close_matches(path.name, beside, 1, 0.5)
    return DataError(f"{key}: no file {path}{f'; did you mean {path.with_name(close[0])}?' if close else ''}")
