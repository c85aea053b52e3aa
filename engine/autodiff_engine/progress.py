"""How far a training has come: incumbents, counts, the test; and what it works with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .candidate import Candidate
from .comparison import mean
from .config import TrainerConfig
from .critic import LLMCritic
from .dataset import Splits
from .evaluate import Outcome, Task
from .events import Comparison, ProposalCounts
from .loss import Loss, reached
from .metric import Metric
from .optimizer import Optimizer
from .proposal import Evidence, Proposal, Situation, Version
from .raw_shots import Started
from .telling import forms_of, in_words, peers_of
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
    teacher: Task | None = None
    """The program played by the teacher; None: demos are made of own replies alone."""
    started: Mapping[str, Started] = field(default_factory=dict[str, Started])
    """By text of demos: the examples that it shows from the start, where these were drawn."""


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
        """The validation mean, of the examples that have a score."""
        return mean([each.score for each in self.outcomes if not each.unavailable])

    @property
    def n(self) -> int:
        """How many validation examples have a score: all but those that a judge could not grade."""
        return sum(not each.unavailable for each in self.outcomes)


@dataclass(slots=True)
class Progress:
    """What a training has come to; changed by its trainer alone, read by whoever reports."""

    start: Incumbent | None = None
    best: Incumbent | None = None
    accepted: list[Incumbent] = field(default_factory=list[Incumbent])
    steps: int = 0
    counts: ProposalCounts = field(default_factory=ProposalCounts)
    test: Comparison | None = None

    def adopt(self, incumbent: Incumbent) -> None:
        """Make ``incumbent`` the best; the first one is the start."""
        self.start = self.start or incumbent
        self.best = incumbent
        self.accepted.append(incumbent)

    def take_back(self) -> None:
        """Make the incumbent before this one the best again; the start stays."""
        if len(self.accepted) > 1:
            self.accepted.pop()
            self.best = self.accepted[-1]


def first_incumbent(candidate: Candidate, outcomes: Sequence[Outcome]) -> Incumbent:
    """Return the start prompts as the incumbent."""
    return Incumbent(candidate, tuple(outcomes), Version(candidate, in_words(outcomes), {}), None, None)


def incumbent_of(proposal: Proposal, verdict: Verdict) -> Incumbent:
    """Return the accepted candidate of ``proposal`` as the next incumbent."""
    method = {change.name: change.method for change in proposal.changes}
    version = Version(proposal.candidate, in_words(verdict.outcomes), method)
    return Incumbent(proposal.candidate, verdict.outcomes, version, proposal, verdict.validation)


def situation_of(
    progress: Progress,
    forward: Sequence[Outcome],
    evidence: Mapping[str, Sequence[Evidence]],
    settings: TrainerConfig,
    *,
    step: int,
    stale: int,
    frozen: Sequence[str] = (),
) -> Situation:
    """Return what the optimizer knows at the beginning of a step; of the accepted ones it sees the best (SH)."""
    if progress.best is None:
        raise AssertionError("no step before the start prompts are scored")
    best = sorted(progress.accepted, key=lambda each: -each.mean)[: settings.history]
    return Situation(
        step=step,
        k=1,
        parent=progress.best.candidate,
        evidence=evidence,
        peers=peers_of(forward),
        forms=forms_of(forward),
        right=sum(reached(each, settings.threshold) for each in forward),
        total=sum(not each.unavailable for each in forward),
        accepted=[each.version for each in best],
        failed=(),
        stale=stale,
        show_peers=settings.peers,
        frozen=frozen,
    )


def counted(counts: ProposalCounts, verdict: Verdict) -> ProposalCounts:
    """Return ``counts`` with one more proposal, by the gates that it reached and passed."""
    reached, on_minibatch = verdict.validation is not None, verdict.minibatch is not None
    return ProposalCounts(
        made=counts.made + 1,
        linted=counts.linted + (verdict.fate == "lint"),
        minibatch_judged=counts.minibatch_judged + on_minibatch,
        minibatch_passed=counts.minibatch_passed + (on_minibatch and verdict.fate != "minibatch"),
        validation_judged=counts.validation_judged + reached,
        validation_passed=counts.validation_passed + (verdict.fate == "accepted"),
    )
