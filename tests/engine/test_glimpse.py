"""One example, seen before a training begins: the training asks no more than what that shows."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from autodiff_engine.demand import demands, executions
from autodiff_engine.glimpse import Glimpse, Patience, glimpse_of, parted
from autodiff_engine.llm import Call, Reply

from .test_demand import CASES, asked, demanded, stand_in

SLOW_S = 2.0


def slow(seconds: float = 15.0) -> Patience:
    """The patience of a person whose clock goes on by two seconds at each look."""
    ticks = itertools.count()
    return Patience(seconds, lambda: SLOW_S * next(ticks))


SOME = ("rotate", "template, alone for each target", "demos of a teacher", "a judge on a loss of a loop")


@pytest.mark.parametrize(
    "case", [*SOME, *(pytest.param(each, marks=pytest.mark.every_event) for each in CASES if each not in SOME)]
)
async def test_a_run_asks_each_role_no_more_than_one_example_shows(case: str) -> None:
    make, play = CASES[case]
    model, made = stand_in(make)
    seen = await glimpse_of(made, model, Patience(60.0))
    assert seen is not None
    starts = [seen.starting(split, stored=False) for split in (made.splits.val, made.splits.test)]

    forecast = demands(made, await parted(made, seen, model), *starts)
    calls, tokens = await asked(make, play)
    whole = await demanded(make)

    assert set(calls) <= set(forecast) == set(whole)
    for role, demand in forecast.items():
        assert demand.least.calls <= calls[role] <= demand.most.calls <= 2 * whole[role].most.calls
        assert demand.fewest_prompt_tokens <= tokens[role] <= demand.most.prompt_tokens


@pytest.mark.parametrize("case", ["no steps", "demos of a teacher", "a loop with two losses"])
async def test_how_often_a_program_is_executed_follows_from_settings_and_data(case: str) -> None:
    make, play = CASES[case]
    _, made = stand_in(make)
    seen: set[str] = set()

    def listening(call: Call) -> str:
        if call.role in ("task", "teacher"):
            seen.add("/".join([call.role, *call.at.split("/")[:-2]]))
        return play(call)

    await asked(make, listening)
    least, most = executions(made)
    assert least == len(made.splits.val) + len(made.splits.test)
    assert least <= len(seen) <= most


async def test_one_example_is_executed_as_often_as_there_is_time_for_and_once_in_any_case() -> None:
    made: list[Glimpse | None] = []
    for seconds in (60.0, 9.0, 3.0):
        model, parts = stand_in(CASES["two stages"][0])
        made.append(await glimpse_of(parts, model, slow(seconds)))
    assert [len(each.seen) if each else 0 for each in made] == [3, 2, 1]
    assert [each.seconds for each in made if each] == [SLOW_S] * 3


async def test_where_no_execution_ends_in_time_nothing_was_seen_and_nothing_goes_on() -> None:
    ended: list[bool] = []
    model, parts = stand_in(CASES["two stages"][0])

    async def hanging(call: Call) -> Reply:
        try:
            return await asyncio.Future[Reply]()
        finally:
            ended.append(True)

    model.complete = hanging  # type: ignore[method-assign]
    assert await glimpse_of(parts, model, Patience(0.01)) is None
    assert ended == [True]


async def test_answers_that_may_be_stored_are_not_counted_among_the_least() -> None:
    model, made = stand_in(CASES["a loop with two losses"][0])
    seen = await glimpse_of(made, model, Patience(60.0))
    assert seen is not None
    val = made.splits.val
    unknown, sure = seen.starting(val, stored=True), seen.starting(val, stored=False)
    assert (unknown.known, sure.known) == (0, len(val))
    whole = sure.missing["task"] + sure.rest["task"]
    assert whole == unknown.rest["task"]
