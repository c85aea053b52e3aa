"""The line in which a person types what a pane should be narrowed to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static


class FilterBar(Horizontal):
    """Hidden until it is opened; says each change, and that it was left: the pane keeps its filter after enter."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "clear", show=False)]
    DEFAULT_CSS = """
    FilterBar { display: none; height: 1; padding: 0 1; background: $panel; }
    FilterBar.-open { display: block; }
    FilterBar > Input { width: 1fr; height: 1; border: none; padding: 0; background: $panel; }
    FilterBar > Input:focus { border: none; }
    FilterBar > Static { width: auto; height: 1; }
    """

    @dataclass
    class Changed(Message):
        """The text to filter by is another one now; ``left`` when the person is done with typing it."""

        text: str
        left: bool

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._input = Input(placeholder="show what holds …", select_on_focus=False)
        self._sign = Static("/ ", markup=False)
        self._count = Static("", markup=False)

    def compose(self) -> ComposeResult:
        """Hold the sign, the text and the count."""
        yield self._sign
        yield self._input
        yield self._count

    def open(self, text: str) -> None:
        """Appear with ``text``, ready to be typed into."""
        self.add_class("-open")
        self._input.value = text
        self._input.cursor_position = len(text)
        self.screen.set_focus(self._input)  # at once: what is typed may be on its way

    def show_for(self, text: str, count: str) -> None:
        """Appear as long as there is a ``text`` to say, with ``count``; stay while it is typed."""
        self.set_class(bool(text) or self._input.has_focus, "-open")
        if not self._input.has_focus:
            with self._input.prevent(Input.Changed):
                self._input.value = text
        self._count.update(Content(count))

    def action_clear(self) -> None:
        """Show all again."""
        self.post_message(self.Changed("", left=True))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while typing."""
        event.stop()
        if self._input.has_focus:
            self.post_message(self.Changed(event.value, left=False))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter."""
        event.stop()
        self.post_message(self.Changed(event.value, left=True))
