import os
import pickle
import random
import shutil
import sqlite3
import stat
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.engine.llm.calls import a_call

from autodiff_engine.errors import StorageError
from autodiff_engine.llm import Reply, Usage
from autodiff_engine.llm.store import AnswerStore
from autodiff_engine.llm.stored import StoredAnswers

REPLY = Reply("8 🙂 \ud800 <b>\x00", "length", Usage(11, None), 0.25, 1.5)
KEY = a_call().request.key


class Opened:
    def __init__(self, folder: Path) -> None:
        self.warnings: list[str] = []
        self.deleted: list[str] = []
        self.store = AnswerStore(folder, self.warnings.append, self.deleted.append)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    opened = Opened(tmp_path / "answers")
    yield opened
    opened.store.close()


async def test_an_answer_comes_back_whole_and_marked_as_cached(opened: Opened) -> None:
    assert await opened.store.add(KEY, REPLY) == REPLY

    assert opened.store.get(KEY) == replace(REPLY, cached=True)
    assert opened.warnings == []


async def test_answers_survive_the_process(tmp_path: Path) -> None:
    first = Opened(tmp_path)
    await first.store.add(KEY, REPLY)
    first.store.close()

    second = Opened(tmp_path)
    found = second.store.get(KEY)
    second.store.close()

    assert found == replace(REPLY, cached=True)


async def test_the_first_of_two_answers_to_one_request_is_kept_and_returned(opened: Opened) -> None:
    await opened.store.add(KEY, REPLY)

    kept = await opened.store.add(KEY, replace(REPLY, text="another"))

    assert kept == REPLY
    assert opened.store.get(KEY) == replace(REPLY, cached=True)


async def test_the_part_of_a_run_is_its_own(opened: Opened) -> None:
    await opened.store.add(KEY, REPLY, "run-1")

    assert opened.store.get(KEY) is None
    assert opened.store.get(KEY, "run-2") is None
    assert opened.store.get(KEY, "run-1") == replace(REPLY, cached=True)


@pytest.mark.parametrize("value", [b"no zlib", b"x\x9c\x03\x00\x00\x00\x00\x01", b""], ids=["garbage", "empty", "none"])
async def test_a_corrupt_entry_is_a_miss_with_a_warning_and_is_replaced(opened: Opened, value: bytes) -> None:
    await opened.store.add(KEY, REPLY)
    with sqlite3.connect(opened.store.folder / "cache.db") as database:
        database.execute("UPDATE Cache SET value = ?, filename = NULL", (value,))
    database.close()

    assert opened.store.get(KEY) is None
    assert len(opened.warnings) == 1
    assert KEY[:12] in opened.warnings[0]
    assert await opened.store.add(KEY, REPLY) == REPLY
    assert opened.store.get(KEY) == replace(REPLY, cached=True)


def test_an_entry_of_another_schema_is_a_miss_with_a_warning(opened: Opened) -> None:
    opened.store._cache.set(KEY, {"v": 0, "text": "old"})

    assert opened.store.get(KEY) is None
    assert "schema 0" in opened.warnings[0]


async def test_clearing_keeps_what_runs_need_in_whichever_part(opened: Opened) -> None:
    keys = [a_call(str(n)).request.key for n in range(4)]
    for key in keys:
        await opened.store.add(key, REPLY)
    await opened.store.add(keys[0], REPLY, "run-1")
    await opened.store.add(keys[1], REPLY, "run-1")
    assert opened.store.stats().entries == 6

    gone = opened.store.clear(keep={keys[0]})

    assert gone == 4
    assert opened.store.stats().entries == 2
    assert opened.store.get(keys[0], "run-1") is not None
    assert opened.store.clear() == 2


async def test_large_answers_count_in_the_bytes_and_come_back(opened: Opened) -> None:
    before = opened.store.stats().bytes
    large = replace(REPLY, text=os.urandom(60_000).hex())

    await opened.store.add(KEY, large)

    assert opened.store.stats().bytes > before + 30_000
    assert opened.store.get(KEY) == replace(large, cached=True)


LONG = replace(REPLY, text=os.urandom(60_000).hex())


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be deleted there")
@pytest.mark.parametrize("gone", [shutil.rmtree, lambda folder: (folder / "cache.db").unlink()], ids=["all", "one"])
async def test_answers_that_are_deleted_while_they_are_open_are_used_on_and_it_is_said_once(
    gone: Callable[[Path], None], opened: Opened
) -> None:
    folder = opened.store.folder
    keys = [a_call(str(n)).request.key for n in range(3)]
    await opened.store.add(keys[0], LONG)
    assert opened.store.get(keys[0]) == replace(LONG, cached=True)
    opened.store.notice()
    assert opened.deleted == []

    gone(folder)
    await opened.store.add(keys[1], LONG)
    await opened.store.replace(keys[2], REPLY)
    opened.store.notice()

    assert [opened.store.get(key) for key in keys] == [replace(each, cached=True) for each in (LONG, LONG, REPLY)]
    assert len(opened.deleted) == 1
    assert str(folder) in opened.deleted[0]
    assert opened.warnings == []
    assert not (folder / "cache.db").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be deleted there")
async def test_a_store_that_was_deleted_leaves_the_one_that_came_after_it_alone(tmp_path: Path) -> None:
    opened = Opened(tmp_path / "answers")
    await opened.store.add(KEY, REPLY)
    assert opened.store.get(KEY) is not None
    shutil.rmtree(opened.store.folder)

    later = Opened(opened.store.folder)
    await later.store.add("other", REPLY)
    await opened.store.add("mine", REPLY)
    opened.store.close()

    assert len(opened.deleted) == 1
    assert later.deleted == []
    assert later.store.get("other") is not None
    assert later.store.get("mine") is None
    later.store.close()
    with sqlite3.connect(later.store.folder / "cache.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be deleted there")
async def test_answers_that_are_deleted_before_one_was_written_are_written_where_they_are_read(tmp_path: Path) -> None:
    opened = Opened(tmp_path / "answers")
    assert opened.store.get(KEY) is None
    shutil.rmtree(tmp_path / "answers")
    Opened(tmp_path / "answers").store.close()

    await opened.store.add(KEY, REPLY)

    assert opened.store.get(KEY) == replace(REPLY, cached=True)
    opened.store.close()


def test_nothing_is_evicted_or_pickled(opened: Opened) -> None:
    cache = opened.store._cache

    assert (cache.eviction_policy, cache.cull_limit) == ("none", 0)
    assert type(cache.disk).__name__ == "AnswerDisk"


class Poison:
    """Makes a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __reduce__(self) -> tuple[object, ...]:
        return open, (str(self._file), "w")


async def test_a_database_of_a_stranger_executes_nothing_and_reaches_no_file_elsewhere(tmp_path: Path) -> None:
    """Each row says in another way that it is more than an answer; none is read, and all can be cleared away."""
    trap, secret = tmp_path / "executed", tmp_path / "secret"
    secret.write_bytes(zlib.compress(b"{}"))
    pickled = pickle.dumps(Poison(trap))
    (tmp_path / "answers").mkdir()
    (tmp_path / "answers" / "inside.val").write_bytes(pickled)
    rows = [
        ("UPDATE Cache SET mode = 4, value = ?", (pickled,)),
        ("UPDATE Cache SET mode = 4, value = NULL, filename = 'inside.val'", ()),
        ("UPDATE Cache SET mode = 2, value = NULL, filename = '../secret'", ()),
        ("UPDATE Cache SET mode = 3, value = NULL, filename = '../secret'", ()),
        ("UPDATE Cache SET value = ?", (zlib.compress(b"[" + b"0," * 2**26 + b"0]"),)),
        ("UPDATE Cache SET value = 7", ()),
    ]
    for n, (statement, values) in enumerate(rows):
        told: list[str] = []
        store = AnswerStore(tmp_path / "answers", told.append)
        await store.replace(KEY, REPLY)
        store.close()
        with closing(sqlite3.connect(tmp_path / "answers" / "cache.db")) as database:
            database.execute(statement, values)
            database.commit()
        store = AnswerStore(tmp_path / "answers", told.append)
        stored = StoredAnswers(tmp_path / "answers")
        assert (store.get(KEY), stored.get(KEY)) == (None, None), n
        assert len(told) == 1
        assert (await store.add(KEY, REPLY)).text == REPLY.text
        with closing(sqlite3.connect(tmp_path / "answers" / "cache.db")) as database:
            database.execute("UPDATE Cache SET filename = '../secret'")
            database.execute("INSERT INTO Cache (key, raw, value, mode, size) VALUES (?, 0, 1, 1, 0)", (pickled,))
            database.commit()
        with pytest.raises(StorageError, match="hold one whose name cannot be read"):
            store.clear({"another"})
        assert store.clear() == 2
        store.close()
        stored.close()
    assert (trap.exists(), secret.exists()) == (False, True)


@pytest.mark.skipif(sys.platform == "win32", reason="no modes there")
def test_nobody_else_can_read_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True, mode=0o755)

    Opened(folder).store.close()

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def modes(folder: Path) -> dict[str, str]:
    return {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in folder.glob("cache.db*")}


@pytest.mark.skipif(sys.platform == "win32", reason="no modes there")
@pytest.mark.parametrize("umask", [0o000, 0o022], ids=oct)
async def test_nobody_else_can_read_the_database_its_log_and_the_index_of_that(umask: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    store = AnswerStore(tmp_path / "answers", lambda warning: None)
    try:
        await store.add(KEY, REPLY)
        open_ones = modes(store.folder)
    finally:
        store.close()
        os.umask(before)

    assert open_ones == dict.fromkeys(("cache.db", "cache.db-wal", "cache.db-shm"), "0o600")
    assert modes(store.folder) == {"cache.db": "0o600"}


@pytest.mark.skipif(sys.platform == "win32", reason="no modes there")
async def test_a_database_of_an_earlier_version_is_closed_to_others_with_what_lies_beside_it(tmp_path: Path) -> None:
    writer = AnswerStore(tmp_path / "answers", lambda warning: None)
    await writer.add(KEY, REPLY)
    for path in writer.folder.iterdir():
        path.chmod(0o644)

    reader = AnswerStore(writer.folder, lambda warning: None)

    assert set(modes(writer.folder).values()) == {"0o600"}
    assert reader.get(KEY) == replace(REPLY, cached=True)
    reader.close()
    writer.close()


def test_a_folder_that_is_a_file_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    with pytest.raises(StorageError, match="file cannot be used"):
        Opened(tmp_path / "file")


def test_a_database_that_is_none_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "cache.db").write_text("not a database, but long enough to be looked at " * 50, encoding="utf-8")

    with pytest.raises(StorageError, match="cannot be used") as caught:
        Opened(tmp_path)

    assert "--cache-dir" in caught.value.hint


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_a_look_at_the_answers_finds_short_and_long_ones_and_writes_nothing(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path / "answers", pytest.fail)
    noise = random.Random(1)
    replies = {
        "short": Reply("8", "stop", Usage(1, 1)),
        "long": Reply("".join(chr(noise.randrange(32, 0x3000)) for _ in range(60_000)), "length", Usage(2, 2)),
    }
    for key, reply in replies.items():
        await store.add(key, reply)
    await store.add("own", replies["short"], "run")
    store.close()
    before = files(tmp_path)

    look = StoredAnswers(tmp_path / "answers")
    found = {key: look.get(key) for key in ("short", "long", "own", "never")}
    look.close()

    assert found == {**{key: replace(each, cached=True) for key, each in replies.items()}, "own": None, "never": None}
    assert files(tmp_path) == before


def test_a_look_where_nothing_is_makes_nothing_and_one_at_no_database_says_so(tmp_path: Path) -> None:
    look = StoredAnswers(tmp_path / "answers")
    assert look.get("k") is None
    look.close()
    assert list(tmp_path.iterdir()) == []

    (tmp_path / "cache.db").write_bytes(b"no database at all" * 99)
    broken = StoredAnswers(tmp_path)
    with pytest.raises(StorageError, match="cannot be used"):
        broken.get("k")
    broken.close()


async def test_a_look_finds_what_somebody_stores_meanwhile_also_once_they_are_gone(tmp_path: Path) -> None:
    never = StoredAnswers(tmp_path / "answers")
    store = AnswerStore(tmp_path / "answers", pytest.fail)
    await store.add("first", REPLY)
    store.close()
    look = StoredAnswers(tmp_path / "answers")
    assert look.get("second") is None

    store = AnswerStore(tmp_path / "answers", pytest.fail)
    await store.add("second", REPLY, "run")
    found = [each.get("second", "run") for each in (look, never)]  # its log is open
    await store.add("third", REPLY)
    store.close()
    found += [each.get("third") for each in (look, never, StoredAnswers(tmp_path / "answers"))]

    assert found == [replace(REPLY, cached=True)] * 5
    assert look.get("fourth") is None
    look.close()
    never.close()


async def test_a_look_warns_of_an_answer_that_was_damaged(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path, pytest.fail)
    await store.add(KEY, REPLY)
    store.close()
    with sqlite3.connect(tmp_path / "cache.db") as database:
        database.execute("UPDATE Cache SET value = 'garbage', filename = NULL")
    database.close()
    warnings: list[str] = []
    look = StoredAnswers(tmp_path, warnings.append)

    assert look.get(KEY) is None
    look.close()
    assert len(warnings) == 1
    assert KEY[:12] in warnings[0]


@pytest.mark.parametrize("text", ["short", "long " * 200_000], ids=["in the database", "in a file of its own"])
@pytest.mark.skipif(sys.platform == "win32", reason="no limits there")
async def test_a_disk_without_room_is_said_with_what_helps(text: str, tmp_path: Path) -> None:
    import resource

    store = AnswerStore(tmp_path / "answers", pytest.fail)
    await store.add(KEY, REPLY)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    reply = Reply(text if len(text) < 99 else os.urandom(90_000).hex(), "stop", Usage(1, 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(StorageError, match=r"answers cannot be used: (disk I/O error|.*File too large)") as caught:
            await store.add("second", reply)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "free some space" in caught.value.hint

    assert await store.add("second", reply) == reply  # there is room again, in the same process
    assert store.get("second") == replace(reply, cached=True)
    store.close()
