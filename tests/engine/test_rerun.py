from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.engine.test_past import ENDED, STARTED, past, scored

from autodiff_engine.control import Decided
from autodiff_engine.errors import RunDiffers
from autodiff_engine.events import Event, PhaseStarted, RunResumed, StopChosen, TextFrozen, Warned
from autodiff_engine.llm.metered import Totals
from autodiff_engine.rerun import Rerun, Verifier

FROZEN = TextFrozen(1, "task", True)
FORWARD, VALIDATION = PhaseStarted(1, "forward", 2), PhaseStarted(0, "start.validation", 4)


def rerun(folder: Path, events: Sequence[Event], *, anyway: bool = False) -> Rerun:
    told = past(folder, events)
    return Rerun(told, told.going_on, before=Totals(), anyway=anyway)


def test_what_is_said_again_is_written_once_and_then_the_run_is_live(tmp_path: Path) -> None:
    again = rerun(tmp_path, [FORWARD, STARTED, Warned("x"), scored("a")])
    live: list[int] = []
    again.when_live(lambda: live.append(again.facts))

    assert again.heard(FORWARD) == again.heard(STARTED) == again.heard(Warned("x")) == []
    assert again.heard(Warned("new")) == [Warned("new")]
    assert (again.checking, live) == (True, [])
    assert again.heard(scored("a")) == []
    assert (again.checking, live) == (False, [2])
    assert again.heard(scored("b")) == [scored("b")]


def test_a_phase_that_the_journal_does_not_end_with_is_told_when_the_run_is_live(tmp_path: Path) -> None:
    again = rerun(tmp_path, [FORWARD, STARTED, StopChosen(1), PhaseStarted(1, "start.test", 2)])
    assert again.heard(FORWARD) == []
    assert again.heard(STARTED) == [FORWARD]


def test_a_fact_that_differs_is_named_with_what_it_was_and_is(tmp_path: Path) -> None:
    again = rerun(tmp_path, [STARTED, scored("a", "one")])
    again.heard(STARTED)
    with pytest.raises(RunDiffers, match=r'^fact 2 differs: ExampleScored 1/forward/a: why was "one" and is "two"$'):
        again.heard(scored("a", "two"))


def test_another_kind_of_fact_is_a_difference(tmp_path: Path) -> None:
    with pytest.raises(RunDiffers, match=r"fact 1 differs: the journal has StepStarted .*, now comes StepFinished"):
        rerun(tmp_path, [STARTED]).heard(ENDED)


def test_anyway_takes_back_what_stood_behind_the_difference(tmp_path: Path) -> None:
    again = rerun(tmp_path, [STARTED, scored("a"), scored("b"), ENDED], anyway=True)
    again.heard(STARTED)
    again.heard(VALIDATION)
    mark, phase, fact = again.heard(scored("a", "new"))
    assert isinstance(mark, RunResumed)
    assert (mark.after, mark.taken_back, phase, fact) == (1, 3, VALIDATION, scored("a", "new"))
    assert again.heard(ENDED) == [ENDED]


def test_a_run_that_is_stopped_before_its_journal_was_said_again_ends_there(tmp_path: Path) -> None:
    again = rerun(tmp_path, [STARTED, scored("a")])
    again.heard(STARTED)
    mark, stop = again.heard(StopChosen(again.facts))
    assert isinstance(mark, RunResumed)
    assert (mark.after, stop) == (1, StopChosen(1))


def verifier(folder: Path, events: Sequence[Event]) -> Verifier:
    told = past(folder, events)
    return Verifier(Rerun(told, told.said, before=Totals(), replay=True))


def test_a_replay_compares_decisions_in_their_places_and_is_done_where_the_journal_is(tmp_path: Path) -> None:
    told = verifier(tmp_path, [STARTED, FROZEN, StopChosen(1), scored("t", phase="start.test")])
    told.append(STARTED)
    with pytest.raises(RunDiffers, match=r"the journal has TextFrozen .*, now comes StopChosen"):
        told.append(StopChosen(1))
    told.append(FROZEN)
    told.append(StopChosen(1))
    with pytest.raises(Verifier.Done):  # its process was killed in its report
        told.append(scored("t", phase="start.test"))
    assert told.facts == 2


def test_decisions_are_expected_in_their_places_and_a_new_one_in_history_is_a_difference(tmp_path: Path) -> None:
    again = rerun(tmp_path, [STARTED, FROZEN, scored("a"), ENDED])
    assert again.decided == Decided((FROZEN,), 3)
    again.heard(STARTED)
    assert again.heard(FROZEN) == []
    again.heard(scored("a"))
    with pytest.raises(RunDiffers, match=r"now comes TextFrozen"):
        again.heard(replace(FROZEN, after=2))


def test_a_run_that_ends_before_its_journal_differs(tmp_path: Path) -> None:
    told = verifier(tmp_path, [STARTED, ENDED])
    told.append(STARTED)
    with pytest.raises(
        RunDiffers, match=r"fact 2 differs: the journal has StepFinished .*, now the run ends before it"
    ):
        told.ended()
