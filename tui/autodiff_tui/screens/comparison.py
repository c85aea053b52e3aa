"""Two runs compared, as a page: numbers beside each other, and their texts, too, where the width allows it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from autodiff_tui import comparing
from autodiff_tui.safe import block, one_line
from autodiff_tui.widgets.diff_text import diff_lines
from autodiff_tui.widgets.paint import MUTED, STRONG, Line
from autodiff_tui.widgets.side_by_side import ROOM

from .home_pages import Draw, page


def comparison(left: Path, right: Path) -> Draw:
    """Read two runs, and return what paints them compared; costs as much as reading both journals.

    Raises:
        ConfigError, StorageError: As ``comparing.compare``.
    """
    compared = comparing.compare(left, right)
    numbers = page(lambda width: comparing.numbers(compared, width))
    return lambda width: (*numbers(width), *(line for pair in compared.texts for line in _text(pair, width)))


def _text(pair: comparing.TextPair, width: int) -> Iterator[Line]:
    yield ()
    name = f"text {one_line(pair.name, 60)}"
    if pair.left == pair.right:
        yield ((f"{name}: equal", STRONG),)
        yield from (((row, MUTED),) for row in block(pair.left or "").text.split("\n"))
        return
    lines, (added, removed) = diff_lines(
        pair.left or "", pair.right or "", width, beside=width >= ROOM, names=("left", "right")
    )
    only = (
        "" if None not in (pair.left, pair.right) else f", only in the {'right' if pair.left is None else 'left'} run"
    )
    yield ((f"{name}: left → right, +{added} −{removed} words{only}", STRONG),)
    yield from lines
