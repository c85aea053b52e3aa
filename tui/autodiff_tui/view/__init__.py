"""The screen as a value: ``RunView`` and ``reduce``, which folds a run's events into it; no Textual here."""

from __future__ import annotations

from dataclasses import replace

from autodiff_engine.events import (
    BudgetEnded,
    CallFinished,
    CallStarted,
    CandidateScored,
    ControlChanged,
    DataLoaded,
    ExampleExcluded,
    ExampleScored,
    FeedbackGiven,
    FeedbackMissing,
    GraphGrew,
    Interrupted,
    LedgerUpdated,
    PhaseStarted,
    ProgramDescribed,
    ProposalJudged,
    ProposalMade,
    RunFinished,
    RunOpened,
    RunResumed,
    Stamped,
    StepFinished,
    StepStarted,
    StopChosen,
    TestCompared,
    Warned,
)

from .facts import reduce_fact
from .marks import reduce_mark, reduce_telemetry
from .parts import (
    Batch,
    Control,
    Exchange,
    Gate,
    GraphView,
    NodeCalls,
    Notes,
    Point,
    Progress,
    Proposals,
    ProposalView,
    RoleCalls,
    Scores,
    TextView,
    Traffic,
    Version,
)
from .run import RunView
from .trail import Trail


def reduce(view: RunView, stamped: Stamped) -> RunView:
    """Return the view after an event; costs a few microseconds however long the run is.

    A fact that was seen before (a resumed run says its facts again) changes nothing.
    """
    if stamped.fact is not None and stamped.fact <= view.facts:
        return view
    after = _folded(view, stamped)
    elapsed_s = max(after.elapsed_s, after.earlier_s + stamped.t)
    return replace(after, facts=stamped.fact or after.facts, elapsed_s=elapsed_s)


def _folded(view: RunView, stamped: Stamped) -> RunView:
    match stamped.event:
        case (CallStarted() | CallFinished() | LedgerUpdated()) as telemetry:
            return reduce_telemetry(view, telemetry)
        case (
            ProgramDescribed()
            | DataLoaded()
            | GraphGrew()
            | StepStarted()
            | ExampleScored()
            | ExampleExcluded()
            | FeedbackGiven()
            | FeedbackMissing()
            | ProposalMade()
            | ProposalJudged()
            | CandidateScored()
            | StepFinished()
            | TestCompared()
        ) as fact:
            return reduce_fact(view, fact)
        case (
            RunOpened()
            | RunResumed()
            | ControlChanged()
            | PhaseStarted()
            | Warned()
            | BudgetEnded()
            | Interrupted()
            | RunFinished()
        ) as mark:
            return reduce_mark(view, mark)
        case StopChosen():
            return view  # what it leads to is said by ControlChanged and RunFinished


__all__ = [
    "Batch",
    "Control",
    "Exchange",
    "Gate",
    "GraphView",
    "NodeCalls",
    "Notes",
    "Point",
    "Progress",
    "ProposalView",
    "Proposals",
    "RoleCalls",
    "RunView",
    "Scores",
    "TextView",
    "Traffic",
    "Trail",
    "Version",
    "reduce",
]
