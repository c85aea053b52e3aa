"""The pane that shows one node to read."""

from __future__ import annotations

from dataclasses import replace

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from autodiff_tui.safe import one_line
from autodiff_tui.view import RunView

from .diff_text import changes
from .node_text import AGAINST, Reading, made_of, node_lines
from .paint import Line, content
from .side_by_side import fits


class NodePane(VerticalScroll):
    """The selected node's text, feedback and last exchange; scrolls, and goes back to the top for another node."""

    DEFAULT_CSS = """
    NodePane { overflow-x: hidden; scrollbar-size-vertical: 1; }
    NodePane > Static { width: 1fr; height: auto; }
    """

    view: reactive[RunView] = reactive(RunView, layout=False, repaint=False)
    node: reactive[str] = reactive("", layout=False, repaint=False)
    reading: reactive[Reading] = reactive(Reading, layout=False, repaint=False)

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: tuple[Line, ...] = ()
        self._sources: tuple[object, ...] = ()
        self._body = Static(markup=False)
        self.paints = 0
        """How often the text really changed."""

    def compose(self) -> ComposeResult:
        """Hold one text."""
        yield self._body

    def on_mount(self) -> None:
        """Say what will come."""
        self._show()

    def on_resize(self) -> None:
        """Wrap to the new width."""
        self._show()

    def watch_view(self) -> None:
        """Show what is new about the node."""
        self._show()

    def watch_reading(self) -> None:
        """Show the node in the other way."""
        self._show()

    @property
    def copyable(self) -> str:
        """The raw text of a trained text; of another node, its call as sent and answered."""
        text, exchanges = self.view.texts.get(self.node), self.view.exchanges.get(self.node)
        if text is not None:
            return text.value
        if not exchanges:
            return ""
        call = exchanges[max(0, len(exchanges) - 1 - self.reading.back)].call
        return f"{call.prompt}\n\n{call.reply}"

    def cycle_diff(self) -> None:
        """Show the prompt, then what the last version changed, then all since the start."""
        after = AGAINST[(AGAINST.index(self.reading.against) + 1) % len(AGAINST)]
        self.reading = replace(self.reading, against=after)
        self.scroll_home(animate=False)

    def turn(self, by: int) -> None:
        """Show an earlier (-1) or later call of the node; say so when there is none."""
        if not self.can_turn(by):
            self.notify(f"there is no {'earlier' if by < 0 else 'later'} call to show of this node", markup=False)
        self.reading = replace(self.reading, back=self._turned(by))

    def can_turn(self, by: int) -> bool:
        """Whether there is an earlier (-1) or later call."""
        return self._turned(by) != self.reading.back

    def _turned(self, by: int) -> int:
        most = max(0, len(self.view.exchanges.get(self.node) or ()) - 1)
        return min(most, max(0, self.reading.back - by))

    def to_change(self, by: int) -> None:
        """Scroll to the change below (1) or above the top line; say so when there is none."""
        wanted = self._changes(by)
        if wanted and self.max_scroll_y <= self.scroll_offset.y < wanted[0]:
            self.notify("every further change is in sight", markup=False)
        elif wanted:
            self.scroll_to(y=wanted[0], animate=False)
        else:
            self.notify("no further change: d compares the text with earlier ones", markup=False)

    def has_change(self, by: int) -> bool:
        """Whether there is a change below (1) or above the top line."""
        return bool(self._changes(by))

    def _changes(self, by: int) -> list[int]:
        top, rows = self.scroll_offset.y, changes(self._lines)
        return [row for row in rows if row > top] if by > 0 else [row for row in reversed(rows) if row < top]

    @property
    def filter(self) -> str:
        """What feedback must hold to be shown."""
        return self.reading.filter

    @filter.setter
    def filter(self, needle: str) -> None:
        self.reading = replace(self.reading, filter=needle)

    def watch_node(self, node: str) -> None:
        """Show another node, from its top."""
        self.reading = replace(self.reading, back=0)
        self.border_title = Content(f"2 {one_line(node, 60) or 'Node'}")
        self._show()
        self.scroll_home(animate=False)

    def _show(self) -> None:
        if not self.is_mounted:
            return
        width = max(20, self.scrollable_content_region.width)
        beside = fits(self.screen.size.width, width)
        sources = (*made_of(self.view, self.node), self.reading, self.node, width, beside)
        if len(sources) == len(self._sources) and all(a is b for a, b in zip(sources, self._sources, strict=True)):
            return  # a prompt may be long: do not wrap it ten times a second
        self._sources = sources
        lines = node_lines(self.view, self.node, width, replace(self.reading, beside=beside))
        if lines != self._lines:
            self._lines = lines
            self.paints += 1
            self._body.update(content(lines))
