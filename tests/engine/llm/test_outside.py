"""Functions that look outside: their results are stored and replayed like an LLM's answers."""

import asyncio
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.synthetic import TEXTS, Stack, answer, asker, splits, trained

from autodiff_engine.candidate import start
from autodiff_engine.control import Control
from autodiff_engine.errors import AnswerMissing, BudgetExhausted, ProgramError
from autodiff_engine.events import FACT_TYPES, Event
from autodiff_engine.graph import Node
from autodiff_engine.llm import Call, Message, Request, ScriptedModel
from autodiff_engine.llm.metered import FREE, Caps, Meter, MeteredModel
from autodiff_engine.llm.outside import OutsideModel
from autodiff_engine.llm.recorded import RecordedModel
from autodiff_engine.pipeline import Pipeline
from autodiff_engine.prompt import Prompt
from autodiff_engine.trace import Trace


class Clock:
    """Something outside that answers otherwise each time it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, word: str) -> str:
        self.asked.append(word)
        return f"{word} at {len(self.asked)}"


def program(clock: Clock) -> Pipeline:
    """The synthetic program, whose question goes through ``clock`` first."""
    ask = Prompt("{{ question }}", "{{ task }}\n{{ format }}")

    async def run(trace: Trace, given: Mapping[str, str]) -> Node:
        asked = trace.input("question", given["question"])
        seen = await trace.apply("look", clock, asked, outside=True, kind="retrieved")
        return await trace.generate("answer", template=ask, prompts=["task", "format"], question=seen)

    return Pipeline("clocked", run, TEXTS, ("question",), ("format", "question", "task"))


def traced(stack: Stack, draw: int = 0) -> Trace:
    return Trace(start(TEXTS), TEXTS, asker(stack.model), at="1/forward/a1", draw=draw)


async def whole_run(folder: Path, *, offline: bool = False) -> tuple[Clock, Stack, list[Event]]:
    clock = Clock()
    stack = Stack(ScriptedModel(answer), folder, offline=offline)
    try:
        _, events = await trained(stack.model, splits(8, 6, 4), pipeline=program(clock), max_steps=2)
    finally:
        stack.store.close()
    return clock, stack, [event for event in events if isinstance(event, FACT_TYPES)]


@pytest.mark.parametrize("offline", [False, True])
async def test_the_same_run_again_calls_no_function_and_has_equal_facts(tmp_path: Path, offline: bool) -> None:
    clock, first, facts = await whole_run(tmp_path)
    again, second, same = await whole_run(tmp_path, offline=offline)

    assert same == facts
    assert len(facts) > 30
    assert len(clock.asked) == len(set(clock.asked)) == 8 + 6 + 4  # once an example, whatever the candidate
    assert again.asked == []
    assert second.meter.totals.spent.calls.made == len(second.scripted.seen) == 0
    assert first.meter.totals.spent.calls.made == len(first.scripted.seen) + len(clock.asked)


async def test_it_is_stored_by_name_inputs_and_draw(tmp_path: Path) -> None:
    clock, stack = Clock(), Stack(ScriptedModel(answer), tmp_path)
    results: list[str] = []
    for name, words, draw in (
        ("look", ["a"], 0),
        ("look", ["a"], 0),
        ("look", ["b"], 0),
        ("seek", ["a"], 0),
        ("look", ["a"], 1),
    ):
        trace = traced(stack, draw)
        node = await trace.apply(name, clock, *(trace.input("x", word) for word in words), outside=True)
        results.append(node.value)
        assert list(trace.keys) == [
            Request(f"outside/{name}", "", tuple(Message("user", word) for word in words), {}, draw).key
        ]
    stack.store.close()
    assert results == ["a at 1", "a at 1", "b at 2", "a at 3", "a at 4"]


async def test_equal_requests_at_once_make_one_call(tmp_path: Path) -> None:
    clock, stack = Clock(), Stack(ScriptedModel(answer), tmp_path)
    traces = [traced(stack) for _ in range(5)]
    nodes = await asyncio.gather(*(t.apply("look", clock, t.input("x", "a"), outside=True) for t in traces))
    stack.store.close()
    assert [node.value for node in nodes] == ["a at 1"] * 5
    assert clock.asked == ["a"]


async def test_offline_and_not_stored_is_an_answer_missing(tmp_path: Path) -> None:
    clock, stack = Clock(), Stack(ScriptedModel(answer), tmp_path, offline=True)
    trace = traced(stack)
    with pytest.raises(AnswerMissing, match=r"“a” \[1/forward/a1/look/1\]"):
        await trace.apply("look", clock, trace.input("x", "a"), outside=True)
    stack.store.close()
    assert clock.asked == []


async def test_a_record_answers_for_it() -> None:
    clock = Clock()
    reply = await OutsideModel(ScriptedModel(answer)).complete(_call("a", clock))
    hits: list[object] = []
    recorded = RecordedModel({_call("a", clock).request.key: reply}, pace=0.0, on_hit=hits.append)
    trace = Trace(start(TEXTS), TEXTS, asker(recorded), at="1/forward/a1", draw=0)
    assert (await trace.apply("look", clock, trace.input("x", "a"), outside=True)).value == "a at 1"
    assert (clock.asked, len(hits)) == (["a"], 1)


def _call(word: str, clock: Clock) -> Call:
    async def look() -> str:
        return clock(word)

    return Call(Request("outside/look", "", (Message("user", word),), {}), "task", "1/forward/a1/look/1", look)


async def test_what_it_raises_is_not_tried_again_and_names_it(tmp_path: Path) -> None:
    tried: list[str] = []

    def broken(word: str) -> str:
        tried.append(word)
        raise ConnectionError("no route")

    stack = Stack(ScriptedModel(answer), tmp_path)
    trace = traced(stack)
    with pytest.raises(
        ProgramError,
        match=r"^step look on example a1: ConnectionError: no route \(test_outside.py, line \d+, in broken\)$",
    ) as raised:
        await trace.apply("look", broken, trace.input("x", "a"), outside=True)
    stack.store.close()
    assert tried == ["a"]
    assert "threads.py" not in raised.value.traceback
    assert stack.meter.totals.spent.calls.failed == 1


async def test_it_counts_as_a_call_takes_no_tokens_and_is_free() -> None:
    clock = Clock()
    meter = Meter(Caps(usd=0.0, tokens=0, calls=1), {"scripted": None})
    model = MeteredModel(OutsideModel(ScriptedModel(answer)), meter)
    assert (await model.complete(_call("a" * 9999, clock))).cost_usd == 0
    assert (meter.totals.spent.calls.made, meter.totals.spent.tokens.prompt, meter.totals.spent.cost_usd) == (1, 0, 0.0)
    assert meter.price("outside/look") == FREE
    with pytest.raises(BudgetExhausted, match="1 of 1 calls"):
        await model.complete(_call("b", clock))


async def test_plain_functions_wait_beside_one_another_and_not_in_the_engine(tmp_path: Path) -> None:
    both = threading.Barrier(2, timeout=10)

    def meeting(word: str) -> str:
        both.wait()
        return word

    stack = Stack(ScriptedModel(answer), tmp_path)
    trace = traced(stack)
    nodes = await trace.all(
        *(trace.apply("look", meeting, trace.input("x", word), outside=True) for word in ("a", "b"))
    )
    stack.store.close()
    assert [(node.value, node.t) for node in nodes] == [("a", 1), ("b", 2)]


async def test_a_paused_run_looks_at_nothing(tmp_path: Path) -> None:
    clock, control = Clock(), Control()
    stack = Stack(ScriptedModel(answer), tmp_path, control)
    control.pause()
    trace = traced(stack)
    looking = asyncio.create_task(trace.apply("look", clock, trace.input("x", "a"), outside=True))
    for _ in range(200):
        await asyncio.sleep(0)
    assert clock.asked == []
    control.resume()
    assert (await looking).value == "a at 1"
    stack.store.close()


async def test_its_seconds_are_kept_with_its_result() -> None:
    async def slow() -> str:
        await asyncio.sleep(0.002)
        return "x"

    began = time.monotonic()
    reply = await OutsideModel(ScriptedModel(answer)).complete(
        Call(Request("outside/look", "", (), {}), "task", "1/forward/a1/look/1", slow)
    )
    assert 0 < reply.seconds <= time.monotonic() - began


async def test_what_a_function_brings_in_of_our_keys_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEARCH_API_KEY", "canary-of-sixteen-and-more")

    async def search() -> str:
        return "denied: canary-of-sixteen-and-more \ud83d"

    request = Request("outside/search", "", (Message("user", "x"),), {})
    reply = await OutsideModel(ScriptedModel(lambda call: "")).complete(Call(request, "task", "1/f/a1/s/1", search))

    assert reply.text == "denied: [secret] \ufffd"
