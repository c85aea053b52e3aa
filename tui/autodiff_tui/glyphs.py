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
        **{"→": ">", "−": "-", "–": "-", "·": ".", "…": "~", "≤": "<", "×": "x", "±": "~", "␊": " "},
        **{"↑": "^", "↓": "v", "↗": "^", "↻": "@", "›": ">", "∇": "!", "∑": "S", "✎": "T", "⚠": "!"},
        **{"●": "*", "◐": "o", "◌": ".", "◍": "o", "‖": "=", "✓": "+", "■": "#", "✗": "x", "◆": "O", "◇": "o"},
        **dict.fromkeys("█▇▆▅▉▊▋▌▐▀", "#"),
        **dict.fromkeys("▄▃", "="),
        **dict.fromkeys("▂▁", "_"),
        **dict.fromkeys("─╌┄┈", "-"),
        **dict.fromkeys("━═", "="),
        **dict.fromkeys("│┃║╎▎▏▍▕", "|"),
    }
)
"""What stands for a sign on the screen: one character of one cell, so that nothing moves."""


def to_ascii(line: str) -> str:
    """Return ``line`` in ASCII: our own signs spelled, all else escaped."""
    return line.translate(_TABLE).encode("ascii", "backslashreplace").decode("ascii")


_TABLE = str.maketrans(dict(SPELLED))
