"""Titles and foreign text as lines; pure."""

from __future__ import annotations

from collections.abc import Iterator

from autodiff_tui.safe import Shown

from .paint import MUTED, PLAIN, STRONG, WARN, Line, wrapped


def title(name: str, about: str = "") -> Line:
    """Return a heading with what is said beside it; both must be safe."""
    return (name, STRONG), (f"  {about}" if about else "", MUTED)


def foreign(shown: Shown, width: int, indent: str = "", style: str = PLAIN) -> Iterator[Line]:
    """Return a foreign text wrapped to ``width`` cells, after a warning when characters of it were hidden."""
    if shown.warning:
        yield ((f"{indent}{shown.warning}", WARN),)
    for line in shown.text.split("\n"):
        for piece in wrapped(line.expandtabs(4), width - len(indent)):
            yield ((f"{indent}{piece}", style),)
