"""Scores by step in a fixed range from 0 to 1: minibatch bars and validation diamonds, never one series."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive

from autodiff_tui.format import score
from autodiff_tui.view import Point, RunView, Scores

from .paint import ACCENT, GOOD, MUTED, WARN, Line, Part, longest
from .painted import Painted

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_AXIS = 4


_FORMS = (
    ("minibatch ", "validation ", True), ("mini ", "validation ", True), ("mini ", "val ", True), ("", "val ", True),
    ("", "", True), ("", "", False),
)  # fmt: skip
"""How the series are named where there is less and less room; whether n is in brackets."""


class ScoreChart(Painted, can_focus=True):
    """Bars: the incumbent on each step's minibatch. ◆: accepted on the whole validation set; ◇: judged there, lost.

    A step without a measurement is a gap; a score of 0 is an underscore.
    """

    view: reactive[RunView] = reactive(RunView, layout=False, repaint=False)
    _titles: tuple[str, str] = ("", "")

    def watch_view(self) -> None:
        """Draw what is new."""
        self.repaint()

    def picture(self, width: int, height: int) -> tuple[Line, ...]:
        """Return the chart and name the pane."""
        scores = self.view.scores
        self._caption(scores, width)
        if not scores.minibatch and not scores.validation:
            ended = self.view.finished is not None
            return ((("the run ended before anything was scored" if ended else "come with the first step", MUTED),),)
        return chart(scores, width, height, max_steps=self.view.max_steps)

    def _caption(self, scores: Scores, width: int) -> None:
        titles = ("4 Scores", longest((_keys(scores, *form) for form in _FORMS), width - 2))
        if titles != self._titles:
            self._titles = titles
            self.border_title, self.border_subtitle = Content(titles[0]), Content(titles[1])


def _keys(scores: Scores, minibatch: str, validation: str, brackets: bool) -> str:
    """Return the newest of each series with its sign, its name and its n."""
    told = (("█", minibatch, scores.minibatch[-1] if scores.minibatch else None), ("◆", validation, scores.best))
    keys = " · ".join(f"{sign} {name}{_value(point)}" for sign, name, point in told if point is not None)
    return keys if brackets else keys.replace("(", "").replace(")", "")


def _value(point: Point) -> str:
    return score(point.mean, point.n)


def chart(scores: Scores, width: int, height: int, *, max_steps: int) -> tuple[Line, ...]:
    """Return ``height`` lines: a plot with its axis, and the step numbers below; pure.

    More steps than columns: the newest are shown.
    """
    room, rows = max(1, width - _AXIS), max(1, height - 1)
    newest = max(series[-1].step for series in (scores.minibatch, scores.validation, scores.refused) if series)
    steps = max(max_steps, newest) + 1
    start, pitch = _pitch(room, steps - 1)
    first = max(0, newest + 1 - room) if steps > room else 0
    shown = range(first, min(steps, first + room))
    columns = {step: start + (column - 1) * pitch if column else 0 for column, step in enumerate(shown)}
    cells: list[list[Part]] = [[(" ", "")] * room for _ in range(rows)]
    _draw_best(cells, scores, columns, pitch)
    for point in scores.minibatch:
        if point.step in columns:
            _draw_bar(cells, point.mean, columns[point.step], max(1, pitch - 1))
    for glyph, style, points in (("◇", WARN, scores.refused), ("◆", ACCENT, scores.validation)):
        for point in points:
            if point.step in columns:
                _put(cells, point.mean, _diamond(columns, point.step, pitch), (glyph, style))
    axis = [_axis(row, rows) for row in range(rows)]
    return (*((label, *_merged(line)) for label, line in zip(axis, cells, strict=True)), _steps(columns, pitch))


def _pitch(room: int, steps: int) -> tuple[int, int]:
    """Return the cells of step 0, which has no minibatch, and of each step after it."""
    pitch = max(1, min(5, (room - 1) // max(1, steps)))
    if pitch > 2:
        pitch = max(2, min(pitch, (room - 2) // max(1, steps)))
    return (2 if pitch > 1 and 2 + steps * pitch <= room else 1), pitch


def _diamond(columns: dict[int, int], step: int, pitch: int) -> int:
    """Beside the bar where there is room, so that neither hides the other."""
    return columns[step] if columns[step] == 0 else columns[step] + pitch - 1


def _axis(row: int, rows: int) -> Part:
    label = "1.0" if row == 0 else "0.0" if row == rows - 1 else "0.5" if row == rows // 2 and rows > 4 else ""
    return f"{label:>3}{'┤' if label else '│'}", MUTED


def _row_of(value: float, rows: int) -> int:
    return rows - 1 - min(rows - 1, int(_within(value) * rows))


def _within(value: float) -> float:
    """Return a score as one in [0, 1], whatever a journal from elsewhere says."""
    return min(1.0, max(0.0, value))


def _put(cells: list[list[Part]], value: float, column: int, part: Part) -> None:
    if column < len(cells[0]):
        cells[_row_of(value, len(cells))][column] = part


def _draw_bar(cells: list[list[Part]], value: float, column: int, width: int) -> None:
    rows = len(cells)
    eighths = round(_within(value) * rows * 8)
    for row in range(rows):
        filled = min(8, max(0, eighths - row * 8))
        glyph = "_" if row == 0 and eighths == 0 else _EIGHTHS[filled]
        if glyph != " ":
            for offset in range(min(width, len(cells[0]) - column)):
                cells[rows - 1 - row][column + offset] = (glyph, "$primary")


def _draw_best(cells: list[list[Part]], scores: Scores, columns: dict[int, int], pitch: int) -> None:
    """Dot the height of the incumbent's validation score from where it was accepted to where it was beaten."""
    points = list(scores.validation)
    for index, point in enumerate(points):
        until = points[index + 1].step if index + 1 < len(points) else max(columns, default=0) + 1
        for step in [step for step in columns if point.step <= step < until]:
            for offset in range(columns.get(step + 1, columns[step] + pitch) - columns[step]):
                _put(cells, point.mean, columns[step] + offset, ("┈", GOOD))


def _merged(cells: list[Part]) -> Line:
    """Join neighbours of one style: a line of few parts is cheap to compare and to render."""
    merged: list[Part] = []
    for text, style in cells:
        if merged and merged[-1][1] == style:
            merged[-1] = (merged[-1][0] + text, style)
        else:
            merged.append((text, style))
    return tuple(merged)


def _steps(columns: dict[int, int], pitch: int) -> Line:
    """Number every so many steps that the numbers stay apart."""
    widest = len(str(max(columns, default=0))) + 1
    every = next(n for n in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10**9) if n * pitch >= widest)
    text = ""
    for step, column in columns.items():
        if step % every == 0 and len(text) <= column:
            text = text.ljust(column) + str(step)
    return (" " * _AXIS + text, MUTED), (" step", MUTED)
