"""All wrappers together, in their order, over the real client and a server on loopback."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests import loopback as lb
from tests.engine.llm.calls import a_call

from autodiff_engine.control import Control
from autodiff_engine.errors import BudgetExhausted
from autodiff_engine.events import CallCounts, TokenCounts
from autodiff_engine.llm import Model, Reply
from autodiff_engine.llm.cached import CachedModel
from autodiff_engine.llm.deadline import DeadlineModel
from autodiff_engine.llm.gated import AdmittedModel, CallReport, GatedModel
from autodiff_engine.llm.limited import LimitedModel
from autodiff_engine.llm.litellm_client import LiteLLMModel
from autodiff_engine.llm.metered import Caps, Meter, MeteredModel, Price
from autodiff_engine.llm.routed import RoutedModel
from autodiff_engine.llm.store import AnswerStore


@pytest.fixture
async def client() -> AsyncIterator[LiteLLMModel]:
    client = LiteLLMModel()
    yield client
    await client.aclose()


class Stack:
    def __init__(self, client: Model, folder: Path, caps: Caps, timeout_s: float = 30.0) -> None:
        async def no_wait(_: float) -> None:
            await asyncio.sleep(0)

        self.reports: list[CallReport] = []
        self.store = AnswerStore(folder, pytest.fail)
        self.meter = Meter(caps, {"openai/loopback": Price(0.001, 0.01)})
        timed = DeadlineModel(client, timeout_s)
        metered = MeteredModel(RoutedModel({"task": timed, "backward": timed}), self.meter)
        gate = (Control(), lambda _call, _n: None, self.reports.append)
        limited = AdmittedModel(LimitedModel(metered, 4, sleep=no_wait), *gate, at_once=64)
        cached = CachedModel(limited, self.store, "r1", on_hit=self.meter.hit)
        self.model = GatedModel(cached, *gate)


async def test_the_ledger_says_what_was_sent_what_failed_and_what_was_free(
    client: LiteLLMModel, tmp_path: Path
) -> None:
    stack = Stack(client, tmp_path, Caps(usd=100.0))
    async with lb.loopback(lb.rate_limited("1"), lb.server_error()) as server:
        calls = [a_call(str(n), endpoint=server.url, role=role) for n in range(6) for role in ("task", "backward")]
        await asyncio.gather(*(stack.model.complete(call) for call in calls))
        await stack.model.complete(calls[0])
    stack.store.close()

    assert len(server.received) == 8
    assert stack.meter.totals.spent.calls == CallCounts(made=8, cached=7, failed=2)
    assert stack.meter.totals.spent.tokens == TokenCounts(6 * 11, 6 * 7, 7 * 11, 7 * 7)
    assert stack.meter.totals.spent.cost_usd == pytest.approx(6 * (0.011 + 0.07))
    assert sum(report.reply is not None and not report.reply.cached for report in stack.reports) == 6


async def test_the_server_never_sees_more_requests_than_the_budget_has(client: LiteLLMModel, tmp_path: Path) -> None:
    stack = Stack(client, tmp_path, Caps(calls=5))
    async with lb.loopback() as server:
        calls = [a_call(str(n), endpoint=server.url) for n in range(32)]
        results = await asyncio.gather(*(stack.model.complete(call) for call in calls), return_exceptions=True)
    stack.store.close()

    assert len(server.received) == 5
    assert sum(isinstance(result, Reply) for result in results) == 5
    assert sum(isinstance(result, BudgetExhausted) for result in results) == 27


async def test_a_wait_for_the_budget_is_no_part_of_the_deadline(client: LiteLLMModel, tmp_path: Path) -> None:
    """Room for one call at a time; the last of four waits for longer than any call may take."""
    stack = Stack(client, tmp_path, Caps(tokens=400), timeout_s=1.0)
    async with lb.loopback(otherwise=lb.ok(delay_s=0.3)) as server:
        await client.complete(a_call("first", endpoint=server.url))  # imports litellm, past the deadline
        replies = await asyncio.gather(
            *(stack.model.complete(a_call(f"{n}" * 40, endpoint=server.url, max_tokens=100)) for n in range(4))
        )
    stack.store.close()

    assert [reply.text for reply in replies] == ["fine"] * 4
    assert stack.meter.totals.spent.calls == CallCounts(made=4)
