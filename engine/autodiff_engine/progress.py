"""How far a training has come: incumbents, counts, the test; and what it works with."""

from __future__ import annotations

from dataclasses import dataclass, field

from .candidate import Candidate
from .comparison import mean
from .config import TrainerConfig
from .critic import LLMCritic
from .dataset import Splits
from .evaluate import Outcome, Task
from .events import Comparison, ProposalCounts
from .loss import Loss
from .metric import Metric
from .optimizer import Optimizer
from .proposal import Proposal, Version
from .validation import Gates, Verdict


@dataclass(frozen=True, slots=True)
class Parts:
    """What a trainer works with, made by ``build``."""

    task: Task
    splits: Splits
    metric: Metric
    minibatch_metric: Metric
    loss: Loss
    critic: LLMCritic
    optimizer: Optimizer
    gates: Gates
    settings: TrainerConfig


@dataclass(frozen=True, slots=True)
class Incumbent:
    """An accepted candidate and its outcomes on the whole validation split, in the split's order.

    ``made_by`` and ``judged`` are None for the start prompts.
    """

    candidate: Candidate
    outcomes: tuple[Outcome, ...]
    version: Version
    made_by: Proposal | None
    judged: Comparison | None

    @property
    def mean(self) -> float:
        """The validation mean."""
        return mean([each.score for each in self.outcomes])


@dataclass(slots=True)
class Progress:
    """What a training has come to; changed by its trainer alone, read by whoever reports."""

    start: Incumbent | None = None
    best: Incumbent | None = None
    accepted: list[Incumbent] = field(default_factory=list[Incumbent])
    steps: int = 0
    counts: ProposalCounts = field(default_factory=ProposalCounts)
    test: Comparison | None = None


def counted(counts: ProposalCounts, verdict: Verdict) -> ProposalCounts:
    """Return ``counts`` with one more proposal, by the gates that it reached and passed."""
    reached = verdict.validation is not None
    return ProposalCounts(
        made=counts.made + 1,
        linted=counts.linted + (verdict.fate == "lint"),
        minibatch_judged=counts.minibatch_judged + (verdict.minibatch is not None),
        minibatch_passed=counts.minibatch_passed + (verdict.minibatch is not None and reached),
        validation_judged=counts.validation_judged + reached,
        validation_passed=counts.validation_passed + (verdict.fate == "accepted"),
    )
