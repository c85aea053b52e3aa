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
from autodiff_tui.widgets.paint import MUTED, PLAIN, WARN, content, fit, label

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

    def compose(self) -> ComposeResult:
        """Offer them."""
        widest = min(_NAME, max((cell_len(one_line(name, _NAME)) for name, _ in self._options), default=0))
        lines = [
            ((fit(one_line(name, _NAME), widest), PLAIN), ("   ", PLAIN), label(about, MUTED))
            for name, about in self._options
        ]
        listed = OptionList(*(Option(content((line,))) for line in lines), markup=False)
        box = Vertical(*warned(self._note), listed, classes="question")
        box.border_title, box.border_subtitle = Content(self._heading), Content("enter chooses · esc closes")
        yield box

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Leave with the one under the cursor."""
        self.dismiss(event.option_index)


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
