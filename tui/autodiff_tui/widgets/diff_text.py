"""What changed between two texts, to read: signs around the words say it without colour; one text or two columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from autodiff_tui.diffing import Kind, Piece, changed_words, diff
from autodiff_tui.safe import block

from .paint import ADDED, MUTED, PLAIN, REMOVED, Line, Part, wrapped_line
from .side_by_side import columns, heading

_MOST_PIECES = 4000
_BRACKETS: dict[Kind, tuple[str, str, str]] = {
    "same": ("", "", PLAIN),
    "added": ("{+", "+}", ADDED),
    "removed": ("[-", "-]", REMOVED),
}
LEGEND: Line = (("[-removed-]", REMOVED), (" ", PLAIN), ("{+added+}", ADDED))


def diff_lines(
    old: str, new: str, width: int, *, beside: bool = False, names: tuple[str, str] = ("before", "after")
) -> tuple[tuple[Line, ...], tuple[int, int]]:
    """Return the diff of two raw texts in ``width`` cells, and how many words were added and removed.

    ``beside``: in two columns called ``names``, else as one text; with what explains its signs in the first line.
    """
    pieces = diff(block(old).text, block(new).text)
    if beside:
        told = columns(pieces[:_MOST_PIECES], width)
        lines = [heading(f"{names[0]}: [-removed-]", f"{names[1]}: {{+added+}}", width), *told, *_rest(pieces)]
    else:
        told = (part for line in _spelled(pieces[:_MOST_PIECES]) for part in wrapped_line(_without_tabs(line), width))
        lines = [LEGEND, *told, *_rest(pieces)]
    return tuple(lines), changed_words(pieces)


def is_change(line: Line) -> bool:
    """Whether a change begins or goes on in ``line`` of a diff; the legend has the styles of changes and is none."""
    return line != LEGEND and any(style in (ADDED, REMOVED) for _, style in line)


def changes(lines: Sequence[Line]) -> tuple[int, ...]:
    """Return the indices of the lines where a change begins: neighbouring lines of changes are one."""
    return tuple(
        index for index, line in enumerate(lines) if is_change(line) and (index == 0 or not is_change(lines[index - 1]))
    )


def _without_tabs(line: Line) -> Line:
    return tuple((text.expandtabs(4), style) for text, style in line)


def _spelled(pieces: tuple[Piece, ...]) -> Iterator[Line]:
    line: list[Part] = []
    for piece in pieces:
        opening, closing, style = _BRACKETS[piece.kind]
        for number, text in enumerate(piece.text.split("\n")):
            if number:
                yield tuple(line)
                line = []
            if text:
                line.append((f"{opening}{text}{closing}", style))
    yield tuple(line)


def _rest(pieces: tuple[Piece, ...]) -> Iterator[Line]:
    if len(pieces) > _MOST_PIECES:
        yield ((f"… {len(pieces) - _MOST_PIECES:,} more changes", MUTED),)
