"""Scores by step, from 0 to 1, as places in a drawing: minibatch bars and validation diamonds, never one series."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from autodiff_tui.format import score
from autodiff_tui.view import Point, RunView, Scores

_HEIGHT, _TOP, _LEFT, _BOTTOM = 260, 14, 44, 34
_WIDTH, _NARROWEST = 720, 14
"""All steps fit ``_WIDTH`` unless a step would get less than ``_NARROWEST``."""
_MOST_STEPS = 1000
_DIAMOND = 6
_TICKS = (1, 0.75, 0.5, 0.25, 0)


@dataclass(frozen=True, slots=True)
class Label:
    """A text at a place: of the vertical axis, where it is also a line, or below a step."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Bar:
    """The incumbent on a step's minibatch; ``title`` says the numbers."""

    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True, slots=True)
class Diamond:
    """A whole validation set: accepted, or judged there and lost; ``points`` is its outline."""

    points: str
    accepted: bool
    title: str


@dataclass(frozen=True, slots=True)
class Whisker:
    """The 95 % interval of a validation mean."""

    x: float
    low: float
    high: float
    title: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The drawing; ``best`` is the path of the best validation mean over the steps, ``summary`` what it shows."""

    width: int
    height: int
    left: float
    right: float
    bottom: float
    summary: str
    axis: tuple[Label, ...]
    steps: tuple[Label, ...]
    bars: tuple[Bar, ...]
    diamonds: tuple[Diamond, ...]
    whiskers: tuple[Whisker, ...]
    best: str


@dataclass(frozen=True, slots=True)
class _Scale:
    first: int
    last: int
    pitch: float

    def x(self, step: int) -> float:
        return round(_LEFT + (step - self.first + 0.5) * self.pitch, 1)

    def y(self, value: float) -> float:
        return round(_TOP + (1 - value) * (_HEIGHT - _TOP - _BOTTOM), 1)

    def shows(self, step: int) -> bool:
        return self.first <= step <= self.last

    @property
    def right(self) -> float:
        return round(_LEFT + (self.last - self.first + 1) * self.pitch, 1)


def chart_of(view: RunView) -> Chart | None:
    """Return the chart, None before anything was scored; of more than a thousand steps the newest are shown."""
    scores = view.scores
    series = [each for each in (scores.minibatch, scores.validation, scores.refused) if each]
    if not series:
        return None
    newest = max(each[-1].step for each in series)
    last = min(max(view.max_steps, newest), newest + _MOST_STEPS // 2)
    first = max(0, last + 1 - _MOST_STEPS)
    steps = last + 1 - first
    scale = _Scale(first, last, max(_NARROWEST, (_WIDTH - _LEFT - 10) / steps))
    return Chart(
        round(scale.right + 10), _HEIGHT, _LEFT, scale.right, scale.y(0), _summary(scores),
        tuple(Label(_LEFT - 6, scale.y(at), f"{at:g}") for at in _TICKS),
        tuple(_step_labels(scale)), tuple(_bars(scores, scale)), tuple(_diamonds(scores, scale)),
        tuple(_whiskers(view, scale)), _best(scores, scale),
    )  # fmt: skip


def _summary(scores: Scores) -> str:
    parts = [f"The incumbent's mean on {len(scores.minibatch)} minibatches"] if scores.minibatch else []
    if scores.start is not None and scores.best is not None:
        start, best = score(scores.start.mean, scores.start.n), score(scores.best.mean, scores.best.n)
        parts.append(f"validation from {start} to {best}")
    parts.append(f"{len(scores.refused)} proposals judged on the whole validation set and not accepted")
    return "; ".join(parts)


def _step_labels(scale: _Scale) -> Iterator[Label]:
    room = 8 * (len(str(scale.last)) + 1)
    every = next(n for n in (1, 2, 5, 10, 20, 50, 100) if n * scale.pitch >= room)
    for step in range(scale.first, scale.last + 1):
        if step % every == 0:
            yield Label(scale.x(step), scale.y(0) + 16, str(step))


def _bars(scores: Scores, scale: _Scale) -> Iterator[Bar]:
    width = round(min(26.0, scale.pitch * 0.5), 1)
    for point in scores.minibatch:
        if scale.shows(point.step):
            top = min(scale.y(point.mean), scale.y(0) - 1.5)  # a score of 0 is a line, no score is nothing
            title = f"step {point.step}: minibatch {score(point.mean, point.n)}"
            yield Bar(round(scale.x(point.step) - width / 2, 1), top, width, round(scale.y(0) - top, 1), title)


def _diamonds(scores: Scores, scale: _Scale) -> Iterator[Diamond]:
    told = [(point, False) for point in scores.refused] + [(point, True) for point in scores.validation]
    for point, accepted in told:
        if scale.shows(point.step):
            yield Diamond(_diamond(point, scale), accepted, _said(point, accepted))


def _said(point: Point, accepted: bool) -> str:
    what = "the best prompts" if accepted else "not accepted"
    return f"step {point.step}: validation {score(point.mean, point.n)}, {what if point.step else 'the start prompts'}"


def _diamond(point: Point, scale: _Scale) -> str:
    x, y = scale.x(point.step), scale.y(point.mean)
    corners = ((x, y - _DIAMOND), (x + _DIAMOND, y), (x, y + _DIAMOND), (x - _DIAMOND, y))
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in corners)


def _whiskers(view: RunView, scale: _Scale) -> Iterator[Whisker]:
    """The interval of the start prompts, and of the best ones where they are others."""
    for which, point in (("start", view.scores.start), ("best", view.scores.best)):
        told = view.scores.bounds.get((which, "val"))
        if told is None or point is None or not scale.shows(point.step) or abs(told.mean - point.mean) > 1e-9:
            continue
        if which == "start" or point.step:
            title = f"95 % interval of the {which} prompts: {score(told.low)} to {score(told.high)}"
            yield Whisker(scale.x(point.step), scale.y(told.low), scale.y(told.high), title)


def _best(scores: Scores, scale: _Scale) -> str:
    """The best mean holds until it is beaten, or taken back by a veto."""
    path = ""
    for point in scores.validation:
        x, y = scale.x(max(point.step, scale.first)), scale.y(point.mean)
        path += f"H{x}V{y}" if path else f"M{x} {y}"
    return f"{path}H{scale.right}" if path else ""
