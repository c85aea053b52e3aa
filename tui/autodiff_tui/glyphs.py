"""Our signs in ASCII: spelled out in lines of text, sign by sign where every cell of a screen has its place."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

SPELLED: Mapping[str, str] = MappingProxyType(
    {"→": "->", "−": "-", "–": "-", "·": "|", "…": "...", "≤": "<=", "×": "x", "±": "+/-", "␊": " "}
)
"""What stands for a sign in a line, in as many characters as it takes."""

CELLS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys("─┈▔▁", "-"),
        **dict.fromkeys("━═", "="),
        **dict.fromkeys("│┃║▎▏▕", "|"),
        **dict.fromkeys("╭╮╰╯┌┐└┘├┤┬┴┼╔╗╚╝┏┓┗┛", "+"),
        **dict.fromkeys("●■█▇▆▅", "#"),
        **dict.fromkeys("▄▃▂▀", "="),
        **dict(zip("◐◌◍○·•◆◇✎✓✗", "oooo.*@%*+x", strict=True)),
        **dict(zip("⊘∅‖∑ƒ∇↗↻→←↑↓›", '/0"Sfg^@><^v>', strict=True)),
        **dict(zip("…–—−×≈≤≥⚠", "~---x~<>!", strict=True)),
        **{"“": '"', "”": '"', "‘": "'", "’": "'", "\u2420": " ", "\u241b": "^", "\u00a0": " "},
        **{"±": "~", "␊": " "},
        **dict.fromkeys("▉▊▋▌▐", "#"),
        **dict.fromkeys("╌┄┈", "-"),
        **dict.fromkeys("╎▍", "|"),
        "🔎": "> ",  # the palette's, two cells wide
    }
)
"""What stands for a sign on the screen, in as many cells, so that nothing moves."""


def to_ascii(line: str) -> str:
    """Return ``line`` in ASCII: our own signs spelled, all else escaped."""
    return line.translate(_TABLE).encode("ascii", "backslashreplace").decode("ascii")


_TABLE = str.maketrans(dict(SPELLED))
