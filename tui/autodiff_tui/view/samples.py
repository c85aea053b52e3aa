"""Scores of single examples: what a candidate made of each, and how two candidates compare on one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from autodiff_engine.events import ExampleScored

from .trail import Trail

Turn = Literal["fixed", "broken", "same", "unknown"]
"""What a candidate did to an example; unknown where one of the two was not scored on it."""


@dataclass(frozen=True, slots=True)
class Samples:
    """A candidate's scored examples, in the order in which they were told."""

    minibatch: Trail[ExampleScored] = field(default_factory=Trail[ExampleScored])
    validation: Trail[ExampleScored] = field(default_factory=Trail[ExampleScored])

    @property
    def scored(self) -> int:
        """How many there are."""
        return len(self.minibatch) + len(self.validation)


@dataclass(frozen=True, slots=True)
class Graded:
    """What stays known of an example of a minibatch after its step: without the calls, which hold whole prompts."""

    score: float
    answer: str | None
    """None when no answer could be read from the reply."""
    expected: str | None


def graded(result: ExampleScored) -> Graded:
    """Return what stays known of ``result``."""
    return Graded(result.score, result.answer, result.expected)


@dataclass(frozen=True, slots=True)
class Standing:
    """A version that was the best once, with its examples of the validation set (step 0, k 0: the start)."""

    step: int
    k: int
    candidate: str
    results: Trail[ExampleScored] = field(default_factory=Trail[ExampleScored])

    @property
    def key(self) -> str:
        """``step.k`` of the proposal that brought it, ``start`` for the start."""
        return f"{self.step}.{self.k}" if self.step else "start"


@dataclass(frozen=True, slots=True)
class Pair:
    """An example before and after; None where it was not scored."""

    example: str
    before: ExampleScored | None
    after: ExampleScored | None

    @property
    def turn(self) -> Turn:
        """Which of the two did better on it: any difference of the score counts."""
        if self.before is None or self.after is None:
            return "unknown"
        if self.before.score == self.after.score:
            return "same"
        return "fixed" if self.after.score > self.before.score else "broken"


def pairs(before: Trail[ExampleScored], after: Trail[ExampleScored]) -> tuple[Pair, ...]:
    """Return every example that either side scored: the incumbent's in its order, then what it does not have."""
    was, now = _latest(before), _latest(after)
    return tuple(Pair(example, was.get(example), now.get(example)) for example in dict.fromkeys((*was, *now)))


def count(told: tuple[Pair, ...], turn: Turn) -> int:
    """Return how many of ``told`` took this turn."""
    return sum(pair.turn == turn for pair in told)


def examples_of(standings: tuple[Standing, ...]) -> tuple[str, ...]:
    """Return the ids of all validation examples that any version was scored on, in the start's order."""
    return tuple(dict.fromkeys(result.example for each in standings for result in each.results))


def by_example(standing: Standing) -> dict[str, ExampleScored]:
    """Return a version's results by example."""
    return _latest(standing.results)


def _latest(results: Trail[ExampleScored]) -> dict[str, ExampleScored]:
    return dict(_keyed(results))


def _keyed(results: Trail[ExampleScored]) -> Iterator[tuple[str, ExampleScored]]:
    for result in results:
        yield result.example, result
