"""A box over the run with something to read in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from autodiff_tui.safe import one_line
from autodiff_tui.view import RunView
from autodiff_tui.widgets.diff_text import changes
from autodiff_tui.widgets.paint import Line, content, longest, plain, width, wrapped_line

from .closing import Box
from .desk import handy_of
from .keys import bindings


class ReadingScreen(Box[None]):
    """What ``picture(width)`` returns, in a box that scrolls; escape, enter and q close it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "dismiss", "Close", show=False),
        *bindings("next_change", "previous_change", "copy_text", "read_text"),
        *bindings("help", "command_palette", "next_theme", "save_picture", of_app=True),
    ]
    topic: ClassVar[str] = "reading"
    """What the help says something about."""
    KEYS: ClassVar[str] = "↑ ↓ scroll · y copy · o editor · esc closes"

    def __init__(self, title: str) -> None:
        super().__init__()
        self._heading = one_line(title, 120)
        self._lines: tuple[Line, ...] = ()
        self._body = Static(markup=False)
        self._box = VerticalScroll(self._body, classes="reading")

    @property
    def keys(self) -> str:
        """What the lower edge says, with `` · `` between the keys."""
        return self.KEYS

    def picture(self, width: int) -> Sequence[Line]:
        """Return what there is to read; lines that are wider than ``width`` cells are wrapped afterwards."""
        raise NotImplementedError

    @property
    def copyable(self) -> str:
        """What ``copy_text`` sends, and an editor shows: the page."""
        return plain(self._lines)

    def compose(self) -> ComposeResult:
        """Put the text in a box."""
        self._box.border_title = Content(self._heading)
        yield self._box

    def on_mount(self) -> None:
        """Let the arrows scroll."""
        self._box.focus()

    def on_resize(self) -> None:
        """Wrap to the new width, and say the keys that have room, the last of them always."""
        self.call_after_refresh(self.repaint)
        self.call_after_refresh(self._say_keys)

    def _say_keys(self) -> None:
        keys = self.keys.split(" · ")
        shorter = (" · ".join((*keys[: len(keys) - 1 - left], keys[-1])) for left in range(len(keys)))
        self._box.border_subtitle = Content(longest(shorter, self._box.outer_size.width - 6))

    def repaint(self) -> None:
        """Show the picture, if it differs."""
        cells = max(20, self._body.size.width)
        lines = tuple(
            piece
            for line in self.picture(cells)
            for piece in ((line,) if width(line) <= cells else wrapped_line(line, cells))
        )
        if lines != self._lines:
            self._lines = lines
            self._body.update(content(lines))

    def rename(self, title: str) -> None:
        """Say what is shown now."""
        self._heading = one_line(title, 120)
        self._box.border_title = Content(self._heading)

    def action_next_change(self) -> None:
        """Scroll to the change below the top line."""
        top = self._box.scroll_offset.y
        self._show_row(next((row for row in changes(self._lines) if row > top), None))

    def action_previous_change(self) -> None:
        """Scroll to the change above the top line."""
        top = self._box.scroll_offset.y
        self._show_row(next((row for row in reversed(changes(self._lines)) if row < top), None))

    def _show_row(self, row: int | None) -> None:
        if row is None:
            handy_of(self).toast("no further change")
        elif self._box.max_scroll_y <= self._box.scroll_offset.y < row:
            handy_of(self).toast("every further change is in sight")
        else:
            self._box.scroll_to(y=row, animate=False)

    def action_copy_text(self) -> None:
        """Copy what there is."""
        handy_of(self).copy(self.copyable)

    def action_read_text(self) -> None:
        """Show it in an editor."""
        handy_of(self).read_in_editor(self.copyable)


class RunReading(ReadingScreen):
    """Something to read about a run; follows the run while it goes on."""

    view: reactive[RunView] = reactive(RunView, layout=False, repaint=False)

    def __init__(self, title: str, view: RunView) -> None:
        super().__init__(title)
        self.set_reactive(RunReading.view, view)

    def watch_view(self) -> None:
        """Show the new state."""
        if self.is_mounted:
            self.repaint()


class TextScreen(ReadingScreen):
    """Lines that do not change."""

    def __init__(self, title: str, lines: Sequence[Line]) -> None:
        super().__init__(title)
        self._told = tuple(lines)

    def picture(self, width: int) -> Sequence[Line]:
        """Return the lines."""
        return self._told
