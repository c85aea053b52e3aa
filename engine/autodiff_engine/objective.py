"""What an example is scored by: weighted losses on nodes of its graph (eq. 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fractions import Fraction

from .concurrency import in_order
from .dataset import Example
from .errors import ConfigError
from .graph import Node
from .metric import Metric, MetricCall, Score

OBJECTIVE = "objective"
"""What events call the weighted mean of several losses, where they else name a metric."""
UNREAD = "no answer could be read from the reply: it is not in the expected form"


@dataclass(frozen=True, slots=True)
class LossTerm:
    """One loss: ``metric`` on every call of ``node``, compared with the column ``expected`` of the example.

    ``name`` is that of the loss's node in the graph, ``weight`` > 0 and relative to those of the other losses;
    ``expected`` is empty for the expected answer.
    """

    name: str
    node: str
    metric: Metric
    weight: Fraction = Fraction(1)
    expected: str = ""

    @property
    def shown(self) -> str:
        """What it measures, in a few words."""
        return f"{self.metric.name} of {self.node}"


@dataclass(frozen=True, slots=True)
class CallScore:
    """How good one call of a loss's node was."""

    node: Node
    score: Fraction
    why: str


@dataclass(frozen=True, slots=True)
class TermScore:
    """What one loss says of an example: the mean over ``calls``, which are in the order of t.

    No calls: the program did not call the node on this example, or failed before; the score is then 0.
    """

    term: LossTerm
    score: Fraction
    why: str
    calls: tuple[CallScore, ...] = ()


@dataclass(frozen=True, slots=True)
class Objective:
    """What all losses say of an example, and what they asked LLMs for that."""

    terms: tuple[TermScore, ...]
    calls: tuple[MetricCall, ...] = ()

    @property
    def score(self) -> Fraction:
        """The weighted mean of the losses, exact."""
        weights = sum((each.term.weight for each in self.terms), Fraction(0))
        return sum((each.term.weight * each.score for each in self.terms), Fraction(0)) / weights

    @property
    def why(self) -> str:
        """Why each loss has its score, in one line."""
        return "; ".join(f"{each.term.shown} {float(each.score):g}: {each.why}" for each in self.terms)


async def measure(terms: Sequence[LossTerm], nodes: Sequence[Node], example: Example, *, at: str) -> Objective:
    """Score every call that a loss is on, all at once; ``at`` is ``step/phase/example``.

    Raises:
        DataError, ProgramError: As ``Metric.score``.
        ModelUnavailable: A metric that asks an LLM got no answer.
    """
    placed = [(term, node) for term in terms for node in calls_of(term.node, nodes)]
    jobs = [
        lambda term=term, node=node: score_call(
            term.metric, node, expecting(example, term.expected), at=f"{at}/{term.metric.name}.{term.node}/{node.t}"
        )
        for term, node in placed
    ]
    scores = await in_order(jobs)
    heard = list(zip(placed, scores, strict=True))
    told = [_of_term(term, [(node, score) for (each, node), score in heard if each is term]) for term in terms]
    return Objective(tuple(told), tuple(call for score in scores for call in score.calls))


async def score_call(metric: Metric, node: Node, example: Example, *, at: str) -> Score:
    """Score one call's value; what could not be read is worth 0, and the metric is not asked."""
    read = read_from(node)
    return Score(Fraction(0), UNREAD) if read is None else await metric.score(read, example, at=at)


def failed(terms: Sequence[LossTerm], why: str) -> tuple[TermScore, ...]:
    """Return what every loss says of an example that the program did not come through."""
    return tuple(TermScore(term, Fraction(0), why) for term in terms)


def read_from(node: Node) -> str | None:
    """Return what a node's value is scored as; None for a reply in the wrong form."""
    return node.exchange.parsed if node.exchange else node.value


def calls_of(name: str, nodes: Sequence[Node]) -> list[Node]:
    """Return the calls of one name in the order of t."""
    return sorted((node for node in nodes if node.name == name), key=lambda node: node.t)


def expected_of(example: Example, column: str) -> str | None:
    """Return what is expected in ``column``, or the expected answer when that is empty; None when there is none."""
    if not column:
        return example.expected
    return example.inputs.get(column, example.gold.get(column))


def columns_of(example: Example) -> tuple[str, ...]:
    """Return the columns that ``expected_of`` knows of an example."""
    return (*example.inputs, *example.gold)


def expecting(example: Example, column: str) -> Example:
    """Return the example as a loss on ``column`` sees it."""
    return replace(example, expected=expected_of(example, column)) if column else example


def check_nodes(terms: Sequence[LossTerm], graphs: Sequence[Sequence[Node]]) -> None:
    """Refuse a loss on a node that the program called on none of the examples whose steps ``graphs`` has.

    Raises:
        ConfigError: There is one; with the names of the nodes that were called.
    """
    names = sorted({node.name for nodes in graphs for node in nodes})
    for term in terms:
        if names and term.node not in names:
            close = get_close_matches(term.node, names, 1, 0.5)
            raise ConfigError(
                f"task.losses: no node called {term.node}; the program's nodes are {', '.join(names)}",
                f"did you mean {close[0]}?" if close else "",
            )


def _of_term(term: LossTerm, heard: Sequence[tuple[Node, Score]]) -> TermScore:
    if not heard:
        return TermScore(term, Fraction(0), f"the program did not call {term.node}")
    calls = tuple(CallScore(node, score.value, score.why) for node, score in heard)
    why = calls[0].why if len(calls) == 1 else "; ".join(f"call {each.node.t}: {each.why}" for each in calls)
    return TermScore(term, sum((each.score for each in calls), Fraction(0)) / len(calls), why, calls)
