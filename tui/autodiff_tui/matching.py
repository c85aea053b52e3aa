"""How well a name fits what a person typed: by its words first, then by what they hold; pure."""

from __future__ import annotations

import re
from enum import IntEnum


class Fit(IntEnum):
    """From nothing to the very name."""

    NONE = 0
    SCATTERED = 1
    """The letters stand in the name in that order, with others between them."""
    ABOUT = 2
    """Each word is somewhere in the name or in what is said about it."""
    ABOUT_WORDS = 3
    """Each word begins one of them."""
    WITHIN = 4
    """Each word is somewhere in the name."""
    WORDS = 5
    """Each word begins one of the name's."""
    NAME = 6


def fit_of(query: str, name: str, about: str = "") -> Fit:
    """Return how ``name``, of which ``about`` says what it is, fits ``query``; upper and lower case are the same."""
    words, told = query.casefold().split(), name.casefold()
    both = f"{told}\n{about.casefold()}"
    if not words:
        return Fit.NONE
    if " ".join(words) == told:
        return Fit.NAME
    if all(_begins(word, told) for word in words):
        return Fit.WORDS
    if all(word in told for word in words):
        return Fit.WITHIN
    if all(_begins(word, both) for word in words):
        return Fit.ABOUT_WORDS
    if all(word in both for word in words):
        return Fit.ABOUT
    return Fit.SCATTERED if _scattered("".join(words), told) else Fit.NONE


def _begins(word: str, text: str) -> bool:
    """Whether ``word`` begins a word of ``text``."""
    return re.search(rf"(?<!\w){re.escape(word)}", text) is not None


def _scattered(letters: str, text: str) -> bool:
    rest = iter(text)
    return all(letter in rest for letter in letters)
