"""What scoring prompts on a split will cost, before anything is paid: of all examples, or of one of a slow program."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from ..candidate import start
from ..dataset import Example
from ..demand import NOTHING, Demand
from ..first_calls import FirstCalls, first_calls
from ..glimpse import Glimpse, Patience, glimpse
from ..llm import Role
from ..llm.stored import StoredAnswers
from ..rehearsal import longest
from .coarse import unknown, why_coarse, why_unknown
from .forecasting import Find, Forecast, forecast_of, found_in, stand_in
from .plan import Plan
from .training import task_of


async def foretold_scoring(
    plan: Plan, examples: Sequence[Example], answers: Path, patience: Patience, *, offline: bool
) -> Forecast:
    """Rehearse the scoring of a plan's start prompts on ``examples``, or as much of it as there is time for.

    Raises:
        StorageError: The stored answers cannot be read.
    """
    mode = plan.config.cache.mode
    with closing(StoredAnswers(answers)) as stored:
        seen = await _seen(plan, examples, patience)
        if seen is not None and patience.allows(len(examples)):
            told = await patience.spent_on(_calls(plan, examples, found_in(stored, mode)))
            if told is not None:
                return _forecast(plan, told, offline=offline)
        maybe = mode not in ("off", "refresh") and not stored.is_empty()
    if seen is not None:
        told = seen.starting(examples, stored=maybe)
        return replace(_forecast(plan, told, offline=offline), start=(), coarse=why_coarse(seen))
    count = len(examples)
    least = 0 if maybe or offline else len({tuple(sorted(each.inputs.items())) for each in examples})
    return unknown(plan, least, why_unknown(patience.seconds, [(count, count)]), offline=offline)


async def _seen(plan: Plan, examples: Sequence[Example], patience: Patience) -> Glimpse | None:
    model = stand_in(plan)
    task, metric = task_of(plan, model)
    case = longest(examples)[0], metric
    return await glimpse(task, [case], lambda _: start(task.pipeline.texts), model, patience)


async def _calls(plan: Plan, examples: Sequence[Example], find: Find) -> FirstCalls:
    model = stand_in(plan, find)
    return await first_calls(*task_of(plan, model), model, examples)


def _forecast(plan: Plan, told: FirstCalls, *, offline: bool) -> Forecast:
    missing, rest = told.missing, told.rest
    roles: tuple[Role, ...] = () if offline else tuple(dict.fromkeys((*missing, *rest)))
    least = {role: missing.get(role, NOTHING) for role in roles}
    asked: dict[Role, Demand] = {role: Demand(least[role], least[role] + rest.get(role, NOTHING)) for role in roles}
    return forecast_of(plan, asked, {}, ())
