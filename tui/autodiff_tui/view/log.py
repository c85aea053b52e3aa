"""The log of a run: what a person should be able to look up later, one line each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from autodiff_engine.events import (
    BudgetEnded,
    CallFinished,
    ControlChanged,
    ErrorInfo,
    Event,
    ExampleExcluded,
    FeedbackMissing,
    Interrupted,
    ProposalEdited,
    ProposalJudged,
    ProposalSkipped,
    ProposalVetoed,
    ProposalWritten,
    RunFinished,
    RunOpened,
    StepFinished,
    StepStarted,
    StopChosen,
    TestCompared,
    TextFrozen,
    ValidationChosen,
    Warned,
    decision_told,
)

Level = Literal["step", "note", "warning", "excluded", "failure", "error"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the log; ``t`` as the run's ``elapsed_s`` was, ``step`` the one it belongs to."""

    t: float
    step: int
    level: Level
    text: str
    """Raw, as the engine said it."""


def entry_of(event: Event, t: float, step: int) -> Entry | None:
    """Return what the log says about ``event``; None for what it leaves out. ``step`` is the step of the run now."""
    told = _told(event)
    if told is None:
        return None
    level, text = told
    return Entry(t, getattr(event, "step", step), level, text)


def trouble_words(trouble: ErrorInfo) -> str:
    """Return what a run pauses for, whole, with the way to mend it."""
    hint = f"; {trouble.hint}" if trouble.hint else ""
    return f"the run waits for you: {trouble.message}{hint}; then resume it"


def _told(event: Event) -> tuple[Level, str] | None:
    match event:
        case Warned():
            return "warning", event.message
        case ExampleExcluded():
            return "excluded", f"example {event.example} left out of {event.phase}: {event.error}"
        case FeedbackMissing():
            return "excluded", f"example {event.example} gives no feedback: {event.error}"
        case CallFinished():
            return ("failure", f"a call of {event.node} ({event.role}) failed: {event.error}") if event.error else None
        case BudgetEnded():
            return "error", f"budget: {event.message}"
        case Interrupted():
            return "error", f"interrupted: {event.reason}"
        case RunFinished():
            error = event.error
            return ("error", f"{error.kind}: {error.message}") if error else ("note", f"the run ended: {event.status}")
        case ControlChanged(state="stopping"):
            return None  # what was decided is told in words of its own
        case ControlChanged(state="paused", trouble=ErrorInfo() as trouble):
            return "error", f"paused, {trouble_words(trouble)}"
        case ControlChanged():
            return "note", f"{event.state}{f': {event.reason}' if event.reason else ''}"
        case RunOpened():
            return "note", f"{event.run_id} opened by autodiff-tui {event.version}, {event.started}"
        case (
            StopChosen()
            | ProposalSkipped()
            | ProposalVetoed()
            | ProposalEdited()
            | ProposalWritten()
            | TextFrozen()
            | ValidationChosen()
        ):
            return "note", decision_told(event)
        case _:
            return _step_told(event)


def _step_told(event: Event) -> tuple[Level, str] | None:
    match event:
        case StepStarted():
            carried = f", {len(event.carried)} carried" if event.carried else ""
            return "step", f"step {event.step} begins: {len(event.batch)} examples{carried}"
        case ProposalJudged():
            why = f": {event.reason}" if event.reason else ""
            return "step", f"proposal {event.step}.{event.k} {event.fate}{why}"
        case StepFinished():
            return "step", f"step {event.step} ended: {event.outcome}"
        case TestCompared():
            after = "–" if event.comparison.after is None else f"{event.comparison.after:.3f}"
            return "step", f"the test split was scored: {event.comparison.before:.3f} → {after}"
        case _:
            return None
