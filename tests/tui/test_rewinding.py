"""A run that takes facts back: whoever follows it counts as whoever reads its journal afterwards does."""

from collections.abc import Sequence
from functools import reduce as folded
from pathlib import Path

import pytest
from tests.tui.recorded import recorded
from tests.tui.sources import ListSource

from autodiff_engine.encoding import encode
from autodiff_engine.events import RunFinished, RunOpened, RunResumed, Stamped, StepFinished, StopChosen
from autodiff_engine.journal import FILE, read, standing_before
from autodiff_tui.feed import feed
from autodiff_tui.headless import follow
from autodiff_tui.rewinding import Past
from autodiff_tui.sources import WatchedSource
from autodiff_tui.tape import EVERY, Tape
from autodiff_tui.view import RunView, reduce

EVENTS = recorded(3)
OPENED = next(each.event for each in EVENTS if isinstance(each.event, RunOpened))


def fact_of_step(step: int) -> int:
    """The number of the fact that a step ended with."""
    ends = [each for each in EVENTS if isinstance(each.event, StepFinished) and each.event.step == step]
    assert ends[0].fact is not None
    return ends[0].fact


def cut_at(*facts: int) -> list[Stamped]:
    """The run as it was; then, for each of ``facts``, resumed and cut there, and told again to its end."""
    told = list(EVENTS)
    for after in facts:
        again = [each for each in EVENTS if (each.fact or 0) > after or isinstance(each.event, RunFinished)]
        events = [(None, OPENED), (None, RunResumed(after, reason="fact differs"))]
        events += [(each.fact, each.event) for each in again]
        told += [Stamped(len(told) + n, n * 0.1, fact, event) for n, (fact, event) in enumerate(events, 1)]
    return told


def written(folder: Path, events: Sequence[Stamped]) -> Path:
    (folder / FILE).write_text("".join(f"{encode(each)}\n" for each in events), encoding="utf-8")
    return folder


def standing(folder: Path) -> RunView:
    """What ``show`` and ``replay`` count: the journal without what was taken back."""
    return folded(reduce, read(folder).standing, RunView())


CASES = pytest.mark.parametrize(
    "cuts", [(2,), (fact_of_step(1),), (fact_of_step(2), fact_of_step(1)), (5, fact_of_step(2))], ids=str
)


@CASES
def test_a_run_that_is_watched_counts_nothing_twice(cuts: tuple[int, ...], tmp_path: Path) -> None:
    folder = written(tmp_path, cut_at(*cuts))
    doubled = follow(WatchedSource(folder), lambda _: None).view
    view = follow(WatchedSource(folder), lambda _: None, Past(folder)).view
    expected = standing(folder)
    assert view == expected
    assert (view.gates, len(view.proposals), len(view.steps)) == (
        expected.gates, len(expected.proposals), len(expected.steps),
    )  # fmt: skip
    assert doubled.gates.made > view.gates.made


@CASES
def test_the_app_counts_nothing_twice_and_can_still_look_back(cuts: tuple[int, ...], tmp_path: Path) -> None:
    events = cut_at(*cuts)
    folder = written(tmp_path, events)
    tape = Tape(None, Past(folder))
    source = WatchedSource(folder)
    while feed(tape, source, lambda: 0.0).taken:
        pass
    assert tape.head == standing(folder)
    assert tape.end == len(events)
    for position in (0, 1, EVERY, len(EVENTS) - 1, len(EVENTS)):  # as it was before anything was taken back
        assert tape.view_at(position) == folded(reduce, events[:position], RunView())
    resumed = next(n for n, each in enumerate(events, 1) if isinstance(each.event, RunResumed))
    for position in (resumed, resumed + 1, resumed + 30):
        short = written(tmp_path, events[:position])
        assert tape.view_at(position) == standing(short)


def test_of_a_tape_that_keeps_little_the_view_is_right_behind_what_it_keeps(tmp_path: Path) -> None:
    events = cut_at(2)
    folder = written(tmp_path, events)
    tape = Tape(EVERY, Past(folder))
    for start in range(0, len(events), 70):
        tape.extend(events[start : start + 70])
    assert tape.head == standing(folder)
    assert EVERY <= tape.end - tape.start < 3 * EVERY


def test_a_stop_that_was_taken_back_was_not_decided(tmp_path: Path) -> None:
    last = max(each.fact or 0 for each in EVENTS[:400])
    events = [*EVENTS[:400], Stamped(401, 1.0, None, StopChosen(last)), Stamped(402, 2.0, None, OPENED)]
    events.append(Stamped(403, 2.0, None, RunResumed(last)))
    folder = written(tmp_path, events)
    assert len(follow(ListSource(events), lambda _: None).view.decisions) == 1
    view = follow(ListSource(events), lambda _: None, Past(folder)).view
    assert view == standing(folder)
    assert not view.decisions


def test_a_run_that_takes_nothing_back_is_never_read_again(tmp_path: Path) -> None:
    nowhere = Past(tmp_path / "gone")
    view = RunView()
    for each in [*EVENTS, Stamped(len(EVENTS) + 1, 0.0, None, RunResumed(10**6))]:
        assert nowhere.before(view, each) is view
        view = reduce(view, each)


def test_a_journal_that_cannot_be_read_takes_nothing_back(tmp_path: Path) -> None:
    view = folded(reduce, EVENTS, RunView())
    assert Past(tmp_path / "gone").before(view, Stamped(10**6, 0.0, None, RunResumed(2))) is view


@pytest.mark.parametrize("cuts", [(), (2,), (fact_of_step(2), fact_of_step(1)), (3, fact_of_step(2))], ids=str)
def test_what_stands_before_a_line_is_what_the_whole_journal_up_to_it_says(
    cuts: tuple[int, ...], tmp_path: Path
) -> None:
    events = cut_at(*cuts)
    folder = written(tmp_path, events)
    marks = [each.seq for each in events if isinstance(each.event, RunResumed)]
    for seq in (1, 2, *marks, len(events)):
        told = list(standing_before(folder, seq))
        short = tmp_path / f"s{seq}"
        short.mkdir()
        assert told == [each for each in read(written(short, events[:seq])).standing if each.seq < seq]
