"""The one-line strips at the edges of the run screen: the tabs, the keys, and the plea for a larger terminal."""

from __future__ import annotations

from textual.reactive import reactive

from autodiff_tui.actions import ACTIONS, Action, Mode, name_now, refusal
from autodiff_tui.view import RunView

from .paint import ACCENT, MUTED, PLAIN, STRONG, Line, Part
from .painted import Painted
from .status_line import tiny_line

PANES: tuple[tuple[str, str], ...] = (
    ("graph", "Graph"),
    ("node", "Node"),
    ("proposals", "Proposals"),
    ("scores", "Scores"),
)
"""Ids and names of the panes, in the order of their keys 1, 2, …."""


class PaneTabs(Painted):
    """Which panes there are, and which one is shown, where only one fits."""

    current: reactive[str] = reactive("graph", layout=False, repaint=False)

    def watch_current(self) -> None:
        """Mark the pane that is shown."""
        self.repaint()

    def picture(self, width: int, height: int) -> tuple[Line, ...]:
        """Return the tabs; the shown one is in brackets, so that colour is not needed to see it."""
        parts: list[Part] = []
        for number, (pane, name) in enumerate(PANES, 1):
            shown = pane == self.current
            tab = f"[{number} {name}]" if shown else f" {number} {name} "
            parts.extend(((tab, f"{ACCENT} bold" if shown else MUTED), (" ", PLAIN)))
        return (tuple(parts[:-1]),)


class KeyFooter(Painted):
    """The keys that work now; one that does not is dimmed and in parentheses."""

    view: reactive[RunView] = reactive(RunView, layout=False, repaint=False)
    mode: reactive[Mode] = reactive[Mode]("live", layout=False, repaint=False)

    def watch_view(self) -> None:
        """Rename what changed its meaning."""
        self.repaint()

    def watch_mode(self) -> None:
        """Dim what this mode cannot do."""
        self.repaint()

    def picture(self, width: int, height: int) -> tuple[Line, ...]:
        """Return the keys."""
        parts: list[Part] = []
        for action in ACTIONS:
            if action.footer:
                parts.extend(self._key(action))
        parts.extend(((" 1–4", f"{ACCENT} bold"), (" Panes ", PLAIN)))
        return (tuple(parts),)

    def _key(self, action: Action) -> Line:
        name = name_now(action, self.view)
        if refusal(action, self.view, self.mode):
            return ((f"({action.key} {name}) ", MUTED),)
        return (f" {action.key}", f"{ACCENT} bold"), (f" {name} ", PLAIN), (" ", STRONG)


class TooSmall(Painted):
    """All that a terminal below 60 columns or 16 rows can show; the run goes on."""

    view: reactive[RunView] = reactive(RunView, layout=False, repaint=False)

    def watch_view(self) -> None:
        """Show the new state."""
        self.repaint()

    def picture(self, width: int, height: int) -> tuple[Line, ...]:
        """Return one line."""
        return (tiny_line(self.view, width),)
