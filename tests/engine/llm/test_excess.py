"""Providers that say they used more than they were allowed, and the budget."""

import asyncio

from tests.engine.llm.calls import Held, a_call

from autodiff_engine.errors import BudgetExhausted, ModelUnavailable
from autodiff_engine.events import TokenCounts
from autodiff_engine.llm import Call, Reply, ScriptedModel, Usage
from autodiff_engine.llm.budget import Tokens, most_tokens
from autodiff_engine.llm.excess import Excess, excess
from autodiff_engine.llm.metered import Caps, Meter, MeteredModel, Price

NAME = "openai/loopback"
MOST = most_tokens(a_call("00").request) or Tokens(0, 0)
SAID = Tokens(MOST.prompt, 18 * MOST.completion)


def greedy(usage: Tokens = SAID) -> ScriptedModel:
    return ScriptedModel(lambda _: Reply("8", "stop", Usage(usage.prompt, usage.completion)))


class Told(list[tuple[str, Tokens, Tokens]]):
    """What was told of models that take more."""

    def __call__(self, call: Call, said: Tokens, most: Tokens) -> None:
        self.append((call.request.model, said, most))


def a_meter(caps: Caps, told: Told | None = None) -> Meter:
    return Meter(caps, {NAME: Price(0.001, 0.01)}, on_excess=told)


async def asked(model: MeteredModel, calls: int) -> list[Reply | BaseException]:
    return await asyncio.gather(*(model.complete(a_call(f"{n:02d}")) for n in range(calls)), return_exceptions=True)


async def test_what_was_said_is_booked_and_told_once_and_no_second_call_overshoots() -> None:
    told = Told()
    meter = a_meter(Caps(tokens=SAID.total + MOST.total - 1), told)
    model = MeteredModel(greedy(), meter)

    await model.complete(a_call("00"))
    results = [*await asked(model, 1)]

    assert meter.totals.spent.tokens == TokenCounts(SAID.prompt, SAID.completion)
    assert told == [(NAME, SAID, MOST)]
    assert isinstance(results[0], BudgetExhausted)
    assert f"the next call may take up to {SAID.total}" in str(results[0])


async def test_a_cap_is_overshot_by_one_call_at_most_however_often_the_model_takes_more() -> None:
    """Each takes eighteen times its bound: the first is not known to, the others are set aside as they are."""
    for calls in (1, 2, 3, 10):
        told = Told()
        meter = a_meter(Caps(tokens=calls * SAID.total), told)
        model = MeteredModel(greedy(), meter)
        for n in range(12):
            await asyncio.gather(model.complete(a_call(f"{n:02d}")), return_exceptions=True)

        assert meter.totals.spent.calls.made == calls
        assert meter.totals.spent.most_tokens == calls * SAID.total
        assert len(told) == 1


async def test_calls_that_wait_are_held_to_what_was_learned_meanwhile() -> None:
    held = Held()
    meter = a_meter(Caps(tokens=2 * MOST.total))

    class Greedy:
        async def complete(self, call: Call) -> Reply:
            await held.complete(call)
            return Reply("8", "stop", Usage(SAID.prompt, SAID.completion))

    task = asyncio.create_task(asked(MeteredModel(Greedy(), meter), 9))
    await asyncio.sleep(0.01)
    held.let.set()
    results = await task

    assert held.most == 2  # in flight when nothing was known yet
    assert sum(isinstance(each, BudgetExhausted) for each in results) == 7
    assert meter.totals.spent.calls.made == 2


async def test_what_is_in_flight_counts_at_what_was_learned_and_is_unsettled_at_that() -> None:
    held = Held()
    meter = a_meter(Caps())
    flying = asyncio.create_task(MeteredModel(held, meter).complete(a_call("00")))
    await asyncio.sleep(0)
    await MeteredModel(greedy(), meter).complete(a_call("01"))

    assert meter.reserved.tokens == SAID.total
    held.error = ModelUnavailable("broke off")
    held.let.set()
    await asyncio.gather(flying, return_exceptions=True)

    assert meter.totals.spent.unsettled.completion == SAID.completion


async def test_only_what_is_more_than_was_set_aside_is_told_and_dollars_count_by_themselves() -> None:
    within, dearer, long = Tokens(1, MOST.completion + 1), Tokens(1, MOST.completion + 60), Tokens(MOST.total + 1, 1)
    for usage, tells in ((MOST, 0), (within, 0), (dearer, 1), (long, 1)):
        told = Told()
        await asked(MeteredModel(greedy(usage), a_meter(Caps(), told)), 3)
        assert len(told) == tells, usage


async def test_other_models_are_held_to_their_bounds() -> None:
    meter = Meter(Caps(), {NAME: None, "openai/other": None})
    await MeteredModel(greedy(), meter).complete(a_call("00"))
    task = asyncio.create_task(MeteredModel(Held(), meter).complete(a_call("00", model="openai/other")))
    await asyncio.sleep(0)

    assert meter.reserved.tokens == MOST.total
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_the_largest_ratio_is_kept_of_prompts_and_of_answers() -> None:
    known = Excess()
    for said in (Tokens(5, 30), Tokens(20, 5), Tokens(1, 1)):
        known.learn("m", Tokens(10, 10), said)

    assert known.most("m", Tokens(5, 7)) == Tokens(10, 21)
    assert known.most("other", Tokens(5, 7)) == Tokens(5, 7)


def test_a_person_is_told_the_model_and_how_much_more() -> None:
    said = excess("openai/worker", Tokens(60, 900), Tokens(125, 64))

    assert "openai/worker says that one call used 60 tokens of prompt and 900 of answer" in said
    assert "where 125 and 64 are the most" in said
