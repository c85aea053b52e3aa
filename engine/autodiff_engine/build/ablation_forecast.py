"""What the runs of an ablation that are not done will cost together, before anything is paid."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from ..config import BudgetConfig
from ..demand import executions
from ..glimpse import Patience
from ..llm.stored import StoredAnswers
from ..stand_in import StandIn
from .ablation import Ablation, Cell, left_of
from .coarse import coarse, seen_of, why_unknown
from .forecasting import Forecast, Range, RoleForecast, found_in, rehearsed, total_of, verdicts
from .training import parts_of


@dataclass(frozen=True, slots=True)
class AblationForecast:
    """``done`` of ``runs`` are done; ``left`` is what the others take together, against what the budget still has.

    The first run's answers to the start prompts are stored for those after it: they are counted once.
    """

    runs: int
    done: int
    left: Forecast | None
    """None where all is done."""


async def ablation_forecast(ablation: Ablation, patience_s: float | None = None) -> AblationForecast:
    """Rehearse each run that is not done; asks nobody, writes nothing, starts nothing.

    After ``patience_s`` for all of them the range is a coarse one, of what has been seen of the program by then.

    Raises:
        ConfigError: There is a budget in US dollars, and what earlier runs cost is not known.
        StorageError: The stored answers cannot be read.
    """
    left = [cell for cell in ablation.cells if ablation.done(cell) is None]
    budget = left_of(ablation.budget, ablation.paid)
    with closing(StoredAnswers(ablation.answers)) as stored:
        if patience_s is None or not left:
            told = await _whole(ablation, left, stored)
        else:
            told = await _within(ablation, left, stored, Patience(patience_s))
    return AblationForecast(len(ablation.cells), len(ablation.cells) - len(left), _sum(told, budget) if told else None)


async def _whole(ablation: Ablation, left: Sequence[Cell], stored: StoredAnswers) -> list[Forecast]:
    told: list[Forecast] = []
    known: frozenset[str] = frozenset()
    find = found_in(stored, ablation.cache)
    for cell in left:
        one, keys = await rehearsed(ablation.plan(cell), find, offline=ablation.offline, asked_before=known)
        told.append(one)
        known |= keys if ablation.cache == "read-write" else frozenset()
    return told


async def _within(
    ablation: Ablation, left: Sequence[Cell], stored: StoredAnswers, patience: Patience
) -> list[Forecast]:
    """Return each run's forecast; in a coarse one the program of the first is seen, which the others have, too."""
    plans = [ablation.plan(cell) for cell in left]
    seen = await seen_of(plans[0], patience)
    if seen is not None and patience.allows(sum(len(each.splits.val) + len(each.splits.test) for each in plans)):
        told = await patience.spent_on(_whole(ablation, left, stored))
        if told is not None:
            return told
    maybe = ablation.cache not in ("off", "refresh") and not stored.is_empty()
    shared = ablation.cache == "read-write"
    coarsely = [
        await coarse(each, seen, patience.seconds, stored=maybe or (shared and number > 0), offline=ablation.offline)
        for number, each in enumerate(plans)
    ]
    if seen is not None:
        return coarsely
    why = why_unknown(patience.seconds, [executions(parts_of(each, StandIn({}))) for each in plans])
    return [replace(each, coarse=why) for each in coarsely]


def _sum(told: Sequence[Forecast], budget: BudgetConfig) -> Forecast:
    by_role: dict[str, list[RoleForecast]] = {}
    for each in (role for one in told for role in one.roles):
        by_role.setdefault(each.role, []).append(each)
    roles = tuple(replace(total_of(each), role=name, model=each[0].model) for name, each in by_role.items())
    total, minutes = total_of([each.total for each in told]), _minutes(told)
    return replace(
        told[0],
        roles=roles,
        total=total,
        minutes=minutes,
        budget=tuple(verdicts(budget, total, minutes)),
        notes=tuple(dict.fromkeys(note for one in told for note in one.notes)),
    )


def _minutes(told: Sequence[Forecast]) -> Range | None:
    known = [each.minutes for each in told if each.minutes is not None]
    return sum(known, Range(0, 0)) if len(known) == len(told) else None
