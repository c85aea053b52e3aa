"""Files and folders that nobody but their owner may read, whatever the umask says."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal, TextIO


def opened(path: Path, mode: Literal["a", "w"]) -> TextIO:
    """Open a file to write text in UTF-8, line ends as they are; a new file has mode 0600.

    What UTF-8 cannot hold is written as an escape.

    Raises:
        OSError: It cannot be written.
    """
    return open(path, mode, encoding="utf-8", errors="backslashreplace", newline="", opener=_opener)


def write_text(path: Path, text: str) -> None:
    """Write a whole file, as ``opened`` does.

    Raises:
        OSError: It cannot be written.
    """
    with opened(path, "w") as file:
        file.write(text)


def replace_text(path: Path, text: str, check: Callable[[Path], object] = lambda _: None) -> None:
    """Put ``text`` in the place of the file ``path`` at once or not at all, on disk before it has that name.

    ``check`` may look at the new file before it takes the old one's place; what it raises leaves that as it was.

    Raises:
        OSError: It cannot be written.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # of mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        check(Path(name))
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def keep_private(path: Path) -> None:
    """Make the file with mode 0600 where there is none, or take that of others away from one that is there.

    For libraries that make files by themselves: what SQLite puts beside a database has the mode of that.

    Raises:
        OSError: It cannot be made, or is open to others and belongs to somebody else.
    """
    os.close(os.open(path, os.O_RDONLY | os.O_CREAT, 0o600))
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        path.chmod(0o600)


def make_folder(folder: Path) -> None:
    """Make ``folder`` with its parents, or take one that is there; either way it has mode 0700 then.

    So have the parents that had to be made; one that was there stays as it is.

    Raises:
        OSError: It cannot be made, or belongs to somebody else.
    """
    missing = [each for each in folder.parents if not each.exists()]
    for each in (*reversed(missing), folder):
        each.mkdir(mode=0o700, exist_ok=True)
        each.chmod(0o700)  # the umask may have taken from it, and one that is there may be open to others


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
