"""What a run says about itself: past-tense records of ids, numbers and text, never live objects.

Four kinds (architecture.md, decision 3): **facts** are equal in every execution and are numbered by themselves;
**decisions** are what a person did, applied after fact ``after``; **marks** and **telemetry** come as they happen, and
of telemetry a reader may keep only the latest.

Scores are in [0, 1], higher is better. Names of splits: train, val, test. ``k`` counts the proposals of a step from 1.
Step 0 is the start: the start prompts on the validation set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from .decisions import (
    Decision,
    ProposalEdited,
    ProposalSkipped,
    ProposalVetoed,
    ProposalWritten,
    StopChosen,
    TextFrozen,
    ValidationChosen,
    decision_told,
    decision_words,
)
from .facts import (
    CandidateScored,
    DataLoaded,
    ExampleExcluded,
    ExampleScored,
    Fact,
    Fate,
    FeedbackGiven,
    FeedbackMissing,
    GraphGrew,
    ProgramDescribed,
    ProposalJudged,
    ProposalMade,
    StepFinished,
    StepStarted,
    TestCompared,
)
from .marks import (
    BudgetEnded,
    CallFinished,
    CallStarted,
    ControlChanged,
    ExamplesShown,
    Interrupted,
    LedgerUpdated,
    Mark,
    PhaseStarted,
    RunFinished,
    RunOpened,
    RunResumed,
    Telemetry,
    Warned,
)
from .parts import (
    AtMost,
    BudgetCaps,
    CallCounts,
    Comparison,
    EdgeInfo,
    ErrorInfo,
    ExampleInputs,
    Fingerprint,
    InputValue,
    LossInfo,
    LossMean,
    LossScore,
    ModelInfo,
    NodeInfo,
    ProposalCounts,
    Spent,
    TestScores,
    TextChange,
    TextInfo,
    TextValue,
    TokenCounts,
    TracedCall,
    ValScores,
)
from .worked import Worked

SCHEMA_VERSION = 1

Event = Fact | Decision | Mark | Telemetry


@dataclass(frozen=True, slots=True)
class Stamped:
    """An event with its place in the journal.

    ``seq`` is its line, from 1; ``t`` the seconds since this process opened the run; ``fact`` the number of a fact,
    from 1, and None for all else.
    """

    seq: int
    t: float
    fact: int | None
    event: Event


FACT_TYPES: tuple[type, ...] = get_args(Fact)
DECISION_TYPES: tuple[type, ...] = get_args(Decision)

__all__ = [
    "DECISION_TYPES",
    "FACT_TYPES",
    "SCHEMA_VERSION",
    "AtMost",
    "BudgetCaps",
    "BudgetEnded",
    "CallCounts",
    "CallFinished",
    "CallStarted",
    "CandidateScored",
    "Comparison",
    "ControlChanged",
    "DataLoaded",
    "Decision",
    "EdgeInfo",
    "ErrorInfo",
    "Event",
    "ExampleExcluded",
    "ExampleInputs",
    "ExampleScored",
    "ExamplesShown",
    "Fact",
    "Fate",
    "FeedbackGiven",
    "FeedbackMissing",
    "Fingerprint",
    "GraphGrew",
    "InputValue",
    "Interrupted",
    "LedgerUpdated",
    "LossInfo",
    "LossMean",
    "LossScore",
    "Mark",
    "ModelInfo",
    "NodeInfo",
    "PhaseStarted",
    "ProgramDescribed",
    "ProposalCounts",
    "ProposalEdited",
    "ProposalJudged",
    "ProposalMade",
    "ProposalSkipped",
    "ProposalVetoed",
    "ProposalWritten",
    "RunFinished",
    "RunOpened",
    "RunResumed",
    "Spent",
    "Stamped",
    "StepFinished",
    "StepStarted",
    "StopChosen",
    "Telemetry",
    "TestCompared",
    "TestScores",
    "TextChange",
    "TextFrozen",
    "TextInfo",
    "TextValue",
    "TokenCounts",
    "TracedCall",
    "ValScores",
    "ValidationChosen",
    "Warned",
    "Worked",
    "decision_told",
    "decision_words",
]
