"""The question before something begins that may cost money: what it is, and what it would take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from autodiff_tui.safe import one_line
from autodiff_tui.widgets.paint import ACCENT, MUTED, PLAIN, Line, content

from .closing import Box

_BOLD = f"{ACCENT} bold"
_ASKING: Line = (("looking up models, data and stored answers…", MUTED),)


class BeginScreen(Box[bool]):
    """Says yes to enter and no to escape; what it says of the costs may come later, and nobody has to wait for it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,y", "begin", show=False),
        Binding("escape,n,q", "leave_it", show=False),
    ]

    def __init__(self, title: str) -> None:
        super().__init__()
        self._heading = one_line(title, 120)
        self._refused = False
        self._told = Static(content((_ASKING,)), markup=False)
        self._keys = Static(markup=False)

    def compose(self) -> ComposeResult:
        """Put the question in a box whose keys stay in sight."""
        box = VerticalScroll(self._told, classes="question beginning")
        box.border_title = Content(self._heading)
        box.border_subtitle = content((self._answers(),))
        yield box

    def on_mount(self) -> None:
        """Let the arrows scroll what is longer than the terminal is high."""
        self.query_one(".beginning").focus()

    def tell(self, lines: Sequence[Line], *, refused: bool) -> None:
        """Say what it would take, or why it could not begin: then enter does nothing."""
        self._refused = refused
        self._told.update(content(lines))
        if self.is_mounted:
            self.query_one(".beginning").border_subtitle = content((self._answers(),))

    def action_begin(self) -> None:
        """Yes, unless it could not begin."""
        if not self._refused:
            self.dismiss(True)

    def action_leave_it(self) -> None:
        """No."""
        self.dismiss(False)

    def _answers(self) -> Line:
        no = ("esc", _BOLD), (" go back", PLAIN)
        return no if self._refused else (("enter", _BOLD), (" begin   ", PLAIN), *no)
