"""Pages of home to read: toned lines as painted ones, and the help."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from autodiff_tui.actions import Action
from autodiff_tui.toned import Tone, Toned
from autodiff_tui.widgets.paint import ACCENT, ADDED, BAD, GOOD, MUTED, PLAIN, REMOVED, STRONG, WARN, Line, wrapped

_STYLES: Mapping[Tone, str] = {
    "plain": PLAIN, "strong": STRONG, "muted": MUTED, "good": GOOD, "bad": BAD, "warn": WARN,
    "added": ADDED, "removed": REMOVED,
}  # fmt: skip
_SIGNS = (
    ("●", "a run that is marked for comparing"),
    ("(n=60)", "how many examples a score is over; val decides while training, test is looked at once"),
    ("–", "there is no such score"),
)


Draw = Callable[[int], Sequence[Line]]
"""What paints a page of so many cells."""


def page(lines: Callable[[int], Iterable[Toned]]) -> Draw:
    """Return what paints the lines of a width; those that are longer are wrapped by the screen."""
    return lambda width: tuple(tuple((text, _STYLES[tone]) for text, tone in each) for each in lines(width))


def help_page(actions: Sequence[Action]) -> Draw:
    """Return what paints every key at home and what it does."""
    return lambda width: _help(actions, width)


def _help(actions: Sequence[Action], width: int) -> tuple[Line, ...]:
    entries = [(action.key, action.name, action.help) for action in actions]
    signs = [(sign, "", text) for sign, text in _SIGNS]
    return (
        (("Keys", STRONG),), *(line for entry in entries for line in _entry(*entry, width)),
        (), (("Signs", STRONG),), *(line for entry in signs for line in _entry(*entry, width)),
    )  # fmt: skip


def _entry(key: str, name: str, text: str, width: int) -> list[Line]:
    head: Line = ((key.rjust(9), ACCENT), ("  ", PLAIN), (name.ljust(12) if name else "", PLAIN))
    indent = sum(len(part) for part, _ in head)
    first, *rest = wrapped(text, max(20, width - indent))
    return [(*head, (first, MUTED)), *(((" " * indent, PLAIN), (each, MUTED)) for each in rest)]
