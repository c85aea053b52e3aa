"""What every screen can rely on: toasts, clipboard, editor, themes, pictures; in a run the palette and keys, too."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, cast

from rich.segment import Segments
from rich.text import Text
from textual.app import ReturnType, SuspendNotSupported, SystemCommand
from textual.binding import BindingType
from textual.command import CommandPalette
from textual.dom import DOMNode
from textual.filter import LineFilter
from textual.notifications import Notify, SeverityLevel
from textual.screen import ModalScreen, Screen

from autodiff_engine.errors import ConfigError
from autodiff_tui import keymap
from autodiff_tui.actions import ACTIONS, Action
from autodiff_tui.crash import frames
from autodiff_tui.driver import STEADY
from autodiff_tui.safe import marked, one_line
from autodiff_tui.widgets.ascii_glyphs import AsciiGlyphs
from autodiff_tui.widgets.paint import cut_words

from . import editor
from .keyed import Keyed
from .keys import bindings
from .palette import ActionCommands, PlaceCommands
from .picture import picture

MAX_COPY = 74_994
"""Bytes that terminals take as clipboard content (OSC 52); more is dropped silently by some."""
SHORT = {"dark": "textual-dark", "light": "textual-light", "ansi": "ansi-dark"}
"""Themes by the names that a person types."""
THEMES = tuple(SHORT.values())
"""What one key goes through; the palette offers every theme."""
_PICTURES = 10_000
_ROOMY = (120, 32)
"""Columns and rows of a screen that has room for several messages."""
_ROWS, _EDGES = 3, 8
"""Of a message on another one: about how many rows it takes, and the columns where nothing of it stands."""
_OF_SCREENS = {"jump": "places", "order": "action_order"}
"""Actions of the app that are about what only some screens have, and what these have."""


class Handy(Keyed[ReturnType]):
    """An app with what every page to read relies on: toasts, clipboard, editor, themes, pictures."""

    actions: tuple[Action, ...] = ()
    """What can be done, with the keys that the person gave it."""

    def __init__(self, *, ascii_only: bool = False) -> None:
        plain = True if "NO_COLOR" in os.environ else None  # the terminal's own colours, its background among them
        super().__init__(driver_class=STEADY, ansi_color=plain)
        self._ascii = AsciiGlyphs(enabled=ascii_only)

    def wear(self, theme: str) -> None:
        """Take the theme of that name, ``dark``, ``light`` and ``ansi`` among them; an empty name changes nothing.

        Raises:
            ConfigError: There is none.
        """
        name = SHORT.get(theme, theme)
        if name and name not in self.available_themes:
            known = ", ".join((*SHORT, *sorted(self.available_themes)))
            raise ConfigError(f"--theme {one_line(theme, 60)}: there is no such theme", f"there are {known}")
        self.theme = name or self.theme

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return Textual's filters, and ours after them when all must be ASCII."""
        filters = super().get_line_filters()
        return [*filters, self._ascii] if self._ascii.enabled else filters

    @property
    def told_actions(self) -> Sequence[Action]:
        """The actions, named and explained as their keys act now."""
        return self.actions

    @property
    def idle(self) -> Collection[str]:
        """The ids of actions that cannot be done now."""
        return ()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Return what the palette has of Textual's own: the choice of a theme; all else is in the registry."""
        yield SystemCommand("Choose a theme", "every theme there is", self.action_change_theme)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Show a message; on a small screen without its end when it is long: the run is what one came to see."""
        if self._is_small:
            rows = 1 if isinstance(self.screen, ModalScreen) else _ROWS
            message = cut_words(message, rows * (self.size.width - _EDGES))
        super().notify(message, title=title, severity=severity, timeout=timeout, markup=markup)

    def on_notify(self, event: Notify) -> None:
        """Let a message take the place of an equal one; where little room is or a box is open, of all before it."""
        new = event.notification
        for same in [
            each for each in self._notifications if (each.message, each.severity) == (new.message, new.severity)
        ]:
            self._unnotify(same, refresh=False)
        self.set_class(self._is_small, "-small")
        if isinstance(self.screen, ModalScreen):
            self.clear_notifications()
        self.make_room()

    def make_room(self) -> None:
        """On a small screen take messages away that would cover what comes now."""
        if self._is_small:
            self.clear_notifications()

    @property
    def _is_small(self) -> bool:
        return self.size.width < _ROOMY[0] or self.size.height < _ROOMY[1]

    def toast(self, message: str, *, severe: bool = False) -> None:
        """Show a message for a moment, a severe one for longer; it may be foreign."""
        level, seconds = ("error", 15.0) if severe else ("information", 5.0)
        self.notify(one_line(message, 400), severity=level, timeout=seconds, markup=False)

    def copy(self, text: str, before: str = "") -> None:
        """Send ``text`` to the terminal's clipboard, if it fits; no terminal says whether it took it.

        ``before`` is said in the same message, which may take the place of an earlier one.
        """
        known = text.encode("utf-8", "replace")
        if not known:
            self.toast(f"{before}there is nothing to copy here")
        elif len(known) > MAX_COPY:
            self.toast(f"{before}too long for a terminal's clipboard: nothing was copied", severe=True)
        else:
            self.copy_to_clipboard(known.decode("utf-8"))
            self.toast(f"{before}sent to the terminal's clipboard")

    def copied_selection(self) -> bool:
        """Copy what is selected with the mouse, if anything is."""
        selected = self.screen.get_selected_text() or getattr(self.focused, "selected_text", "")
        if selected:
            self.copy(selected)
            self.screen.clear_selection()
        return bool(selected)

    def read_in_editor(self, text: str) -> None:
        """Leave the screen to the person's editor until it is closed; the run goes on meanwhile."""
        if not text:
            self.toast("there is nothing to read here")
            return
        problem = ""
        try:
            with self.suspend():
                problem = editor.show(text, os.environ)  # raises nothing: what leaves the block unended never resumes
        except SuspendNotSupported:
            problem = "this terminal cannot be left to an editor"
        if problem:
            self.toast(problem, severe=True)

    def change_in_editor(self, text: str) -> str | None:
        """Leave the screen to the person's editor; return the changed text, None when there is none."""
        changed: tuple[str | None, str] = (None, "this terminal cannot be left to an editor")
        with suppress(SuspendNotSupported), self.suspend():
            changed = editor.change(text, os.environ)  # raises nothing, as above
        if changed[1]:
            self.toast(changed[1], severe=True)
        return changed[0]

    def _fatal_error(self) -> None:
        """Leave with a traceback without the values of locals, which may hold keys."""
        self.bell()
        report = Text(marked(frames()))
        self._exit_renderables.append(Segments(self.console.render(report, self.console.options)))
        self._close_messages_no_wait()

    def action_next_theme(self) -> None:
        """Take the next theme."""
        index = THEMES.index(self.theme) if self.theme in THEMES else -1
        self.theme = THEMES[(index + 1) % len(THEMES)]
        self.toast(f"theme {self.theme}")

    def action_save_picture(self) -> None:
        """Write the screen to a new SVG file in this folder."""
        path = next(path for path in (Path(f"autodiff-{n}.svg") for n in range(1, _PICTURES)) if not path.exists())
        try:
            path.write_text(picture(self, self.title), encoding="utf-8")
        except OSError as error:
            self.toast(f"{path}: {error.strerror or error}", severe=True)
        else:
            self.toast(f"wrote {path}")


class Desk(Handy[None]):
    """An app with the conveniences; ``actions`` is its registry with the keys that the person gave it.

    With ``ascii_only`` nothing but ASCII reaches the terminal.
    """

    COMMANDS: ClassVar = {ActionCommands}
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("jump", "order", "command_palette", "next_theme", "save_picture")
    ]

    def __init__(self, *, actions: Sequence[Action] = ACTIONS, ascii_only: bool = False) -> None:
        super().__init__(ascii_only=ascii_only)
        self.actions = tuple(actions)
        self.set_keymap(keymap.changes(actions, ACTIONS))

    async def do(self, action: Action, screen: DOMNode) -> None:
        """Do what a key of ``action`` would do on ``screen``."""
        method = f"action_{action.id.partition('(')[0]}"
        await self.run_action(action.id, screen if hasattr(screen, method) else self)

    @property
    def idle(self) -> Collection[str]:
        """The ids of actions that cannot be done now, by the screen that lies on top, but for the palette."""
        screen = next(each for each in reversed(self.screen_stack) if not isinstance(each, CommandPalette))
        lacking = [name for name, method in _OF_SCREENS.items() if not hasattr(screen, method)]
        return {*lacking, *cast("Collection[str]", getattr(screen, "idle", ()))}

    @property
    def unheard(self) -> Collection[str]:
        """The ids of actions whose keys the screen that lies on top does not hear."""
        heard = {key for key, bound in self.screen.active_bindings.items() if bound.enabled}
        return {action.id for action in self.actions if not heard.intersection(action.keys)}

    def action_order(self) -> None:
        """Say where there are orders to choose from: the screen of the examples takes the key itself."""
        key = next(action.key for action in self.actions if action.id == "examples")
        self.toast(f"it is the examples that have orders: {key} shows them")

    def action_jump(self) -> None:
        """Ask for a node, a proposal, a step or an example."""
        if hasattr(self.screen, "places"):
            asked = "Go to a node, a proposal, a step or an example…"
            self.push_screen(CommandPalette(providers=[PlaceCommands], placeholder=asked))
        else:
            self.toast("there is nowhere to jump to from here")


def handy_of(node: DOMNode) -> Handy[object]:
    """Return the app of ``node``, at home or in a run."""
    return cast("Handy[object]", node.app)  # pyright: ignore[reportUnknownMemberType] - Textual leaves its type open


def desk_of(node: DOMNode) -> Desk:
    """Return the app of ``node``, which is a desk wherever our screens are shown."""
    return cast("Desk", node.app)  # pyright: ignore[reportUnknownMemberType] - Textual leaves its type open
