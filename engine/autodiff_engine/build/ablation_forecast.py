"""What the runs of an ablation that are not done will cost together, before anything is paid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..config import BudgetConfig
from ..llm.stored import StoredAnswers
from .ablation import Ablation, left_of
from .forecasting import Forecast, Range, RoleForecast, rehearsed, total_of, verdicts


@dataclass(frozen=True, slots=True)
class AblationForecast:
    """``done`` of ``runs`` are done; ``left`` is what the others take together, against what the budget still has.

    The first run's answers to the start prompts are stored for those after it: they are counted once.
    """

    runs: int
    done: int
    left: Forecast | None
    """None where all is done."""


async def ablation_forecast(ablation: Ablation) -> AblationForecast:
    """Rehearse each run that is not done; asks nobody, writes nothing, starts nothing.

    Raises:
        ConfigError: There is a budget in US dollars, and what earlier runs cost is not known.
        StorageError: The stored answers cannot be read.
    """
    left = [cell for cell in ablation.cells if ablation.done(cell) is None]
    told: list[Forecast] = []
    known: frozenset[str] = frozenset()
    stored = StoredAnswers(ablation.answers)
    mode = ablation.cache
    try:
        for cell in left:
            one, keys = await rehearsed(
                ablation.plan(cell),
                (lambda key: None) if mode in ("off", "refresh") else stored.get,
                offline=ablation.offline,
                asked_before=known,
            )
            told.append(one)
            known |= keys if mode == "read-write" else frozenset()
    finally:
        stored.close()
    budget = left_of(ablation.budget, ablation.paid)
    return AblationForecast(len(ablation.cells), len(ablation.cells) - len(left), _sum(told, budget) if told else None)


def _sum(told: Sequence[Forecast], budget: BudgetConfig) -> Forecast:
    by_role: dict[str, list[RoleForecast]] = {}
    for each in (role for one in told for role in one.roles):
        by_role.setdefault(each.role, []).append(each)
    roles = tuple(replace(total_of(each), role=name, model=each[0].model) for name, each in by_role.items())
    total, minutes = total_of(roles), _minutes(told)
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
