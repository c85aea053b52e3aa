import asyncio
from collections.abc import Callable

import pytest
from tests.engine.llm.calls import Held, a_call

from autodiff_engine.errors import AnswerMissing, BudgetExhausted, ModelRefused, ModelRejected, ModelUnavailable
from autodiff_engine.llm import Call, ScriptedModel
from autodiff_engine.llm.limited import LimitedModel
from autodiff_engine.llm.slots import Slots
from autodiff_engine.llm.unavailable import RateLimited


def failing(*errors: Exception) -> tuple[ScriptedModel, list[Exception]]:
    left = list(errors)

    def answer(_: Call) -> str:
        if left:
            raise left.pop(0)
        return "8"

    return ScriptedModel(answer), left


def sleeper() -> tuple[list[float], Callable[[float], object]]:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    return slept, sleep


async def test_an_unavailable_model_is_asked_again_after_a_growing_random_wait() -> None:
    inner, _ = failing(*[ModelUnavailable("down")] * 3)
    slept, sleep = sleeper()

    reply = await LimitedModel(inner, sleep=sleep).complete(a_call())

    assert reply.text == "8"
    assert len(inner.seen) == 4
    assert all(0 <= wait <= 2 * 2**n for n, wait in enumerate(slept))
    assert len(set(slept)) == 3


async def test_the_wait_that_the_provider_asks_for_is_kept() -> None:
    inner, _ = failing(RateLimited("slow down", retry_after_s=17.0))
    slept, sleep = sleeper()

    await LimitedModel(inner, sleep=sleep).complete(a_call())

    assert len(slept) == 1
    assert 17.0 <= slept[0] <= 18.0


async def test_after_four_attempts_the_error_says_how_often_and_what_to_do() -> None:
    inner, _ = failing(*[ModelUnavailable("nothing answers at http://127.0.0.1:1/v1", "start the server")] * 9)
    _, sleep = sleeper()

    said = r"^no answer from openai/loopback in 4 attempts: nothing answers at http://127\.0\.0\.1:1/v1 \[1/forward/"
    with pytest.raises(ModelUnavailable, match=said) as caught:
        await LimitedModel(inner, sleep=sleep).complete(a_call())

    assert len(inner.seen) == 4
    assert caught.value.hint == "start the server"


async def test_a_provider_that_asks_for_an_hour_is_not_waited_for() -> None:
    inner, _ = failing(RateLimited("slow down", retry_after_s=3600.0))
    slept, sleep = sleeper()

    with pytest.raises(ModelUnavailable, match="asks to wait 3600 s"):
        await LimitedModel(inner, sleep=sleep).complete(a_call())

    assert slept == []


@pytest.mark.parametrize("kind", [ModelRefused, ModelRejected, AnswerMissing, BudgetExhausted])
async def test_no_other_error_is_retried(kind: type[Exception]) -> None:
    inner, _ = failing(kind("no"))
    slept, sleep = sleeper()

    with pytest.raises(kind):
        await LimitedModel(inner, sleep=sleep).complete(a_call())

    assert (len(inner.seen), slept) == (1, [])


async def test_waits_follow_from_the_seed() -> None:
    waits: list[list[float]] = []
    for seed in (0, 0, 1):
        inner, _ = failing(ModelUnavailable("down"))
        slept, sleep = sleeper()
        await LimitedModel(inner, seed=seed, sleep=sleep).complete(a_call())
        waits.append(slept)

    assert waits[0] == waits[1] != waits[2]


async def test_never_more_than_the_limit_are_in_flight() -> None:
    held = Held()
    model = LimitedModel(held, in_flight=3)
    tasks = [asyncio.create_task(model.complete(a_call(str(n)))) for n in range(10)]
    await asyncio.sleep(0)
    assert held.open == 3
    held.let.set()

    replies = await asyncio.gather(*tasks)

    assert held.most == 3
    assert [reply.text for reply in replies] == [f"to {n}" for n in range(10)]


async def test_cancelled_calls_give_their_slots_back() -> None:
    held = Held()
    model = LimitedModel(held, in_flight=2)
    tasks = [asyncio.create_task(model.complete(a_call(str(n)))) for n in range(6)]
    await asyncio.sleep(0)
    for task in (tasks[0], tasks[3], tasks[4]):  # one in flight, two that wait
        task.cancel()
    await asyncio.gather(*tasks[:1], *tasks[3:5], return_exceptions=True)
    held.let.set()

    replies = await asyncio.gather(tasks[1], tasks[2], tasks[5])

    assert [reply.text for reply in replies] == ["to 1", "to 2", "to 5"]
    assert (await model.complete(a_call("later"))).text == "to later"


async def test_a_call_that_waits_for_its_next_attempt_holds_no_slot() -> None:
    inner, _ = failing(ModelUnavailable("down"))
    waiting, go_on = asyncio.Event(), asyncio.Event()

    async def sleep(_: float) -> None:
        waiting.set()
        await go_on.wait()

    model = LimitedModel(inner, in_flight=1, sleep=sleep)
    first = asyncio.create_task(model.complete(a_call("first")))
    await waiting.wait()

    assert (await model.complete(a_call("second"))).text == "8"
    go_on.set()
    assert (await first).text == "8"


async def test_a_burst_of_rate_limits_halves_the_number_once_and_successes_win_it_back() -> None:
    held = Held()
    held.error = RateLimited("429")
    model = LimitedModel(held, in_flight=8, attempts=1)
    burst = [asyncio.create_task(model.complete(a_call(str(n)))) for n in range(8)]
    await asyncio.sleep(0)
    held.let.set()
    await asyncio.gather(*burst, return_exceptions=True)
    assert model.in_flight_limit == 4

    held.error = None
    for n in range(60):
        await model.complete(a_call(str(n)))
    assert model.in_flight_limit == 4  # one call at a time says nothing of five

    for n in range(0, 80, 8):
        held.let.clear()
        burst = [asyncio.create_task(model.complete(a_call(str(n + k)))) for k in range(8)]
        await asyncio.sleep(0)
        held.let.set()
        await asyncio.gather(*burst)
    assert model.in_flight_limit == 8


async def test_rate_limits_again_and_again_leave_one_at_a_time() -> None:
    slots = Slots(8)
    for _ in range(10):
        era = await slots.take()
        slots.give()
        slots.shrink(era)

    assert slots.size == 1


async def test_a_slot_handed_to_a_caller_that_is_cancelled_at_once_goes_to_the_next() -> None:
    slots = Slots(1)
    await slots.take()
    first, second = asyncio.create_task(slots.take()), asyncio.create_task(slots.take())
    await asyncio.sleep(0)

    slots.give()  # to the first, which has not run since
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)

    assert await second == 0
    assert slots.taken == 1
