import asyncio

import pytest
from tests.engine.llm.calls import Held, a_call

from autodiff_engine.errors import BudgetExhausted, ConfigError, ModelRefused, ModelRejected, ModelUnavailable
from autodiff_engine.events import AtMost, CallCounts, Spent, TokenCounts
from autodiff_engine.llm import Call, Message, Reply, Request, ScriptedModel, Usage
from autodiff_engine.llm.budget import Tokens, most_tokens
from autodiff_engine.llm.metered import FREE, Caps, Meter, MeteredModel, Price, Totals
from autodiff_engine.llm.unavailable import NotBilled, RateLimited

PRICE = Price(0.001, 0.01)
MOST = most_tokens(a_call("00").request)
assert MOST is not None
AT_MOST = AtMost(1, MOST.prompt, MOST.completion, PRICE.of(MOST))


def a_meter(caps: Caps | None = None, price: Price | None = PRICE, **more: object) -> Meter:
    return Meter(caps or Caps(), {"openai/loopback": price}, **more)  # type: ignore[arg-type]


def using(prompt: int | None, completion: int | None) -> ScriptedModel:
    return ScriptedModel(lambda _: Reply("8", "stop", Usage(prompt, completion)))


async def test_usage_and_cost_add_up_over_all_roles() -> None:
    meter = a_meter()
    model = MeteredModel(using(100, 7), meter)

    replies = [await model.complete(a_call(role=role)) for role in ("task", "backward", "optimizer")]

    assert [reply.cost_usd for reply in replies] == [pytest.approx(0.17)] * 3
    assert meter.totals.spent.calls == CallCounts(made=3)
    assert meter.totals.spent.tokens == TokenCounts(300, 21)
    assert meter.totals.spent.cost_usd == pytest.approx(0.51)


async def test_a_hit_costs_nothing_and_what_it_once_took_is_counted_apart() -> None:
    meter = a_meter(Caps(usd=0.0, tokens=0, calls=0))

    meter.hit(Reply("8", "stop", Usage(100, 7), 0.17, cached=True))

    assert meter.totals.spent.calls == CallCounts(cached=1)
    assert meter.totals.spent.tokens == TokenCounts(0, 0, 100, 7)
    assert meter.totals.spent.cost_usd == 0.0


async def test_an_unknown_price_is_no_cost_of_zero() -> None:
    meter = a_meter(price=None)

    reply = await MeteredModel(using(100, 7), meter).complete(a_call())

    assert reply.cost_usd is None
    assert meter.totals.spent.cost_usd is None
    assert meter.totals.spent.tokens == TokenCounts(100, 7)


async def test_a_local_model_is_free() -> None:
    meter = a_meter(Caps(usd=0.01), price=FREE)

    reply = await MeteredModel(using(100, 7), meter).complete(a_call())

    assert reply.cost_usd == 0.0
    assert meter.totals.spent.cost_usd == 0.0


@pytest.mark.parametrize(
    ("caps", "cap"),
    [
        pytest.param(Caps(calls=5), "calls", id="calls"),
        pytest.param(Caps(tokens=5 * MOST.total), "tokens", id="tokens"),
        pytest.param(Caps(usd=5.0001 * PRICE.of(MOST)), "usd", id="usd"),
    ],
)
async def test_32_calls_at_once_never_overshoot_a_budget_for_five(caps: Caps, cap: str) -> None:
    """Each answer takes all that it may: the worst case."""
    meter = a_meter(caps)
    held = Held()
    worst = ScriptedModel(lambda _: Reply("8", "stop", Usage(MOST.prompt, MOST.completion)))

    class Worst:
        async def complete(self, call: Call) -> Reply:
            await held.complete(call)
            return await worst.complete(call)

    model = MeteredModel(Worst(), meter)
    tasks = [asyncio.create_task(model.complete(a_call(f"{n:02d}"))) for n in range(32)]
    await asyncio.sleep(0.01)
    assert held.open == 5
    held.let.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert sum(isinstance(result, Reply) for result in results) == 5
    refused = [result for result in results if isinstance(result, BudgetExhausted)]
    assert len(refused) == 27
    assert f"the budget in {cap} is spent" in str(refused[0])
    assert f"budget.{cap}" in refused[0].hint
    spent = meter.totals.spent
    assert spent.calls.made == 5
    assert spent.tokens.prompt + spent.tokens.completion == 5 * MOST.total
    assert spent.cost_usd == pytest.approx(5 * PRICE.of(MOST))
    assert spent.unsettled == AtMost()


async def test_a_call_that_does_not_fit_waits_for_those_in_flight_and_takes_what_they_leave() -> None:
    meter = a_meter(Caps(tokens=2 * MOST.total))
    held = Held()  # its answers take 15 tokens, far below the bound
    model = MeteredModel(held, meter)
    tasks = [asyncio.create_task(model.complete(a_call(f"{n:02d}"))) for n in range(3)]
    await asyncio.sleep(0.01)
    assert held.open == 2
    held.let.set()

    await asyncio.gather(*tasks)

    assert meter.totals.spent.calls.made == 3
    assert meter.totals.spent.tokens == TokenCounts(30, 15)


async def test_a_refusal_names_the_cap_what_is_spent_and_what_was_asked_for() -> None:
    meter = a_meter(Caps(usd=0.2))
    model = MeteredModel(using(5, 5), meter)

    with pytest.raises(
        BudgetExhausted, match=r"\$0\.0000 of \$0\.2000 is spent and the next call may take up to \$0\."
    ):
        await model.complete(a_call())


async def test_a_cancelled_attempt_is_unsettled_at_its_maximum_and_is_no_failure() -> None:
    meter = a_meter()
    task = asyncio.create_task(MeteredModel(Held(), meter).complete(a_call("00")))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert meter.totals.spent == Spent(CallCounts(made=1), TokenCounts(), 0.0, AT_MOST)


async def test_what_is_unsettled_counts_against_the_budget_in_full_and_the_refusal_says_so() -> None:
    meter = a_meter(Caps(tokens=2 * MOST.total - 1))
    task = asyncio.create_task(MeteredModel(Held(), meter).complete(a_call("00")))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    told = rf"{MOST.total} \(up to {MOST.total} of it unsettled\) of {2 * MOST.total - 1} tokens are spent"
    with pytest.raises(BudgetExhausted, match=told):
        await MeteredModel(using(1, 1), meter).complete(a_call("01"))


@pytest.mark.parametrize(
    ("error", "spent"),
    [
        (ModelUnavailable("no answer within 60 s"), MOST.total),
        (NotBilled("nothing answers"), 0),
        (RateLimited("429"), 0),
        (ModelRefused("too long"), 0),
        (ModelRejected("no key"), 0),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_only_a_failure_that_may_have_been_billed_is_unsettled(error: Exception, spent: int) -> None:
    meter = a_meter()
    held = Held()
    held.error = error
    held.let.set()

    with pytest.raises(type(error)):
        await MeteredModel(held, meter).complete(a_call("00"))

    assert meter.totals.spent.calls == CallCounts(made=1, failed=1)
    assert meter.totals.spent.most_tokens == spent
    assert meter.totals.spent.most_usd == pytest.approx(PRICE.of(MOST) if spent else 0.0)
    assert (meter.totals.spent.tokens, meter.totals.spent.cost_usd) == (TokenCounts(), 0.0)


async def test_what_an_answer_does_not_say_of_its_usage_is_unsettled_and_it_has_no_cost_of_its_own() -> None:
    meter = a_meter()

    reply = await MeteredModel(using(None, None), meter).complete(a_call("00"))

    assert reply.cost_usd is None
    assert meter.totals.spent == Spent(CallCounts(made=1), TokenCounts(), 0.0, AT_MOST)


async def test_the_half_of_the_usage_that_an_answer_says_is_settled() -> None:
    meter = a_meter()

    await MeteredModel(using(10, None), meter).complete(a_call("00"))

    spent = meter.totals.spent
    assert (spent.tokens, spent.cost_usd) == (TokenCounts(10, 0), pytest.approx(PRICE.of(Tokens(10, 0))))
    assert (spent.unsettled.calls, spent.unsettled.prompt, spent.unsettled.completion) == (1, 0, MOST.completion)
    assert spent.unsettled.cost_usd == pytest.approx(PRICE.of(Tokens(0, MOST.completion)))


async def test_what_is_in_flight_is_committed_at_its_maximum() -> None:
    meter = a_meter()
    held = Held()
    task = asyncio.create_task(MeteredModel(held, meter).complete(a_call("00")))
    await asyncio.sleep(0)

    assert meter.totals.spent.calls.made == 0
    assert meter.committed.spent.calls.made == 1
    assert (meter.committed.spent.tokens, meter.committed.spent.unsettled) == (TokenCounts(), AT_MOST)

    held.let.set()
    await task
    assert meter.committed.spent == meter.totals.spent
    assert (meter.totals.spent.tokens, meter.totals.spent.unsettled) == (TokenCounts(10, 5), AtMost())


async def test_a_resumed_run_has_only_what_its_earlier_executions_left() -> None:
    before = Totals(Spent(CallCounts(made=4, failed=1), TokenCounts(100, 50), 0.6), 30.0)
    meter = a_meter(Caps(calls=5), before=before)
    model = MeteredModel(using(10, 5), meter)
    await model.complete(a_call())

    with pytest.raises(BudgetExhausted, match="5 of 5 calls"):
        await model.complete(a_call())

    assert meter.totals.spent.tokens == TokenCounts(110, 55)
    assert meter.totals.seconds >= 30.0


async def test_when_the_minutes_are_over_no_call_is_made() -> None:
    now = [0.0]
    inner = using(10, 5)
    model = MeteredModel(inner, a_meter(Caps(minutes=2), clock=lambda: now[0]))
    await model.complete(a_call())
    now[0] = 120.0

    with pytest.raises(BudgetExhausted, match="2 of 2 minutes"):
        await model.complete(a_call())

    assert len(inner.seen) == 1


async def test_a_call_whose_reservation_took_the_last_of_the_time_to_tell_is_not_made() -> None:
    now, told = [0.0], [0]

    def slow(meter: Meter) -> None:
        told[0] += 1
        now[0] += 100.0

    inner = using(1, 1)
    meter = a_meter(Caps(minutes=2), clock=lambda: now[0], on_change=slow)
    model = MeteredModel(inner, meter)
    await model.complete(a_call())
    with pytest.raises(BudgetExhausted, match="2 of 2 minutes"):
        await model.complete(a_call("again"))

    now[0] = 90.0
    with pytest.raises(BudgetExhausted, match="2 of 2 minutes"):
        await model.complete(a_call("again"))
    assert len(inner.seen) == 1
    assert (meter.totals.spent.calls, meter.reserved) == (CallCounts(made=1), AtMost())
    assert told == [4]


async def test_a_call_in_flight_is_cut_off_when_the_minutes_are_over() -> None:
    held = Held()
    meter = a_meter(Caps(minutes=0.01 / 60))

    with pytest.raises(BudgetExhausted, match="minutes"):
        await MeteredModel(held, meter).complete(a_call("00"))

    assert held.open == 0
    assert meter.totals.spent.calls == CallCounts(made=1, failed=1)


@pytest.mark.parametrize("caps", [Caps(usd=1.0), Caps(tokens=10_000)], ids=["usd", "tokens"])
async def test_a_cap_cannot_be_kept_without_a_bound_on_the_answer(caps: Caps) -> None:
    request = Request("openai/loopback", "", (Message("user", "hi"),), {})

    with pytest.raises(ConfigError, match=r"models\.backward has no max_tokens"):
        await MeteredModel(using(1, 1), a_meter(caps)).complete(Call(request, "backward", "1/b/e/n/1"))


async def test_a_cap_in_dollars_cannot_be_kept_without_a_price() -> None:
    with pytest.raises(ConfigError, match="the price of openai/loopback is not known") as caught:
        await MeteredModel(using(1, 1), a_meter(Caps(usd=1.0), price=None)).complete(a_call())

    assert "models.task.price" in caught.value.hint
    assert "budget.tokens" in caught.value.hint


async def test_each_change_is_announced() -> None:
    seen: list[int] = []
    meter = a_meter(on_change=lambda meter: seen.append(meter.committed.spent.calls.made))

    await MeteredModel(using(1, 1), meter).complete(a_call())
    meter.hit(Reply("8", "stop", Usage(1, 1), cached=True))

    assert seen == [1, 1, 1]


@pytest.mark.parametrize("text", ["", "a b c", "ÄÖÜ 🙂 漢字", "\ud800"])
def test_the_bound_on_prompt_tokens_is_at_least_the_bytes(text: str) -> None:
    most = most_tokens(a_call(text).request)

    assert most is not None
    assert most.prompt >= len(text.encode("utf-8", "surrogatepass"))
    assert most.completion == 50
