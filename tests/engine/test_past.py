from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from autodiff_engine.errors import StorageError
from autodiff_engine.events import (
    AtMost,
    CallCounts,
    CallFinished,
    ControlChanged,
    Event,
    ExampleExcluded,
    ExampleScored,
    FeedbackMissing,
    LedgerUpdated,
    ProposalMade,
    RunOpened,
    RunResumed,
    Spent,
    Stamped,
    StepFinished,
    StepStarted,
    StopChosen,
    TextFrozen,
    TokenCounts,
    Warned,
)
from autodiff_engine.journal import Journal
from autodiff_engine.judge import NO_GRADE
from autodiff_engine.past import BEAT_S, Past, past_of

OPENED = RunOpened("r1", "/somewhere", "c.toml", "0.1", "2026-01-01T00:00:00+00:00", False)
STARTED = StepStarted(1, ("a", "b"), ())
ENDED = StepFinished(1, "rejected", None, "c0", 0.5)


def past(folder: Path, events: Sequence[Event]) -> Past:
    journal = Journal(folder, lambda stamped: None)
    for event in (OPENED, *events):
        journal.append(event)
    journal.close()
    return past_of(folder)


def scored(example: str, why: str = "", phase: str = "forward", keys: tuple[str, ...] = ()) -> ExampleScored:
    return ExampleScored(1, phase, "train", example, "m", 0.0, None, "8", why, keys)


def failed(at: str, key: str, error: str) -> CallFinished:
    return CallFinished(at, "task", "n", "m", key, 0.0, None, None, None, False, error, 0)


def test_the_seconds_of_a_run_are_without_its_pauses_and_without_the_one_it_was_killed_in(
    tmp_path: Path,
) -> None:
    def changed(state: Literal["running", "pausing", "paused", "stopping"]) -> ControlChanged:
        return ControlChanged(state, "", 0)

    whole = past(tmp_path, [STARTED])
    told: list[tuple[float, Event]] = [
        (0.0, OPENED), (10.0, changed("pausing")), (15.0, changed("paused")), (90.0, changed("paused")),
        (100.0, changed("running")), (120.0, STARTED), (130.0, changed("paused")), (500.0, Warned("aside")),
        (0.0, OPENED), (7.0, STARTED), (8.0, changed("paused")), (9.0, changed("stopping")), (11.0, STARTED),
    ]  # fmt: skip
    events = tuple(Stamped(seq, t, None, event) for seq, (t, event) in enumerate(told, 1))

    assert replace(whole, recorded=replace(whole.recorded, events=events[:8])).totals.seconds == 45.0
    assert replace(whole, recorded=replace(whole.recorded, events=events)).totals.seconds == 45.0 + 10.0


def test_a_failure_is_asked_again_until_a_later_fact_was_made_from_it(tmp_path: Path) -> None:
    lost = ExampleExcluded(1, "forward", "b", "nobody")
    told = [STARTED, scored("a"), lost, scored("c")]
    (tmp_path / "open").mkdir()
    (tmp_path / "used").mkdir()

    unused = past(tmp_path / "open", told)
    assert [each.event for each in unused.going_on] == told[:2]
    assert unused.failures(unused.going_on).unavailable == {}

    used = past(tmp_path / "used", [*told, FeedbackMissing(1, "a", "too"), ENDED])
    assert len(used.going_on) == 6
    assert used.failures(used.going_on).unavailable == {"1/forward/b": "nobody", "1/backward/a": "too"}


def test_a_refusal_is_known_by_the_request_that_was_refused(tmp_path: Path) -> None:
    told = past(
        tmp_path,
        [
            failed("1/forward/a/n/1", "k1", "too long"),
            failed("1/backward/a/n/1", "k2", "no"),
            failed("1/optimizer/p2/task/1", "k3", "never"),
            scored("a", "refused: too long"),
            FeedbackMissing(1, "a", "no"),
            ProposalMade(1, 2, "c", "c", (), "the optimizer refused: never"),
            ENDED,
        ],
    )
    failures = told.failures(told.going_on)
    assert failures.unavailable == {}
    assert failures.refused == {"1/forward/a": "too long", "1/backward/a": "no", "1/optimizer/p2": "never"}
    assert failures.keys == {"too long": {"k1"}, "no": {"k2"}, "never": {"k3"}}


def test_a_stop_is_taken_back_and_the_report_with_it(tmp_path: Path) -> None:
    told = past(tmp_path, [STARTED, scored("a"), StopChosen(2), scored("t", phase="start.test")])
    assert [each.event for each in told.going_on] == [STARTED, scored("a")]
    assert len(told.said) == 4


def test_an_example_that_no_judge_could_grade_is_left_out_again_and_nobody_waits_for_it(tmp_path: Path) -> None:
    lost = ExampleExcluded(0, "start.validation", "b", f"{NO_GRADE}, also when asked again: 'So so.'")
    told = past(tmp_path, [scored("a", phase="start.validation"), lost, STARTED])
    failures = told.failures(told.going_on)
    assert failures.ungraded == {"0/start.validation/b": lost.error}
    assert failures.unavailable == {}


def test_decisions_before_a_stop_stand_and_one_after_a_failure_was_made_from_it(tmp_path: Path) -> None:
    lost, frozen = ExampleExcluded(1, "forward", "b", "nobody"), TextFrozen(2, "task", True)
    (tmp_path / "stopped").mkdir()
    (tmp_path / "seen").mkdir()
    stopped = past(tmp_path / "stopped", [STARTED, scored("a"), frozen, StopChosen(2), scored("t", phase="start.test")])
    assert [each.event for each in stopped.going_on] == [STARTED, scored("a"), frozen]
    seen = past(tmp_path / "seen", [STARTED, lost, frozen, scored("c")])
    assert len(seen.going_on) == 4


def test_what_was_spent_is_of_all_executions_and_of_a_killed_one_the_most(tmp_path: Path) -> None:
    first = LedgerUpdated(CallCounts(3, 1, 0), TokenCounts(30, 12), 0.5)
    cut = AtMost(1, 10, 5, 0.125)
    again = replace(first, calls=CallCounts(4, 1, 0), reserved=AtMost(2, 100, 50, 0.25), unsettled=cut)
    told = past(tmp_path, [first, Warned("x"), OPENED, RunResumed(0), again]).totals
    assert told.spent == Spent(CallCounts(6, 1, 0), TokenCounts(30, 12), 0.5, AtMost(3, 110, 55, 0.375))


def test_a_process_that_was_killed_with_open_calls_may_have_gone_on_for_a_beat(tmp_path: Path) -> None:
    idle = LedgerUpdated(CallCounts(3, 1, 0), TokenCounts(30, 12), 0.5)
    waiting = replace(idle, reserved=AtMost(1, 10, 5, 0.125))
    for name, events, beats in (
        ("idle", [idle], 0),
        ("waiting", [idle, waiting], 1),
        ("twice", [waiting, OPENED, RunResumed(0), waiting], 2),
        ("answered", [waiting, idle], 0),
    ):
        (tmp_path / name).mkdir()
        told = past(tmp_path / name, events)
        known = sum(
            max(each.t for each in told.recorded.events[first:last])
            for first, last in ([(0, 2), (2, None)] if name == "twice" else [(0, None)])
        )
        assert told.totals.seconds == pytest.approx(known + beats * BEAT_S)


def test_answers_are_those_that_facts_were_made_from_and_that_calls_got(tmp_path: Path) -> None:
    call = CallFinished("1/backward/a/x/1", "backward", "x", "m", "k4", 0.1, 1, 1, None, False, "", 0)
    told = past(
        tmp_path,
        [
            STARTED,
            scored("a", keys=("k1", "k2")),
            scored("b", "refused: no", keys=("k3",)),
            call,
            replace(call, key="k5", error="gone"),
        ],
    )
    assert told.answered() == {"k1": "task", "k2": "task", "k4": "backward"}


def test_a_journal_without_a_first_line_is_of_no_run(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").write_text('{"v": 1', encoding="utf-8")
    with pytest.raises(StorageError, match="ends before it says what it is of"):
        past_of(tmp_path)
