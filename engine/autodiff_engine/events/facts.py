"""Facts: equal in every execution of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .parts import (
    LATER,
    Comparison,
    EdgeInfo,
    LossInfo,
    LossMean,
    LossScore,
    ModelInfo,
    NodeInfo,
    TextChange,
    TextInfo,
    TracedCall,
)

Fate = Literal["unusable", "lint", "minibatch", "validation", "accepted", "skipped", "vetoed"]
"""Where a proposal ended: the gate that it did not pass, accepted, or what a person decided while it was judged."""


@dataclass(frozen=True, slots=True)
class ProgramDescribed:
    """What is trained: the texts, the metrics and the models.

    ``metric`` is on the answer; where there are several ``losses``, their weighted mean is an example's score.
    """

    pipeline: str
    texts: tuple[TextInfo, ...]
    metric: str
    metric_description: str
    minibatch_metric: str
    models: tuple[ModelInfo, ...]
    max_steps: int
    max_proposals: int
    losses: tuple[LossInfo, ...] = field(default=(), metadata=LATER)


@dataclass(frozen=True, slots=True)
class DataLoaded:
    """The splits: sizes, exact repeats dropped, and a fingerprint of all that is in them and of their order.

    Where the program looks things up, ``passages`` is how many there are and ``corpus`` the fingerprint of them all.
    """

    source: str
    train: int
    val: int
    test: int
    dropped: int
    fingerprint: str
    passages: int = field(default=0, metadata=LATER)
    corpus: str = field(default="", metadata=LATER)


@dataclass(frozen=True, slots=True)
class GraphGrew:
    """New nodes or edges of the program's graph, or a node called more often than before; latest per name wins."""

    nodes: tuple[NodeInfo, ...]
    edges: tuple[EdgeInfo, ...]


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A training step began on ``batch`` (example ids in order), of which ``carried`` came from the step before."""

    step: int
    batch: tuple[str, ...]
    carried: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExampleScored:
    """A candidate answered one example.

    ``phase`` is ``forward``, ``teacher`` (the incumbent's texts, played by another model), ``pK.minibatch``,
    ``pK.validation``, or in step 0 ``start.validation``; at the end ``start.test`` and ``best.test``.
    ``trace`` is given for forward, teacher and minibatch phases only; ``keys`` always. Both hold the calls of a judge,
    too.
    ``losses`` has each of several losses; ``score`` then is their weighted mean, and ``on_answer`` what the task's
    metric gives the answer.
    """

    step: int
    phase: str
    split: str
    example: str
    metric: str
    score: float
    answer: str | None
    """What the parser took from the reply; None when the format was wrong (score 0)."""
    expected: str | None
    why: str
    keys: tuple[str, ...]
    trace: tuple[TracedCall, ...] = ()
    losses: tuple[LossScore, ...] = field(default=(), metadata=LATER)
    on_answer: float | None = field(default=None, metadata=LATER)


@dataclass(frozen=True, slots=True)
class ExampleExcluded:
    """A call for this example failed for reasons of infrastructure: it is scored on neither side."""

    step: int
    phase: str
    example: str
    error: str


@dataclass(frozen=True, slots=True)
class FeedbackGiven:
    """One piece of feedback: what ``source`` says about call ``t`` of ``target`` on an example.

    ``target`` is the name of a node: a trained text (``on_text``) or an LLM's answer or function upstream. ``how`` says
    how it came about: ``loss``, ``template``, ``llm``, ``pass-through`` or ``attribution``. ``count`` is how many equal
    pieces were merged into it. ``left_out`` counts the characters that did not fit the prompt that asked for it.
    """

    step: int
    example: str
    source: str
    target: str
    t: int
    on_text: bool
    text: str
    to_blame: bool
    how: str
    count: int = 1
    left_out: int = field(default=0, metadata=LATER)


@dataclass(frozen=True, slots=True)
class FeedbackMissing:
    """A backward call failed for reasons of infrastructure: this example gives no feedback in this step."""

    step: int
    example: str
    error: str


@dataclass(frozen=True, slots=True)
class ProposalMade:
    """Proposal ``k`` of a step: the optimizer wrote it, by method ``demos`` it was put together, or a person wrote it.

    ``problem`` says why a reply of the optimizer could not be used, else empty.
    """

    step: int
    k: int
    candidate: str
    parent: str
    changes: tuple[TextChange, ...]
    problem: str = ""
    tried: tuple[str, ...] = field(default=(), metadata=LATER)
    """With a problem: why the replies before the last could not be used either. A remark: executions may differ in it,
    as those of older versions do not say it."""


@dataclass(frozen=True, slots=True)
class ProposalJudged:
    """The verdict on proposal ``k``: exactly one for each ``ProposalMade``."""

    step: int
    k: int
    candidate: str
    fate: Fate
    reason: str
    lint: str = ""
    """The name of the lint that rejected it, else empty."""
    minibatch: Comparison | None = None
    validation: Comparison | None = None

    @property
    def accepted(self) -> bool:
        """Whether the candidate became the incumbent."""
        return self.fate == "accepted"


@dataclass(frozen=True, slots=True)
class CandidateScored:
    """A candidate was scored on a whole split; ``low`` and ``high`` bound the mean (Wilson, 95 %).

    Where several losses make the score, ``losses`` has each of them and ``on_answer`` the mean of the task's metric.
    """

    step: int
    which: Literal["start", "best"]
    candidate: str
    split: str
    metric: str
    mean: float
    n: int
    low: float
    high: float
    wrong_format: int
    losses: tuple[LossMean, ...] = field(default=(), metadata=LATER)
    on_answer: float | None = field(default=None, metadata=LATER)


@dataclass(frozen=True, slots=True)
class StepFinished:
    """A training step ended; ``incumbent`` is the best candidate after it and ``val`` its validation mean.

    ``vetoed``: a person rejected the incumbent that the step ran with, and the one before it is back.
    """

    step: int
    outcome: Literal["accepted", "rejected", "nothing to learn", "no feedback", "vetoed"]
    accepted_k: int | None
    incumbent: str
    val: float


@dataclass(frozen=True, slots=True)
class TestCompared:
    """The start prompts against the best ones on the test split: the only look at it."""

    comparison: Comparison


Fact = (
    ProgramDescribed
    | DataLoaded
    | GraphGrew
    | StepStarted
    | ExampleScored
    | ExampleExcluded
    | FeedbackGiven
    | FeedbackMissing
    | ProposalMade
    | ProposalJudged
    | CandidateScored
    | StepFinished
    | TestCompared
)
