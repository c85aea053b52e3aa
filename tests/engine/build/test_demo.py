"""The demo under a person's hand: where the recording has no answer any more, the run ends as a stop does."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from autodiff_engine import build
from autodiff_engine.build import RunOptions
from autodiff_engine.control import Control
from autodiff_engine.events import (
    CallFinished,
    Event,
    ProposalJudged,
    ProposalMade,
    ProposalSkipped,
    ProposalVetoed,
    ProposalWritten,
    RunFinished,
    Stamped,
    StopChosen,
    TextFrozen,
    TextValue,
    Warned,
    decision_told,
)
from autodiff_engine.journal import read
from autodiff_engine.llm import Reply
from autodiff_engine.llm.recorded import NO_FURTHER, read_answers

Steer = Callable[[Event, Control], None]


async def steered(folder: Path, steer: Steer) -> RunFinished:
    """Execute the demo with an app's control; ``steer`` hears each event."""
    control = Control(attended=True)
    run = build.demo(RunOptions(run_dir=folder), speed=None)
    return await run.execute(control, lambda stamped: steer(stamped.event, control))


def once_accepted(act: Callable[[ProposalJudged, Control], None]) -> Steer:
    """Act once, after the first acceptance."""
    acted: list[Event] = []

    def steer(event: Event, control: Control) -> None:
        if not acted and isinstance(event, ProposalJudged) and event.accepted:
            acted.append(event)
            act(event, control)

    return steer


def warnings(events: tuple[Stamped, ...]) -> list[str]:
    return [each.event.message for each in events if isinstance(each.event, Warned)]


WRITTEN = (TextValue("task", "Say in one word which team gets the ticket."),)


def veto(accepted: ProposalJudged, control: Control) -> None:
    control.decide(ProposalVetoed(0, accepted.step, accepted.k, "no"))


def write(_: ProposalJudged, control: Control) -> None:
    control.decide(ProposalWritten(0, WRITTEN))


def freeze(_: ProposalJudged, control: Control) -> None:
    control.decide(TextFrozen(0, "task", True))


def stop(_: ProposalJudged, control: Control) -> None:
    control.stop()


@pytest.mark.parametrize("act", [veto, write, freeze, stop])
async def test_a_person_who_leaves_the_recording_ends_it_as_a_stop(
    tmp_path: Path, act: Callable[[ProposalJudged, Control], None]
) -> None:
    finished = await steered(tmp_path / "run", once_accepted(act))

    assert (finished.status, finished.error) == ("stopped", None)
    assert finished.best == str(tmp_path / "run" / "best.toml")
    recorded = read(tmp_path / "run")
    assert warnings(recorded.events).count(NO_FURTHER) == 1
    assert isinstance([each.event for each in recorded.events if each.fact is None][-1], RunFinished)
    stops = [each.event for each in recorded.events if isinstance(each.event, StopChosen)]
    assert stops[0].reason == ("" if act is stop else NO_FURTHER)
    assert stops[-1].reason == NO_FURTHER  # of the final report, if not of the training
    assert decision_told(stops[-1]) == f"stopped, the best kept: {NO_FURTHER}"
    assert not [each for each in recorded.events if isinstance(each.event, CallFinished) and each.event.error]
    assert (await build.verification(tmp_path / "run", RunOptions()).execute()).facts == max(
        each.fact or 0 for each in recorded.standing
    )


async def test_a_proposal_skipped_before_the_recording_ends_it_as_a_stop(tmp_path: Path) -> None:
    acted: list[Event] = []

    def steer(event: Event, control: Control) -> None:
        if not acted and isinstance(event, ProposalMade):
            acted.append(event)
            control.decide(ProposalSkipped(0, event.step, event.k))

    finished = await steered(tmp_path / "run", steer)

    assert (finished.status, finished.error) == ("stopped", None)


async def test_a_recording_that_nobody_left_and_that_lacks_an_answer_fails_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = import_module("autodiff_engine.build.demo")  # the package's name for it is the function's

    def most(path: Path) -> dict[str, Reply]:
        return dict(list(read_answers(path).items())[:-40])

    monkeypatch.setattr(module, "read_answers", most)
    finished = await steered(tmp_path / "run", once_accepted(lambda accepted, control: None))

    assert (finished.status, finished.error and finished.error.kind) == ("failed", "AnswerMissing")
    assert NO_FURTHER not in warnings(read(tmp_path / "run").events)
