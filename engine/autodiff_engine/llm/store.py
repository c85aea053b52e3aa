"""The answers on disk: complete replies by the key of their request, the one module that knows diskcache."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
import zlib
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import diskcache  # pyright: ignore[reportMissingTypeStubs]

from ..errors import ConfigError, StorageError
from ..lock import Shared
from ..private import keep_private, make_folder
from .answer_disk import AnswerDisk
from .model import Reply, Usage

ANSWER_VERSION = 1
"""Schema of a stored answer; entries of another version are misses."""

_NO_LIMIT = 2**62
_PAGES = 512
"""Pages of 4 KiB that a connection keeps in memory: more only make a long run grow, the system keeps the file's."""
UNREADABLE = (zlib.error, OSError, ValueError, KeyError, TypeError, RecursionError)
"""What an entry raises that was damaged, or is of another schema."""
_FULL = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))
_IN_THE_DATABASE = 2**30
"""Bytes from which an answer gets a file of its own: none, so that one open file holds all of them."""


@dataclass(frozen=True, slots=True)
class StoreStats:
    """How many answers are stored and how many bytes their folder takes."""

    entries: int
    bytes: int


TRY_AGAIN = "try again"


class AnswerStore:
    """Answers in ``folder`` (mode 0700, its files 0600), shared by runs and processes; nothing is ever evicted.

    An answer lies in the common part (``run`` empty) or in the part of one run. Reading takes about 20 µs and may
    be done on the event loop; writing goes to a thread of the store's own, one at a time. ``on_warning`` hears of
    entries that cannot be read, which count as absent. A database that is deleted while it is open is used on, and gone
    when it is closed: ``on_deleted`` hears that once, where an answer is written next or ``notice`` is called.
    ``again`` says how a person goes on whose disk was full.

    Raises:
        ConfigError: At construction: another process deletes answers at this moment.
        StorageError: From every method: the folder or the database in it cannot be used.
    """

    def __init__(
        self,
        folder: Path,
        on_warning: Callable[[str], None],
        on_deleted: Callable[[str], object] = lambda told: None,
        again: str = TRY_AGAIN,
    ) -> None:
        self.folder = folder
        self._again = again
        self._on_warning = on_warning
        self._on_deleted: Callable[[str], object] | None = on_deleted
        self._use = _begin_to_use(folder)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="answers")
        try:
            _make_private(folder)
            self._cache = _open(folder)
            self._writer.submit(len, self._cache).result()  # has it open from here on, whatever becomes of its name
            self._opened = _identity(folder)
        except (OSError, sqlite3.Error, diskcache.Timeout) as error:
            self._writer.shutdown()
            self._use.close()
            raise self._broken(error) from error

    def get(self, key: str, run: str = "") -> Reply | None:
        """Return a run's own answer, or the common one with ``run`` empty; marked as cached."""
        entry = self._read(name_of(key, run))
        return None if entry is None else reply_of(entry)

    async def add(self, key: str, reply: Reply, run: str = "") -> Reply:
        """Store ``reply`` unless there is an answer already; return the answer that is now stored.

        Of two processes that ask the same at once, both thus go on with the same answer.
        """
        kept = await self._in_writer(self._add, name_of(key, run), reply)
        self.notice()
        return kept

    async def replace(self, key: str, reply: Reply, run: str = "") -> None:
        """Store ``reply`` in place of what was there."""
        await self._in_writer(self._write, name_of(key, run), _to_entry(reply))
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
        """Delete all but the answers whose keys are in ``keep`` (in whichever part); return how many went. Blocks.

        Raises:
            ConfigError: Another process uses them, such as a run: none is deleted.
        """
        kept = frozenset(keep)
        if not self._use.alone():
            raise ConfigError(f"{self.folder}: a run uses these answers now", "clear them when it has ended")
        return self._writer.submit(self._clear, kept).result()

    def close(self) -> None:
        """Close the database in both threads; the store is of no use afterwards."""
        self._writer.submit(self._cache.close).result()
        self._writer.shutdown()
        self._cache.close()
        self._use.close()

    async def _in_writer(self, function: Callable[..., Any], *args: object) -> Any:  # noqa: ANN401 - what it returns
        return await asyncio.get_running_loop().run_in_executor(self._writer, function, *args)

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            entry = self._cache.get(name)
            if entry is not None:
                reply_of(entry)
        except (sqlite3.Error, diskcache.Timeout) as error:
            raise self._broken(error) from error
        except UNREADABLE as error:
            self._on_warning(unread(name, error))
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
        return replace(reply_of(there), cached=False)  # this process has paid as well

    def _write(self, name: str, entry: dict[str, Any]) -> None:
        try:
            self._cache.set(name, entry)
        except (OSError, sqlite3.Error, diskcache.Timeout) as error:
            raise self._broken(error) from error

    def _clear(self, keep: frozenset[str]) -> int:
        try:
            if not keep:
                return int(self._cache.clear())
            gone = [name for name in self._names() if name.rpartition(":")[2] not in keep]
            for name in gone:
                self._cache.delete(name)
        except (OSError, sqlite3.Error, diskcache.Timeout) as error:
            raise self._broken(error) from error
        except UNREADABLE as error:
            raise StorageError(
                f"the answers in {self.folder} hold one whose name cannot be read: {error}",
                "who put it there? cache clear --all deletes all of them",
            ) from error
        return len(gone)

    def _names(self) -> Iterator[str]:
        return cast("Iterator[str]", self._cache.iterkeys())

    def _broken(self, error: Exception) -> StorageError:
        return unusable(self.folder, error, self._again)


def unusable(folder: Path, error: BaseException, again: str = TRY_AGAIN) -> StorageError:
    """Return the error that the answers in ``folder`` cannot be read or written, with what would help.

    ``again`` says how a person goes on once there is room.
    """
    first = error
    while isinstance(first.__context__, (OSError, sqlite3.Error)):  # diskcache tells what became of that instead
        first = first.__context__
    reason = str(first) or type(first).__name__
    said = f"the answers in {folder} cannot be used: {reason}"
    if _is_full(first):
        hint = f"free some space there (or mend the disk), then {again}: only what could not be stored is asked again"
        return StorageError(said, hint)
    return StorageError(said, "choose another --cache-dir")


def _is_full(error: BaseException) -> bool:
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # of a quota or a limit it says input/output error alone
        return code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
    return isinstance(error, OSError) and error.errno in _FULL


def database(folder: Path) -> tuple[Path, Path, Path]:
    """Return the database in ``folder``, its log, and the log's index: whoever stores an answer writes all three."""
    file = folder / str(diskcache.core.DBNAME)
    return file, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")


def disk_of(folder: Path) -> Any:  # noqa: ANN401 - diskcache has no types
    """Return what knows how keys and long answers are written in ``folder``; it writes nothing by itself."""
    return AnswerDisk(str(folder))


def unread(name: str, error: Exception) -> str:
    """Return the warning that an entry is damaged."""
    return f"a stored answer ({name[-64:][:12]}…) cannot be read and is asked for again: {error}"


def _begin_to_use(folder: Path) -> Shared:
    try:
        make_folder(folder)
        return Shared(folder)
    except OSError as error:
        raise unusable(folder, error) from error


def _make_private(folder: Path) -> None:
    """Make the database, or close one that others may read; its log and the log's index are made with its mode."""
    file, *beside = database(folder)
    for each in (file, *(each for each in beside if each.exists())):
        keep_private(each)


def _open(folder: Path) -> Any:  # noqa: ANN401 - diskcache has no types; this is where it comes in
    cache = diskcache.Cache(
        str(folder),
        disk=AnswerDisk,  # diskcache's own unpickle (CVE-2025-69872), the one for JSON too
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


def name_of(key: str, run: str) -> str:
    """Return the key in the database: of the part of ``run``, or of the common one with that empty."""
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


def reply_of(entry: dict[str, Any]) -> Reply:
    """Return a stored answer, marked as cached; raises one of ``UNREADABLE`` where it is none."""
    if entry["v"] != ANSWER_VERSION:
        raise ValueError(f"it has schema {entry['v']}, this program reads {ANSWER_VERSION}")
    text, reason = entry["text"], entry["finish_reason"]
    if not isinstance(text, str) or not isinstance(reason, str):
        raise TypeError("its text is no text")
    usage = Usage(entry["prompt"], entry["completion"])
    return Reply(text, reason, usage, entry["cost_usd"], entry["seconds"], cached=True)
