"""When the training is over: panes promise nothing more, decisions are refused, and a written text is not lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.tui.recorded import recorded
from tests.tui.screens import at_rest, settled
from tests.tui.sources import ListSource
from tests.tui.test_steered import DecidedSource, opened
from textual.widgets import TextArea

from autodiff_engine.control import Control, Decided
from autodiff_engine.events import (
    BudgetCaps,
    CandidateScored,
    Decision,
    Event,
    FeedbackMissing,
    PhaseStarted,
    ProposalMade,
    ProposalWritten,
    Stamped,
    StepFinished,
    StepStarted,
    TextValue,
    Warned,
)
from autodiff_engine.steering import Steering
from autodiff_tui.actions import ACTIONS, by_id, refusal
from autodiff_tui.app import RunApp
from autodiff_tui.captions import DONE
from autodiff_tui.rewinding import _training
from autodiff_tui.screens.blame import blame_lines
from autodiff_tui.screens.drafts import Drafts
from autodiff_tui.screens.proposal_text import proposal_lines
from autodiff_tui.screens.run import RunScreen
from autodiff_tui.screens.steering import PickScreen
from autodiff_tui.screens.writing import WritingScreen
from autodiff_tui.view import RunView, reduce
from autodiff_tui.widgets.heat_map import HeatMap
from autodiff_tui.widgets.node_text import made_of, node_lines
from autodiff_tui.widgets.paint import plain
from autodiff_tui.widgets.score_chart import ScoreChart
from autodiff_tui.widgets.spend_table import SpendTable, spend_rows
from autodiff_tui.widgets.step_table import StepTable

EVENTS = recorded(1)
END = EVENTS[-1]
START = next(n for n, one in enumerate(EVENTS) if isinstance(one.event, CandidateScored)) + 1
"""Where the start prompts have their score and no step has begun."""
TEXT = "query.task"
TEST = PhaseStarted(0, "start.test", 100)
REASON = "the prompt of feedback takes 44,826 tokens, there is room for 31,768"


def view_of(events: Sequence[Stamped], *more: Event) -> RunView:
    view = RunView()
    for stamped in (*events, *(Stamped(10**6 + n, 99.0, None, event) for n, event in enumerate(more))):
        view = reduce(view, stamped)
    return view


def node(view: RunView, name: str = TEXT) -> str:
    return plain(node_lines(view, name, 100))


def step_without_feedback(errors: Sequence[str]) -> list[Event]:
    missing = [
        FeedbackMissing(1, f"train-{n}", f"{error} [1/backward/train-{n}/answer/1]") for n, error in enumerate(errors)
    ]
    batch = tuple(f"train-{n}" for n in range(len(errors)))
    return [StepStarted(1, batch, ()), *missing, StepFinished(1, "no feedback", None, "c0", 0.48)]


def test_a_node_says_how_often_feedback_failed_and_why() -> None:
    before = view_of(EVENTS[:START], StepStarted(1, ("train-0",), ()))
    assert "comes with the first failure that reaches this text" in node(before)
    failed = view_of(EVENTS[:START], *step_without_feedback([REASON] * 3 + ["nobody answers"]))
    told = node(failed)
    assert f"feedback failed on 3 examples: {REASON}" in told
    assert "feedback failed on 1 example: nobody answers" in told
    assert "[1/backward" not in told
    assert made_of(failed, TEXT) != made_of(before, TEXT)
    assert "comes with" not in node(view_of(EVENTS[:START], *step_without_feedback([REASON]), END.event))

    given = view_of(EVENTS[:-1], FeedbackMissing(1, "train-9", REASON))
    assert f"feedback failed on 1 example: {REASON}" in node(given)
    assert "1 piece" in node(given) or "pieces" in node(given)


def test_at_the_end_no_pane_promises_anything() -> None:
    early, none = view_of(EVENTS[:START], END.event), view_of((), END.event)
    assert "none: no failure reached this text" in node(early)
    learnt = view_of(EVENTS[:START], StepStarted(1, ("t",), ()), StepFinished(1, "nothing to learn", None, "c0", 1.0))
    assert "none: no example failed" in node(replace(learnt, finished=early.finished))
    assert "none of its calls was traced" in node(early, "answer")
    for view in (early, none):
        told = plain(tuple(blame_lines(view, 100)))
        assert "yet" not in told
        assert "comes" not in told
        for name in view.graph.nodes:
            assert "come" not in node(view, name)
    assert "no budget was set" in plain(tuple(row.line for row in spend_rows(early, 100)))

    made = next(one for one in EVENTS if isinstance(one.event, ProposalMade))
    cut = view_of(EVENTS[: EVENTS.index(made) + 1], END.event)
    assert "comes when" not in plain(proposal_lines(cut, cut.proposals.current[-1]))


@pytest.mark.parametrize(
    ("pane", "key", "said"),
    [
        (SpendTable, "6", "the run ended before its first call"),
        (StepTable, "5", "the run ended before its first step"),
        (ScoreChart, "4", "the run ended before anything was scored"),
        (HeatMap, "x", "the run ended before a validation example was scored"),
    ],
)
async def test_an_empty_pane_of_a_run_that_ended_says_that_it_did(pane: type, key: str, said: str) -> None:
    app = RunApp(ListSource([EVENTS[0], END]), clock=lambda: 0.0)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app, pilot)
        await pilot.press(key)
        text = await at_rest(app, pilot)
        assert app.screen.query(pane)
        assert said in text
        assert "come" not in text.replace("Welcome", "")


def test_in_the_final_report_no_more_steps_are_foretold() -> None:
    opened_ = replace(EVENTS[0].event, budget=BudgetCaps(1.0, None, None, None))  # type: ignore[type-var]
    capped = [replace(EVENTS[0], event=opened_), *EVENTS[1:-1]]
    for view, pays in ((view_of(capped), True), (view_of(capped, TEST), False), (view_of(capped, END.event), False)):
        told = plain(tuple(row.line for row in spend_rows(view, 100)))
        assert "budget: $" in told
        assert ("more steps" in told) is pays


async def test_a_step_that_was_broken_off_goes_on_no_more() -> None:
    begun = next(n for n, one in enumerate(EVENTS) if isinstance(one.event, StepStarted))
    app = RunApp(ListSource([*EVENTS[: begun + 4], END]), clock=lambda: 0.0)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app, pilot)
        await pilot.press("5")
        text = await at_rest(app, pilot)
        assert "goes on" not in text
        assert "not finished" in text


@pytest.mark.parametrize("phase", ["start.test", "best.test"])
def test_what_only_a_training_can_be_told_is_refused_while_the_test_set_is_answered(phase: str) -> None:
    view = view_of(EVENTS[:-1], PhaseStarted(0, phase, 100))
    refused = {action.id for action in ACTIONS if "training is over" in refusal(action, view, "live")}
    assert refused == {"skip", "validate", "veto", "edit", "write", "freeze"}
    assert refusal(by_id("toggle_pause"), view, "live") == ""
    assert refusal(by_id("write"), view_of(EVENTS[:-1]), "live") == ""


def test_a_run_that_takes_its_final_report_back_trains_again() -> None:
    over = view_of(EVENTS[:-1], TEST)
    assert not _training(over).trained
    assert _training(view_of(EVENTS)).trained
    going_on = view_of(EVENTS[:-3])
    assert _training(going_on) is going_on


def late_warning(decision: Decision) -> str:
    """What the engine says of a decision that came when the training was over."""
    told: list[Event] = []
    control = Control()
    steering = Steering(control, told.append, [TEXT, "answer.task"], Decided())
    steering.close()
    control.decide(decision)
    (warned,) = told
    assert isinstance(warned, Warned)
    return warned.message


def test_a_text_that_came_too_late_is_kept_until_it_is_handed_in_again() -> None:
    drafts, view = Drafts(), view_of(EVENTS[:START], Warned(late_warning(ProposalWritten(0, (TextValue(TEXT, "x"),)))))
    drafts.hand_in(TEXT, "Mine.", view)
    assert drafts.come_too_late(view) == []  # the warning is older
    late = reduce(
        view, Stamped(10**7, 0.0, None, Warned(late_warning(ProposalWritten(0, (TextValue(TEXT, "Mine."),)))))
    )
    assert drafts.come_too_late(late) == [TEXT]
    assert drafts.come_too_late(late) == []
    assert drafts.kept == {TEXT: "Mine."}
    drafts.hand_in(TEXT, "Mine, too.", late)
    assert drafts.kept == {}


def test_a_text_that_became_a_proposal_is_not_kept_and_one_that_no_proposal_had_is() -> None:
    made = next(one for one in EVENTS if isinstance(one.event, ProposalMade))
    assert isinstance(made.event, ProposalMade)
    change = made.event.changes[0]
    drafts, view = Drafts(), view_of(EVENTS[:START])
    drafts.hand_in(change.name, change.value, view)
    drafts.hand_in("answer.format", "Be brief.", view)
    assert drafts.come_too_late(view_of(EVENTS)) == ["answer.format"]
    assert drafts.kept == {"answer.format": "Be brief."}


async def test_what_was_written_and_came_too_late_is_told_and_shown_again_by_the_key() -> None:
    source = DecidedSource(EVENTS[:START], endless=True)
    app = RunApp(source, clock=lambda: 0.0)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(app, pilot)
        await pilot.press("w")
        await opened(app, pilot, PickScreen)
        await pilot.press("enter")
        await opened(app, pilot, WritingScreen)
        app.screen.query_one(TextArea).text = "Ask for the entity."
        await pilot.press("ctrl+s")
        await opened(app, pilot, RunScreen)
        (decision,) = source.decisions
        source.events += [
            Stamped(10**6, 9.0, None, TEST),
            Stamped(10**6 + 1, 9.0, None, Warned(late_warning(decision))),
        ]
        app.drain_now()
        await at_rest(app, pilot)
        said = [each.message for each in app._notifications]
        assert f"your text for {TEXT} changed nothing: it came too late; it is kept, w shows it" in said
        await pilot.press("w")
        await opened(app, pilot, WritingScreen)
        text = await at_rest(app, pilot)
        assert "Ask for the entity." in text
        assert "training is over: the test set is being answered · ctrl+s copies it" in text
        await pilot.press("ctrl+s")
        assert app.clipboard == "Ask for the entity."
        await pilot.press("escape")
        await opened(app, pilot, RunScreen)
    assert len(source.decisions) == 1


async def test_a_text_whose_moment_passed_while_it_was_written_is_what_the_next_writing_begins_with() -> None:
    source = DecidedSource(EVENTS[:START], endless=True)
    app = RunApp(source, clock=lambda: 0.0)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(app, pilot)
        app._drafts.keep(TEXT, "Kept from before.")
        for keys, handed in ((("escape",), 0), (("ctrl+s",), 1)):
            await pilot.press("w")
            await opened(app, pilot, PickScreen)
            await pilot.press("enter")
            await opened(app, pilot, WritingScreen)
            assert app.screen.query_one(TextArea).text == "Kept from before."
            await pilot.press(*keys)
            await opened(app, pilot, RunScreen)
            assert len(source.decisions) == handed
    assert source.decisions == [ProposalWritten(0, (TextValue(TEXT, "Kept from before."),))]


@pytest.mark.parametrize("recorded_", [True, False])
async def test_a_run_that_ended_has_the_caption_of_its_end_or_none(recorded_: bool) -> None:
    first = replace(EVENTS[0], event=replace(EVENTS[0].event, recorded=recorded_))  # type: ignore[type-var]
    app = RunApp(ListSource([first, *EVENTS[1:]]), clock=lambda: 0.0)
    async with app.run_test(size=(120, 40)) as pilot:
        text = await settled(app, pilot)
        assert (DONE[0] in text) is recorded_
        assert "another process" not in text
