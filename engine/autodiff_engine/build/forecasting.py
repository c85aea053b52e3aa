"""What a training will cost, before anything is paid: calls, tokens, money and minutes, as ranges."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..config import BudgetConfig, RunConfig
from ..demand import Demand, demands
from ..first_calls import FirstCalls, first_calls
from ..llm import Reply, Role
from ..llm.cached import CacheMode
from ..llm.stored import StoredAnswers
from ..rehearsal import Parted, Rehearsal, answer_tokens, expected_answers
from ..stand_in import StandIn
from .models import LOCAL_SLOTS
from .plan import Plan
from .players import Cast, Player
from .training import parts_of

Verdict = Literal["enough", "may end the run", "too small", "unknown"]


@dataclass(frozen=True, slots=True)
class Range:
    """From the least to the most."""

    least: float
    most: float

    def __add__(self, other: Range) -> Range:
        return Range(self.least + other.least, self.most + other.most)


@dataclass(frozen=True, slots=True)
class RoleForecast:
    """What one role will be asked; tokens are estimates, and ``cost_usd`` is None where a price is not known."""

    role: str
    model: str
    calls: Range
    prompt_tokens: Range
    completion_tokens: Range
    cost_usd: Range | None


@dataclass(frozen=True, slots=True)
class SplitForecast:
    """The start prompts on a split: ``known`` requests are sent for sure, ``stored`` of them are answered already.

    ``whole`` says that there are no others.
    """

    split: str
    n: int
    known: int
    stored: int
    whole: bool


@dataclass(frozen=True, slots=True)
class CapForecast:
    """A cap of the budget against the range: below its least the run cannot come to its end."""

    cap: str
    limit: float
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Forecast:
    """The least is a run whose start prompts are perfect, or all of whose later calls are stored already.

    The most is one whose batches all fail and whose proposals all reach the end of validation. Failed attempts are in
    neither. ``minutes`` are as fast as the stored answers came; None where none tells.
    """

    roles: tuple[RoleForecast, ...]
    total: RoleForecast
    minutes: Range | None
    start: tuple[SplitForecast, ...]
    cache: str
    budget: tuple[CapForecast, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    coarse: str = ""
    """Why the range is a coarse one, where the program was too slow to be rehearsed; a most may then be infinite."""


Find = Callable[[str], Reply | None]
"""Looks a stored answer up by its key."""


def found_in(stored: StoredAnswers, mode: CacheMode) -> Find:
    """Return what finds the answers that a run may take from others."""
    return (lambda key: None) if mode in ("off", "refresh") else stored.get


async def foretold(plan: Plan, answers: Path, *, offline: bool) -> Forecast:
    """Rehearse a plan's run over the answers that are stored; asks nobody, writes nothing, starts nothing.

    Raises:
        StorageError: The stored answers cannot be read.
    """
    with closing(StoredAnswers(answers)) as stored:
        told, _ = await rehearsed(plan, found_in(stored, plan.config.cache.mode), offline=offline)
    return told


async def rehearsed(
    plan: Plan, find: Find, *, offline: bool, asked_before: frozenset[str] = frozenset()
) -> tuple[Forecast, frozenset[str]]:
    """Return what a plan will cost, and the keys of the calls that are known; ``asked_before`` has those that are free.

    ``find`` returns stored answers.
    """
    splits = plan.splits
    known, guessing = stand_in(plan, find), stand_in(plan)
    parts = parts_of(plan, known)
    val = await first_calls(parts.task, parts.metric, known, splits.val, asked_before)
    test = await first_calls(parts.task, parts.metric, known, splits.test, val.keys | asked_before)
    parted = await Rehearsal(parts_of(plan, guessing), guessing).parts()
    asked = demands(parts, parted, val, test)
    return summed(plan, asked, parted, val, test, offline=offline), val.keys | test.keys


def stand_in(plan: Plan, find: Find = lambda key: None) -> StandIn:
    """Return who plays all models of a plan: what ``find`` knows, else guesses."""
    splits = plan.splits
    return StandIn(expected_answers((*splits.train, *splits.val, *splits.test)), find)


def summed(
    plan: Plan, asked: Mapping[Role, Demand], parted: Parted, val: FirstCalls, test: FirstCalls, *, offline: bool
) -> Forecast:
    """Return the forecast of a training that asks each role what ``asked`` says; nobody, if ``offline``."""
    mode = plan.config.cache.mode
    starts = {"val": val, **({"test": test} if test.n else {})}
    return forecast_of(plan, {} if offline else asked, starts, tuple(_notes(parted, val, test, mode, offline=offline)))


def forecast_of(
    plan: Plan, asked: Mapping[Role, Demand], starts: Mapping[str, FirstCalls], notes: tuple[str, ...]
) -> Forecast:
    """Return the forecast of what asks each role what ``asked`` says; ``starts`` are the start prompts, by split."""
    config = plan.config
    roles = tuple(_role(role, plan.players[role], asked[role]) for role in plan.players if role in asked)
    total = total_of(roles)
    minutes = _minutes(asked, plan.players, config, tuple(starts.values()))
    return Forecast(
        roles, total, minutes,
        tuple(SplitForecast(name, each.n, each.known, each.stored, each.whole) for name, each in starts.items()),
        config.cache.mode,
        tuple(verdicts(config.budget, total, minutes)),
        notes,
        plan.warnings,
    )  # fmt: skip


def _role(role: Role, player: Player, asked: Demand) -> RoleForecast:
    """Return one role's range: at the least each answer is one token, at the most as long as it may be.

    Prompts are estimated at three bytes a token for the most, at six for the least.
    """
    least, most = asked.least, asked.most
    prompt = Range(asked.fewest_prompt_tokens, most.prompt_tokens)
    answer = Range(least.calls, most.calls * answer_tokens(player.params))
    price = player.price
    cost = None
    if price is not None:
        prices = price.input_usd_per_token, price.output_usd_per_token
        cost = Range(
            prompt.least * prices[0] + answer.least * prices[1], prompt.most * prices[0] + answer.most * prices[1]
        )
    return RoleForecast(role, player.shown, Range(least.calls, most.calls), prompt, answer, cost)


def total_of(roles: Sequence[RoleForecast]) -> RoleForecast:
    """Return the sum; its cost is None where one is not known."""
    costs = [each.cost_usd for each in roles]
    known = [each for each in costs if each is not None]
    return RoleForecast(
        "total", "",
        _sum(each.calls for each in roles),
        _sum(each.prompt_tokens for each in roles),
        _sum(each.completion_tokens for each in roles),
        _sum(known) if len(known) == len(costs) else None,
    )  # fmt: skip


def _sum(ranges: Iterable[Range]) -> Range:
    return sum(ranges, Range(0, 0))


def _minutes(
    asked: Mapping[Role, Demand], players: Cast, config: RunConfig, starts: Sequence[FirstCalls]
) -> Range | None:
    """Return about how long it takes, as fast as the stored answers of each model came; None where one has none.

    The optimizer is asked once at a time, the others as many times at once as is allowed.
    """
    seconds = Range(0, 0)
    for role, each in asked.items():
        player, at_once = players[role], config.limits.in_flight
        pace = _pace(player, starts)
        if pace is None:
            return None
        if player.file is not None:
            at_once = min(LOCAL_SLOTS, at_once)
        most = each.most.calls * answer_tokens(player.params) * pace / (1 if role == "optimizer" else at_once)
        seconds += Range(each.least.calls * pace / at_once, most)
    return Range(round(seconds.least / 60, 2), round(seconds.most / 60, 2))


def _pace(player: Player, starts: Sequence[FirstCalls]) -> float | None:
    """Return the seconds for a token of an answer of the player's model, None where nothing says them."""
    seconds, tokens = 0.0, 0
    for sent, reply in (pair for each in starts for pair in each.replies):
        request = sent.call.request
        if (request.model, request.endpoint) == (player.name, player.endpoint) and reply.usage.completion:
            seconds, tokens = seconds + reply.seconds, tokens + reply.usage.completion
    return seconds / tokens if seconds and tokens else None


def verdicts(budget: BudgetConfig, total: RoleForecast, minutes: Range | None) -> Iterator[CapForecast]:
    """Yield each cap that is set, held against the range."""
    told: Mapping[str, tuple[float | None, Range | None]] = {
        "usd": (budget.usd, total.cost_usd),
        "tokens": (budget.tokens, total.prompt_tokens + total.completion_tokens),
        "calls": (budget.calls, total.calls),
        "minutes": (budget.minutes, minutes),
    }
    for name, (limit, needed) in told.items():
        if limit is not None:
            yield CapForecast(name, limit, _verdict(limit, needed))


def _verdict(limit: float, needed: Range | None) -> Verdict:
    if needed is None:
        return "unknown"
    if needed.most <= limit:
        return "enough"
    return "too small" if needed.least > limit else "may end the run"


def _notes(parted: Parted, val: FirstCalls, test: FirstCalls, mode: CacheMode, *, offline: bool) -> Iterator[str]:
    fewest, most = parted.task_calls
    missing = val.known - val.stored + test.known - test.stored
    if offline:
        yield "offline: nobody is asked" + (
            f", and {missing} of the first calls are not stored: the run will end at one of them" if missing else ""
        )
    if val.perfect:
        yield "the stored answers say that the start prompts are perfect on validation: there is nothing to train"
    if parted.broke:
        yield f"a made-up reply ended the program ({parted.broke}): it may make more calls than are counted here"
    elif most > 1:
        calls = f"{most}" if fewest == most else f"{fewest} to {most}"
        yield f"{calls} calls of the program for an example, as far as made-up replies tell"
    if not (val.whole and test.whole):
        yield "only first calls are known before they are made; what follows them may be stored, too"
    if mode in ("off", "refresh"):
        yield f"cache.mode = {mode}: the answers of other runs are not used"
