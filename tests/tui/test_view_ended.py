"""What a view says of a run that ended in the middle of something, and of steps that are over."""

from __future__ import annotations

import pytest
from tests.tui.recorded import recorded

from autodiff_engine.events import (
    PhaseStarted,
    ProposalJudged,
    ProposalMade,
    RunFinished,
    RunOpened,
    Stamped,
    StepStarted,
)
from autodiff_tui.format import proposal_state
from autodiff_tui.glossary import UNJUDGED, meaning
from autodiff_tui.html_report.proposals import proposals_of
from autodiff_tui.view import Graded, RunView, reduce
from autodiff_tui.widgets.node_text import node_lines
from autodiff_tui.widgets.paint import plain
from autodiff_tui.widgets.proposal_table import Columns, _line
from autodiff_tui.widgets.status_line import first_line

EVENTS = recorded(3)
LAST = next(
    n
    for n, one in enumerate(EVENTS)
    if isinstance(one.event, ProposalMade)
    and one.event.step == 2
    and not any(isinstance(later.event, ProposalJudged) for later in EVENTS[n : n + 4])
)
JUDGED = EVENTS[: LAST + 4]
"""A proposal of step 2 is judged."""
END = EVENTS[-1]


def view_of(events: list[Stamped]) -> RunView:
    view = RunView()
    for stamped in events:
        view = reduce(view, stamped)
    return view


@pytest.mark.parametrize("kept", [LAST + 1, LAST + 4], ids=["proposed", "being judged"])
def test_a_proposal_without_a_verdict_at_the_end_of_the_run_is_not_judged_until_the_run_goes_on(kept: int) -> None:
    events = EVENTS[:kept]
    ended = view_of([*events, END])

    (newest,) = [one for one in ended.proposals.newest_first(99) if one.fate is None]
    assert proposal_state(newest) == "not judged: the run ended"
    assert meaning(newest) == UNJUDGED
    assert proposals_of(ended).rows[-1].look == "lost"
    rows = {width: plain((_line(newest, Columns.for_width(width)),)) for width in (58, 78, 118)}
    assert all("⊘ not judged" in row for row in rows.values())
    assert all("proposed" not in row and "minibatch" not in row for row in rows.values())

    opening = next(one.event for one in EVENTS if isinstance(one.event, RunOpened))
    goes_on = reduce(ended, Stamped(END.seq + 1, 0.0, None, opening))
    assert [proposal_state(one) for one in goes_on.proposals.newest_first(99)] == [
        proposal_state(one) for one in view_of(events).proposals.newest_first(99)
    ]


def test_the_end_of_a_run_leaves_every_verdict_as_it_was() -> None:
    ended, before = view_of(EVENTS), view_of(EVENTS[:-1])

    assert isinstance(END.event, RunFinished)
    assert ended.proposals is not before.proposals  # two reductions; within one nothing is made anew
    assert reduce(before, END).proposals is before.proposals
    assert all(one.fate is not None for one in ended.proposals.newest_first(99))


def test_a_run_that_ended_within_a_step_says_that_step_though_its_report_counts_finished_ones() -> None:
    report = Stamped(JUDGED[-1].seq + 1, 9.0, None, PhaseStarted(1, "best.test", 4))
    for events in ([*JUDGED, report], [*JUDGED, report, END]):
        view = view_of(events)
        assert view.progress.step == 1
        assert view.step == 2
        assert "step 2/12" in plain((first_line(view, 0, 120),))


def test_scores_of_a_step_stay_with_its_feedback_when_the_next_one_begins() -> None:
    begins = [n for n, one in enumerate(EVENTS) if isinstance(one.event, StepStarted)]
    in_first, in_second = view_of(EVENTS[: begins[1]]), view_of(EVENTS[: begins[1] + 1])

    first = plain(node_lines(in_first, "query.task", 80))
    assert first.count("(score 0.00)") >= 1
    assert plain(node_lines(in_second, "query.task", 80)) == first

    graded = {one.example: Graded(one.score, one.answer, one.expected) for one in in_first.batch.forward}
    assert in_second.graded == {1: graded}
    later = view_of(EVENTS)
    assert {example: later.graded_of(1, example) for example in graded} == graded
    assert later.graded_of(3, "nobody") is None
    assert later.graded_of(7, next(iter(graded))) is None
