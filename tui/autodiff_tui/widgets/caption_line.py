"""One line above the keys: what to look at, or where in a replay one is and which keys move there."""

from __future__ import annotations

from collections.abc import Sequence

from textual.reactive import reactive

from autodiff_tui.safe import one_line

from .paint import ACCENT, MUTED, Line, longest, spread, width
from .painted import Painted


class CaptionLine(Painted):
    """Takes no place while it has nothing to say."""

    DEFAULT_CSS = """
    CaptionLine { height: 1; padding: 0 1; display: none; }
    CaptionLine.said { display: block; }
    .-tiny CaptionLine, .-flat CaptionLine { display: none; }
    """

    told: reactive[tuple[Sequence[str], str]] = reactive(((), ""), layout=False, repaint=False)
    """What is said, in fewer and fewer words, and the keys that help."""

    def watch_told(self, told: tuple[Sequence[str], str]) -> None:
        """Say it."""
        self.set_class(bool(told[0]), "said")
        self.repaint()

    def picture(self, width: int, height: int) -> tuple[Line, ...]:
        """Return the line; the keys leave first where it is narrow, the last of them before the others."""
        return (line(*self.told, width),)


def line(said: Sequence[str], keys: str, cells: int) -> Line:
    """Return both ends of the line: of ``said`` the first that fits, of the keys (between `` · ``) what has room."""
    left: Line = ((longest((one_line(each, 400) for each in said), cells), ACCENT),)
    each = one_line(keys, 400).split(" · ")
    fewer = (" · ".join(each[: len(each) - gone]) for gone in range(len(each) + 1))
    return spread(left, ((longest(fewer, cells - width(left) - 2), MUTED),), cells)
