"""Lines of text whose parts have a tone: plain output spells the tones, the app paints them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from .diffing import Piece
from .safe import block, one_line

Tone = Literal["plain", "strong", "muted", "good", "bad", "warn", "added", "removed"]
Toned = tuple[tuple[str, Tone], ...]

_SPELLED: dict[Tone, tuple[str, str]] = {"added": ("{+", "+}"), "removed": ("[-", "-]")}
"""What stands around a part in plain output, where the app has colours and strokes."""
_MOST_CHARS = 20_000


def line(text: str, tone: Tone = "plain") -> Toned:
    """Return foreign ``text`` as one line of one tone."""
    return ((one_line(text), tone),)


def spelled(toned: Toned) -> str:
    """Return a line as plain text, fit for a terminal."""
    return one_line("".join(_around(text, tone) for text, tone in toned), 100_000)


def diff_lines(pieces: Iterable[Piece], indent: str = "  ") -> Iterator[Toned]:
    """Return a diff as lines, what was added and removed in its tone; cut after 20,000 characters, and said so."""
    parts: list[tuple[str, Tone]] = [(indent, "plain")]
    used = 0
    for piece in pieces:
        shown = block(piece.text, max_chars=max(0, _MOST_CHARS - used)).text
        used += len(piece.text)
        first, *rest = shown.split("\n")
        if first:
            parts.append((first, _tone(piece)))
        for text in rest:
            yield tuple(parts)
            parts = [(indent, "plain")]
            if text:
                parts.append((text, _tone(piece)))
        if used >= _MOST_CHARS:
            break
    yield tuple(parts)


def columns(rows: Sequence[Sequence[str]], tones: Sequence[Tone] = (), widest: int = 46) -> Iterator[Toned]:
    """Return rows as aligned columns, cells of at most ``widest`` characters; the last column keeps its length."""
    cells = [[*(one_line(cell, widest) for cell in row[:-1]), *(one_line(cell) for cell in row[-1:])] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = [cell.ljust(width) for cell, width in zip(row[:-1], widths[:-1], strict=True)] + row[-1:]
        yield tuple(
            (f"{cell}  " if place < len(row) - 1 else cell, tones[place] if place < len(tones) else "plain")
            for place, cell in enumerate(padded)
        )


def _tone(piece: Piece) -> Tone:
    return "plain" if piece.kind == "same" else piece.kind


def _around(text: str, tone: Tone) -> str:
    before, after = _SPELLED.get(tone, ("", ""))
    return f"{before}{text}{after}" if text.strip() or not before else text
