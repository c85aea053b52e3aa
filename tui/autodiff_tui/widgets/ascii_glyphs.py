"""Every sign of the screen in ASCII, cell for cell, for terminals and fonts that have no others."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_GLYPHS: dict[str, str] = {
    **dict.fromkeys("─━┈═▔▁", "-"),
    **dict.fromkeys("│┃║▎▏▕", "|"),
    **dict.fromkeys("╭╮╰╯┌┐└┘├┤┬┴┼╔╗╚╝", "+"),
    **dict.fromkeys("●■█▇▆▅", "#"),
    **dict.fromkeys("▄▃▂▀", "="),
    **{"◐": "o", "◌": "o", "◍": "o", "○": "o", "·": ".", "•": "*", "◆": "@", "◇": "%", "✎": "*", "✓": "+", "✗": "x"},
    **{"⊘": "/", "∅": "0", "‖": '"', "∑": "S", "ƒ": "f", "∇": "g", "↗": "^", "↻": "@", "→": ">", "←": "<", "↑": "^"},
    **{"↓": "v", "›": ">", "…": "~", "–": "-", "—": "-", "−": "-", "×": "x", "≈": "~", "≤": "<", "≥": ">", "⚠": "!"},
    **{"“": '"', "”": '"', "‘": "'", "’": "'", "\u2420": " ", "\u241b": "^", "\u00a0": " "},
}


class AsciiGlyphs(LineFilter):
    """Replaces what is not ASCII in what is about to be written: our signs by like ones, all else by ``?``."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments in ASCII, as wide as before."""
        return [segment if segment.text.isascii() else _spelled(segment) for segment in segments]


def spelled(text: str) -> str:
    """Return ``text`` in ASCII in as many cells."""
    if text.isascii():
        return text
    told = "".join(char if char.isascii() else _GLYPHS.get(char, "?" * max(0, cell_len(char))) for char in text)
    wide = cell_len(text)
    return told[:wide].ljust(wide)  # joined characters took fewer cells together than one by one


def _spelled(segment: Segment) -> Segment:
    return Segment(spelled(segment.text), segment.style, segment.control)
