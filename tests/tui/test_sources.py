"""Runs that execute elsewhere: a journal as it grows, cut off, resumed, gone."""

import os
import threading
from pathlib import Path

import pytest
from tests.tui.recorded import recorded

from autodiff_engine.encoding import encode
from autodiff_engine.errors import StorageError
from autodiff_engine.events import RunOpened, Stamped
from autodiff_engine.journal import FILE
from autodiff_tui.sources import RecordedSource, WatchedSource

EVENTS = recorded(2)


def line(stamped: Stamped) -> bytes:
    return encode(stamped).encode() + b"\n"


def drained(source: WatchedSource | RecordedSource, limit: int = 10**6) -> list[Stamped]:
    taken: list[Stamped] = []
    while events := source.drain(limit):
        taken += events
    return taken


def test_a_watched_run_is_read_as_it_grows_and_each_event_once(tmp_path: Path) -> None:
    journal = tmp_path / FILE
    journal.write_bytes(b"")
    source = WatchedSource(tmp_path)
    source.start()
    heard: list[Stamped] = []
    with journal.open("ab") as file:
        for start in range(0, len(EVENTS), 37):
            file.write(b"".join(map(line, EVENTS[start : start + 37])))
            file.flush()
            heard += drained(source, 10)
            assert source.ended is (start + 37 >= len(EVENTS))
    assert heard == EVENTS
    assert source.error is None


def test_a_line_that_is_cut_short_waits_until_it_is_whole(tmp_path: Path) -> None:
    journal = tmp_path / FILE
    first, second = line(EVENTS[0]), line(EVENTS[1])
    journal.write_bytes(first + second[:20])
    source = WatchedSource(tmp_path)
    assert drained(source) == EVENTS[:1]
    assert drained(source) == []
    with journal.open("ab") as file:
        file.write(second[20:])
    assert drained(source) == EVENTS[1:2]


def test_a_run_that_is_resumed_writes_over_what_was_cut_short(tmp_path: Path) -> None:
    journal = tmp_path / FILE
    whole = b"".join(map(line, EVENTS[:5]))
    journal.write_bytes(whole + line(EVENTS[5])[:30])
    source = WatchedSource(tmp_path)
    assert len(drained(source)) == 5
    os.truncate(journal, len(whole))
    again = Stamped(6, 0.0, None, RunOpened("r", "d", "c", "v", "s", False))
    with journal.open("ab") as file:
        file.write(line(again))
    assert drained(source) == [again]


def test_it_has_ended_when_the_run_has_and_goes_on_when_that_is_resumed(tmp_path: Path) -> None:
    journal = tmp_path / FILE
    journal.write_bytes(b"".join(map(line, EVENTS)))
    source = WatchedSource(tmp_path)
    drained(source)
    assert source.ended
    with journal.open("ab") as file:
        file.write(line(EVENTS[0]))
    assert drained(source) == EVENTS[:1]
    assert not source.ended


def test_a_line_longer_than_what_is_read_at_once_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autodiff_engine.journal._MOST_AT_ONCE", 64)
    (tmp_path / FILE).write_bytes(b"".join(map(line, EVENTS[:40])))
    source = WatchedSource(tmp_path)
    heard: list[Stamped] = []
    for _ in range(500):
        heard += source.drain()
    assert heard == EVENTS[:40]


@pytest.mark.parametrize("broken", ["gone", "torn inside"])
def test_a_journal_that_cannot_be_read_ends_the_watching(tmp_path: Path, broken: str) -> None:
    if broken == "torn inside":
        (tmp_path / FILE).write_bytes(line(EVENTS[0])[:30] + b"\n" + line(EVENTS[1]))
    source = WatchedSource(tmp_path)
    assert drained(source) == []
    assert source.ended
    assert isinstance(source.error, StorageError)


def test_leaving_ends_the_wait_and_touches_nothing(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(line(EVENTS[0]))
    source = WatchedSource(tmp_path)
    waiting = threading.Thread(target=source.join)
    waiting.start()
    source.abort("ctrl+c")
    waiting.join(10)
    assert not waiting.is_alive()
    assert source.ended
    assert (tmp_path / FILE).read_bytes() == line(EVENTS[0])


def test_a_recorded_run_is_there_at_once_and_cannot_be_steered() -> None:
    source = RecordedSource(EVENTS)
    source.start()
    for command in (source.pause, source.resume, source.step, source.stop):
        command()
    assert not source.ended
    assert drained(source, 100) == EVENTS
    assert source.ended
