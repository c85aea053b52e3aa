"""Pages of home to read: toned lines as painted ones, and the help."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from autodiff_tui.home_actions import ACTIONS, key_of
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


def page(lines: Callable[[int], Iterable[Toned]]) -> Callable[[int], Sequence[Line]]:
    """Return what paints the lines of a width; those that are longer are wrapped by the screen."""
    return lambda width: tuple(tuple((text, _STYLES[tone]) for text, tone in each) for each in lines(width))


def help_page(width: int) -> tuple[Line, ...]:
    """Return every key at home and what it does."""
    entries = [(key_of(action), action.name, action.help) for action in ACTIONS]
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
