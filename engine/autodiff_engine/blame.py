"""Which version of a text brought each of its sentences."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass

from .sentences import split


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with the white space that follows it, and the index of the version that brought it (0: the start)."""

    text: str
    origin: int


def blame(versions: Sequence[str]) -> tuple[Sentence, ...]:
    """Return the sentences of the last of ``versions`` (oldest first), which joined are that text.

    A sentence that the version before holds, be it at another place or with other white space, keeps its origin; one
    that was taken out and came back is new again. Costs time in proportion to all versions together.
    """
    told: tuple[Sentence, ...] = ()
    for index, version in enumerate(versions):
        known: defaultdict[str, deque[int]] = defaultdict(deque)
        for sentence in told:
            known[_key(sentence.text)].append(sentence.origin)
        told = tuple(_attributed(text, known[_key(text)], index) for text in split(version))
    return told


def _key(text: str) -> str:
    return " ".join(text.split())


def _attributed(text: str, origins: deque[int], index: int) -> Sentence:
    return Sentence(text, origins.popleft() if origins else index)
