"""What home has to read, as lines for a width: a config, a checkup, a run's report; may block."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path

from autodiff_engine.journal import read

from . import report
from .toned import Tone, Toned, line
from .view import RunView, reduce

Lines = Callable[[int], Iterable[Toned]]
"""What to read in so many cells."""
_MOST_LINES = 2000
_TONES: Mapping[str, Tone] = {"  +": "good", "  -": "muted"}
"""The tone of a report's line by how it begins."""


def fixed(lines: Sequence[Toned]) -> Lines:
    """Return lines that are the same in every width, cut to what a screen can hold."""
    more = len(lines) - _MOST_LINES
    rest = [line(f"… {more:,} more lines: autodiff-tui show has them all", "muted")] if more > 0 else []
    kept = [*lines[:_MOST_LINES], *rest]
    return lambda _: kept


def of_text(text: str) -> Lines:
    """Return a foreign text line by line."""
    return fixed([line(each) for each in text.splitlines()])


def of_run(folder: Path) -> Lines:
    """Return a run's report.

    Raises:
        StorageError: Its journal cannot be read.
    """
    view = RunView()
    for stamped in read(folder).standing:
        view = reduce(view, stamped)
    lines = chain.from_iterable(each.split("\n") for each in report.whole(view))
    return fixed([line(each, _TONES.get(each[:3], "plain")) for each in lines])
