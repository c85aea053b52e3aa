"""The strips at home: where one is and what was found, the keys, and the selected thing in a few lines."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from textual.reactive import reactive

from autodiff_tui.actions import Action
from autodiff_tui.home_actions import ACTIONS

from .paint import ACCENT, MUTED, PLAIN, STRONG, Line, label, spread, wrapped_line
from .paint import width as cells
from .painted import Painted

_ALWAYS = ("help", "leave")
_TYPING = (("enter", "Keep the words"), ("esc", "Show all"), ("↑ ↓", "Select"))


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
    """The keys that do something with what is selected, as many as fit; help and quit always: they tell the rest."""

    able: reactive[Collection[str]] = reactive[Collection[str]](frozenset[str], layout=False, repaint=False)
    """Ids of the actions that do something with what is selected."""
    names: reactive[Mapping[str, str]] = reactive[Mapping[str, str]](dict[str, str], layout=False, repaint=False)
    """What an action is called on what is selected, where that is another name than its own; by id."""
    typing: reactive[bool] = reactive(False, layout=False, repaint=False)
    """Whether keys are letters of the filter now."""
    actions: tuple[Action, ...] = ACTIONS
    """What can be done, with the keys that the person gave it."""

    def watch_able(self) -> None:
        """Show what works now."""
        self.repaint()

    def watch_names(self) -> None:
        """Call it what it does."""
        self.repaint()

    def watch_typing(self) -> None:
        """Show the keys of the filter, or those of the lists again."""
        self.repaint()

    def picture(self, width: int, height: int) -> tuple[Line, ...]:
        """Return one line."""
        if self.typing:
            return (tuple(part for key, does in _TYPING for part in _told(key, does)),)
        told = [action for action in self.actions if action.footer]
        every = [action for action in told if action.id in self.able or action.slug in _ALWAYS]
        wanted = sorted(every, key=lambda action: action.slug not in _ALWAYS)
        kept: set[str] = set()
        for action in wanted:
            width -= cells(self._key(action))
            if width < 0:
                break
            kept.add(action.id)
        return (tuple(part for action in every if action.id in kept for part in self._key(action)),)

    def _key(self, action: Action) -> Line:
        return _told(action.key, self.names.get(action.id, action.name))


def _told(key: str, does: str) -> Line:
    return (f" {key}", f"{ACCENT} bold"), (f" {does} ", PLAIN)


class About(Painted):
    """What is selected, in as many lines as there is room for."""

    told: reactive[tuple[Line, ...]] = reactive[tuple[Line, ...]]((), layout=False, repaint=False)

    def watch_told(self) -> None:
        """Show it."""
        self.repaint()

    def picture(self, width: int, height: int) -> tuple[Line, ...]:
        """Return the lines, wrapped to the width, as many as there is room for."""
        return tuple(piece for line in self.told for piece in wrapped_line(line, width))[: max(1, height)]
