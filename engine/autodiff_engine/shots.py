"""Few-shot examples as text: how a shot is written, which are drawn, how many fit."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeVar

from .sentences import words

T = TypeVar("T")

_GAP = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class Shot:
    """A training example as an LLM is shown it; ``why`` says, for people, what the reply is and why it was drawn."""

    example: str
    user: str
    reply: str
    kind: Literal["bootstrapped", "raw"]
    why: str

    @property
    def text(self) -> str:
        """What was sent, then the reply; blank lines in them are closed up, as one stands between two shots."""
        return f"{_closed_up(self.user)}\n{_closed_up(self.reply)}"


def joined(shots: Sequence[Shot]) -> str:
    """Return the text that goes into a slot for demos: the shots in their order, a blank line between two."""
    return "\n\n".join(shot.text for shot in shots)


def fitted(shots: Sequence[Shot], most: int) -> list[Shot]:
    """Return, in order, the shots that fit into ``most`` words; one that is too long makes room for the next."""
    kept: list[Shot] = []
    room = most
    for shot in shots:
        length = len(words(shot.text))
        if length <= room:
            kept.append(shot)
            room -= length
    return kept


def drawn(pool: Sequence[T], weights: Sequence[Fraction], count: int, draw: random.Random) -> list[T]:
    """Draw at most ``count`` of ``pool``, none twice, each time by weight; where no weight is left, evenly.

    Weights are at least 0. Uses ``draw`` once for each that is drawn.
    """
    left = list(zip(pool, weights, strict=True))
    found: list[T] = []
    while left and len(found) < count:
        shares = [float(weight) for _, weight in left]
        (place,) = draw.choices(range(len(left)), shares if any(shares) else None)
        found.append(left.pop(place)[0])
    return found


def in_brief(text: str) -> str:
    """Return how many shots a text of demos holds, for a prompt that needs no more of them."""
    count = len(_GAP.split(text.strip())) if text.strip() else 0
    return f"({count} {'example' if count == 1 else 'examples'}, not shown here)"


def _closed_up(text: str) -> str:
    return _GAP.sub("\n", text.strip())
