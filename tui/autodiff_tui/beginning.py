"""What would begin if a person said yes: models, budget and forecast of a training, what is left of a run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from autodiff_engine import build, config
from autodiff_engine.config import BudgetConfig
from autodiff_engine.errors import ConfigError, EngineError
from autodiff_engine.events import BudgetCaps

from .forecasting import NO_BUDGET, brief
from .format import cap, cost, counted, score, tokens
from .found import RunFound
from .toned import Toned, line
from .view import Cap, RunView, caps

_BUDGETS = "AUTODIFF_BUDGET_"
"""What the variables begin with that a run which goes on still hears."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What is said before something begins that may cost money; ``refused`` when it could not begin at all."""

    lines: tuple[Toned, ...]
    refused: bool = False


Asked = Callable[[], Offer]
"""Finds out what would begin; may take seconds, and asks nobody."""


def of_config(path: Path, options: build.RunOptions, environ: Mapping[str, str], user: Path | None = None) -> Offer:
    """Check and rehearse what ``train`` would begin, as ``--dry-run`` does; needs a thread without an event loop."""
    try:
        loaded = config.load(path, environ=environ, user=user)
        told = asyncio.run(build.forecast(loaded, options))
    except EngineError as error:
        return _refusal(error)
    models = {each.role: each.model for each in told.roles}
    return Offer((*_models(models), *brief(told)))


def of_run(run: RunFound, environ: Mapping[str, str]) -> Offer:
    """Say how far a run came, what it spent, and what its budget leaves; reads its config."""
    view = run.view or RunView()
    heard = {name: value for name, value in environ.items() if name.startswith(_BUDGETS)}
    try:
        budget = config.load(run.folder / "config.toml", environ=heard).config.budget
    except ConfigError as error:
        return _refusal(error)
    models = {each.role: each.model for each in view.program.models} if view.program else {}
    return Offer((_place(run, view), *_models(models), _spent(view), *_left(_caps(budget), view)))


def is_free(run: RunFound) -> bool:
    """Return whether every answer of ``run`` comes from a record: to go on with it costs nothing."""
    return run.view is not None and run.view.opened is not None and run.view.opened.recorded


def _refusal(error: EngineError) -> Offer:
    told = [
        line(f"cannot begin: {error}".splitlines()[0], "bad"),
        *(line(each) for each in f"{error}".splitlines()[1:]),
    ]
    return Offer((*told, *([line(error.hint, "muted")] if error.hint else [])), refused=True)


def _models(models: Mapping[str, str]) -> Iterator[Toned]:
    """Yield each model once, with the roles that it plays."""
    for model in dict.fromkeys(models.values()):
        roles = ", ".join(role for role, its in models.items() if its == model)
        yield (*line("model    ", "muted"), *line(f"{model} ({roles})"))


def _place(run: RunFound, view: RunView) -> Toned:
    best = f", best val {score(view.scores.best.mean, view.scores.best.n)}" if view.scores.best else ""
    steps = f"{len(view.steps)} of {counted(view.max_steps, 'step')} done" if view.max_steps else "no step begun"
    return (*line("so far   ", "muted"), *line(f"{run.state}, {steps}{best}"))


def _spent(view: RunView) -> Toned:
    told = view.finished or view.traffic.ledger
    if told is None:
        return (*line("spent    ", "muted"), *line("nothing that its journal tells"))
    spent = told.spent
    used = f"{spent.calls.made:,} calls, {tokens(spent.most_tokens)} tokens, {cost(spent.cost_usd, spent.most_usd)}"
    return (*line("spent    ", "muted"), *line(used))


def _caps(budget: BudgetConfig) -> BudgetCaps:
    return BudgetCaps(budget.usd, budget.tokens, budget.calls, budget.minutes)


def _left(budget: BudgetCaps, view: RunView) -> Iterator[Toned]:
    told = caps(budget, view.traffic, view.elapsed_s)
    for each in told:
        yield (*line("budget   ", "muted"), *_cap(each))
    if not told:
        yield line(NO_BUDGET, "warn")


def _cap(each: Cap) -> Toned:
    if each.taken is not None and each.taken >= each.most:
        more = "nothing is left: it ends at once; a larger one has to be named on the command line"
        return (*line(f"{cap(each)} spent; "), *line(f"{more} (--budget-{each.name})", "bad"))
    return line(f"{cap(each)} spent")
