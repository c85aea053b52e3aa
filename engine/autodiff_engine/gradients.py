"""The feedback of a whole batch: the loss and the backward pass of every failure, all at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from .backward import Piece, backward
from .concurrency import in_order
from .control import Control
from .critic import LLMCritic
from .errors import ModelRefused, ModelUnavailable
from .evaluate import Outcome
from .loss import Loss
from .scoring import mostly_answered


@dataclass(frozen=True, slots=True)
class Told:
    """What came of one failure: its pieces of feedback, or the error that left it without any."""

    outcome: Outcome
    pieces: tuple[Piece, ...]
    error: str = ""
    hint: str = ""
    """What to do about the error."""
    refused: bool = False
    """The backward model said no to what it was sent: asking again cannot help."""


async def gradients(
    failed: Sequence[Outcome],
    loss: Loss,
    critic: LLMCritic,
    *,
    step: int,
    control: Control,
    tell: Callable[[Told], None],
) -> list[Told]:
    """Return what is said about each of ``failed``, in that order; ``tell`` hears of each in that order.

    Raises:
        ModelUnavailable: More than a fifth got no feedback, and there is no person who could resume.
    """

    async def run(hear: Callable[[Told], None]) -> Sequence[Told]:
        jobs = [lambda outcome=outcome: _one(outcome, loss, critic, step) for outcome in failed]
        return await in_order(jobs, on_result=lambda _, told: hear(told))

    return await mostly_answered(
        run,
        lost=lambda told: "" if told.refused else told.error,
        hint=lambda told: told.hint,
        tell=tell,
        control=control,
        what=f"step {step}/backward",
    )


async def _one(outcome: Outcome, loss: Loss, critic: LLMCritic, step: int) -> Told:
    seeds = loss.seeds(outcome)  # none where feedback could reach no text: then not even the loss is asked about
    example = outcome.example
    asked = replace(critic, step=step, example=example.id, expected=example.expected)
    try:
        said = await in_order([lambda seed=seed: loss.feedback(outcome, seed, step=step) for seed in seeds])
        pieces = [Piece(seed.node, feedback) for seed, feedback in zip(seeds, said, strict=True)]
        return Told(outcome, await backward(pieces, asked, beside=outcome.graph))
    except ModelUnavailable as error:
        return Told(outcome, (), str(error), error.hint)
    except ModelRefused as error:
        return Told(outcome, (), str(error), refused=True)
