"""What a run came to: who, on what, by which models; scores with n; both gates' pass rates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autodiff_engine.config import code, model, source
from autodiff_engine.events import CandidateScored, LossMean
from autodiff_tui import summary
from autodiff_tui.format import accepted, cap, cost, counted, duration, p_value, rate, score, still_pays
from autodiff_tui.view import RunView, caps, count, pairs

from .settings import Setting

_SPLITS = {"val": "validation"}


@dataclass(frozen=True, slots=True)
class Named:
    """A name and what is said of it."""

    name: str
    said: str


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """A score of the start prompts and of the best ones; what is not known is a dash."""

    name: str
    start: str
    best: str
    n: str
    turned: str = ""
    """Examples that the best prompts fixed and broke against the start, as ``+5 −3``."""
    p: str = ""
    part: bool = False
    """Whether it is one of several losses of the row above."""


def state(view: RunView) -> str:
    """Return how the run ended; of one without an end only the last known state is sure."""
    if view.finished is not None:
        return view.finished.status
    return f"not finished (last known: {view.control.state})"


def about(view: RunView, settings: Sequence[Setting]) -> tuple[Named, ...]:
    """Return whose run this is: program, data, models, seed, when; no folder of anybody's machine is in it."""
    return tuple(Named(name, said) for name, said in _about(view, settings) if said)


def _about(view: RunView, settings: Sequence[Setting]) -> Iterator[tuple[str, str]]:
    opened, program, data = view.opened, view.program, view.data
    if program is not None:
        yield "program", code(program.pipeline).shown
        yield "metric", f"{code(program.metric).shown}: {program.metric_description}"
        if program.minibatch_metric != program.metric:
            yield "metric of the minibatch gate", code(program.minibatch_metric).shown
    if data is not None:
        dropped = f"; {counted(data.dropped, 'exact repeat')} dropped" if data.dropped else ""
        sizes = f"{data.train} train, {data.val} validation, {data.test} test"
        yield "data", f"{_folderless(data.source)}: {sizes}{dropped}"
        yield "fingerprint of the data", data.fingerprint
        yield "corpus", f"{counted(data.passages, 'passage')}, fingerprint {data.corpus}" if data.passages else ""
    for one in program.models if program is not None else ():
        yield f"model, {one.role}", model(one.model).shown
    yield "seed", next((one.value for one in settings if one.key == "trainer.seed"), "")
    done = view.finished.steps if view.finished else len(view.steps)
    yield "steps", f"{done} of at most {view.max_steps}" if view.max_steps else str(done)
    if opened is not None:
        yield "opened", f"{opened.started} by autodiff-tui {opened.version}"
        yield "answers", "all from a record: nothing was paid" if opened.recorded else ""
    yield "time", duration(view.elapsed_s)


def _folderless(data: str) -> str:
    return ", ".join(source(part).shown for part in data.split(", "))


def scores(view: RunView) -> tuple[ScoreRow, ...]:
    """Return the validation row, the test row once it was scored, and below each its losses where there are several."""
    return (_validation(view), *_losses(view, "val"), *_test(view), *_losses(view, "test"))


def _validation(view: RunView) -> ScoreRow:
    start, best = view.scores.start, view.scores.best
    known = view.finished.val if view.finished is not None else None
    first, last = (known.start, known.best) if known else (start and start.mean, best and best.mean)
    n = known.n if known else start.n if start else view.data.val if view.data else 0
    turned = ""
    if len(view.standings) > 1:
        told = pairs(view.standings[0].results, view.standings[-1].results)
        turned = f"+{count(told, 'fixed')} −{count(told, 'broken')}"
    return ScoreRow(
        "validation", _bounded(view, "start", "val", first), _bounded(view, "best", "val", last), str(n), turned
    )


def _test(view: RunView) -> Iterator[ScoreRow]:
    compared, known = view.test, view.finished.test if view.finished else None
    if compared is not None:
        first, last = (
            _bounded(view, which, "test", mean)
            for which, mean in (("start", compared.before), ("best", compared.after))
        )
        turned = f"+{compared.wins} −{compared.losses}"
        yield ScoreRow("test", first, last, str(compared.n), turned, p_value(compared.p))
    elif known is not None:
        yield ScoreRow("test", score(known.start), score(known.best), str(known.n), "", p_value(known.p))


def _bounded(view: RunView, which: str, split: str, mean: float | None) -> str:
    """A mean with its 95 % interval, where the run said one of that very mean."""
    told = view.scores.bounds.get((which, split))
    if told is None or mean is None or abs(told.mean - mean) > 1e-9:
        return score(mean)
    return f"{score(mean)} ({score(told.low)} to {score(told.high)})"


def _losses(view: RunView, split: str) -> Iterator[ScoreRow]:
    start = view.scores.bounds.get(("start", split))
    best = view.scores.bounds.get(("best", split)) or start
    if start is None or best is None or not start.losses:
        return
    for old, new in zip(start.losses, best.losses, strict=True):
        yield ScoreRow(_loss(old), score(old.mean), score(new.mean), str(start.n), part=True)
    if start.on_answer is not None and best.on_answer is not None and view.program is not None:
        name = f"{code(view.program.metric).shown} of the answer"
        yield ScoreRow(name, score(start.on_answer), score(best.on_answer), str(start.n), part=True)


def _loss(loss: LossMean) -> str:
    weight = "" if loss.weight == 1 else f" (weight {loss.weight:g})"
    return f"{loss.node} {code(loss.metric).shown}{weight}"


def gates(view: RunView) -> tuple[Named, ...]:
    """Return how many proposals were made, and how many passed each gate of those judged there."""
    told = view.finished.proposals if view.finished else view.gates
    return (
        Named("proposals", f"{told.made} made, {told.linted} refused by lint, {accepted(view)}"),
        Named("minibatch pass rate", rate(told.minibatch_passed, told.minibatch_judged)),
        Named("validation pass rate", rate(told.validation_passed, told.validation_judged)),
        *_wrong_format(view),
    )


def _wrong_format(view: RunView) -> Iterator[Named]:
    bounds: dict[tuple[str, str], CandidateScored] = dict(view.scores.bounds)
    for (which, split), told in bounds.items():
        if told.wrong_format:
            name = f"answers in a wrong format, {which} prompts, {_SPLITS.get(split, split)}"
            yield Named(name, f"{told.wrong_format} of {told.n} (score 0 each)")


def spent(view: RunView) -> tuple[Named, ...]:
    """Return calls, tokens and cost in all, and what is left of each cap of the budget."""
    told = view.finished or view.traffic.ledger
    rows: list[Named] = []
    if told is not None:
        rows += [Named("calls", summary.calls(told.calls)), Named("tokens", summary.paid(told.tokens))]
        rows.append(Named("cost", cost(told.cost_usd)))
        if told.unsettled.calls:
            rows.append(Named("unsettled", summary.unsettled(told.unsettled)))
    budget = view.opened.budget if view.opened is not None else None
    for each in caps(budget, view.traffic, view.elapsed_s):
        rows.append(Named(f"budget, {each.name}", cap(each) if view.finished else f"{cap(each)}; {still_pays(each)}"))
    return tuple(rows)
