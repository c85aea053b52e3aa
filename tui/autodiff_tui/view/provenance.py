"""Where each sentence of a trained text comes from: the accepted proposal that brought it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from autodiff_engine.blame import blame

from .parts import TextView, Version


@dataclass(frozen=True, slots=True)
class Passage:
    """Neighbouring sentences of the best text that one version brought (step 0, k 0: the start)."""

    text: str
    version: Version


def versions_of(text: TextView) -> tuple[Version, ...]:
    """Return every value of a text, oldest first; the first is its start."""
    return (Version(0, 0, text.info.value), *text.versions)


def passages(text: TextView) -> tuple[Passage, ...]:
    """Return the best value of a text in pieces by origin, which joined are that value."""
    return tuple(_passages(text))


def _passages(text: TextView) -> Iterator[Passage]:
    versions = versions_of(text)
    for origin, sentences in groupby(blame([one.value for one in versions]), key=lambda sentence: sentence.origin):
        yield Passage("".join(sentence.text for sentence in sentences), versions[origin])
