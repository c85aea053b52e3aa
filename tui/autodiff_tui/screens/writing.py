"""A trained text to be written by a person, here or in their own editor."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import TextArea

from autodiff_tui.safe import count_hidden, marked, one_line

from .closing import Box
from .desk import desk_of
from .steering import warned


class WritingScreen(Box[str | None]):
    """Shows ``text`` to be changed; returns what it became, None when the person thought better of it.

    What could drive the terminal is a visible mark here, and stays one in what is returned. ``late`` says why it cannot
    be handed in.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", show=False),
        Binding("ctrl+s", "hand_in", show=False),
        Binding("ctrl+o", "editor", show=False, priority=True),
    ]

    def __init__(self, title: str, text: str, *, note: str = "", late: str = "") -> None:
        super().__init__()
        self._note = note
        self._heading = one_line(title, 120)
        self._text = text
        self._late = one_line(late)
        """Why it cannot be handed in any more."""

    @property
    def changed(self) -> bool:
        """Whether the person has written anything."""
        return self.query_one(TextArea).text != marked(self._text)

    def come_too_late(self, why: str) -> None:
        """Say that the text cannot be handed in any more; it is not lost by that."""
        self._late = one_line(why)
        self.query_one(Vertical).border_subtitle = self._keys()

    def _keys(self) -> Content:
        hidden = f"{count_hidden(self._text)} control characters became marks" if count_hidden(self._text) else ""
        first = f"{self._late} · ctrl+s copies it" if self._late else "ctrl+s hands it in"
        told = (hidden if not self._late else "", first, "ctrl+o $EDITOR", "esc closes")
        return Content(" · ".join(each for each in told if each))

    def compose(self) -> ComposeResult:
        """Put the text in a box."""
        area = TextArea(marked(self._text), soft_wrap=True, show_line_numbers=False)
        box = Vertical(*warned(self._note), area, classes="writing")
        box.border_title = Content(self._heading)
        box.border_subtitle = self._keys()
        yield box

    def on_mount(self) -> None:
        """Let the person type on at the text's end."""
        area = self.query_one(TextArea)
        area.focus()
        area.move_cursor(area.document.end)

    @on(TextArea.Changed)
    def _pasted(self, event: TextArea.Changed) -> None:
        """Mark what a paste brought."""
        if count_hidden(event.text_area.text):
            area, at = event.text_area, event.text_area.cursor_location
            area.text = marked(area.text)
            area.move_cursor(at)  # a mark takes the place of one character

    def action_hand_in(self) -> None:
        """Return the text; when it came too late, send it to the clipboard."""
        text = self.query_one(TextArea).text
        if self._late:
            desk_of(self).copy(text, f"not handed in: {self._late}; ")
        else:
            self.dismiss(text)

    def action_editor(self) -> None:
        """Change the text in the person's own editor."""
        area = self.query_one(TextArea)
        changed = desk_of(self).change_in_editor(area.text)
        if changed is not None:
            area.text = marked(changed)
            area.move_cursor(area.document.end)
