"""The lock of a folder: one process at a time executes what is in it."""

from __future__ import annotations

import errno
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from .errors import ConfigError

FILE = "lock"
_TAKEN = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)


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
    with (folder / FILE).open("w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _TAKEN:
                raise ConfigError(
                    f"{folder}: another process executes this {what}", "wait for it, or name another --run-dir"
                ) from error
        yield
