"""What was wrong with an outcome, in words: the loss and its first feedback (eq. 3, 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from .evaluate import Outcome
from .graph import Feedback, Kind, Node
from .instructions import Instructions
from .metric import Metric
from .sentences import first_sentences
from .trace import Asker

LOSS = "loss"


def good_enough(score: Fraction, threshold: float) -> bool:
    """Return whether a score is at or above ``threshold``; compared as written, so that 4/5 reaches 0.8."""
    return float(score) >= threshold


def failures(outcomes: Sequence[Outcome], *, threshold: float, selective: bool = True) -> list[Outcome]:
    """Return the outcomes that feedback starts from: those scored below ``threshold`` (eq. 12), in order.

    An outcome without an answer has no graph to carry feedback. With ``selective`` False every answer gives feedback.
    """
    return [
        each for each in outcomes if each.answer is not None and not (selective and good_enough(each.score, threshold))
    ]


def loss_node(outcome: Outcome, answer: Node, metric: Metric) -> Node:
    """Return the root of the example's graph: the loss, over the answer."""
    role = f"{metric.name} of the answer: {metric.description}"
    return Node(LOSS, Kind.LOSS, role, str(float(outcome.score)), parents=(answer,))


@dataclass(frozen=True, slots=True)
class Loss:
    """Says what is wrong with an answer: by one LLM call (the paper's way), or by a fixed sentence without any."""

    metric: Metric
    mode: Literal["llm", "template"]
    asker: Asker
    instructions: Instructions
    draw: int

    async def feedback(self, outcome: Outcome, answer: Node, *, step: int) -> Feedback:
        """Return the feedback on ``answer``, the answer of ``outcome``; at most three sentences.

        Raises:
            ModelRefused, ModelUnavailable: The call failed; this example gives no feedback.
        """
        if self.mode == "template":
            return Feedback(outcome.example.id, answer.t, LOSS, self._sentence(outcome), "template")
        return Feedback(outcome.example.id, answer.t, LOSS, await self._ask(outcome, answer, step), "loss")

    def _sentence(self, outcome: Outcome) -> str:
        got = "nothing that could be read (wrong form)" if outcome.parsed is None else f"`{outcome.parsed}`"
        expected = outcome.example.expected
        wanted = "" if expected is None else f"expected `{expected}`, "
        return f"{wanted}got {got}; score {float(outcome.score):g}; the metric is {self.metric.name}"

    async def _ask(self, outcome: Outcome, answer: Node, step: int) -> str:
        reply = answer.exchange.reply if answer.exchange else answer.value
        values = {
            "inputs": [{"name": name, "value": value} for name, value in outcome.example.inputs.items()],
            "reply": reply,
            "parsed": outcome.parsed,
            "form": answer.exchange.form if answer.exchange else "",
            "expected": outcome.example.expected,
            "metric": self.metric.description,
            "score": f"{float(outcome.score):g}",
        }
        call = self.asker.call(
            self.instructions.ask("loss", values),
            at=f"{step}/backward/{outcome.example.id}/{LOSS}/1",
            draw=self.draw,
        )
        said = (await self.asker.model.complete(call)).text
        return first_sentences(said, 3) or self._sentence(outcome)
