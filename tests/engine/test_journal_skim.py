from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from autodiff_engine.errors import StorageError
from autodiff_engine.events import Event, RunFinished, RunOpened, StepStarted, Warned
from autodiff_engine.journal import FILE, Journal, read, skim

from ..tui.runs import small_run


def recorded(folder: Path, events: Sequence[Event]) -> Path:
    journal = Journal(folder, lambda _: None)
    for event in events:
        journal.append(event)
    journal.close()
    return folder


def test_skimmed_events_are_those_that_reading_all_gives(tmp_path: Path) -> None:
    recorded(tmp_path, small_run())

    wanted = (RunOpened, StepStarted, RunFinished)
    assert skim(tmp_path, wanted) == tuple(each for each in read(tmp_path).events if isinstance(each.event, wanted))


def test_of_the_latest_kinds_only_the_last_one_is_kept_in_its_place(tmp_path: Path) -> None:
    opened, *_, end = small_run()
    recorded(tmp_path, [opened, Warned("one"), Warned("two"), end, Warned("three")])

    told = [stamped.event for stamped in skim(tmp_path, (RunOpened, RunFinished), (Warned,))]

    assert told == [opened, end, Warned("three")]


def test_a_torn_last_line_and_kinds_of_a_later_version_are_left_out(tmp_path: Path) -> None:
    recorded(tmp_path, small_run()[:2])
    with (tmp_path / FILE).open("a", encoding="utf-8") as file:
        file.write('{"v": 1, "seq": 3, "t": 0.1, "type": "FromTheFuture"}\n{"v": 1, "seq": 4, "t": 0.1, "type": "Warn')

    assert [type(each.event) for each in skim(tmp_path, (RunOpened, Warned))] == [RunOpened]


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    recorded(tmp_path, small_run()[:2])
    with (tmp_path / FILE).open("a", encoding="utf-8") as file:
        file.write("not json\n")

    with pytest.raises(StorageError, match="line 3"):
        skim(tmp_path, (RunOpened,))


def test_a_folder_without_a_journal_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="No such file"):
        skim(tmp_path, (RunOpened,))
