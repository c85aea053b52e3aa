"""The strips at home: where one is and what was found, the keys, and the selected thing in a few lines."""

from __future__ import annotations

from collections.abc import Collection

from textual.reactive import reactive

from autodiff_tui.actions import Action
from autodiff_tui.home_actions import ACTIONS

from .paint import ACCENT, MUTED, PLAIN, STRONG, Line, clip, label, spread
from .paint import width as cells
from .painted import Painted

_ALWAYS = ("help", "leave")


class HomeHead(Painted):
    """The folder, how much was found in it, and the filter."""

    place: reactive[str] = reactive("", layout=False, repaint=False)
    counts: reactive[str] = reactive("", layout=False, repaint=False)

    def watch_place(self) -> None:
        """Show the new place."""
        self.repaint()

    def watch_counts(self) -> None:
        """Show the new counts."""
        self.repaint()

    def picture(self, width: int, height: int) -> tuple[Line, ...]:
        """Return one line."""
        left = (("autodiff-tui", STRONG), ("  ", PLAIN), label(self.place, MUTED))
        return (spread(left, (label(self.counts, MUTED),), width),)


class HomeFooter(Painted):
    """The keys that fit; one that does nothing now is dimmed and in parentheses; help and quit tell the rest."""

    idle: reactive[Collection[str]] = reactive[Collection[str]](frozenset[str], layout=False, repaint=False)
    """Ids of the actions that do nothing on what is selected."""
    actions: tuple[Action, ...] = ACTIONS
    """What can be done, with the keys that the person gave it."""

    def watch_idle(self) -> None:
        """Dim what does nothing."""
        self.repaint()

    def picture(self, width: int, height: int) -> tuple[Line, ...]:
        """Return one line; help and quit are always in it."""
        last = [self._key(action) for action in self.actions if action.footer and action.slug in _ALWAYS]
        room = width - sum(map(cells, last))
        kept: list[Line] = []
        for line in (self._key(action) for action in self.actions if action.footer and action.slug not in _ALWAYS):
            room -= cells(line)
            if room < 0:
                break
            kept.append(line)
        return (tuple(part for line in (*kept, *last) for part in line),)

    def _key(self, action: Action) -> Line:
        if action.id in self.idle:
            return ((f"({action.key} {action.name})", MUTED),)
        return (f" {action.key}", f"{ACCENT} bold"), (f" {action.name} ", PLAIN)


class About(Painted):
    """What is selected, in as many lines as there is room for."""

    told: reactive[tuple[Line, ...]] = reactive[tuple[Line, ...]]((), layout=False, repaint=False)

    def watch_told(self) -> None:
        """Show it."""
        self.repaint()

    def picture(self, width: int, height: int) -> tuple[Line, ...]:
        """Return the lines, cut to the width."""
        return tuple(clip(line, width) for line in self.told[: max(1, height)])
