"""What a run will cost, said in so many seconds: where its program is slow, from one example of it or from none."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from ..demand import demands, executions
from ..glimpse import Glimpse, Patience, glimpse_of, parted
from ..llm.stored import StoredAnswers
from .forecasting import Forecast, Range, RoleForecast, forecast_of, found_in, rehearsed, stand_in, summed, verdicts
from .plan import Plan
from .training import parts_of


async def foretold_within(plan: Plan, answers: Path, patience: Patience, *, offline: bool) -> Forecast:
    """Rehearse a plan's run as ``foretold`` does, or as much of it as there is time for.

    Raises:
        StorageError: The stored answers cannot be read.
    """
    mode = plan.config.cache.mode
    with closing(StoredAnswers(answers)) as stored:
        seen = await seen_of(plan, patience)
        if seen is not None and patience.allows(len(plan.splits.val) + len(plan.splits.test)):
            told = await patience.spent_on(rehearsed(plan, found_in(stored, mode), offline=offline))
            if told is not None:
                return told[0]
        maybe = mode not in ("off", "refresh") and not stored.is_empty()
        return await coarse(plan, seen, patience.seconds, stored=maybe, offline=offline)


async def seen_of(plan: Plan, patience: Patience) -> Glimpse | None:
    """Execute the program of a plan on one example; None where that does not come to its end in time."""
    model = stand_in(plan)
    return await glimpse_of(parts_of(plan, model), model, patience)


async def coarse(plan: Plan, seen: Glimpse | None, seconds: float, *, stored: bool, offline: bool) -> Forecast:
    """Return what is known of a plan's run from what was ``seen`` of its program, or from its settings alone.

    ``stored`` says that answers to the start prompts may be there, or are paid for by another run.
    """
    model = stand_in(plan)
    parts = parts_of(plan, model)
    val, test = plan.splits.val, plan.splits.test
    if seen is None:
        least = 0 if stored or offline else len({tuple(sorted(each.inputs.items())) for each in (*val, *test)})
        return unknown(plan, least, why_unknown(seconds, [executions(parts)]), offline=offline)
    starts = (seen.starting(val, stored=stored), seen.starting(test, stored=stored))
    shape = await parted(parts, seen, model)
    told = summed(plan, demands(parts, shape, *starts), shape, *starts, offline=offline)
    return replace(told, start=(), coarse=why_coarse(seen))


def unknown(plan: Plan, least: int, why: str, *, offline: bool = False) -> Forecast:
    """Return the forecast of a run whose program nobody has seen: ``least`` calls or more, of every role together."""
    most = 0.0 if offline else math.inf
    prices = [player.price for player in plan.players.values()]
    free = all(each is not None and not (each.input_usd_per_token or each.output_usd_per_token) for each in prices)
    known = offline or None not in prices
    cost = Range(0, 0.0 if free else most) if known else None
    total = RoleForecast("total", "", Range(least, most), Range(0, most), Range(least, most), cost)
    caps = tuple(verdicts(plan.config.budget, total, None))
    return replace(forecast_of(plan, {}, {}, ()), total=total, minutes=None, budget=caps, coarse=why)


def why_coarse(seen: Glimpse) -> str:
    """Return in words what the range is taken from."""
    return f"from one example alone, of {seen.seconds:.1f} s: the program's own functions are slow"


def why_unknown(seconds: float, times: Iterable[tuple[int, int]]) -> str:
    """Return in words what is known where no example came to its end; ``times`` are the executions of each run."""
    counts: Sequence[tuple[int, int]] = tuple(times)
    least, most = (sum(each[place] for each in counts) for place in (0, 1))
    count = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    return f"no example ended within {seconds:g} s: {count} executions, each of an unknown number of calls"
