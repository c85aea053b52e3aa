"""What changed between two texts as two columns, the old one left: what is in both stands beside itself; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from autodiff_tui.diffing import Kind, Piece

from .paint import ADDED, MUTED, PLAIN, REMOVED, Line, Part, clip, width, wrapped_line

SCREEN = 140
"""Cells of a terminal from which on two columns are shown; below, one text with both."""
ROOM = 80
"""Cells that two columns need: a pane of a wide terminal may be narrow."""
_GAP: Part = (" │ ", MUTED)
_MARKS: dict[Kind, tuple[str, str, str]] = {
    "same": ("", "", PLAIN), "removed": ("[-", "-]", REMOVED), "added": ("{+", "+}", ADDED),
}  # fmt: skip


def fits(screen: int, room: int) -> bool:
    """Return whether a terminal of ``screen`` cells with ``room`` for the diff shows two columns."""
    return screen >= SCREEN and room >= ROOM


def heading(old: str, new: str, cells: int) -> Line:
    """Return what stands above the columns."""
    column = _column(cells)
    return _beside(clip(((old, MUTED),), column), clip(((new, MUTED),), column), column)


def columns(pieces: Sequence[Piece], cells: int) -> Iterator[Line]:
    """Return ``pieces`` in two columns, together at most ``cells`` wide; a line that was not changed is level."""
    column = _column(cells)
    for left, right in _blocks(pieces):
        pairs = zip_longest(_wrapped(left, column), _wrapped(right, column), fillvalue=())
        yield from (_beside(before, after, column) for before, after in pairs)


def _column(cells: int) -> int:
    return max(8, (cells - len(_GAP[0])) // 2)


def _beside(left: Line, right: Line, column: int) -> Line:
    return (*left, (" " * max(0, column - width(left)), PLAIN), _GAP, *right)


def _wrapped(lines: Sequence[Line], cells: int) -> list[Line]:
    return [piece for line in lines for piece in wrapped_line(line, cells)]


class _Side:
    """The lines of one column since both were level last; the last one is still being written."""

    def __init__(self) -> None:
        self._lines: list[list[Part]] = [[]]

    @property
    def at_start(self) -> bool:
        return not self._lines[-1]

    def write(self, piece: Piece) -> None:
        """Take in a change, which may hold several lines."""
        opening, closing, style = _MARKS[piece.kind]
        for number, text in enumerate(piece.text.split("\n")):
            if number:
                self._lines.append([])
            if text:
                self._lines[-1].append((f"{opening}{text.expandtabs(4)}{closing}", style))

    def taken(self, *, whole: bool) -> list[Line]:
        """Return the lines, the last one only if the ``whole`` is wanted, and begin anew."""
        lines = [tuple(line) for line in (self._lines if whole else self._lines[:-1])]
        self._lines = [[]]
        return lines


def _blocks(pieces: Sequence[Piece]) -> Iterator[tuple[list[Line], list[Line]]]:
    """Return what stands side by side: blocks that begin and end at lines of both texts."""
    old, new = _Side(), _Side()
    for piece in pieces:
        if piece.kind == "removed":
            old.write(piece)
            continue
        if piece.kind == "added":
            new.write(piece)
            continue
        if old.at_start and new.at_start:
            yield old.taken(whole=False), new.taken(whole=False)
        for number, text in enumerate(piece.text.split("\n")):
            if number:
                yield old.taken(whole=True), new.taken(whole=True)
            for side in (old, new):
                side.write(Piece("same", text))
    yield old.taken(whole=True), new.taken(whole=True)
