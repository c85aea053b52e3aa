"""The lock of a folder: one process at a time executes what is in it."""

from __future__ import annotations

import errno
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from .errors import ConfigError
from .private import opened

FILE = "lock"
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
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    with opened(folder / FILE, "w") as file:
        for left in reversed(range(_TRIES)):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if error.errno not in _TAKEN:  # no locks here
                    break
                if not left:
                    raise ConfigError(
                        f"{folder}: another process executes this {what}", "wait for it, or name another --run-dir"
                    ) from error
                time.sleep(_BETWEEN_S)
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
