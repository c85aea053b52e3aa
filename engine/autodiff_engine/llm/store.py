"""The answers on disk: complete replies by the key of their request, the one module that knows diskcache."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import zlib
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import diskcache  # pyright: ignore[reportMissingTypeStubs]

from ..errors import StorageError
from ..private import make_folder
from .model import Reply, Usage

ANSWER_VERSION = 1
"""Schema of a stored answer; entries of another version are misses."""

_NO_LIMIT = 2**62
_PAGES = 512
"""Pages of 4 KiB that a connection keeps in memory: more only make a long run grow, the system keeps the file's."""
_IN_THE_DATABASE = 2**30
"""Bytes from which an answer gets a file of its own: none, so that one open file holds all of them."""
_SELECT = "SELECT mode, filename, value FROM Cache WHERE key = ? AND raw = 1 AND mode IN (1, 2)"
"""An answer's row; the modes are plain and in a file of its own, never pickled (CVE-2025-69872)."""


@dataclass(frozen=True, slots=True)
class StoreStats:
    """How many answers are stored and how many bytes their folder takes."""

    entries: int
    bytes: int


class AnswerStore:
    """Answers in ``folder`` (created with mode 0700), shared by runs and processes; nothing is ever evicted.

    An answer lies in the common part (``run`` empty) or in the part of one run. Reading takes about 20 µs and may
    be done on the event loop; writing goes to a thread of the store's own, one at a time. ``on_warning`` hears of
    entries that cannot be read, which count as absent. A database that is deleted while it is open is used on, and gone
    when it is closed: ``on_deleted`` hears that once, where an answer is written next or ``notice`` is called.

    Raises:
        StorageError: From every method: the folder or the database in it cannot be used.
    """

    def __init__(
        self,
        folder: Path,
        on_warning: Callable[[str], None],
        on_deleted: Callable[[str], object] = lambda told: None,
    ) -> None:
        self.folder = folder
        self._on_warning = on_warning
        self._on_deleted: Callable[[str], object] | None = on_deleted
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="answers")
        try:
            make_folder(folder)
            self._cache = _open(folder)
            self._writer.submit(len, self._cache).result()  # has it open from here on, whatever becomes of its name
            self._opened = _identity(folder)
        except (OSError, sqlite3.Error, diskcache.Timeout) as error:
            self._writer.shutdown()
            raise self._broken(error) from error

    def get(self, key: str, run: str = "") -> Reply | None:
        """Return a run's own answer, or the common one with ``run`` empty; marked as cached."""
        entry = self._read(_name(key, run))
        return None if entry is None else _to_reply(entry)

    async def add(self, key: str, reply: Reply, run: str = "") -> Reply:
        """Store ``reply`` unless there is an answer already; return the answer that is now stored.

        Of two processes that ask the same at once, both thus go on with the same answer.
        """
        kept = await self._in_writer(self._add, _name(key, run), reply)
        self.notice()
        return kept

    async def replace(self, key: str, reply: Reply, run: str = "") -> None:
        """Store ``reply`` in place of what was there."""
        await self._in_writer(self._write, _name(key, run), _to_entry(reply))
        self.notice()

    def notice(self) -> None:
        """Tell, once, that the database is no longer where it was opened; takes a look at its name."""
        if self._on_deleted is not None and _identity(self.folder) != self._opened:
            tell, self._on_deleted = self._on_deleted, None
            tell(
                f"the answers in {self.folder} were deleted while this run uses them: it goes on with those that it "
                "has open, but cannot be resumed or verified afterwards without paying for its answers again"
            )

    def stats(self) -> StoreStats:
        """Count; common answers and those of runs alike."""
        try:
            return StoreStats(len(self._cache), int(self._cache.volume()))
        except (sqlite3.Error, diskcache.Timeout) as error:
            raise self._broken(error) from error

    def clear(self, keep: Collection[str] = ()) -> int:
        """Delete all but the answers whose keys are in ``keep`` (in whichever part); return how many went. Blocks."""
        kept = frozenset(keep)
        return self._writer.submit(self._clear, kept).result()

    def close(self) -> None:
        """Close the database in both threads; the store is of no use afterwards."""
        self._writer.submit(self._cache.close).result()
        self._writer.shutdown()
        self._cache.close()

    async def _in_writer(self, function: Callable[..., Any], *args: object) -> Any:  # noqa: ANN401 - what it returns
        return await asyncio.get_running_loop().run_in_executor(self._writer, function, *args)

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            entry = self._cache.get(name)
            if entry is not None:
                _to_reply(entry)
        except (sqlite3.Error, diskcache.Timeout) as error:
            raise self._broken(error) from error
        except (zlib.error, OSError, ValueError, KeyError, TypeError) as error:
            self._on_warning(f"a stored answer ({name[-64:][:12]}…) cannot be read and is asked for again: {error}")
            return None
        return entry

    def _add(self, name: str, reply: Reply) -> Reply:
        try:
            if self._cache.add(name, _to_entry(reply)):
                return reply
        except (OSError, sqlite3.Error, diskcache.Timeout) as error:
            raise self._broken(error) from error
        there = self._read(name)
        if there is None:  # unreadable: nothing to agree with
            self._write(name, _to_entry(reply))
            return reply
        return replace(_to_reply(there), cached=False)  # this process has paid as well

    def _write(self, name: str, entry: dict[str, Any]) -> None:
        try:
            self._cache.set(name, entry)
        except (OSError, sqlite3.Error, diskcache.Timeout) as error:
            raise self._broken(error) from error

    def _clear(self, keep: frozenset[str]) -> int:
        try:
            gone = [name for name in self._names() if name.rpartition(":")[2] not in keep]
            for name in gone:
                self._cache.delete(name)
        except (OSError, sqlite3.Error, diskcache.Timeout) as error:
            raise self._broken(error) from error
        return len(gone)

    def _names(self) -> Iterator[str]:
        return cast("Iterator[str]", self._cache.iterkeys())

    def _broken(self, error: Exception) -> StorageError:
        return _unusable(self.folder, error)


def _unusable(folder: Path, error: Exception) -> StorageError:
    reason = str(error) or type(error).__name__
    return StorageError(f"the answers in {folder} cannot be used: {reason}", "choose another --cache-dir")


class StoredAnswers:
    """A look at the common answers in ``folder`` that writes nothing, not even where there is none yet.

    What another process has not finished writing may be missing. Close it after use.

    Raises:
        StorageError: At construction and from ``get``: there is a database, and it cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._disk: Any = None
        self._rows: sqlite3.Connection | None = None
        file = folder / diskcache.core.DBNAME
        if not file.is_file():
            return
        written_to = file.with_name(f"{file.name}-wal").exists()  # without one, to open would create it
        how = "mode=ro" if written_to else "immutable=1"
        try:
            self._disk = diskcache.JSONDisk(str(folder))
            self._rows = sqlite3.connect(f"{file.absolute().as_uri()}?{how}", uri=True)
        except sqlite3.Error as error:
            raise _unusable(folder, error) from error

    def get(self, key: str) -> Reply | None:
        """Return the answer, marked as cached; one that cannot be read counts as absent."""
        if self._rows is None:
            return None
        try:
            found = self._rows.execute(_SELECT, (self._disk.put(_name(key, ""))[0],)).fetchone()
            return None if found is None else _to_reply(self._disk.fetch(*found, False))
        except sqlite3.Error as error:
            raise _unusable(self._folder, error) from error
        except (zlib.error, OSError, ValueError, KeyError, TypeError):
            return None

    def close(self) -> None:
        """Close the database."""
        if self._rows is not None:
            self._rows.close()


def _open(folder: Path) -> Any:  # noqa: ANN401 - diskcache has no types; this is where it comes in
    cache = diskcache.Cache(
        str(folder),
        disk=diskcache.JSONDisk,  # the default pickles (CVE-2025-69872)
        eviction_policy="none",
        cull_limit=0,
        size_limit=_NO_LIMIT,
        sqlite_cache_size=_PAGES,
        sqlite_mmap_size=0,
        disk_min_file_size=_IN_THE_DATABASE,
    )
    cache.close()  # a connection belongs to its thread, and this may not be the one that uses and closes the store
    return cache


def _identity(folder: Path) -> tuple[int, int] | None:
    """Return which file is the database now, None where there is none."""
    try:
        found = os.stat(folder / diskcache.core.DBNAME)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _name(key: str, run: str) -> str:
    return f"{run}:{key}" if run else key


def _to_entry(reply: Reply) -> dict[str, Any]:
    return {
        "v": ANSWER_VERSION,
        "text": reply.text,
        "finish_reason": reply.finish_reason,
        "prompt": reply.usage.prompt,
        "completion": reply.usage.completion,
        "cost_usd": reply.cost_usd,
        "seconds": reply.seconds,
    }


def _to_reply(entry: dict[str, Any]) -> Reply:
    if entry["v"] != ANSWER_VERSION:
        raise ValueError(f"it has schema {entry['v']}, this program reads {ANSWER_VERSION}")
    text, reason = entry["text"], entry["finish_reason"]
    if not isinstance(text, str) or not isinstance(reason, str):
        raise TypeError("its text is no text")
    usage = Usage(entry["prompt"], entry["completion"])
    return Reply(text, reason, usage, entry["cost_usd"], entry["seconds"], cached=True)
