"""Names of persons and places that nobody has, none given twice."""

from __future__ import annotations

import random
from collections.abc import Sequence

_FIRST = (
    "b",
    "br",
    "c",
    "d",
    "dr",
    "f",
    "g",
    "gr",
    "h",
    "j",
    "k",
    "kr",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "t",
    "tr",
    "v",
    "z",
)
_VOWELS = ("a", "e", "i", "o", "u", "ae", "ia", "ou")
_MIDDLE = ("b", "d", "l", "lm", "ld", "m", "n", "nd", "r", "rn", "s", "sk", "t", "v", "z", "zm")
_PERSON = ("a", "an", "el", "ek", "in", "is", "o", "or", "us", "yn")
_FAMILY = ("ack", "ard", "ek", "enko", "ides", "ing", "otti", "ov", "quist", "ura")
_PLACE = ("borg", "by", "dale", "ford", "fjord", "gate", "holt", "mere", "stad", "wick")
_WATER = ("ach", "ava", "eil", "ith", "onde", "una")


class Names:
    """Draws invented words; owned by one generator, which thereby never says two things of one name."""

    def __init__(self, draw: random.Random) -> None:
        self._draw = draw
        self._taken: set[str] = set()

    def given(self) -> str:
        """Return a first name."""
        return self._new(_PERSON)

    def family(self) -> str:
        """Return a family name."""
        return self._new(_FAMILY)

    def place(self) -> str:
        """Return the name of a town."""
        return self._new(_PLACE)

    def river(self) -> str:
        """Return the name of a river."""
        return self._new(_WATER)

    def _new(self, endings: Sequence[str]) -> str:
        syllables = 1
        while True:
            name = self._word(syllables, endings)
            if name not in self._taken:
                self._taken.add(name)
                return name
            syllables = 2  # a longer one where the short ones run out

    def _word(self, syllables: int, endings: Sequence[str]) -> str:
        choice = self._draw.choice
        middle = "".join(choice(_VOWELS) + choice(_MIDDLE) for _ in range(syllables))
        return (choice(_FIRST) + middle + choice(endings)).capitalize()
