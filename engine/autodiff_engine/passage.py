"""A passage of text with its title, and several of them as the one text that a retrieved node holds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

TITLE_WORDS = 8
"""How many of its first words stand for the title of a passage that has none."""

_BLANK_LINE = re.compile(r"\n[^\S\n]*\n\s*")


@dataclass(frozen=True, slots=True)
class Passage:
    """Both parts are one line, white space collapsed; without a title the first words of the text are it.

    Raises:
        ValueError: Both are blank.
    """

    title: str
    text: str

    def __post_init__(self) -> None:
        text = " ".join(self.text.split())
        title = " ".join(self.title.split()) or " ".join(text.split()[:TITLE_WORDS])
        if not title:
            raise ValueError("a passage without a word")
        object.__setattr__(self, "title", title)
        object.__setattr__(self, "text", text)


def render(passages: Iterable[Passage]) -> str:
    """Return one block a passage, its title on the first line and its text on the second, a blank line between two.

    As no passage holds a line break, ``titles`` finds the same passages again.
    """
    return "\n\n".join(f"{each.title}\n{each.text}" if each.text else each.title for each in passages)


def titles(value: str) -> list[str]:
    """Return the first line of each block of ``value``, in order, repeats and all."""
    return [" ".join(block.partition("\n")[0].split()) for block in _blocks(value)]


def merge_unique(*values: str) -> str:
    """Return the blocks of all ``values``, each block once, where it came first."""
    return "\n\n".join(dict.fromkeys(block for value in values for block in _blocks(value)))


def _blocks(value: str) -> list[str]:
    return [block for block in _BLANK_LINE.split(value.strip()) if block]
