"""Which columns the map of examples shows in a width: whole ones or none, what matters most first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from autodiff_engine.events import ExampleScored
from autodiff_tui.safe import one_line
from autodiff_tui.view import Standing, by_example, examples_of

from .paint import BAD, GOOD, MUTED, Part, cut, words_that_fit

CELL = 6
_NAME = 10, 18
"""Cells for the names of examples, the gap after them included: at least, at most."""
_NARROW = 64
_SHORT_NAME = 9, 12
"""The same in a map of fewer cells than that; of a longer name the beginning and the end are shown."""
_TREND = {False: 21, True: 17}
"""Cells for how the score of an example went: in full, and short."""
_ANSWER = 24, 12
"""Cells of an answer, and of what was expected: with room, and with little."""

_FORMS = ((0, False), (1, False), (0, True), (1, True), (1, None), (None, True), (None, None))
"""What is tried after the names and two versions: which length of answers, and whether the trend is short; None: none.

What was answered in place of what says more than since when it is so, and both say more than a version in the middle.
"""

Results = Mapping[str, Mapping[str, ExampleScored]]
"""Scored examples by version and example."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What is shown: cells for a name, the versions, cells for the trend, for an answer, and for the rest.

    ``short`` says that trends are told in fewer words. 0 is a column that is left out.
    """

    name: int
    versions: tuple[Standing, ...]
    trend: int
    short: bool
    answer: int
    rest: int


def columns(standings: tuple[Standing, ...], width: int) -> Columns:
    """Return the columns for ``standings``, at least one: the start and the newest one are always among them."""
    examples = examples_of(standings)
    name = _name_cells(examples, width)
    results = results_of(standings)
    newest = [told for told in (newest_of(results, standings, example) for example in examples) if told is not None]
    must = min(2, len(standings))
    room = width - name - CELL * must
    told = [_widest((mistake(each, cells) for each in newest), gap=2) for cells in _ANSWER]
    histories = [[results[each.key].get(example) for each in standings] for example in examples]
    trends = {
        short: max(least, _widest((trend(standings, each, short=short)[0] for each in histories), gap=1))
        for short, least in _TREND.items()
    }
    for answer, short in _FORMS:
        left = room - (told[answer] if answer is not None else 0) - (trends[short] if short is not None else 0)
        if left >= 0:
            break
    else:
        answer, short, left = None, None, max(0, room)
    more = min(len(standings) - must, left // CELL)
    shown = (
        standings if more + must == len(standings) else (standings[0], *standings[len(standings) - must - more + 1 :])
    )
    trend_cells = trends[short] if short is not None else 0
    rest = max(0, width - name - CELL * len(shown) - trend_cells)
    return Columns(name, shown, trend_cells, bool(short), _ANSWER[answer] if answer is not None else 0, rest)


def _name_cells(examples: Iterable[str], width: int) -> int:
    least, most = _SHORT_NAME if width < _NARROW else _NAME
    return max(least, min(_widest((one_line(name, 80) for name in examples), gap=2), most))


def _widest(texts: Iterable[str], *, gap: int) -> int:
    cells = max((cell_len(text) for text in texts), default=0)
    return cells + gap if cells else 0


def results_of(standings: Iterable[Standing]) -> Results:
    """Return what each version scored."""
    return {each.key: by_example(each) for each in standings}


def newest_of(results: Results, standings: Sequence[Standing], example: str) -> ExampleScored | None:
    """Return how the newest version that was scored on ``example`` did on it."""
    found = (results[each.key].get(example) for each in reversed(standings))
    return next((each for each in found if each is not None), None)


def mistake(result: ExampleScored | None, cells: int) -> str:
    """Return what was answered in place of what, each in ``cells``; nothing where it was right or 0 are left."""
    if result is None or result.score >= 1 or result.expected is None or not cells:
        return ""
    return f"{answer_of(result, cells)}, not {_words(result.expected, cells)}"


def answer_of(result: ExampleScored, cells: int = _ANSWER[0]) -> str:
    """Return the beginning of an answer."""
    return _words(result.answer, cells) if result.answer else "no answer"


def _words(text: str, cells: int) -> str:
    """Return the words of a foreign text that fit; a first one that does not is cut."""
    flat = one_line(text, 400)
    return words_that_fit(flat, cells) or cut(flat, cells)


def trend(standings: Sequence[Standing], history: Sequence[ExampleScored | None], *, short: bool = False) -> Part:
    """Return in words how the score of an example went, and since which version it is as it is now."""
    known = [(each.key, result.score) for each, result in zip(standings, history, strict=True) if result is not None]
    if not known:
        return "not scored", MUTED
    first, last = known[0][1], known[-1][1]
    since = next((known[n][0] for n in range(len(known) - 1, 0, -1) if known[n][1] != known[n - 1][1]), "")
    now = "right" if last >= 1 else "wrong" if last <= 0 else "in part"
    if not since:
        return now, MUTED
    if last > first:
        return f"better since {since}", GOOD
    if last < first:
        return f"worse since {since}", BAD
    return f"{now} since {since}" if short else f"{now} again since {since}", MUTED


def lines_of(pieces: Sequence[str], cells: int) -> list[str]:
    """Return ``pieces`` joined by commas, on as many lines of ``cells`` as they need; a piece is never divided."""
    lines = [""]
    for piece in pieces:
        joined = f"{lines[-1]}, {piece}" if lines[-1] else piece
        if cell_len(joined) <= cells or not lines[-1]:
            lines[-1] = joined
        else:
            lines.append(piece)
    return lines
