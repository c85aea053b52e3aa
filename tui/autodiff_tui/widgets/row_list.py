"""A list of one-line rows with a cursor that stays on its row, whatever comes above or below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Click, Focus, Resize
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from .paint import ACCENT, CURSOR, MUTED, Line, content, plain, wrapped


@dataclass(frozen=True, slots=True)
class Row:
    """A line and what it stands for; ``target`` is the row that choosing it leads to, itself by default."""

    key: str
    line: Line
    target: str = ""
    search: str = ""
    """What a filter finds it by, besides its line."""


class RowList(ScrollView, can_focus=True):
    """Virtual: a row costs nothing until it is visible, and is painted again only when its line changed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "first", "First", show=False),
        Binding("end", "last", "Last", show=False),
        Binding("enter", "choose", "Open", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"row-list--cursor", "row-list--cursor-focused"}
    DEFAULT_CSS = """
    RowList { overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
    RowList .row-list--cursor { background: $foreground 8%; }
    RowList .row-list--cursor-focused { background: $accent 35%; text-style: bold; }
    """
    empty_text: str = "nothing yet"
    note: str = ""
    """What is said below the last row, where there is room."""
    MARK_CELLS: ClassVar[int] = 2
    """Cells before each row for the cursor's mark: colour is not needed to see it."""

    @dataclass
    class Moved(Message):
        """The cursor is on another row; ``key`` is its target, or else its own."""

        sender: RowList
        key: str

    @dataclass
    class Chosen(Message):
        """A row was opened with enter or a click on the cursor."""

        sender: RowList
        key: str

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.on_choose: Callable[[RowList, str], None] = self._tell_chosen
        """Opens a row: by a message, unless the screen has to act at once."""
        self.rows: tuple[Row, ...] = ()
        self.count = 0
        """Rows there are, those that the filter hides included."""
        self._filter = ""
        self._every: tuple[Row, ...] = ()
        self.header: Line = ()
        """A line that stays on top, if not empty."""
        self.cursor: str | None = None
        """The key of the row that the person chose; None follows the first row."""
        self.line_paints = 0
        """Rows painted so far."""

    def set_rows(self, rows: Sequence[Row], header: Line = ()) -> None:
        """Show ``rows``; the cursor stays on its key, and the rows around it where they were on the screen."""
        self._every, self.count = tuple(rows), len(rows)
        before, self.rows = self.rows, self._matching()
        was, header_was, self.header = self._index(before), self.header, header
        if len(before) != len(self.rows) or header != header_was:
            self.virtual_size = Size(self.size.width, len(self.rows) + self._top)
        now = self._index(self.rows)
        top = self.scroll_offset.y
        if self.cursor is not None and was is not None and now is not None and now != was and self._visible(was):
            self.scroll_to(y=max(0, top + now - was), animate=False)
            self.refresh()
        elif len(before) != len(self.rows) or header != header_was or now != was:
            self.refresh()
        else:
            for index, (old, new) in enumerate(zip(before, self.rows, strict=True)):
                if old.line != new.line and self._visible(index):
                    self.refresh_line(index + self._top)

    def say_empty(self, text: str) -> None:
        """Say ``text`` while there are no rows."""
        if text != self.empty_text:
            self.empty_text = text
            if not self.rows:
                self.refresh()

    @property
    def filter(self) -> str:
        """Only rows that hold it are shown, whatever its case; empty: all."""
        return self._filter

    @filter.setter
    def filter(self, needle: str) -> None:
        self._filter = needle
        self.set_rows(self._every, self.header)
        self.scroll_to(y=0, animate=False)
        self.refresh()

    @property
    def copyable(self) -> str:
        """The row under the cursor as text."""
        index = self._index(self.rows)
        return "" if index is None else plain((self.rows[index].line,)).strip()

    def _matching(self) -> tuple[Row, ...]:
        wanted = self._filter.casefold()
        if not wanted:
            return self._every
        return tuple(row for row in self._every if wanted in f"{plain((row.line,))} {row.search}".casefold())

    @property
    def row_width(self) -> int:
        """Cells for a row, its mark and the scrollbar left out."""
        return max(1, self.scrollable_content_region.width - self.MARK_CELLS)

    @property
    def current(self) -> str | None:
        """The key of the row under the cursor; None when there are no rows."""
        index = self._index(self.rows)
        return None if index is None else self.rows[index].key

    @property
    def chosen(self) -> str | None:
        """What opening the row under the cursor leads to; None when there are no rows."""
        index = self._index(self.rows)
        return None if index is None else self.rows[index].target or self.rows[index].key

    def move_to(self, key: str) -> None:
        """Put the cursor on the row called ``key``, if there is one."""
        for index, row in enumerate(self.rows):
            if row.key == key:
                self._go(index)
                return

    def action_move(self, by: int) -> None:
        """Move by rows."""
        self._go((self._index(self.rows) or 0) + by)

    def action_page(self, by: int) -> None:
        """Move by pages."""
        self.action_move(by * max(1, self.size.height - self._top - 1))

    def action_first(self) -> None:
        """Go to the first row and stay on whatever is first."""
        self._go(0)
        self.cursor = None

    def action_last(self) -> None:
        """Go to the last row."""
        self._go(len(self.rows) - 1)

    def action_choose(self) -> None:
        """Open the row under the cursor; nothing on an empty list."""
        if self.chosen is not None:
            self.on_choose(self, self.chosen)

    def _tell_chosen(self, sender: RowList, key: str) -> None:
        self.post_message(self.Chosen(sender, key))

    def on_click(self, event: Click) -> None:
        """Move to the row that was clicked; a click on the current one opens it."""
        index = event.get_content_offset_capture(self).y + self.scroll_offset.y - self._top
        if 0 <= index < len(self.rows):
            if self.rows[index].key == self.current and event.chain > 1:
                self.action_choose()
            else:
                self._go(index)

    def on_focus(self, event: Focus) -> None:
        """Show the cursor as one that keys move."""
        self.refresh()

    def on_blur(self) -> None:
        """Show the cursor as one that keys do not move."""
        self.refresh()

    def on_resize(self, event: Resize) -> None:
        """Keep the virtual width that of the pane."""
        self.virtual_size = Size(event.size.width, len(self.rows) + self._top)

    def render_line(self, y: int) -> Strip:
        """Paint row ``y`` of the pane."""
        self.line_paints += 1
        width = self.row_width + self.MARK_CELLS
        if self.header and y == 0:
            return self._strip((("  ", ""), *self.header), width)
        index = y + self.scroll_offset.y - self._top
        if not self.rows:
            empty = "nothing here matches: escape shows all" if self._filter else self.empty_text
            return self._strip(_piece(empty, index, width), width)
        if not 0 <= index < len(self.rows):
            return self._strip(_piece(self.note, index - len(self.rows) - 1, width), width)
        component = None
        if index == self._index(self.rows):
            component = "row-list--cursor-focused" if self.has_focus else "row-list--cursor"
        mark = (CURSOR if component else " " * len(CURSOR), ACCENT)
        return self._strip((mark, *self.rows[index].line), width, component)

    def _strip(self, line: Line, width: int, component: str | None = None) -> Strip:
        style = self.get_visual_style(component) if component else self.visual_style
        strip = Strip(content((line,)).render_segments(style))
        return strip.adjust_cell_length(width, style.rich_style)

    @property
    def _top(self) -> int:
        return 1 if self.header else 0

    def _index(self, rows: Sequence[Row]) -> int | None:
        if not rows:
            return None
        return next((index for index, row in enumerate(rows) if row.key == self.cursor), 0)

    def _visible(self, index: int) -> bool:
        return 0 <= index - self.scroll_offset.y < max(1, self.size.height - self._top)

    def _go(self, index: int) -> None:
        if not self.rows:
            return
        index = min(max(0, index), len(self.rows) - 1)
        self.cursor = self.rows[index].key
        height = max(1, self.size.height - self._top)
        if index < self.scroll_offset.y:
            self.scroll_to(y=index, animate=False)
        elif index >= self.scroll_offset.y + height:
            self.scroll_to(y=index - height + 1, animate=False)
        self.refresh()
        self.post_message(self.Moved(self, self.rows[index].target or self.cursor))


def _piece(text: str, number: int, cells: int) -> Line:
    """Return line ``number`` of ``text`` wrapped to ``cells``; empty where it has none."""
    pieces = wrapped(text, cells)
    return ((pieces[number], MUTED),) if 0 <= number < len(pieces) else ()
