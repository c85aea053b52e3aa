"""Two past runs against each other: their numbers side by side, what was set differently, how their texts differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from textwrap import wrap

from autodiff_engine.contrast import Contrast, Paired, Setting, contrast
from autodiff_engine.errors import ConfigError
from autodiff_engine.events import AtMost, CallCounts, ProposalCounts, Spent, TestScores, TokenCounts, ValScores
from autodiff_engine.journal import read

from . import summary
from .diffing import Piece, changed_words, diff
from .format import cost, counted, duration, p_value, rate, score
from .safe import one_line
from .toned import Toned, columns, diff_lines, line
from .view import RunView, reduce

_NAMES = (
    "run", "state", "started", "config", "program", "data", "proposals", "minibatch", "validation", "calls", "tokens",
    "cost", "unsettled", "time",
)  # fmt: skip
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
    unsettled: AtMost
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
        for stamped in recorded.standing:
            view = reduce(view, stamped)
        views.append(view)
    return Compared(
        _side(views[0], left), _side(views[1], right),
        contrast((left, journals[0]), (right, journals[1])), tuple(_texts(*views)),
    )  # fmt: skip


def lines(compared: Compared, width: int = 120) -> Iterator[Toned]:
    """Return the comparison as a person reads it, its table within ``width`` cells; safe for a terminal."""
    yield from numbers(compared, width)
    for pair in compared.texts:
        yield _GAP
        yield from _text(pair)


def numbers(compared: Compared, width: int) -> Iterator[Toned]:
    """Return all of the comparison but the texts."""
    left, right, told = compared.left, compared.right, compared.contrast
    room = max(16, (width - 16) // 2)
    rows = [row for each in _rows(left, right) for row in _folded(each, room)]
    yield from columns([("", "left", "right"), *rows], ("muted", "plain", "plain"), room)
    if told.incomparable:
        yield line(f"scores are not compared: {told.incomparable}", "warn")
    else:
        yield _GAP
        yield from columns([("score", "left", "right"), *_scores(left, right)], ("muted", "plain", "plain"))
        yield from _tested(told.test, told.untested)
    yield _GAP
    yield from _settings(told.settings)


def _folded(row: tuple[str, str, str], room: int) -> Iterator[tuple[str, str, str]]:
    """Return a row as one line or more, as its cells have ``room`` for so many characters."""
    name, ours, theirs = row
    folded = (wrap(one_line(each), room) or [""] for each in (ours, theirs))
    for place, (left, right) in enumerate(zip_longest(*folded, fillvalue="")):
        yield "" if place else name, left, right


def _side(view: RunView, folder: Path) -> Side:
    finished, data = view.finished, view.data
    told = finished or view.traffic.ledger
    spent = told.spent if told else Spent()
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
        calls=spent.calls,
        tokens=spent.tokens,
        cost_usd=spent.cost_usd,
        unsettled=spent.unsettled,
        seconds=view.elapsed_s,
    )


def _texts(left: RunView, right: RunView) -> Iterator[TextPair]:
    for name in dict.fromkeys((*left.texts, *right.texts)):
        ours, theirs = (view.texts[name].value if name in view.texts else None for view in (left, right))
        yield TextPair(name, ours, theirs, diff(ours or "", theirs or ""))


def _rows(left: Side, right: Side) -> Iterator[tuple[str, str, str]]:
    both = zip(_NAMES, _cells(left), _cells(right), strict=True)
    untold = {"unsettled"} if not left.unsettled.calls and not right.unsettled.calls else set[str]()
    yield from (row for row in both if row[0] not in untold)


def _cells(side: Side) -> tuple[str, ...]:
    gates = side.proposals
    return (
        side.run,
        f"{side.state} after {counted(side.steps, 'step')}",
        side.started[:16].replace("T", " "),
        side.config,
        side.pipeline,
        f"{side.data} {side.fingerprint[:8]}".strip() or "–",
        f"{gates.made} made, {gates.linted} refused by lint",
        rate(gates.minibatch_passed, gates.minibatch_judged),
        rate(gates.validation_passed, gates.validation_judged),
        summary.calls(side.calls),
        summary.paid(side.tokens),
        cost(side.cost_usd),
        summary.unsettled(side.unsettled) if side.unsettled.calls else "nothing",
        duration(side.seconds),
    )


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
        yield line("settings: none differs", "muted")
        return
    yield line(f"settings: {'one differs' if len(settings) == 1 else f'{len(settings)} differ'}", "strong")
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
