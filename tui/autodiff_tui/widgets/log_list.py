"""The log of a run, the newest entry on top."""

from __future__ import annotations

from textual.content import Content
from textual.events import Resize
from textual.reactive import reactive

from autodiff_tui.format import counted, duration
from autodiff_tui.safe import one_line
from autodiff_tui.view import Entry, RunView, Trail

from .paint import BAD, MUTED, PLAIN, STRONG, WARN, Line, Part, clip
from .row_list import Row, RowList

MAX_ROWS = 1000
_LEVELS: dict[str, Part] = {
    "step": ("·", STRONG),
    "note": ("·", MUTED),
    "warning": ("!", WARN),
    "excluded": ("⊘", WARN),
    "failure": ("✗", BAD),
    "error": ("✗", f"{BAD} bold"),
}


class LogList(RowList):
    """Warnings, excluded examples, failures and the steps between them; choosing one shows it whole."""

    empty_text = "nothing yet: warnings, excluded examples and failures will be here"

    view: reactive[RunView] = reactive(RunView, layout=False, repaint=False)

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._log: Trail[Entry] | None = None
        self._width = 0
        self._caption = ""

    def watch_view(self, view: RunView) -> None:
        """Show new entries."""
        self._show(view)

    def on_resize(self, event: Resize) -> None:
        """Cut the entries to the new width."""
        super().on_resize(event)
        self._show(self.view)

    def _show(self, view: RunView) -> None:
        width = self.row_width
        if view.log is self._log and width == self._width:
            return
        self._log, self._width = view.log, width
        first = max(0, len(view.log) - MAX_ROWS)
        rows = [
            Row(f"{first + n}", clip(log_line(entry), width), search=f"{entry.level} {one_line(entry.text)}")
            for n, entry in enumerate(view.log.last(MAX_ROWS))
        ]
        rows.reverse()
        self.set_rows(rows)
        notes = view.notes
        earlier = f", {notes.past_errors} of an earlier execution" if notes.past_errors else ""
        caption = f"{counted(len(notes.warnings), 'warning')} · {counted(len(notes.errors), 'error')}{earlier}"
        if caption != self._caption:
            self._caption = caption
            self.border_subtitle = Content(caption)


def log_line(entry: Entry) -> Line:
    """Return an entry as one line: its time, its kind as a sign, its text."""
    sign, style = _LEVELS[entry.level]
    text_style = PLAIN if entry.level in ("step", "note") else style
    return (f"{duration(entry.t):>7} ", MUTED), (f"{sign} ", style), (one_line(entry.text, 400), text_style)
