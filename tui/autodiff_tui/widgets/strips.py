"""The one-line strips at the edges of the run screen: the tabs, the keys, and the plea for a larger terminal."""

from __future__ import annotations

from dataclasses import dataclass

from textual.events import Click
from textual.message import Message
from textual.reactive import reactive

from autodiff_tui.actions import ACTIONS, Action, Mode, name_now, refusal
from autodiff_tui.captions import Looking
from autodiff_tui.view import RunView, judged_now

from .paint import ACCENT, MUTED, PLAIN, STRONG, Line, Part
from .paint import width as cells
from .painted import Painted
from .status_line import tiny_line

_DECIDING = ("veto", "validate", "skip", "edit", "write")
"""Ids of what a person can do about a proposal while it is judged, the most wanted first."""
PANES: tuple[tuple[str, str], ...] = (
    ("graph", "Graph"),
    ("node", "Node"),
    ("proposals", "Proposals"),
    ("scores", "Scores"),
    ("steps", "Steps"),
    ("spend", "Spend"),
    ("log", "Log"),
)
"""Ids and names of the panes, in the order of their keys 1, 2, …."""


class PaneTabs(Painted):
    """Which panes there are, and which one is shown, where only one fits."""

    current: reactive[str] = reactive("graph", layout=False, repaint=False)

    @dataclass
    class Chosen(Message):
        """A tab was clicked."""

        pane: str

    def watch_current(self) -> None:
        """Mark the pane that is shown."""
        self.repaint()

    def picture(self, width: int, height: int) -> tuple[Line, ...]:
        """Return the tabs; the shown one is in brackets, so that colour is not needed to see it."""
        parts: list[Part] = []
        for number, (pane, name) in enumerate(PANES, 1):
            shown = pane == self.current
            tab = f"[{number} {name}]" if shown else f" {number} {name} "
            parts.append((tab, f"{ACCENT} bold" if shown else MUTED))
        if sum(len(tab) for tab, _ in parts) > width:  # the numbers are keys: they are enough
            parts = [part if part[0].startswith("[") else (part[0][:3], part[1]) for part in parts]
        return (tuple(parts),)

    def on_click(self, event: Click) -> None:
        """Go to the pane whose tab was clicked."""
        x, end = event.get_content_offset_capture(self).x, 0
        for (pane, _), (tab, _) in zip(PANES, self.lines[0] if self.lines else (), strict=False):
            end += len(tab)
            if x < end:
                self.post_message(self.Chosen(pane))
                return


class KeyFooter(Painted):
    """The keys that work now; one that does not is dimmed and in parentheses."""

    view: reactive[RunView] = reactive(RunView, layout=False, repaint=False)
    mode: reactive[Mode] = reactive[Mode]("live", layout=False, repaint=False)
    playing: reactive[bool] = reactive(False, layout=False, repaint=False)
    zoomed: reactive[bool] = reactive(False, layout=False, repaint=False)
    """Whether a pane has the screen to itself: then all that is said is how to leave it."""
    actions: tuple[Action, ...] = ACTIONS
    """What can be done, with the keys that the person gave it."""
    _spans: tuple[tuple[Action, int], ...] = ()
    """What is shown, with its cells."""

    @dataclass
    class Pressed(Message):
        """A key was clicked."""

        action: Action

    def watch_view(self) -> None:
        """Rename what changed its meaning."""
        self.repaint()

    def watch_mode(self) -> None:
        """Dim what this mode cannot do."""
        self.repaint()

    def watch_playing(self) -> None:
        """Name what the key does now."""
        self.repaint()

    def watch_zoomed(self) -> None:
        """Say how all panes come back."""
        self.repaint()

    def picture(self, width: int, height: int) -> tuple[Line, ...]:
        """Return the keys that fit, or what ends the zoom."""
        return (self._way_back() if self.zoomed else self._keys(width),)

    def _way_back(self) -> Line:
        zoom = next(action for action in self.actions if action.id == "zoom")
        line: Line = ((f" {zoom.key} or esc", f"{ACCENT} bold"), (": back to all panes", PLAIN))
        self._spans = ((zoom, cells(line)),)
        return line

    def _keys(self, width: int) -> Line:
        """Return the keys that fit; help and quit always do, since they tell the rest."""
        last = [action for action in self.actions if action.footer and action.slug in ("help", "leave")]
        first = [action for action in self._wanted() if action not in last and self._has(action)]
        told = [self._key(action) for action in last]
        panes: Line = ((f" 1–{len(PANES)}", f"{ACCENT} bold"), (" Panes ", PLAIN))
        room = width - sum(map(cells, told))
        decide = self._deciding()
        if not decide or room - cells(panes) >= sum(cells(self._key(action)) for action in (*self._gated(), *decide)):
            room -= cells(panes)
        else:  # what a person may decide about goes by; the panes stay
            panes = ()
        kept: list[Line] = []
        for line in map(self._key, first):
            room -= cells(line)
            if room < 0:
                break
            kept.append(line)
        self._spans = tuple(zip((*first[: len(kept)], *last), map(cells, (*kept, *told)), strict=True))
        return tuple(part for line in (*kept, *told, panes) for part in line)

    def _wanted(self) -> list[Action]:
        """Return what belongs here, the first most; what can be decided about a proposal comes early."""
        others = [action for action in self.actions if action.footer and not action.steers]
        return [*self._gated(), *self._deciding(), *others]

    def _gated(self) -> list[Action]:
        """Return what pauses the run and lets it go on."""
        return [action for action in self.actions if action.footer and action.steers]

    def _deciding(self) -> list[Action]:
        """Return what can be decided now: about the proposal that is judged, or else against the one that won."""
        by_name = {action.id: action for action in self.actions}
        able = [by_name[name] for name in _DECIDING if not refusal(by_name[name], self.view, self.mode)]
        return able if judged_now(self.view) is not None else [action for action in able if action.id == "veto"]

    def _has(self, action: Action) -> bool:
        """Whether there will be such an action at all: neither a recorded run nor one that has ended can be steered."""
        over = self.mode == "replay" or self.view.finished is not None
        return not over or not refusal(action, self.view, self.mode)

    def on_click(self, event: Click) -> None:
        """Do what was clicked."""
        x, end = event.get_content_offset_capture(self).x, 0
        for action, wide in self._spans:
            end += wide
            if x < end:
                self.post_message(self.Pressed(action))
                return

    def _key(self, action: Action) -> Line:
        name = name_now(action, self.view, self.mode, playing=self.playing)
        if refusal(action, self.view, self.mode):
            return ((f"({action.key} {name}) ", MUTED),)
        return (f" {action.key}", f"{ACCENT} bold"), (f" {name} ", PLAIN), (" ", STRONG)


class TooSmall(Painted):
    """All that a terminal below 60 columns or 16 rows can show; the run goes on."""

    view: reactive[RunView] = reactive(RunView, layout=False, repaint=False)
    looking: reactive[Looking | None] = reactive[Looking | None](None, layout=False, repaint=False)
    resume: str = "p"
    """The key by which a paused run goes on."""

    def watch_view(self) -> None:
        """Show the new state."""
        self.repaint()

    def watch_looking(self) -> None:
        """Say where on the tape one looks."""
        self.repaint()

    def picture(self, width: int, height: int) -> tuple[Line, ...]:
        """Return one line."""
        return (tiny_line(self.view, width, self.looking, self.resume),)
