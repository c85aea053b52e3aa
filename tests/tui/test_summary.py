"""What a run came to, in a few lines."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from autodiff_engine.events import (
    CallCounts,
    ErrorInfo,
    Event,
    LedgerUpdated,
    RunFinished,
    RunOpened,
    RunResumed,
    TokenCounts,
)
from autodiff_tui.summary import lines
from autodiff_tui.view import RunView, reduce

from .runs import finished, small_run, stamped


def view_of(events: Iterable[Event]) -> RunView:
    view = RunView()
    for each in stamped(events):
        view = reduce(view, each)
    return view


@pytest.mark.parametrize(
    ("status", "best", "next_command"),
    [
        ("done", "runs/r1/best.toml", "autodiff-tui export runs/r1"),
        ("stopped", "runs/r1/best.toml", "autodiff-tui export runs/r1"),
        ("stopped", "", "autodiff-tui resume runs/r1"),
        ("done", "", ""),
        ("interrupted", "runs/r1/best.toml", "autodiff-tui resume runs/r1"),
        ("failed", "", "autodiff-tui resume runs/r1"),
        ("budget", "runs/r1/best.toml", "autodiff-tui resume runs/r1, with a larger budget"),
    ],
)
def test_the_summary_says_what_to_do_next_by_how_the_run_ended(status: str, best: str, next_command: str) -> None:
    view = RunView()
    for each in stamped(small_run()):
        event = each.event
        if isinstance(event, RunFinished):
            each = replace(each, event=replace(event, status=status, best=best))
        view = reduce(view, each)
    told = [line for line in lines(view) if line.startswith("next")]
    assert [line.split(maxsplit=1)[1] for line in told] == ([next_command] if next_command else [])


MISSING = ErrorInfo("AnswerMissing", "no recorded answer", "run it once without --offline")


@pytest.mark.parametrize(
    ("recorded", "said"),
    [(False, ["autodiff-tui resume runs/r1, without --offline: it asks for what is missing"]),
     (True, ["autodiff-tui resume runs/r1"])],
)  # fmt: skip
def test_a_run_that_lacks_an_answer_is_told_to_ask_unless_it_is_one_that_may_ask_nobody(
    recorded: bool, said: list[str]
) -> None:
    events = [*small_run()[:-1], finished("failed", error=MISSING)]
    assert isinstance(events[0], RunOpened)
    view = view_of([replace(events[0], recorded=recorded), *events[1:]])

    assert [line.split(maxsplit=1)[1] for line in lines(view) if line.startswith("next")] == said


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (0, 2, "20 made, 3 from the cache, 2 failed;"),
        (2, 2, "20 made, 3 from the cache, 2 failed in an earlier execution;"),
        (1, 3, "20 made, 3 from the cache, 3 failed, 1 of them in an earlier execution;"),
        (0, 0, "20 made, 3 from the cache;"),
    ],
)
def test_calls_that_failed_before_a_run_was_resumed_are_named(before: int, after: int, said: str) -> None:
    events = small_run()
    earlier = LedgerUpdated(CallCounts(9, 0, before), TokenCounts(), 0.0)
    last = replace(finished(), calls=CallCounts(20, 3, after))

    view = view_of([*events[:6], earlier, events[0], RunResumed(4), *events[6:-1], last])

    assert [line.split(maxsplit=1)[1].partition(" tokens")[0] for line in lines(view) if line.startswith("calls")] == [
        said
    ]
