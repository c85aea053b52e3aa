"""The screen in ASCII alone, for terminals and fonts that have no more: a filter over every line before it is shown."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from autodiff_tui.glyphs import CELLS

_BOXES = range(0x2500, 0x2580)
"""Box drawing: corners and crossings, where they are not named in the table."""


class AsciiSigns(LineFilter):
    """Replaces every sign by one of the same width, borders and scrollbars included."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments in ASCII."""
        return [
            segment if segment.control or segment.text.isascii() else Segment(in_cells(segment.text), segment.style)
            for segment in segments
        ]


def in_cells(text: str) -> str:
    """Return ``text`` in ASCII that takes as many cells: our own signs by the table, all else as question marks."""
    return text if text.isascii() else "".join(map(_cell, text))


def _cell(char: str) -> str:
    if char.isascii():
        return char
    return CELLS.get(char) or ("+" if ord(char) in _BOXES else "?" * cell_len(char))
