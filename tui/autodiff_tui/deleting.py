"""Deleting a past run: the files that a run writes and nothing else; stored answers are not among them."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from autodiff_engine.errors import ConfigError, StorageError
from autodiff_engine.events import RunFinished
from autodiff_engine.finding import LOCK, goes_on
from autodiff_engine.journal import FILE, skim

_FILES = ("config.toml", "best.toml", "debug.log", "crash.txt", LOCK)
_FOLDERS = ("instructions",)
_STILL_S = 120.0
"""Where no lock tells, a journal without an end that was written to this recently may be that of a run that goes on."""


def delete(folder: Path) -> tuple[str, ...]:
    """Delete a run's own files, the journal last, and its folder if that is then empty; return the names that stay.

    Raises:
        ConfigError: It is no run's folder, or the run may be going on in another process.
        StorageError: A file cannot be deleted.
    """
    if folder.is_symlink() or not (folder / FILE).is_file():
        raise ConfigError(f"{folder}: is not the folder of a run")
    if may_go_on(folder):
        raise ConfigError(f"{folder}: goes on in another process, or seems to", "stop it there, or wait two minutes")
    try:
        for name in _FOLDERS:
            if (folder / name).is_dir() and not (folder / name).is_symlink():
                shutil.rmtree(folder / name)
        for name in (*_FILES, FILE):
            (folder / name).unlink(missing_ok=True)
        stay = tuple(sorted(each.name for each in folder.iterdir()))
        if not stay:
            folder.rmdir()
    except OSError as error:
        raise StorageError(f"{folder}: cannot be deleted: {error.strerror or error}") from error
    return stay


def may_go_on(folder: Path) -> bool:
    """Return whether a process executes the run; where no lock tells, whether its journal looks like it."""
    known = goes_on(folder)
    if known is not None:
        return known
    quiet_s = time.time() - (folder / FILE).stat().st_mtime
    try:
        return quiet_s < _STILL_S and not skim(folder, (RunFinished,))
    except StorageError:  # it cannot be read, and nobody writes such a journal
        return False
