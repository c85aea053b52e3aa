"""Branches that run at once: equal numbers, ids and keys whatever arrives first."""

import asyncio
import random
from collections.abc import Callable

import pytest
from tests.synthetic import TEXTS, asker, prompt_of

from autodiff_engine.candidate import start
from autodiff_engine.errors import GraphError, ModelRefused, ModelUnavailable
from autodiff_engine.graph import Node, topological
from autodiff_engine.llm import Call, ScriptedModel
from autodiff_engine.prompt import Prompt
from autodiff_engine.trace import Trace

ASK = Prompt("{{ task }} {{ question | join(' ') }}")


def echo(call: Call) -> str:
    return f"<{call.request.messages[-1].content.removeprefix('LEVEL 2 ')}>"


def slow(*words: str) -> Callable[[Call], float]:
    """Delay the calls that send one of ``words``."""
    return lambda call: 0.004 if any(word in prompt_of(call) for word in words) else 0.0


def traced(delay: Callable[[Call], float] = lambda call: 0.0) -> tuple[Trace, ScriptedModel]:
    model = ScriptedModel(echo, delay_s=delay)
    return Trace(start(TEXTS), TEXTS, asker(model), at="1/forward/a1", draw=0), model


async def ask(trace: Trace, *words: str | Node, name: str = "query") -> Node:
    """Ask in a row, each with the answer before it."""
    node: Node | str = ""
    for word in words:
        node = await trace.generate(name, template=ASK, prompts=["task"], question=[*nodes(node), *nodes(word, trace)])
    assert isinstance(node, Node)
    return node


def nodes(word: str | Node, trace: Trace | None = None) -> list[Node]:
    if isinstance(word, Node):
        return [word]
    return [trace.input("word", word)] if trace else []


def numbers(node: Node) -> list[tuple[str, int, str]]:
    return [(each.name, each.t, each.value[-20:]) for each in topological([node]) if each.exchange]


@pytest.mark.parametrize("late", ["first", "second"])
async def test_calls_are_numbered_by_branch_whatever_arrives_first(late: str) -> None:
    trace, _ = traced(slow(late))
    before = await ask(trace, "before")
    first, second = await trace.all(ask(trace, "first", "first again"), ask(trace, "second", "second again"))
    after = await ask(trace, first)

    assert [node.t for node in (before, first.parents[1], first, second.parents[1], second, after)] == [
        1,
        2,
        3,
        4,
        5,
        6,
    ]
    assert "first again" in first.value
    assert "second again" in second.value


async def test_ids_are_known_when_a_call_starts_and_name_its_branch() -> None:
    trace, model = traced(slow("first"))
    await ask(trace, "before")
    await trace.all(ask(trace, "first", "then"), ask(trace, "second"))
    await trace.all(ask(trace, "third"))
    await ask(trace, "after")

    asked = {call.at.removeprefix("1/forward/a1/") for call in model.seen}
    assert asked == {"query/1", "query/1.1.1", "query/1.1.2", "query/1.2.1", "query/2.1.1", "query/6"}


async def tangled(trace: Trace) -> Node:
    """Branches in branches, some names in all of them, and a node that is carried out of its branch by hand."""
    kept: list[Node] = []

    async def inner(word: str) -> Node:
        kept.append(await ask(trace, f"{word} alone", name="other"))
        a, b = await trace.all(ask(trace, f"{word} a"), ask(trace, f"{word} b", f"{word} b2"))
        return await ask(trace, a, b)

    async def join(*words: str) -> Node:
        parts = await trace.all(*(inner(word) for word in words))
        return await trace.apply("join", lambda *values: "+".join(values), *parts)

    left, right = await trace.all(join("x", "y"), join("z"))
    last = await ask(trace, left, right)
    kept.sort(key=lambda node: node.value)
    return await trace.apply("end", lambda *values: " ".join(values), last, *kept)


async def test_branches_in_branches_have_the_same_numbers_ids_and_keys_under_any_delay() -> None:
    seen: list[object] = []
    for seed in range(12):
        draw = random.Random(seed)
        trace, model = traced(lambda call, draw=draw: draw.random() * 0.004)
        end = await tangled(trace)
        seen.append((numbers(end), list(trace.keys), sorted((call.at, call.request.key) for call in model.seen)))
    assert all(each == seen[0] for each in seen)


async def test_every_call_of_a_name_has_a_number_of_its_own_from_1_in_the_order_of_branches() -> None:
    trace, model = traced(slow("x a", "y alone"))
    end = await tangled(trace)
    by_name: dict[str, list[int]] = {}
    for name, t, _ in numbers(end):
        by_name.setdefault(name, []).append(t)
    assert {name: sorted(each) for name, each in by_name.items()} == {"query": list(range(1, 18)), "other": [1, 2, 3]}
    by_t = {t: value for name, t, value in numbers(end) if name == "query"}
    assert [by_t[t] for t in (1, 2, 6, 7, 11, 12)] == ["<x a>", "<x b>", "<y a>", "<y b>", "<z a>", "<z b>"]
    assert len({call.at for call in model.seen}) == len(model.seen) == 20


async def test_a_task_that_a_branch_starts_counts_in_the_branch() -> None:
    trace, model = traced()

    async def branch(word: str) -> Node:
        return (await asyncio.gather(ask(trace, word), ask(trace, word, name="other")))[0]

    a, b = await trace.all(branch("a"), branch("b"))
    assert (a.t, b.t) == (1, 2)
    assert sorted(call.at.rpartition("/")[2] for call in model.seen) == ["1.1.1", "1.1.1", "1.2.1", "1.2.1"]


async def test_a_failing_branch_cancels_those_that_run() -> None:
    ended: list[str] = []

    async def hanging() -> Node:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")
        raise AssertionError

    trace, _ = traced()

    async def failing() -> Node:
        await ask(trace, "asked")
        raise ModelUnavailable("nobody")

    with pytest.raises(ModelUnavailable, match="nobody"):
        await trace.all(failing(), hanging())
    assert ended == ["cancelled"]


@pytest.mark.parametrize("late", ["first", "second", "third"])
async def test_of_several_failures_the_first_branch_counts_and_keys_are_those_until_it(late: str) -> None:
    trace, _ = traced(slow(late))

    async def failing(word: str) -> Node:
        await ask(trace, word)
        raise ModelRefused(word)

    alone, _ = traced()
    await alone.all(ask(alone, "first"), ask(alone, "second"))
    with pytest.raises(ModelRefused, match="second"):
        await trace.all(ask(trace, "first"), failing("second"), failing("third"))
    assert trace.keys == alone.keys


async def test_after_a_failure_that_the_program_catches_it_counts_on() -> None:
    trace, _ = traced(slow("second"))

    async def failing() -> Node:
        await ask(trace, "second")
        raise ModelRefused("no")

    with pytest.raises(ModelRefused):
        await trace.all(ask(trace, "first"), failing())
    assert (await ask(trace, "third")).t == 3


async def test_no_branches_give_no_results() -> None:
    trace, _ = traced()
    assert await trace.all() == []


async def test_calls_that_have_no_order_are_refused() -> None:
    trace, _ = traced(lambda call: 0.002)
    with pytest.raises(GraphError, match=r"^query: called outside of trace.all while a branch of it calls query too"):
        await asyncio.gather(trace.all(ask(trace, "a", "b")), _later(ask(trace, "c"), 0.003))
    trace, _ = traced(lambda call: 0.002)
    with pytest.raises(GraphError, match=r"^query: called again while a call of it is open"):
        await asyncio.gather(ask(trace, "c"), trace.all(ask(trace, "a")))
    trace, _ = traced(lambda call: 0.002)
    with pytest.raises(GraphError, match=r"^trace.all: called while another one of the same branch is open"):
        await asyncio.gather(trace.all(ask(trace, "a")), trace.all(ask(trace, "b", name="other")))
    trace, _ = traced(lambda call: 0.002)
    with pytest.raises(GraphError, match=r"^query: called again while a call of it is open"):
        await trace.all(_at_once(ask(trace, "a"), ask(trace, "b")))


async def _later(call: object, seconds: float) -> Node:
    await asyncio.sleep(seconds)
    return await call  # type: ignore[misc]


async def _at_once(*calls: object) -> list[Node]:
    return await asyncio.gather(*calls)  # type: ignore[call-overload]


async def test_a_call_that_has_begun_is_no_branch() -> None:
    trace, _ = traced()
    begun = asyncio.ensure_future(ask(trace, "a"))
    with pytest.raises(GraphError, match="takes calls that have not begun yet"):
        await trace.all(begun, ask(trace, "b", name="other"))  # type: ignore[arg-type]
    await begun
