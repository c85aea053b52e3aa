"""Two past runs against each other: their numbers side by side, what was set differently, how their texts differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autodiff_engine.contrast import Contrast, Paired, Setting, contrast
from autodiff_engine.errors import ConfigError
from autodiff_engine.events import CallCounts, ProposalCounts, TestScores, TokenCounts, ValScores
from autodiff_engine.journal import read

from . import summary
from .diffing import Piece, changed_words, diff
from .format import cost, counted, duration, p_value, rate, score
from .toned import Toned, columns, diff_lines, line
from .view import RunView, reduce

_GAP: Toned = (("", "plain"),)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two runs, in numbers; None where it never came so far."""

    run: str
    folder: str
    state: str
    started: str
    config: str
    pipeline: str
    data: str
    fingerprint: str
    val: ValScores
    test: TestScores | None
    proposals: ProposalCounts
    steps: int
    calls: CallCounts
    tokens: TokenCounts
    cost_usd: float | None
    seconds: float


@dataclass(frozen=True, slots=True)
class TextPair:
    """A trained text as each run left it; None where the program has none of that name."""

    name: str
    left: str | None
    right: str | None
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """Two runs and what tells them apart."""

    left: Side
    right: Side
    contrast: Contrast
    texts: tuple[TextPair, ...]


def compare(left: Path, right: Path) -> Compared:
    """Read two run folders and compare them; costs as much as reading both journals whole.

    Raises:
        ConfigError: They are one folder, or a config is missing.
        StorageError: A journal cannot be read.
    """
    if left.resolve() == right.resolve():
        raise ConfigError(f"{left}: is compared with itself", "name two runs")
    journals = read(left), read(right)
    views: list[RunView] = []
    for recorded in journals:
        view = RunView()
        for stamped in recorded.events:
            view = reduce(view, stamped)
        views.append(view)
    return Compared(
        _side(views[0], left), _side(views[1], right),
        contrast((left, journals[0]), (right, journals[1])), tuple(_texts(*views)),
    )  # fmt: skip


def lines(compared: Compared) -> Iterator[Toned]:
    """Return the comparison as a person reads it; safe for a terminal."""
    left, right, told = compared.left, compared.right, compared.contrast
    yield from columns([("", "left", "right"), *_rows(left, right)], ("muted", "plain", "plain"))
    if told.incomparable:
        yield line(f"scores are not compared: {told.incomparable}", "warn")
    else:
        yield _GAP
        yield from columns([("score", "left", "right"), *_scores(left, right)], ("muted", "plain", "plain"))
        yield from _tested(told.test, told.untested)
    yield _GAP
    yield from _settings(told.settings)
    for pair in compared.texts:
        yield _GAP
        yield from _text(pair)


def _side(view: RunView, folder: Path) -> Side:
    finished, data = view.finished, view.data
    spent = finished or view.traffic.ledger
    start, best = view.scores.start, view.scores.best
    val = ValScores(start.mean if start else None, best.mean if best else None, start.n if start else 0)
    return Side(
        run=view.opened.run_id if view.opened else folder.name,
        folder=str(folder),
        state=finished.status if finished else "unfinished",
        started=view.opened.started if view.opened else "",
        config=view.opened.config if view.opened else "",
        pipeline=view.program.pipeline if view.program else "",
        data=f"{data.source}: {data.train}/{data.val}/{data.test}" if data else "",
        fingerprint=data.fingerprint if data else "",
        val=finished.val if finished else val,
        test=finished.test if finished else None,
        proposals=view.gates,
        steps=finished.steps if finished else len(view.steps),
        calls=spent.calls if spent else CallCounts(),
        tokens=spent.tokens if spent else TokenCounts(),
        cost_usd=spent.cost_usd if spent else 0.0,
        seconds=view.elapsed_s,
    )


def _texts(left: RunView, right: RunView) -> Iterator[TextPair]:
    for name in dict.fromkeys((*left.texts, *right.texts)):
        ours, theirs = (view.texts[name].value if name in view.texts else None for view in (left, right))
        yield TextPair(name, ours, theirs, diff(ours or "", theirs or ""))


def _rows(left: Side, right: Side) -> Iterator[tuple[str, str, str]]:
    for name, told in (
        ("run", lambda side: side.run),
        ("state", lambda side: f"{side.state} after {counted(side.steps, 'step')}"),
        ("started", lambda side: side.started[:16].replace("T", " ")),
        ("config", lambda side: side.config),
        ("program", lambda side: side.pipeline),
        ("data", lambda side: f"{side.data} {side.fingerprint[:8]}".strip() or "–"),
        ("proposals", lambda side: f"{side.proposals.made} made, {side.proposals.linted} refused by lint"),
        ("minibatch", lambda side: rate(side.proposals.minibatch_passed, side.proposals.minibatch_judged)),
        ("validation", lambda side: rate(side.proposals.validation_passed, side.proposals.validation_judged)),
        ("calls", lambda side: summary.calls(side.calls)),
        ("tokens", lambda side: summary.paid(side.tokens)),
        ("cost", lambda side: cost(side.cost_usd)),
        ("time", lambda side: duration(side.seconds)),
    ):  # fmt: skip
        yield name, told(left), told(right)


def _scores(left: Side, right: Side) -> Iterator[tuple[str, str, str]]:
    yield "val start", score(left.val.start, left.val.n), score(right.val.start, right.val.n)
    yield "val best", score(left.val.best, left.val.n), score(right.val.best, right.val.n)
    if left.test or right.test:
        ours, theirs = left.test, right.test
        yield "test start", _on_test(ours and ours.start, ours), _on_test(theirs and theirs.start, theirs)
        yield "test best", _on_test(ours and ours.best, ours), _on_test(theirs and theirs.best, theirs)


def _on_test(value: float | None, test: TestScores | None) -> str:
    return score(value, test.n) if test else "not tested"


def _tested(test: Paired | None, untested: str) -> Iterator[Toned]:
    if test is None:
        yield line(f"the best prompts are not compared by example: {untested}", "muted")
        return
    left_out = f"; {test.left_out} left out, scored in one run only" if test.left_out else ""
    counts = f"right is better on {test.wins}, worse on {test.losses}, equal on {test.ties} of {test.n}"
    yield line(f"best on test, by example: {counts}, {p_value(test.p)}{left_out}", "strong")


def _settings(settings: tuple[Setting, ...]) -> Iterator[Toned]:
    if not settings:
        yield line("no setting differs", "muted")
        return
    yield line(f"{counted(len(settings), 'setting')} that differ{'s' * (len(settings) == 1)}", "strong")
    rows = [(f"  {each.key}", _value(each.left), _value(each.right)) for each in settings]
    yield from columns(rows, ("muted", "plain", "plain"))


def _value(value: object | None) -> str:
    return "–" if value is None else str(value)


def _text(pair: TextPair) -> Iterator[Toned]:
    if pair.left is None or pair.right is None:
        yield line(f"text {pair.name}: only in the {'right' if pair.left is None else 'left'} run", "strong")
    elif pair.left == pair.right:
        yield line(f"text {pair.name}: equal", "strong")
        return
    else:
        added, removed = changed_words(pair.pieces)
        yield line(f"text {pair.name}: left → right, +{added} −{removed} words", "strong")
    yield from diff_lines(pair.pieces)
