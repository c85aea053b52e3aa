"""The lock of a folder: one process at a time executes what is in it, or many use it and none takes from it."""

from __future__ import annotations

import errno
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from .errors import ConfigError
from .private import opened

FILE = "lock"
_USERS = "in-use"
_TAKEN = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)
_TRIES, _BETWEEN_S = 5, 0.01
"""Who looks whether a lock is held holds it for an instant: that must not keep a run from beginning."""


@contextmanager
def locked(folder: Path, what: str = "run") -> Generator[None]:
    """Keep other processes from executing the same ``what``; the lock dies with this process, however that ends.

    Without effect on Windows and on file systems that know no locks: there, two processes at once are the user's to
    avoid.

    Raises:
        ConfigError: Another process has it.
        OSError: There is no such folder, or nobody may write in it.
    """
    with opened(folder / FILE, "w") as file:
        if not _taken(file, shared=False):
            raise ConfigError(
                f"{folder}: another process executes this {what}", "wait for it, or name another --run-dir"
            )
        yield


def held(folder: Path) -> bool | None:
    """Return whether a process executes what is in ``folder``; None where nobody can know, as nothing has locked it."""
    try:
        import fcntl

        with (folder / FILE).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except ImportError:  # Windows
        return None
    except OSError as error:
        return True if error.errno in _TAKEN and not isinstance(error, PermissionError) else None
    return False


class Shared:
    """A folder that many processes use at once: while one of them does, no other may take anything away there.

    Without effect on Windows and on file systems that know no locks. Close it after use.

    Raises:
        ConfigError: Another process takes something away at this moment.
        OSError: There is no such folder, or nobody may write in it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = opened(folder / _USERS, "w")
        if not _taken(self._file, shared=True):
            self._file.close()
            raise ConfigError(f"{folder}: another process deletes what is there", "try again in a moment")

    def alone(self) -> bool:
        """Return whether nobody else uses the folder, and let nobody begin to until ``close``."""
        return _taken(self._file, shared=False)

    def close(self) -> None:
        """Use it no longer."""
        self._file.close()


def _taken(file: TextIO, *, shared: bool) -> bool:
    """Lock ``file`` and return True, also where there are no locks; False where others hold it and go on to."""
    try:
        import fcntl
    except ImportError:  # Windows
        return True
    for left in reversed(range(_TRIES)):
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            return True
        except OSError as error:
            if error.errno not in _TAKEN:  # no locks here
                return True
            if left:
                time.sleep(_BETWEEN_S)
    return False
