"""What a person is asked before something is decided: which text, why, which step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from autodiff_tui.safe import one_line
from autodiff_tui.widgets.paint import ACCENT, CURSOR, MUTED, PLAIN, WARN, Line, content, fit, label

from .closing import Box

_NAME = 40
"""The most cells that a name gets."""


def warned(note: str) -> tuple[Static, ...]:
    """Return ``note``, what a person should know before they answer, to stand above a question; empty for none."""
    return (Static(content(((label(note, WARN),),)), markup=False, classes="note"),) if note else ()


class PickScreen(Box[int | None]):
    """Asks for one of ``options``, each a name and a word about it; returns its index, None for none."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "dismiss(None)", show=False)]

    def __init__(self, title: str, options: Sequence[tuple[str, str]], *, note: str = "") -> None:
        super().__init__()
        self._heading = one_line(title, 120)
        self._note = note
        self._options = tuple(options)
        self._lines: tuple[Line, ...] = ()
        self._marked: int | None = None
        """The index of the option that has the mark."""

    def compose(self) -> ComposeResult:
        """Offer them."""
        widest = min(_NAME, max((cell_len(one_line(name, _NAME)) for name, _ in self._options), default=0))
        self._lines = tuple(
            ((fit(one_line(name, _NAME), widest), PLAIN), ("   ", PLAIN), label(about, MUTED))
            for name, about in self._options
        )
        listed = OptionList(*(Option(_option(line)) for line in self._lines), markup=False)
        box = Vertical(*warned(self._note), listed, classes="question")
        box.border_title, box.border_subtitle = Content(self._heading), Content("enter chooses · esc closes")
        yield box

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Mark the one under the cursor: colour is not needed to see it."""
        for index in (self._marked, event.option_index):
            if index is not None:
                line = _option(self._lines[index], marked=index == event.option_index)
                event.option_list.replace_option_prompt_at_index(index, line)
        self._marked = event.option_index

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Leave with the one under the cursor."""
        self.dismiss(event.option_index)


def _option(line: Line, *, marked: bool = False) -> Content:
    return content((((CURSOR if marked else " " * len(CURSOR), ACCENT), *line),))


class LineScreen(Box[str | None]):
    """Asks for one line; returns it, None when the person thought better of it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", show=False)]

    def __init__(self, title: str, about: str, *, hint: str = "", digits: bool = False, note: str = "") -> None:
        super().__init__()
        self._heading = one_line(title, 120)
        self._about = about
        self._note = note
        self._hint = one_line(hint, 120)
        self._digits = digits

    def compose(self) -> ComposeResult:
        """Put the question in a box."""
        asked = Input(placeholder=self._hint, type="integer" if self._digits else "text", compact=True)
        about = Static(content(((label(self._about, MUTED),),)), markup=False)
        box = Vertical(*warned(self._note), about, asked, classes="question")
        box.border_title, box.border_subtitle = Content(self._heading), Content("enter does it · esc closes")
        yield box

    def on_mount(self) -> None:
        """Let the person type."""
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _answered(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip())
