import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.engine.llm.calls import Held, a_call

from autodiff_engine.errors import AnswerMissing, ModelUnavailable
from autodiff_engine.llm import Call, Model, Reply, ScriptedModel, Usage
from autodiff_engine.llm.cached import CachedModel, CacheMode
from autodiff_engine.llm.store import AnswerStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AnswerStore]:
    store = AnswerStore(tmp_path / "answers", pytest.fail)
    yield store
    store.close()


def counting() -> ScriptedModel:
    """Each call gets another answer, so that it shows which one was returned."""
    scripted = ScriptedModel(lambda _: f"answer {len(scripted.seen)}")
    return scripted


async def ask(inner: Model, store: AnswerStore, mode: CacheMode = "read-write", run: str = "r1") -> Reply:
    return await CachedModel(inner, store, run, mode=mode).complete(a_call())


async def test_the_second_time_nobody_is_asked_and_the_original_usage_cost_and_time_come_back(
    store: AnswerStore,
) -> None:
    paid = Reply("8", "stop", Usage(11, 7), 0.5, 2.0)
    inner = ScriptedModel(lambda _: paid)

    first, second = await ask(inner, store), await ask(inner, store, run="r2")

    assert first == paid
    assert second == replace(paid, cached=True)
    assert len(inner.seen) == 1


async def test_two_equal_requests_at_once_make_one_call(store: AnswerStore) -> None:
    held = Held()
    hits: list[Reply] = []
    model = CachedModel(held, store, "r1", on_hit=hits.append)
    tasks = [asyncio.create_task(model.complete(replace(a_call(), at=str(n)))) for n in range(5)]
    await asyncio.sleep(0)
    held.let.set()

    replies = await asyncio.gather(*tasks)

    assert len(held.seen) == 1
    assert [reply.cached for reply in replies] == [False, True, True, True, True]
    assert len(hits) == 4


async def test_draws_of_one_request_are_calls_of_their_own(store: AnswerStore) -> None:
    inner = counting()
    model = CachedModel(inner, store, "r1")

    texts = [(await model.complete(a_call(draw=draw))).text for draw in (0, 1, 0)]

    assert texts == ["answer 1", "answer 2", "answer 1"]


async def test_an_answer_is_stored_before_it_is_returned(store: AnswerStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The write is held up: until it is done nobody gets the answer."""
    add, writing, write = store.add, asyncio.Event(), asyncio.Event()

    async def slow_add(key: str, reply: Reply, run: str = "") -> Reply:
        writing.set()
        await write.wait()
        return await add(key, reply, run)

    monkeypatch.setattr(store, "add", slow_add)
    task = asyncio.create_task(ask(counting(), store))
    await writing.wait()
    assert not task.done()

    write.set()
    await task

    assert store.get(a_call().request.key) is not None


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply("", "stop", Usage(3, 0)), id="empty"),
        pytest.param(Reply("half an ans", "length", Usage(3, 50)), id="truncated"),
        pytest.param(Reply("", "content_filter", Usage(None, None)), id="refused"),
    ],
)
async def test_every_complete_answer_is_stored_with_its_finish_reason(store: AnswerStore, reply: Reply) -> None:
    inner = ScriptedModel(lambda _: reply)

    await ask(inner, store)

    assert await ask(inner, store) == replace(reply, cached=True)
    assert len(inner.seen) == 1


async def test_a_call_without_an_answer_is_not_stored(store: AnswerStore) -> None:
    def fail(_: Call) -> str:
        raise ModelUnavailable("down")

    inner = ScriptedModel(fail)
    for _ in range(2):
        with pytest.raises(ModelUnavailable):
            await ask(inner, store)

    assert len(inner.seen) == 2
    assert store.stats().entries == 0


async def test_all_who_wait_for_a_failed_call_hear_of_it(store: AnswerStore) -> None:
    held = Held()
    held.error = ModelUnavailable("down")
    model = CachedModel(held, store, "r1")
    tasks = [asyncio.create_task(model.complete(a_call())) for _ in range(3)]
    await asyncio.sleep(0)
    held.let.set()

    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(result) for result in results] == [ModelUnavailable] * 3
    assert len(held.seen) == 1


async def test_a_cancelled_leader_does_not_cancel_those_who_wait_with_it(store: AnswerStore) -> None:
    held = Held()
    model = CachedModel(held, store, "r1")
    leader, follower = asyncio.create_task(model.complete(a_call())), asyncio.create_task(model.complete(a_call()))
    await asyncio.sleep(0)
    leader.cancel()
    await asyncio.gather(leader, return_exceptions=True)
    held.let.set()

    assert (await follower).text == "to How many?"
    assert leader.cancelled()
    assert len(held.seen) == 1


async def test_when_the_last_one_is_cancelled_the_call_is_too_and_the_next_asks_anew(store: AnswerStore) -> None:
    held = Held()
    model = CachedModel(held, store, "r1")
    tasks = [asyncio.create_task(model.complete(a_call())) for _ in range(3)]
    for _ in range(500):  # it looks for a while whether stored answers are on their way
        await asyncio.sleep(0)
    assert held.open == 1
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert held.open == 0

    held.let.set()
    reply = await model.complete(a_call())

    assert not reply.cached
    assert len(held.seen) == 2


async def test_an_answer_that_was_paid_for_is_stored_although_its_waiter_is_cancelled(store: AnswerStore) -> None:
    class Answers:
        task: asyncio.Task[Reply] | None = None

        async def complete(self, call: Call) -> Reply:
            assert self.task is not None
            asyncio.get_running_loop().call_soon(self.task.cancel)  # takes hold while the answer is being stored
            return Reply("8", "stop", Usage(1, 1))

    inner = Answers()
    inner.task = asyncio.create_task(CachedModel(inner, store, "r1").complete(a_call()))
    await asyncio.gather(inner.task, return_exceptions=True)

    assert inner.task.cancelled()
    assert store.get(a_call().request.key) is not None


async def test_nothing_is_left_in_the_table_of_running_calls(store: AnswerStore) -> None:
    model = CachedModel(counting(), store, "r1")
    await asyncio.gather(*(model.complete(a_call(str(n % 3))) for n in range(9)))

    assert model._running == {}


@pytest.mark.parametrize(
    ("mode", "reads", "leaves"),
    [
        pytest.param("read-write", "theirs", "theirs", id="read-write"),
        pytest.param("read-only", "theirs", "theirs", id="read-only"),
        pytest.param("off", "answer 1", "theirs", id="off"),
        pytest.param("refresh", "answer 1", "answer 1", id="refresh"),
    ],
)
async def test_a_mode_says_whether_other_runs_answers_are_read_and_replaced(
    store: AnswerStore, mode: CacheMode, reads: str, leaves: str
) -> None:
    await ask(ScriptedModel(lambda _: "theirs"), store, run="other")

    reply = await ask(counting(), store, mode)
    stored = store.get(a_call().request.key)

    assert reply.text == reads
    assert stored is not None
    assert stored.text == leaves


@pytest.mark.parametrize(
    ("mode", "shared"), [("read-write", True), ("refresh", True), ("off", False), ("read-only", False)]
)
async def test_a_mode_says_whether_other_runs_find_the_new_answers(
    store: AnswerStore, mode: CacheMode, shared: bool
) -> None:
    await ask(counting(), store, mode)

    assert (await ask(ScriptedModel(lambda _: "asked again"), store, run="other")).cached is shared


@pytest.mark.parametrize("mode", ["read-write", "refresh", "off", "read-only"])
async def test_a_run_finds_its_own_answers_again_in_every_mode(store: AnswerStore, mode: CacheMode) -> None:
    inner = counting()
    first = await ask(inner, store, mode)

    resumed = await ask(inner, store, mode)

    assert resumed == replace(first, cached=True)
    assert len(inner.seen) == 1


async def test_a_refreshing_run_keeps_its_own_answer_when_another_refreshes_later(store: AnswerStore) -> None:
    first = await ask(counting(), store, "refresh", "r1")
    await ask(ScriptedModel(lambda _: "newer"), store, "refresh", "r2")

    assert (await ask(counting(), store, "refresh", "r1")).text == first.text


async def test_offline_an_answer_that_is_not_stored_is_an_error_that_names_the_call(store: AnswerStore) -> None:
    inner = counting()
    model = CachedModel(inner, store, "r1", offline=True)
    call = a_call("I have two\n  apples. " * 20, role="judge")

    with pytest.raises(
        AnswerMissing, match=r"to the judge prompt “I have two apples\. I have.*” \[1/forward/"
    ) as caught:
        await model.complete(replace(call, at="1/forward/e1/n/1"))

    assert len(str(caught.value)) < 160
    assert inner.seen == []


async def test_offline_a_stored_answer_is_found(store: AnswerStore) -> None:
    await ask(counting(), store)

    reply = await CachedModel(Held(), store, "r2", offline=True).complete(a_call())

    assert reply.text == "answer 1"
