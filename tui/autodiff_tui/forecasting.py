"""What a run will cost, as lines: a row for each role, the total, the stored answers and the budget."""

from __future__ import annotations

import math
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from .flags import Flags
from .format import UNKNOWN, cost, counted, tokens
from .headless import write_line
from .toned import Tone, Toned, columns, line, spelled

if TYPE_CHECKING:
    from autodiff_engine.build import CapForecast, Forecast, Range, RoleForecast, SplitForecast

T = TypeVar("T")
_HEAD = ("role", "calls", "tokens in", "tokens out", "cost", "model")
PATIENCE_S = 15.0
"""Seconds after which a forecast is a coarse one: a program's own functions may be slow."""
_DRY_RUN = "--dry-run takes its time"
NO_BUDGET = "budget: there is none"
_SPLITS = {"val": "validation", "test": "test"}
_TONES: dict[str, Tone] = {"enough": "good", "too small": "bad"}
_SAID = {
    "enough": "enough for all of it",
    "may end the run": "may end the run before it is done",
    "too small": "too small: the run cannot come to its end",
    "unknown": "nobody can say whether it is enough",
}


def write(told: Forecast, flags: Flags) -> None:
    """Write the forecast to stdout, and the warnings that a training would begin with to stderr."""
    for warning in () if flags.quiet else told.warnings:
        write_line(spelled(((f"warning: {warning}", "warn"),)), sys.stderr, ascii_only=flags.ascii)
    for each in lines(told):
        write_line(spelled(each).rstrip(), sys.stdout, ascii_only=flags.ascii)


def within_patience(forecast: Callable[[float], Awaitable[T]]) -> tuple[T | None, int]:
    """Return what ``forecast`` says in the time that a person waits for it, and 0; or None and a signal's number."""
    from .interruptible import run

    told, number = run(lambda: forecast(PATIENCE_S))
    if told is None:
        sys.stderr.write("error: interrupted; nothing was written\n")
    return told, number


def in_short(told: Forecast) -> tuple[str, ...]:
    """Return the sum of the forecast as short lines."""
    total = told.total
    price = UNKNOWN if total.cost_usd is None else _range(total.cost_usd, cost)
    prompts, answers = _range(total.prompt_tokens, _tokens, about=True), _range(total.completion_tokens, _tokens)
    return (
        f"forecast: {_range(total.calls, _count)} calls, cost {price}",
        *([f"  coarse, {told.coarse}; {_DRY_RUN}"] if told.coarse else []),
        f"  {prompts} tokens in, {answers} out",
        *(f"  budget {each.cap} {_limit(each)}: {_SAID[each.verdict]}" for each in told.budget),
    )


def say(told: Forecast, flags: Flags, *, in_full: str = _DRY_RUN) -> None:
    """Tell who is about to pay what that will take, in short, on stderr; the run tells its warnings by itself.

    ``in_full`` says how to get the whole forecast, where this one is coarse.
    """
    for each in () if flags.quiet else brief(replace(told, warnings=(), notes=()), in_full=in_full):
        write_line(spelled(each).rstrip(), sys.stderr, ascii_only=flags.ascii)


def lines(told: Forecast) -> Iterator[Toned]:
    """Yield the forecast; every number is a range, or one number where least and most are the same."""
    yield from columns([_HEAD, *map(_row, (*told.roles, told.total))], ("strong",))
    yield line("")
    yield line("least: the start prompts are perfect, or all that comes after them is stored")
    yield line("most: every batch fails, every proposal goes through all of validation; failed attempts come on top")
    yield line(f"minutes: {_minutes(told)}")
    for split in told.start:
        yield line(f"start prompts on {_SPLITS.get(split.split, split.split)}: {_stored(split)}")
    for each in told.budget:
        yield line(f"budget.{each.cap} = {_limit(each)}: {_SAID[each.verdict]}", _TONES.get(each.verdict, "warn"))
    if not told.budget and told.total.cost_usd != _nothing(told):
        yield line(NO_BUDGET, "warn")
    for note in told.notes:
        yield line(f"note: {note}")


def brief(told: Forecast, *, in_full: str = _DRY_RUN) -> Iterator[Toned]:
    """Yield the sum of the forecast and what the budget makes of it, each line beginning with what it is about."""
    total = told.total
    price = UNKNOWN if total.cost_usd is None else _range(total.cost_usd, cost)
    asked = f"{_range(total.calls, _count)} calls, {_range(total.prompt_tokens, _tokens, about=True)} tokens in, "
    yield (*line("forecast ", "muted"), *line(f"{asked}{_range(total.completion_tokens, _tokens)} out, cost {price}"))
    if told.coarse:
        yield (*line("coarse   ", "muted"), *line(f"{told.coarse}{f'; {in_full}' if in_full else ''}", "warn"))
    if told.minutes is not None:
        yield (*line("minutes  ", "muted"), *line(_minutes(told)))
    for each in told.budget:
        tone = _TONES.get(each.verdict, "warn")
        yield (*line("budget   ", "muted"), *line(f"{each.cap} {_limit(each)}: "), *line(_SAID[each.verdict], tone))
    if not told.budget:
        yield line(NO_BUDGET, "muted" if told.total.cost_usd == _nothing(told) else "warn")
    for each in (*told.warnings, *told.notes):
        yield line(each, "muted")


def _row(each: RoleForecast) -> tuple[str, ...]:
    return (
        each.role,
        _range(each.calls, _count),
        _range(each.prompt_tokens, _tokens, about=True),
        _range(each.completion_tokens, _tokens),
        UNKNOWN if each.cost_usd is None else _range(each.cost_usd, cost),
        each.model,
    )


def _range(told: Range, shown: Callable[[float], str], *, about: bool = False) -> str:
    if math.isinf(told.most):
        return f"{shown(told.least)} or more" if told.least else UNKNOWN
    least, most = shown(told.least), shown(told.most)
    text = least if least == most else f"{least} to {most}"
    return f"about {text}" if about and told.most else text


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _tokens(value: float) -> str:
    return tokens(round(value))


def _minutes(told: Forecast) -> str:
    if told.minutes is None:
        return f"{UNKNOWN}: no stored answer says how fast each model is"
    return _range(told.minutes, lambda value: f"{value:,.1f}", about=True)


def _stored(split: SplitForecast) -> str:
    """Return ``6 calls, 4 of them stored``, or what is known of more calls than that."""
    stored = "all" if split.stored == split.known else f"{split.stored:,}" if split.stored else "none"
    calls = counted(split.known, "call") if split.whole else f"the first {counted(split.known, 'call')}"
    return f"{counted(split.n, 'example')}, {calls}, {stored} of them stored"


def _limit(each: CapForecast) -> str:
    return cost(each.limit) if each.cap == "usd" else f"{each.limit:,g}"


def _nothing(told: Forecast) -> Range | None:
    """Return a cost of nothing, as the total would be."""
    free = told.total.cost_usd
    return free if free is not None and free.most == 0 else None
