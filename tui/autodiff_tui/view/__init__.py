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
    ExamplesShown,
    FeedbackGiven,
    FeedbackMissing,
    GraphGrew,
    Interrupted,
    LedgerUpdated,
    PhaseStarted,
    ProgramDescribed,
    ProposalEdited,
    ProposalJudged,
    ProposalMade,
    ProposalSkipped,
    ProposalVetoed,
    ProposalWritten,
    RunFinished,
    RunOpened,
    RunResumed,
    Stamped,
    StepFinished,
    StepStarted,
    StopChosen,
    TestCompared,
    TextFrozen,
    ValidationChosen,
    Warned,
)

from .decisions import incumbent_proposal, judged_now, reduce_decision
from .facts import reduce_fact
from .log import Entry, entry_of
from .marks import reduce_mark, reduce_telemetry, without_process
from .outlook import Outlook, outlook
from .parts import (
    Batch,
    Control,
    Exchange,
    Gate,
    GraphView,
    Notes,
    Point,
    Progress,
    Proposals,
    ProposalView,
    Scores,
    TextView,
    Version,
)
from .provenance import Passage, passages, versions_of
from .run import RunView
from .samples import Graded, Pair, Samples, Standing, Turn, by_example, count, examples_of, pairs
from .steps import StepRow, gates_of, step_rows
from .traffic import Cap, NodeCalls, RoleCalls, Spending, Traffic, caps, per_step
from .trail import Trail


def reduce(view: RunView, stamped: Stamped) -> RunView:
    """Return the view after an event; costs a few microseconds however long the run is.

    A fact that was seen before (a resumed run says its facts again) changes nothing.
    """
    if stamped.fact is not None and stamped.fact <= view.facts:
        return view
    after = _folded(view, stamped)
    worked = view.worked.heard(stamped.t, stamped.event)
    elapsed_s = max(after.elapsed_s, after.earlier_s + worked.seconds)
    entry = entry_of(stamped.event, elapsed_s, after.step)
    log = after.log if entry is None else after.log.append(entry)
    return replace(after, facts=stamped.fact or after.facts, elapsed_s=elapsed_s, worked=worked, log=log)


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
            | ExamplesShown()
            | RunFinished()
        ) as mark:
            return reduce_mark(view, mark)
        case (
            StopChosen()
            | ProposalSkipped()
            | ProposalVetoed()
            | ProposalEdited()
            | ProposalWritten()
            | TextFrozen()
            | ValidationChosen()
        ) as decision:
            return reduce_decision(view, decision)


__all__ = [
    "Batch",
    "Cap",
    "Control",
    "Entry",
    "Exchange",
    "Gate",
    "Graded",
    "GraphView",
    "NodeCalls",
    "Notes",
    "Outlook",
    "Pair",
    "Passage",
    "Point",
    "Progress",
    "ProposalView",
    "Proposals",
    "RoleCalls",
    "RunView",
    "Samples",
    "Scores",
    "Spending",
    "Standing",
    "StepRow",
    "TextView",
    "Traffic",
    "Trail",
    "Turn",
    "Version",
    "by_example",
    "caps",
    "count",
    "examples_of",
    "gates_of",
    "incumbent_proposal",
    "judged_now",
    "outlook",
    "pairs",
    "passages",
    "per_step",
    "reduce",
    "step_rows",
    "versions_of",
    "without_process",
]
