"""Every sign of the screen in ASCII, cell for cell, for terminals and fonts that have no others."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from autodiff_tui.glyphs import CELLS

_BOXES = range(0x2500, 0x2580)
"""Box drawing: corners and crossings, where they are not named in the table."""


class AsciiGlyphs(LineFilter):
    """Replaces what is not ASCII in what is about to be written: our signs by like ones, all else by ``?``."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments in ASCII, as wide as before."""
        return [segment if segment.text.isascii() else _spelled(segment) for segment in segments]


def spelled(text: str) -> str:
    """Return ``text`` in ASCII in as many cells."""
    if text.isascii():
        return text
    told = "".join(map(_cell, text))
    wide = cell_len(text)
    return told[:wide].ljust(wide)  # joined characters took fewer cells together than one by one


def _cell(char: str) -> str:
    if char.isascii():
        return char
    return CELLS.get(char) or ("+" if ord(char) in _BOXES else "?" * max(0, cell_len(char)))


def _spelled(segment: Segment) -> Segment:
    return Segment(spelled(segment.text), segment.style, segment.control)
