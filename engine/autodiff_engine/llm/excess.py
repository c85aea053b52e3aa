"""Models that say they used more than a call may take: how much more is set aside for their later calls."""

from __future__ import annotations

from math import ceil

from .budget import Tokens


class Excess:
    """By ``Request.model``, the largest ratio of what was said to the bound, of prompts and of answers; one owner."""

    def __init__(self) -> None:
        self._ratios: dict[str, tuple[float, float]] = {}

    def most(self, model: str, bound: Tokens) -> Tokens:
        """Return the most that a call of ``bound`` can take, by all that ``model`` has said so far."""
        if model not in self._ratios:
            return bound
        prompt, completion = self._ratios[model]
        return Tokens(ceil(bound.prompt * prompt), ceil(bound.completion * completion))

    def learn(self, model: str, bound: Tokens, said: Tokens) -> None:
        """Keep what ``model`` said about a call of ``bound``, if it is more."""
        prompt, completion = self._ratios.get(model, (1.0, 1.0))
        ratios = _ratio(said.prompt, bound.prompt, prompt), _ratio(said.completion, bound.completion, completion)
        if ratios != (1.0, 1.0):
            self._ratios[model] = ratios


def excess(name: str, said: Tokens, most: Tokens) -> str:
    """Return what a person is told of a model that used ``said`` for a call of ``most``."""
    return (
        f"{name} says that one call used {said.prompt} tokens of prompt and {said.completion} of answer, where "
        f"{most.prompt} and {most.completion} are the most that it may: calls in flight can overshoot a budget; from "
        "now on as much more is set aside for each of its calls"
    )


def _ratio(said: int, bound: int, before: float) -> float:
    return max(before, said / max(bound, 1))
