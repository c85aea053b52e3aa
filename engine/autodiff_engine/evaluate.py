"""A candidate over examples: what it answered, and how good that was."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from .candidate import Candidate
from .concurrency import in_order
from .dataset import Example
from .errors import ModelRefused, ModelUnavailable
from .graph import Node
from .metric import Metric
from .pipeline import Pipeline
from .trace import Asker, Trace


@dataclass(frozen=True, slots=True)
class Task:
    """The program and who answers its calls; ``draw`` tells repeated samples apart when the temperature is not 0."""

    pipeline: Pipeline
    asker: Asker
    draw: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one example: a score in [0, 1], or the reason why there is none.

    ``answer`` is the root of the example's graph; None when a call got no answer. ``refused`` is set when a request was
    refused for what it says (score 0), ``unavailable`` when nobody answered (no score at all).
    """

    example: Example
    answer: Node | None
    score: Fraction
    why: str
    keys: tuple[str, ...]
    refused: str = ""
    unavailable: str = ""

    @property
    def parsed(self) -> str | None:
        """What was read from the last reply; None for a wrong format and without a reply."""
        if self.answer is None:
            return None
        return self.answer.exchange.parsed if self.answer.exchange else self.answer.value

    @property
    def wrong_format(self) -> bool:
        """Whether a reply came that no answer could be read from."""
        return self.answer is not None and self.parsed is None


Seen = Callable[[Outcome], bool | None]
"""Hears of outcomes in the order of the examples; True means: enough, cancel the rest."""

Trouble = Callable[[ModelUnavailable], Awaitable[None]]
"""Waits until it makes sense to ask again, or raises."""


async def evaluate(
    task: Task,
    candidate: Candidate,
    examples: Sequence[Example],
    metric: Metric,
    *,
    at: str,
    seen: Seen | None = None,
    trouble: Trouble | None = None,
) -> list[Outcome]:
    """Run ``candidate`` on every example at once; return outcomes in the order of ``examples``.

    ``at`` is ``step/phase``, the beginning of all call ids. What is in flight when ``seen`` says enough is cancelled.
    When nobody answers for an example, ``trouble`` is awaited and the example run again, so that all get a score;
    without it the outcome is unavailable.

    Raises:
        ModelRejected, AnswerMissing, BudgetExhausted, RunStopped, ProgramError: No example could fare better.
    """

    async def run(example: Example) -> Outcome:
        while True:
            outcome, error = await _run(task, candidate, example, metric, f"{at}/{example.id}")
            if error is None or trouble is None:
                return outcome
            await trouble(error)

    jobs = [lambda example=example: run(example) for example in examples]
    return await in_order(jobs, on_result=lambda _, outcome: seen(outcome) if seen else None)


async def _run(
    task: Task, candidate: Candidate, example: Example, metric: Metric, at: str
) -> tuple[Outcome, ModelUnavailable | None]:
    trace = Trace(candidate, task.pipeline.texts, task.asker, at=at, draw=task.draw)
    outcome = Outcome(example, None, Fraction(0), "", ())
    try:
        answer = await task.pipeline.run(trace, example.inputs)
    except ModelRefused as error:
        return replace(outcome, keys=tuple(trace.keys), why=f"refused: {error}", refused=str(error)), None
    except ModelUnavailable as error:
        return replace(outcome, keys=tuple(trace.keys), unavailable=str(error)), error
    outcome = replace(outcome, answer=answer, keys=tuple(trace.keys))
    if outcome.parsed is None:
        return replace(outcome, why="no answer could be read from the reply: it is not in the expected form"), None
    score = await metric.score(outcome.parsed, example)
    return replace(outcome, score=score.value, why=score.why), None
