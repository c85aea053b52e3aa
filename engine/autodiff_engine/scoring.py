"""Work on a batch when nobody may answer: what is told in order, what is asked again, and when the run pauses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from fractions import Fraction
from typing import Generic, TypeVar

from .candidate import Candidate
from .control import Control
from .dataset import Example
from .errors import ModelUnavailable
from .evaluate import Outcome, Task, evaluate
from .metric import Metric

T = TypeVar("T")

MOST_LOST = Fraction(1, 5)
"""The share of a batch that may stay without an answer before the run pauses."""


async def mostly_answered(
    run: Callable[[Callable[[T], None]], Awaitable[Sequence[T]]],
    *,
    lost: Callable[[T], str],
    hint: Callable[[T], str],
    tell: Callable[[T], object],
    control: Control,
    what: str,
) -> list[T]:
    """Run a batch, again after each pause, until at most a fifth of it has no answer; return its results.

    ``run(hear)`` runs everything and lets ``hear`` know of the in-order prefix; ``lost(result)`` is the error that left
    a result without an answer, or empty, and ``hint(result)`` the way to mend it that came with the error. ``tell``
    hears of each result once, in order: of the first lost one, and of what follows it, only when the batch stands, for
    only then is the failure a fact.

    Raises:
        ModelUnavailable: More was lost, and there is no person who could resume.
    """
    prefix = _Prefix(lost, tell)
    while True:
        results = await run(prefix.begin())
        unanswered = [result for result in results if lost(result)]
        if len(unanswered) <= MOST_LOST * len(results):
            prefix.tell_rest(results)
            return list(results)
        first = unanswered[0]
        message = f"{len(unanswered)} of {len(results)} examples got no answer in {what}: {lost(first)}"
        await control.trouble(ModelUnavailable(message, hint(first) or "try again later"))


async def run_batch(
    task: Task,
    candidate: Candidate,
    examples: Sequence[Example],
    metric: Metric,
    *,
    at: str,
    control: Control,
    tell: Callable[[Outcome], object],
) -> list[Outcome]:
    """Run a candidate on a minibatch; return outcomes in the order of ``examples``."""

    async def run(hear: Callable[[Outcome], None]) -> Sequence[Outcome]:
        return await evaluate(task, candidate, examples, metric, at=at, seen=hear)

    return await mostly_answered(
        run, lost=_unanswered, hint=lambda outcome: outcome.hint, tell=tell, control=control, what=f"step {at}"
    )


def _unanswered(outcome: Outcome) -> str:
    """Return why asking again may help; of what a judge could not grade it cannot."""
    return "" if outcome.ungraded else outcome.unavailable


class _Prefix(Generic[T]):
    """Tells each result once over several runs of one batch, in order, and holds back from the first lost one on."""

    def __init__(self, lost: Callable[[T], str], tell: Callable[[T], object]) -> None:
        self._lost = lost
        self._tell = tell
        self._told = 0
        self._heard = 0
        self._holding = False

    def begin(self) -> Callable[[T], None]:
        """Begin a run; what earlier runs told is not told again."""
        self._heard, self._holding = 0, False
        return self._hear

    def _hear(self, result: T) -> None:
        self._heard += 1
        self._holding = self._holding or bool(self._lost(result))
        if not self._holding and self._heard > self._told:
            self._tell(result)
            self._told += 1

    def tell_rest(self, results: Sequence[T]) -> None:
        """Tell what was held back."""
        for result in results[self._told :]:
            self._tell(result)
        self._told = len(results)
