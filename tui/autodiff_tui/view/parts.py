"""What a run's view is made of: small values, each about one thing on the screen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from autodiff_engine.events import (
    CandidateScored,
    Comparison,
    EdgeInfo,
    ErrorInfo,
    ExampleScored,
    Fate,
    NodeInfo,
    TextChange,
    TextInfo,
    TracedCall,
)

from .samples import Samples
from .trail import Trail

Gate = Literal["proposed", "minibatch", "validation"]

SAMPLED = 20_000
"""Scored examples of past proposals that are kept at least, and twice as many at most: those of older ones go."""


@dataclass(frozen=True, slots=True)
class Control:
    """Whether calls may start, why not, and how many are open; ``unfinished`` where no process executes the run."""

    state: Literal["starting", "running", "pausing", "paused", "stopping", "unfinished"] = "starting"
    reason: str = ""
    in_flight: int = 0
    trouble: ErrorInfo | None = None
    """The error that the run pauses for, where it is one."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What the run does now; ``total`` is 0 when nobody knows it, ``done`` never exceeds a known total.

    ``calls`` were answered meanwhile, by the role that the phase is about: parts that are done out of order are told in
    order, so that they move before ``done`` does.
    """

    step: int = 0
    phase: str = ""
    done: int = 0
    total: int = 0
    calls: int = 0

    def one_more(self) -> Progress:
        """Return the progress with one more example done."""
        done = self.done + 1
        return replace(self, done=min(done, self.total) if self.total else done)


@dataclass(frozen=True, slots=True)
class Version:
    """A value that a trained text once had, and the accepted proposal that brought it (step 0, k 0: the start)."""

    step: int
    k: int
    value: str
    method: str = ""
    val: float | None = None
    change: TextChange | None = None
    """As the proposal wrote it; None for the start."""
    judged: Comparison | None = None
    """The comparison on the whole validation set that it won."""


@dataclass(frozen=True, slots=True)
class TextView:
    """A trained text: as it started, and every value accepted since, oldest first."""

    info: TextInfo
    versions: tuple[Version, ...] = ()

    @property
    def value(self) -> str:
        """The best value so far."""
        return self.versions[-1].value if self.versions else self.info.value


@dataclass(frozen=True, slots=True)
class GraphView:
    """The program's graph as far as it is known."""

    nodes: Mapping[str, NodeInfo] = field(default_factory=dict[str, NodeInfo])
    edges: Mapping[tuple[str, str, bool], EdgeInfo] = field(default_factory=dict[tuple[str, str, bool], EdgeInfo])


@dataclass(frozen=True, slots=True)
class Exchange:
    """A traced call of a node, with the example that it was made for."""

    call: TracedCall
    step: int
    phase: str
    example: str
    score: float


@dataclass(frozen=True, slots=True)
class Batch:
    """The minibatch of the newest step and the incumbent's answers on it, in batch order."""

    step: int = 0
    examples: tuple[str, ...] = ()
    carried: tuple[str, ...] = ()
    forward: Trail[ExampleScored] = field(default_factory=Trail[ExampleScored])
    excluded: int = 0
    total: float = 0.0
    """Sum of the forward scores."""

    @property
    def complete(self) -> bool:
        """Whether every example was scored or excluded, and one at least scored."""
        return bool(self.forward) and len(self.forward) + self.excluded >= len(self.examples)


@dataclass(frozen=True, slots=True)
class ProposalView:
    """A proposal from the moment it was written to its verdict."""

    step: int
    k: int
    candidate: str
    changes: tuple[TextChange, ...]
    before: Mapping[str, str]
    """The texts that it changes, as they were."""
    problem: str = ""
    tried: tuple[str, ...] = ()
    """With a problem: those of the replies before the last."""
    gate: Gate = "proposed"
    scored: int = 0
    """Examples scored so far at ``gate``."""
    expected: int = 0
    """Examples to score at ``gate``; 0 when unknown."""
    fate: Fate | None = None
    vetoed: bool = False
    """Whether a person rejected it after it had been accepted."""
    unjudged: bool = False
    """Whether the run ended before it had a verdict, and has not gone on since."""
    reason: str = ""
    lint: str = ""
    minibatch: Comparison | None = None
    validation: Comparison | None = None
    old: Samples = field(default_factory=Samples)
    """The incumbent on the same minibatch and on the validation set."""
    new: Samples = field(default_factory=Samples)
    """The proposal itself, as far as it was scored."""
    thinned: bool = False
    """Whether ``old`` and ``new`` are empty because many proposals came after it."""

    @property
    def key(self) -> str:
        """``step.k``, unique in a run."""
        return f"{self.step}.{self.k}"

    @property
    def awaited(self) -> bool:
        """Whether a verdict on it is still to come, or would be had the run not ended."""
        return self.fate is None and not self.problem

    @property
    def problems(self) -> tuple[tuple[str, str], ...]:
        """What was wrong with each reply, oldest first, by a name: ``problem`` for the only one, else by its turn."""
        if not self.problem or not self.tried:
            return (("problem", self.problem),) if self.problem else ()
        return ("1st reply", "; ".join(self.tried)), ("2nd reply", self.problem)


@dataclass(frozen=True, slots=True)
class Proposals:
    """Every proposal, oldest first: those of earlier steps, which never change, and those of the current one."""

    past: Trail[ProposalView] = field(default_factory=Trail[ProposalView])
    current: tuple[ProposalView, ...] = ()
    sampled: int = 0
    """Scored examples that ``past`` holds."""

    def __len__(self) -> int:
        return len(self.past) + len(self.current)

    def newest_first(self, limit: int) -> tuple[ProposalView, ...]:
        """Return at most ``limit``, the newest first."""
        kept = (*self.past.last(max(0, limit - len(self.current))), *self.current)
        return tuple(reversed(kept))[:limit]

    def find(self, key: str) -> ProposalView | None:
        """Return the proposal called ``step.k``, if there is one."""
        return next((one for one in (*self.current, *self.past) if one.key == key), None)

    def with_current(self, changed: ProposalView) -> Proposals:
        """Return the same with the current proposal of that key replaced."""
        return replace(self, current=tuple(changed if one.key == changed.key else one for one in self.current))

    def changed(self, change: Callable[[ProposalView], ProposalView]) -> Proposals:
        """Return the same with each proposal as ``change`` gives it back; the same object when none differs."""
        past, current = [change(one) for one in self.past], tuple(change(one) for one in self.current)
        if all(new is old for new, old in zip((*past, *current), (*self.past, *self.current), strict=True)):
            return self
        return replace(self, past=Trail(past), current=current)

    def settled(self) -> Proposals:
        """Return the same with the current ones counted as past; the examples of the oldest go when there are many."""
        past, sampled = self.past, self.sampled
        for one in self.current:
            past, sampled = past.append(one), sampled + one.new.scored
        return Proposals(past, (), sampled) if sampled <= 2 * SAMPLED else _thinned(past)


def _thinned(past: Trail[ProposalView]) -> Proposals:
    """Keep ``SAMPLED`` examples or a few more, of the newest proposals."""
    kept: list[ProposalView] = []
    sampled = 0
    for one in reversed(past):
        empty = sampled >= SAMPLED and not one.thinned
        kept.append(replace(one, old=Samples(), new=Samples(), thinned=True) if empty else one)
        sampled += kept[-1].new.scored
    return Proposals(Trail(reversed(kept)), (), sampled)


@dataclass(frozen=True, slots=True)
class Point:
    """A mean over ``n`` examples, measured in a step."""

    step: int
    mean: float
    n: int


@dataclass(frozen=True, slots=True)
class Scores:
    """The two series of scores, which are never mixed, and the scores with an interval."""

    minibatch: Trail[Point] = field(default_factory=Trail[Point])
    """The incumbent on each step's minibatch; a step without a scored example has no point."""
    validation: Trail[Point] = field(default_factory=Trail[Point])
    """The incumbent on the whole validation set: the start (step 0) and each accepted proposal."""
    refused: Trail[Point] = field(default_factory=Trail[Point])
    """Proposals judged on the whole validation set to the end and not accepted."""
    bounds: Mapping[tuple[str, str], CandidateScored] = field(default_factory=dict[tuple[str, str], CandidateScored])
    """By (start or best, split)."""

    @property
    def start(self) -> Point | None:
        """The start prompts on the validation set."""
        return self.validation[0] if self.validation and self.validation[0].step == 0 else None

    @property
    def best(self) -> Point | None:
        """The best prompts so far on the validation set."""
        return self.validation[-1] if self.validation else None


@dataclass(frozen=True, slots=True)
class Notes:
    """What went wrong or should be known, oldest first."""

    warnings: Trail[str] = field(default_factory=Trail[str])
    errors: Trail[str] = field(default_factory=Trail[str])
    past_warnings: int = 0
    past_errors: int = 0
    """How many of the errors ended a process before the one that executes the run now."""

    @property
    def open_errors(self) -> int:
        """How many errors the process that executes the run now, or did last, has had."""
        return len(self.errors) - self.past_errors
