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

from .heat_columns import (
    CELL,
    Columns,
    answer_of,
    columns,
    lines_of,
    mistake,
    newest_of,
    results_of,
    trend,
)
from .paint import BAD, GOOD, MUTED, PLAIN, STRONG, WARN, Line, Part, clip, fit, inner_cut, longest, words_that_fit
from .paint import width as line_width
from .row_list import Row, RowList

_MOST_MISTAKES = 3
"""Answers that are told for all that is wrong."""

Order = Literal["wrong", "changed", "given"]
ORDERS: Mapping[Order, str] = {
    "wrong": "what the best prompts get wrong first",
    "changed": "what got worse first, then what got better",
    "given": "in the order of the data",
}
"""The orders of the rows, in which a key goes through them, as a title says them."""

_NOT_SCORED = "the run ended before a validation example was scored"

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
        self.say_empty(_NOT_SCORED if view.finished is not None else HeatMap.empty_text)
        known = self._shown
        now: _Shown = (view.standings, view.inputs, self.row_width, self.order)
        if known is None or known[0] is not now[0] or known[1] is not now[1] or known[2:] != now[2:]:
            self._shown = now
            rows = heat_rows(view, self.row_width, self.order)
            self.set_rows(rows, heat_header(view.standings, self.row_width) if rows else ())
        if self.rows and self.size.height and not self._begun:
            self._begun = True
            self.move_to(next((row.key for row in self.rows if row.target), self.rows[0].key))


def heat_header(standings: tuple[Standing, ...], width: int) -> Line:
    """Return the line of versions; one in the middle that has no room is said to be left out."""
    shown = columns(standings, width)
    left = len(standings) - len(shown.versions)
    said = (f"{counted(left, 'version')} between not shown", f"+{left} between", f"+{left}") if left else ("",)
    tail = longest(said, shown.trend + shown.rest)
    return (
        (fit("example", shown.name), MUTED),
        *((fit(each.key, CELL), STRONG) for each in shown.versions),
        (tail if cell_len(tail) <= shown.trend + shown.rest else "", MUTED),
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
    shown, results = columns(standings, width), results_of(standings)
    newest = {example: newest_of(results, standings, example) for example in examples}
    rows = _summary([each for each in newest.values() if each is not None], shown, width)
    for example in examples:
        history = [results[each.key].get(example) for each in standings]
        cells = tuple(cell(results[each.key].get(example)) for each in shown.versions)
        name = fit(inner_cut(one_line(example, 80), shown.name - 1), shown.name)
        told, style = trend(standings, history, short=shown.short) if shown.trend else ("", PLAIN)
        wrong = mistake(newest[example], shown.answer)
        asks = one_line(view.asks(example), 400)
        gap = " · " if wrong else ""
        question = words_that_fit(asks, shown.rest - cell_len(wrong + gap))
        line: Line = (
            (name, PLAIN),
            *cells,
            (fit(told, shown.trend), style),
            (wrong, BAD),
            (gap + question if question else "", MUTED),
        )
        rows.append(Row(f"example {example}", clip(line, width), example, search=f"{example} {view.asks(example)}"))
    return rows


def _summary(newest: Sequence[ExampleScored], shown: Columns, width: int) -> list[Row]:
    """Return the means, with what is answered wrongly behind them where all of it fits, else on lines of its own."""
    means = tuple((fit(score(_mean(each)), CELL), STRONG) for each in shown.versions)
    line: Line = ((fit("mean", shown.name), MUTED), *means)
    pieces = _mistakes(newest)
    beside = width - line_width(line) - shown.trend
    if cell_len(", ".join(pieces)) <= beside:
        return [Row("mean", (*line, (" " * shown.trend, PLAIN), (", ".join(pieces), BAD)))]
    told = lines_of(pieces, width - shown.name)
    indent = (" " * shown.name, PLAIN)
    return [Row("mean", line), *(Row(f"mean {n}", clip((indent, (each, BAD)), width)) for n, each in enumerate(told))]


def _mistakes(newest: Sequence[ExampleScored]) -> list[str]:
    """Return how many examples are not right, and what is answered there most often."""
    wrong = [each for each in newest if each.score < 1]
    answers = Counter(answer_of(each) for each in wrong).most_common(_MOST_MISTAKES)
    often = [f"{times} × {answer}" for answer, times in answers if times > 1]
    return [f"{len(wrong)} of {len(newest)} not right", *often] if wrong else []


def cell(result: ExampleScored | None) -> Part:
    """Return a score as a sign with a colour; not scored looks otherwise than failed."""
    if result is None:
        return fit("·", CELL), MUTED
    if result.score >= 1:
        return fit("✓", CELL), GOOD
    if result.score <= 0:
        return fit("✗", CELL), BAD
    return fit(score(result.score).removeprefix("0"), CELL), WARN


def _mean(standing: Standing) -> float | None:
    scores = [result.score for result in standing.results]
    return sum(scores) / len(scores) if scores else None
