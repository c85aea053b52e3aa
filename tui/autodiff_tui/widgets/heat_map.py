"""Validation examples by accepted version: each score as a sign, and what was answered in place of what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

from rich.cells import cell_len
from textual.events import Resize
from textual.reactive import reactive

from autodiff_engine.events import ExampleScored
from autodiff_tui.format import counted, score
from autodiff_tui.safe import one_line
from autodiff_tui.view import RunView, Standing, by_example, examples_of

from .paint import BAD, GOOD, MUTED, PLAIN, STRONG, WARN, Line, Part, clip, fit, label
from .paint import width as line_width
from .row_list import Row, RowList

_CELL = 6
_NAME = 10, 18
"""Cells for the names of examples: at least, at most."""
_TREND = 21
_MOST_WORDS = 24
"""Characters of an answer, and of what was expected, beside a question."""
_MOST_MISTAKES = 3
"""Answers that are told for all that is wrong."""

Order = Literal["wrong", "changed", "given"]
ORDERS: Mapping[Order, str] = {
    "wrong": "what the best prompts get wrong first",
    "changed": "what got worse first, then what got better",
    "given": "in the order of the data",
}
"""The orders of the rows, in which a key goes through them, as a title says them."""

_Shown = tuple[tuple[Standing, ...], object, int, Order]
"""What the rows follow from: versions, inputs, width and order."""


class HeatMap(RowList):
    """One row an example, one column a version that was the best once; choosing an example shows its history."""

    empty_text = "comes with the first validation example: the start prompts are scored on the whole set first"

    view: reactive[RunView] = reactive(RunView, layout=False, repaint=False)
    order: reactive[Order] = reactive[Order]("wrong", layout=False, repaint=False)

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._shown: _Shown | None = None
        self._begun = False
        """Whether the cursor was put on an example once."""

    def watch_view(self, view: RunView) -> None:
        """Show new scores and versions."""
        self._show(view)

    def watch_order(self) -> None:
        """Arrange the rows anew, and begin at the first example again."""
        self._begun = False
        self._show(self.view)

    def on_resize(self, event: Resize) -> None:
        """Choose the versions that fit."""
        super().on_resize(event)
        self._show(self.view)

    def _show(self, view: RunView) -> None:
        known = self._shown
        now: _Shown = (view.standings, view.inputs, self.row_width, self.order)
        if known is None or known[0] is not now[0] or known[1] is not now[1] or known[2:] != now[2:]:
            self._shown = now
            rows = heat_rows(view, self.row_width, self.order)
            self.set_rows(rows, heat_header(view.standings, self.row_width) if rows else ())
        if self.rows and self.size.height and not self._begun:
            self._begun = True
            self.move_to(self.rows[min(1, len(self.rows) - 1)].key)


def name_cells(standings: tuple[Standing, ...]) -> int:
    """Return how many cells the names of the examples get, the gap after them included."""
    widest = max((cell_len(one_line(name, 80)) for name in examples_of(standings)), default=0)
    return max(_NAME[0], min(widest + 2, _NAME[1]))


def fitting(standings: tuple[Standing, ...], width: int) -> tuple[Standing, ...]:
    """Return the versions that have room: the start and the newest ones."""
    room = max(2, (width - name_cells(standings) - _TREND) // _CELL)
    return standings if len(standings) <= room else (standings[0], *standings[-(room - 1) :])


def heat_header(standings: tuple[Standing, ...], width: int) -> Line:
    """Return the line of versions; one in the middle that has no room is said to be left out."""
    shown = fitting(standings, width)
    left = len(standings) - len(shown)
    tail = f" {counted(left, 'version')} between not shown" if left else ""
    return (
        (fit("example", name_cells(standings)), MUTED),
        *((fit(each.key, _CELL), STRONG) for each in shown),
        (tail, MUTED),
    )


def ordered(standings: tuple[Standing, ...], order: Order) -> list[str]:
    """Return the ids of the examples in an order; those that are equal in it stay in that of the data.

    ``wrong``: by the score under the newest version that was scored on them, the lowest first. ``changed``: by how much
    that differs from the score under the start; then what changed and is as at first again, and last what never did.
    """
    scores: dict[str, list[float]] = {}
    for result in (each for standing in standings for each in by_example(standing).values()):
        scores.setdefault(result.example, []).append(result.score)
    examples = list(examples_of(standings))
    if order == "wrong":
        return sorted(examples, key=lambda name: scores[name][-1])
    if order == "changed":
        return sorted(examples, key=lambda name: _change(scores[name]))
    return examples


def _change(told: Sequence[float]) -> tuple[int, float]:
    gain = told[-1] - told[0]
    return (0 if gain < 0 else 1 if gain > 0 else 2 if len(set(told)) > 1 else 3), -abs(gain)


def heat_rows(view: RunView, width: int, order: Order = "given") -> list[Row]:
    """Return the means of the versions, and below them a row for each example, with what it asks where it fits."""
    standings = view.standings
    examples = ordered(standings, order)
    if not examples:
        return []
    shown, wide = fitting(standings, width), name_cells(standings)
    results = {each.key: by_example(each) for each in standings}
    means = tuple((fit(score(_mean(each)), _CELL), STRONG) for each in shown)
    newest = [told for told in (_newest(results, standings, example) for example in examples) if told is not None]
    start = wide + _CELL * len(shown) + _TREND
    wrong = " " * max(2, start - wide - _CELL * len(shown)), PLAIN
    rows = [Row("mean", clip(((fit("mean", wide), MUTED), *means, wrong, label(_mistakes(newest), BAD)), width))]
    for example in examples:
        history = [results[each.key].get(example) for each in standings]
        cells = tuple(cell(results[each.key].get(example)) for each in shown)
        name = fit(one_line(example, 80), wide - 1) + " "
        scores: Line = ((name, PLAIN), *cells, trend(standings, history))
        gap = max(2, start - line_width(scores))
        told = label(_mistake(_newest(results, standings, example)), BAD)
        question = (" " * gap, PLAIN), told, label(view.asks(example), MUTED)
        rows.append(Row(f"example {example}", clip((*scores, *question), width), example, search=view.asks(example)))
    return rows


def _newest(
    results: Mapping[str, Mapping[str, ExampleScored]], standings: Sequence[Standing], example: str
) -> ExampleScored | None:
    found = (results[each.key].get(example) for each in reversed(standings))
    return next((each for each in found if each is not None), None)


def _mistakes(newest: Sequence[ExampleScored]) -> str:
    """Return how many examples are not right, and what is answered there most often."""
    wrong = [each for each in newest if each.score < 1]
    answers = Counter(_answer(each) for each in wrong).most_common(_MOST_MISTAKES)
    often = "".join(f", {times} × {answer}" for answer, times in answers if times > 1)
    return f"{len(wrong)} of {len(newest)} not right{often}" if wrong else ""


def _mistake(result: ExampleScored | None) -> str:
    """Return what was answered in place of what; nothing where it was right, or nobody knows what is."""
    if result is None or result.score >= 1 or result.expected is None:
        return ""
    return f"{_answer(result)}, not {one_line(result.expected, _MOST_WORDS)} · "


def _answer(result: ExampleScored) -> str:
    return one_line(result.answer, _MOST_WORDS) if result.answer else "no answer"


def cell(result: ExampleScored | None) -> Part:
    """Return a score as a sign with a colour; not scored looks otherwise than failed."""
    if result is None:
        return fit("·", _CELL), MUTED
    if result.score >= 1:
        return fit("✓", _CELL), GOOD
    if result.score <= 0:
        return fit("✗", _CELL), BAD
    return fit(score(result.score).removeprefix("0"), _CELL), WARN


def trend(standings: Sequence[Standing], history: Sequence[ExampleScored | None]) -> Part:
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
    return f"{now} again since {since}", MUTED


def _mean(standing: Standing) -> float | None:
    scores = [result.score for result in standing.results]
    return sum(scores) / len(scores) if scores else None
