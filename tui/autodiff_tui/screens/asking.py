"""A question that is answered with yes or no; no is what escape says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from autodiff_tui.safe import one_line
from autodiff_tui.widgets.paint import ACCENT, MUTED, PLAIN, Line, content

from .closing import Box


class AskScreen(Box[bool]):
    """Asks before something that cannot be undone."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", show=False),
        Binding("n,escape,q", "answer(False)", show=False),
    ]

    def __init__(self, title: str, lines: Sequence[Line], yes: str) -> None:
        super().__init__()
        keys: Line = (("y", f"{ACCENT} bold"), (f"  {yes}     ", PLAIN), ("n", f"{ACCENT} bold"), ("  leave it", PLAIN))
        self._heading = one_line(title, 120)
        self._lines = (*lines, (("", MUTED),), keys)

    def compose(self) -> ComposeResult:
        """Put the question in a box."""
        box = Vertical(Static(content(self._lines), markup=False), classes="question")
        box.border_title = Content(self._heading)
        yield box

    def action_answer(self, answer: bool) -> None:
        """Leave with the answer."""
        self.dismiss(answer)
