"""A widget that is a picture of a value: painted as lines, and repainted only when a line differs."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from .paint import Line, content


class Painted(Widget):
    """Shows what ``picture`` returns for the current data and size.

    A subclass calls ``repaint`` when its data changed; equal pictures cost no refresh.
    """

    DEFAULT_CSS = """
    Painted { width: 1fr; height: auto; }
    """

    lines: tuple[Line, ...] = ()
    paints: int = 0
    """How often the picture really changed."""

    def picture(self, width: int, height: int) -> tuple[Line, ...]:
        """Return the lines to show in ``width`` cells and ``height`` rows; pure in the widget's data."""
        raise NotImplementedError

    def repaint(self) -> None:
        """Compute the picture again, and refresh if it differs."""
        size = self.content_size
        lines = self.picture(size.width, size.height) if size.width else ()
        if lines != self.lines:
            self.lines = lines
            self.paints += 1
            self.refresh()

    def on_resize(self) -> None:
        """Paint for the new size."""
        self.repaint()

    def render(self) -> Content:
        """Return the picture."""
        return content(self.lines)
