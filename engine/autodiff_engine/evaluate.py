"""A candidate over examples: what it answered, and how good that was."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from .candidate import Candidate
from .concurrency import in_order
from .dataset import Example
from .errors import ModelRefused, ModelUnavailable, ModelUnreadable
from .graph import Node, topological
from .metric import Metric, MetricCall
from .objective import OBJECTIVE, LossTerm, TermScore, failed, measure, read_from, score_call
from .pipeline import Pipeline
from .trace import Asker, Trace


@dataclass(frozen=True, slots=True)
class Task:
    """The program and who answers its calls; ``draw`` tells repeated samples apart when the temperature is not 0.

    Where there are several ``losses``, they make an example's score; without any, the metric on the answer does.
    """

    pipeline: Pipeline
    asker: Asker
    draw: int
    losses: tuple[LossTerm, ...] = ()

    def scored_by(self, metric: Metric) -> str:
        """What events name as the metric of an example's score."""
        return OBJECTIVE if self.losses else metric.name


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one example: a score in [0, 1], or the reason why there is none.

    ``answer`` is the root of the example's graph; None when a call got no answer. ``refused`` is set when a request was
    refused for what it says (score 0), ``unavailable`` when there is no score at all: nobody answered, a judge
    included, or, ``ungraded``, no reply of a judge held a grade, which stays so however often the example is run.

    With several losses ``score`` is their weighted mean, ``losses`` has each, in the order of the config, and
    ``on_answer`` is what the task's metric gives the answer; without, ``losses`` is empty and ``on_answer`` None.
    """

    example: Example
    answer: Node | None
    score: Fraction
    why: str
    keys: tuple[str, ...]
    refused: str = ""
    unavailable: str = ""
    hint: str = ""
    """What to do about it that nobody answered; no fact holds it."""
    ungraded: bool = False
    losses: tuple[TermScore, ...] = ()
    on_answer: Fraction | None = None
    nodes: tuple[Node, ...] = ()
    """Every step that the program took, also those that do not lead to the answer."""
    calls: tuple[MetricCall, ...] = ()
    """What the metrics asked LLMs for this example."""
    blank: bool = False
    """Whether a function gave a blank answer because it was given a reply that nothing could be read from."""

    @property
    def graph(self) -> list[Node]:
        """The answer and what led to it, then the rest: each node after its predecessors, in structural order."""
        elsewhere = sorted(self.nodes, key=lambda node: (node.name, node.t))
        return topological([*([self.answer] if self.answer else []), *elsewhere])

    @property
    def parsed(self) -> str | None:
        """What was read from the last reply; None for a wrong format and without a reply."""
        return None if self.answer is None else read_from(self.answer)

    @property
    def wrong_format(self) -> bool:
        """Whether a reply came that no answer could be read from."""
        return self.blank or (self.answer is not None and self.parsed is None)

    def without_graph(self) -> Outcome:
        """Return it without what led to the answer: all that is kept of a validation, which may be long and many."""
        bare = None if self.answer is None else replace(self.answer, parents=(), skips=())
        losses = tuple(replace(each, calls=()) for each in self.losses)
        return replace(self, answer=bare, losses=losses, nodes=(), calls=())


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
    When nobody answers for an example, ``trouble`` is awaited and the example run again, so that all get a score but
    those that a judge cannot grade; without it the outcome is unavailable.

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
        outcome = replace(outcome, nodes=tuple(trace.nodes), keys=tuple(trace.keys))
        outcome = replace(outcome, blank=_blank(answer))
        return await _scored(replace(outcome, answer=answer), answer, task.losses, metric, at), None
    except ModelRefused as error:
        outcome = replace(outcome, keys=tuple(trace.keys), why=f"refused: {error}", refused=str(error))
        return replace(outcome, losses=failed(task.losses, outcome.why), on_answer=_none_of(task.losses)), None
    except ModelUnreadable as error:
        lost = replace(outcome, keys=tuple(trace.keys), nodes=(), blank=False)
        return replace(lost, unavailable=str(error), ungraded=True), None
    except ModelUnavailable as error:
        lost = replace(outcome, keys=tuple(trace.keys), nodes=(), blank=False)
        return replace(lost, unavailable=str(error), hint=error.hint), error


def _blank(answer: Node) -> bool:
    """Return whether a function's answer is blank and one of the replies that functions made it of was in no form."""
    if answer.exchange is not None or answer.value.strip():
        return False
    seen: dict[Node, None] = {}
    left = [answer]
    while left:
        node = left.pop()
        if node in seen:
            continue
        seen[node] = None
        if node.exchange is None:
            left += node.parents
        elif node.exchange.parsed is None:
            return True
    return False


async def _scored(outcome: Outcome, answer: Node, losses: Sequence[LossTerm], metric: Metric, at: str) -> Outcome:
    """Score the answer, and where there are several losses what they are on, at once."""
    if not losses:
        score = await score_call(metric, answer, outcome.example, at=f"{at}/{metric.name}/1")
        return _with_calls(replace(outcome, score=score.value, why=score.why), score.calls)
    told = await measure(losses, outcome.nodes, outcome.example, at=at)
    known = _known(told.terms, metric, answer)
    if known is None:
        score = await score_call(metric, answer, outcome.example, at=f"{at}/{metric.name}/1")
        known, calls = score.value, (*told.calls, *score.calls)
    else:
        calls = told.calls
    return _with_calls(replace(outcome, score=told.score, why=told.why, losses=told.terms, on_answer=known), calls)


def _known(terms: Sequence[TermScore], metric: Metric, answer: Node) -> Fraction | None:
    """Return what the task's metric gives the answer, if a loss has asked that already."""
    same = [each for each in terms if each.term.metric == metric and not each.term.expected]
    return next((call.score for each in same for call in each.calls if call.node is answer), None)


def _with_calls(outcome: Outcome, calls: Sequence[MetricCall]) -> Outcome:
    keys = (*outcome.keys, *(call.exchange.key for call in calls))
    return replace(outcome, keys=keys, calls=tuple(calls))


def _none_of(losses: Sequence[LossTerm]) -> Fraction | None:
    return Fraction(0) if losses else None
