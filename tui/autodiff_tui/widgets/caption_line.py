"""One line above the keys: what to look at, or where in a replay one is and which keys move there."""

from __future__ import annotations

from textual.reactive import reactive

from autodiff_tui.safe import one_line

from .paint import ACCENT, MUTED, Line, spread, width
from .painted import Painted


class CaptionLine(Painted):
    """Takes no place while it has nothing to say."""

    DEFAULT_CSS = """
    CaptionLine { height: 1; padding: 0 1; display: none; }
    CaptionLine.said { display: block; }
    .-tiny CaptionLine, .-flat CaptionLine { display: none; }
    """

    told: reactive[tuple[str, str]] = reactive(("", ""), layout=False, repaint=False)
    """What is said, and the keys that help."""

    def watch_told(self, told: tuple[str, str]) -> None:
        """Say it."""
        self.set_class(bool(told[0]), "said")
        self.repaint()

    def picture(self, width: int, height: int) -> tuple[Line, ...]:
        """Return the line; the keys leave first where it is narrow."""
        return (line(*self.told, width),)


def line(said: str, keys: str, cells: int) -> Line:
    """Return both ends of the line, or the left one alone."""
    left: Line = ((one_line(said, 400), ACCENT),)
    right: Line = ((one_line(keys, 400), MUTED),) if keys else ()
    return spread(left, right if width(left) + width(right) + 2 <= cells else (), cells)
