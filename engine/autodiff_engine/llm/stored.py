"""The answers on disk as one reads them who writes nothing there, and perhaps may not."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from ..private import keep_private
from .model import Reply
from .store import UNREADABLE, database, disk_of, name_of, reply_of, unread, unusable

_SELECT = "SELECT mode, filename, value FROM Cache WHERE key = ? AND raw = 1 AND mode IN (1, 2)"
"""An answer's row; the modes are plain and in a file of its own, never pickled (CVE-2025-69872)."""


class StoredAnswers:
    """A look at the answers in ``folder`` that writes nothing, not even where there is none yet or nobody may write.

    What another process stores meanwhile is found once it has been written. ``on_warning`` hears of entries that cannot
    be read, which count as absent. Used by one thread; close it after use.

    Raises:
        StorageError: At construction and from ``get``: there is a database, and it cannot be read.
    """

    def __init__(self, folder: Path, on_warning: Callable[[str], None] = lambda _: None) -> None:
        self._folder = folder
        self._file, self._log, self._index = database(folder)
        self._disk = disk_of(folder)
        self._on_warning = on_warning
        self._copy: TemporaryDirectory[str] | None = None
        self._rows: sqlite3.Connection | None = None
        self._unlogged: tuple[int, int] | None = None
        """Size and time of a database that was opened as one that does not change; None of one that may."""
        self._open()

    def get(self, key: str, run: str = "") -> Reply | None:
        """Return a run's own answer, or the common one with ``run`` empty; marked as cached."""
        name = name_of(key, run)
        try:
            found = self._find(name)
        except sqlite3.Error as error:
            if not self._is_late():
                raise unusable(self._folder, error) from error
            found = None
        if found is None and self._is_late():
            self._open()
            try:
                found = self._find(name)
            except sqlite3.Error as error:
                raise unusable(self._folder, error) from error
        return found

    def check(self) -> None:
        """Look at the beginning of the database and at its length; takes no longer for a large one.

        Raises:
            StorageError: It is none, or was cut short.
        """
        try:
            if self._rows is not None:
                self._rows.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.Error as error:
            raise unusable(self._folder, error) from error

    def is_empty(self) -> bool:
        """Whether no answer is stored yet.

        Raises:
            StorageError: The database cannot be read.
        """
        try:
            return self._rows is None or self._rows.execute("SELECT 1 FROM Cache LIMIT 1").fetchone() is None
        except sqlite3.Error as error:
            raise unusable(self._folder, error) from error

    def close(self) -> None:
        """Close the database."""
        if self._rows is not None:
            self._rows.close()
            self._rows = None
        if self._copy is not None:
            self._copy.cleanup()
            self._copy = None

    def _open(self) -> None:
        """Open the database as it is now, with what its log holds that is not in it yet."""
        self.close()
        if not self._file.is_file():
            return
        try:
            logged = self._log.exists()
            self._unlogged = None if logged else _stamp(self._file)
            file = self._copied() if logged and self._lacks_index() else self._file
            how = "mode=ro" if logged else "immutable=1"  # without a log, to open as usual would make one
            self._rows = sqlite3.connect(f"{file.absolute().as_uri()}?{how}", uri=True)
        except (OSError, sqlite3.Error) as error:
            self.close()
            raise unusable(self._folder, error) from error

    def _lacks_index(self) -> bool:
        return not self._index.exists() and not os.access(self._folder, os.W_OK)

    def _copied(self) -> Path:
        """Return a copy of database and log: the log's index can only be made where one may write."""
        self._copy = TemporaryDirectory(prefix="autodiff-")
        for file in (self._file, self._log):
            keep_private(Path(self._copy.name) / file.name)
            shutil.copyfile(file, Path(self._copy.name) / file.name)
        return Path(self._copy.name) / self._file.name

    def _is_late(self) -> bool:
        """Whether somebody has written since it was opened as one that does not change."""
        if self._rows is None:
            return self._file.is_file()
        return self._unlogged is not None and (self._log.exists() or _stamp(self._file) != self._unlogged)

    def _find(self, name: str) -> Reply | None:
        if self._rows is None:
            return None
        found = self._rows.execute(_SELECT, (self._disk.put(name)[0],)).fetchone()
        try:
            return None if found is None else reply_of(self._disk.fetch(*found, False))
        except UNREADABLE as error:
            self._on_warning(unread(name, error))
            return None


def _stamp(file: Path) -> tuple[int, int]:
    told = file.stat()
    return told.st_size, told.st_mtime_ns
