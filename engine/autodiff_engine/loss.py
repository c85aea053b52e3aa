"""What was wrong with an outcome, in words: the loss and its first feedback (eq. 3, 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from .evaluate import Outcome
from .fitting import fitted
from .graph import Feedback, Kind, Node, reached_by_texts
from .instructions import Instructions
from .metric import Metric
from .objective import TermScore, expected_of, read_from
from .sentences import first_sentences
from .template import Filling
from .trace import Asker

LOSS = "loss"
_STAGES = (("inputs",), ("inputs", "reply", "parsed", "expected"))
"""What is shortened where the prompt does not fit: what the system was given first."""


def good_enough(score: Fraction, threshold: float) -> bool:
    """Return whether a score is at or above ``threshold``; compared as written, so that 4/5 reaches 0.8."""
    return float(score) >= threshold


def reached(outcome: Outcome, threshold: float) -> bool:
    """Return whether an example gives no feedback: every loss has a score of its own that is good enough (eq. 12)."""
    return all(good_enough(score, threshold) for score in _scores(outcome))


def failures(outcomes: Sequence[Outcome], *, threshold: float, selective: bool = True) -> list[Outcome]:
    """Return the outcomes that feedback starts from: those with a loss scored below ``threshold`` (eq. 12), in order.

    An outcome without an answer has no graph to carry feedback. With ``selective`` False every answer gives feedback.
    """
    return [each for each in outcomes if each.answer is not None and not (selective and reached(each, threshold))]


def loss_nodes(outcome: Outcome, metric: Metric) -> list[Node]:
    """Return the roots of the example's graph: the loss over the answer, or each of several over its node's calls."""
    if outcome.losses:
        return [
            _loss_node(each.term.name, each.term.node, each.term.metric, each.score, [call.node for call in each.calls])
            for each in outcome.losses
            if each.calls
        ]
    return [_loss_node(LOSS, "the answer", metric, outcome.score, [outcome.answer])] if outcome.answer else []


def _loss_node(name: str, of: str, metric: Metric, score: Fraction, nodes: Sequence[Node]) -> Node:
    role = f"{metric.name} of {of}: {metric.description}"
    return Node(name, Kind.LOSS, role, str(float(score)), parents=tuple(nodes))


@dataclass(frozen=True, slots=True)
class Seed:
    """Where feedback begins: a call of a node, and what a loss called ``name`` has to say of it.

    ``inner`` is set where a loss names the node: then the LLM that words the loss is told which step it looks at.
    """

    name: str
    node: Node
    metric: Metric
    score: Fraction
    expected: str | None
    inner: bool = False


@dataclass(frozen=True, slots=True)
class Loss:
    """Says what is wrong with an answer: by one LLM call (the paper's way), or by a fixed sentence without any.

    ``metric`` is that of the answer where there are no ``Task.losses``; those have their own.
    """

    metric: Metric
    mode: Literal["llm", "template"]
    asker: Asker
    instructions: Instructions
    draw: int
    threshold: float = 1.0
    selective: bool = True

    def seeds(self, outcome: Outcome) -> list[Seed]:
        """Return where the feedback on a failed example begins, by loss in the order of the config, then by t.

        A loss that is good enough seeds nothing; of one that is not, every call of its node with a score of its own
        that is not good enough is seeded. Nothing is seeded on a node that no trained text reaches.
        """
        carriers = reached_by_texts(outcome.graph)
        if not outcome.losses:
            answer = outcome.answer
            seeds = [Seed(LOSS, answer, self.metric, outcome.score, outcome.example.expected)] if answer else []
        else:
            seeds = [
                Seed(told.term.name, call.node, told.term.metric, call.score, _expected(outcome, told), inner=True)
                for told in outcome.losses
                if not self._spared(told.score)
                for call in told.calls
                if not self._spared(call.score)
            ]
        return [each for each in seeds if each.node in carriers]

    def _spared(self, score: Fraction) -> bool:
        return self.selective and good_enough(score, self.threshold)

    async def feedback(self, outcome: Outcome, seed: Seed, *, step: int) -> Feedback:
        """Return the feedback on the call that ``seed`` names; at most three sentences.

        Raises:
            ModelRefused, ModelUnavailable: The call failed, or the prompt cannot be made to fit the model's context;
                this example gives no feedback.
        """
        example, t, right = outcome.example.id, seed.node.t, seed.score == 1
        if self.mode == "template":
            return Feedback(example, t, seed.name, _sentence(seed), "template", right=right)
        said, left_out = await self._ask(outcome, seed, step)
        return Feedback(example, t, seed.name, said, "loss", right=right, left_out=left_out)

    async def _ask(self, outcome: Outcome, seed: Seed, step: int) -> tuple[str, int]:
        exchange = seed.node.exchange
        values: dict[str, Filling] = {
            "inputs": [{"name": name, "value": value} for name, value in outcome.example.inputs.items()],
            "node": seed.node.name if seed.inner else "",
            "role": seed.node.role,
            "reply": exchange.reply if exchange else seed.node.value,
            "parsed": read_from(seed.node),
            "form": exchange.form if exchange else "",
            "expected": seed.expected,
            "metric": seed.metric.description,
            "score": f"{float(seed.score):g}",
        }
        what = f"the prompt that asks what is wrong with {seed.node.name}"
        prompt = fitted(self.asker, lambda told: self.instructions.ask("loss", told), values, _STAGES, what=what)
        call = self.asker.call(
            prompt.messages,
            at=f"{step}/backward/{outcome.example.id}/{seed.name}/{seed.node.t}",
            draw=self.draw,
        )
        said = (await self.asker.model.complete(call)).text
        return first_sentences(said, 3) or _sentence(seed), prompt.left_out


def _scores(outcome: Outcome) -> tuple[Fraction, ...]:
    return tuple(each.score for each in outcome.losses) or (outcome.score,)


def _expected(outcome: Outcome, told: TermScore) -> str | None:
    return expected_of(outcome.example, told.term.expected)


def _sentence(seed: Seed) -> str:
    read = read_from(seed.node)
    got = "nothing that could be read (wrong form)" if read is None else f"`{read}`"
    wanted = "" if seed.expected is None else f"expected `{seed.expected}`, "
    return f"{wanted}got {got}; score {float(seed.score):g}; the metric is {seed.metric.name}"
