"""What changed between two texts: lines first, then words inside changed lines; long texts stay cheap."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

Kind = Literal["same", "added", "removed"]
_WORD = re.compile(r"\s+|\w+|[^\w\s]")
_WORDWISE_CHARS = 4000
"""Above this a changed block is shown whole: matching words is quadratic."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that is in both, only in the new, or only in the old text."""

    kind: Kind
    text: str


def diff(old: str, new: str) -> tuple[Piece, ...]:
    """Return pieces in reading order: without the added ones they spell ``old``, without the removed ones ``new``."""
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    pieces: list[Piece] = []
    for kind, a, b in _blocks(before, after):
        removed, added = "".join(a), "".join(b)
        if kind == "same":
            pieces.append(Piece("same", added))
        elif removed and added and len(removed) + len(added) < _WORDWISE_CHARS:
            pieces.extend(_words(removed, added))
        else:
            pieces.extend(_whole(removed, added))
    return tuple(_joined(pieces))


def changed_words(pieces: Sequence[Piece]) -> tuple[int, int]:
    """Return how many words were added and how many removed."""
    added = sum(len(piece.text.split()) for piece in pieces if piece.kind == "added")
    return added, sum(len(piece.text.split()) for piece in pieces if piece.kind == "removed")


def _blocks(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[str, Sequence[str], Sequence[str]]]:
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, a1, a2, b1, b2 in matcher.get_opcodes():
        yield ("same" if tag == "equal" else "changed"), before[a1:a2], after[b1:b2]


def _words(old: str, new: str) -> list[Piece]:
    pieces: list[Piece] = []
    for kind, a, b in _blocks(_WORD.findall(old), _WORD.findall(new)):
        removed, added = "".join(a), "".join(b)
        pieces.extend([Piece("same", added)] if kind == "same" else _whole(removed, added))
    return pieces


def _whole(removed: str, added: str) -> list[Piece]:
    pieces = [Piece("removed", removed), Piece("added", added)]
    return [piece for piece in pieces if piece.text]


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    """Merge neighbouring changes, and the lone spaces between them, into one removal and one addition."""
    joined: list[Piece] = []
    removed = added = ""
    for index, piece in enumerate(pieces):
        changes_follow = index + 1 < len(pieces) and pieces[index + 1].kind != "same"
        if piece.kind == "removed":
            removed += piece.text
        elif piece.kind == "added":
            added += piece.text
        elif piece.text.isspace() and "\n" not in piece.text and (removed or added) and changes_follow:
            removed, added = removed + piece.text, added + piece.text
        else:
            joined.extend((*_whole(removed, added), piece))
            removed = added = ""
    return [*joined, *_whole(removed, added)]
