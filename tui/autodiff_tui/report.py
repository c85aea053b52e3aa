"""Past runs as text: one run whole, or a row for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from autodiff_engine.events import Spent

from . import summary
from .format import NOT_JUDGED, comparison, cost, counted, losses, proposal_state, score
from .glossary import LINTS, refusal
from .safe import block, one_line
from .view import ProposalView, RunView, TextView

_CELL = 50
"""Characters of a cell: the id of an ablation's run fits."""


@dataclass(frozen=True, slots=True)
class Row:
    """A past run in a line: raw values, for a table or for JSON."""

    id: str
    state: str
    pipeline: str
    start: float | None
    best: float | None
    n: int
    steps: int
    calls: int
    cost_usd: float | None
    most_usd: float | None
    """With the most that calls without a known end can have cost."""
    started: str
    folder: str


def row(view: RunView, folder: str, *, running: bool = False) -> Row:
    """Return what the list of runs says about one; ``running``: a process executes it now."""
    finished, start, best = view.finished, view.scores.start, view.scores.best
    told = finished or view.traffic.ledger
    spent = told.spent if told else Spent()
    return Row(
        id=view.opened.run_id if view.opened else "",
        state="running" if running else finished.status if finished else "unfinished",
        pipeline=view.program.pipeline if view.program else "",
        start=start.mean if start else None,
        best=best.mean if best else None,
        n=start.n if start else 0,
        steps=len(view.steps),
        calls=spent.calls.made,
        cost_usd=spent.cost_usd,
        most_usd=spent.most_usd,
        started=view.opened.started if view.opened else "",
        folder=folder,
    )


def table(rows: Sequence[Row]) -> list[str]:
    """Return the list of runs, one line each below a heading, columns as wide as what they hold."""
    heading = ("run", "state", "pipeline", "val best", "start", "n", "steps", "calls", "cost", "started")
    return aligned([heading, *(_cells(one) for one in rows)])


def whole(view: RunView) -> Iterable[str]:
    """Return the summary of a run, its texts old and new, its scores and its proposals; safe for a terminal."""
    yield from summary.lines(view)
    yield from ("", "scores", *map(one_line, _scores(view)))
    for name, text in view.texts.items():
        yield from ("", one_line(f"text {name} ({text.info.role})"), *_text(text))
    proposals = [*view.proposals.past, *view.proposals.current]
    yield from ("", counted(len(proposals), "proposal"))
    for proposal in proposals:
        yield from map(one_line, _proposal(proposal))
    notes = view.notes
    for note in notes.warnings:
        yield one_line(f"note: {note}")
    for place, note in enumerate(notes.errors):
        yield one_line(f"note: {'in an earlier execution: ' if place < notes.past_errors else ''}{note}")


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows with their columns aligned; the last column keeps its length."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip() for cells in rows]


def _cells(one: Row) -> tuple[str, ...]:
    scores = (score(one.best), score(one.start), str(one.n))
    spent = (f"{one.calls:,}", cost(one.cost_usd, one.most_usd))
    cells = (one.id or one.folder, one.state, one.pipeline, *scores, str(one.steps), *spent, one.started[:16])
    return tuple(one_line(cell, _CELL) for cell in cells)


def _scores(view: RunView) -> Iterable[str]:
    metric = view.program.metric if view.program else ""
    for (which, split), scored in view.scores.bounds.items():
        interval = f"95 % interval {score(scored.low)} to {score(scored.high)}"
        yield f"  {which} {split}: {score(scored.mean, scored.n)}, {interval}"
        if scored.losses:
            yield f"    losses: {losses(scored.losses, scored.on_answer, metric)}"


def _text(text: TextView) -> Iterable[str]:
    if not text.versions or text.value == text.info.value:
        yield "  unchanged"
        yield from _marked("   ", text.value)
        return
    for version in text.versions[1:] if text.versions[0].step == 0 else text.versions:
        val = f", val {score(version.val)}" if version.val is not None else ""
        yield one_line(f"  rewritten in step {version.step} by proposal {version.k} ({version.method}){val}")
    yield from _marked("  -", text.info.value)
    yield from _marked("  +", text.value)


def _marked(mark: str, text: str) -> Iterable[str]:
    return (f"{mark} {line}" for line in block(text).text.split("\n"))


def _proposal(proposal: ProposalView) -> Iterable[str]:
    ended = proposal_state(proposal) if proposal.fate or proposal.unjudged else NOT_JUDGED
    named = f" ({proposal.lint})" if proposal.lint else ""
    texts = ", ".join(f"{change.name} ({change.method})" for change in proposal.changes)
    yield f"  {proposal.key} {ended}{named}{f': {texts}' if texts else ''}"
    for compared in (proposal.minibatch, proposal.validation):
        if compared is not None:
            yield f"      {comparison(compared)}"
    reasons = proposal.problems or (("", proposal.reason),)
    for name, reason in reasons:
        if reason:
            yield f"      {f'{name}: ' if len(reasons) > 1 else ''}{reason}"
    if proposal.lint in LINTS:
        yield f"      {refusal(proposal.lint)}"
