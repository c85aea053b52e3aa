import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests.synthetic import TEXTS, answer, asker, example, program

from autodiff_engine.candidate import start
from autodiff_engine.control import Control
from autodiff_engine.errors import ModelUnavailable
from autodiff_engine.evaluate import Outcome, Task
from autodiff_engine.llm import Call, ScriptedModel
from autodiff_engine.metric import by_name
from autodiff_engine.scoring import mostly_answered, run_batch

Runs = list[list[str]]
"""What each run of a batch brings: a result starting with ``!`` is one that nobody answered."""


async def paused(control: Control) -> None:
    reached = asyncio.Event()
    control.on_change = lambda state, reason: reached.set() if state == "paused" else None
    if control.state != "paused":
        await reached.wait()


async def answered(runs: Runs, control: Control | None = None) -> tuple[list[str], list[str], int]:
    told: list[str] = []
    done = 0

    async def run(hear: Callable[[str], None]) -> Sequence[str]:
        nonlocal done
        done += 1
        for result in runs[done - 1]:
            hear(result)
        return runs[done - 1]

    def lost(result: str) -> str:
        return result if result.startswith("!") else ""

    def hint_of(result: str) -> str:
        return f"mend {result[1:]}" if result in ("!b", "!c") else ""

    results = await mostly_answered(
        run, lost=lost, hint=hint_of, tell=told.append, control=control or Control(), what="step 1/forward"
    )
    return results, told, done


@pytest.mark.parametrize(
    "batch", [["a", "b", "c"], ["a", "!b", "c", "d", "e"], ["!a", "b", "c", "d", "e"], ["a", "b", "c", "d", "!e"], []]
)
async def test_up_to_a_fifth_may_be_lost_and_all_is_told_in_order(batch: list[str]) -> None:
    assert await answered([batch]) == (batch, batch, 1)


@pytest.mark.parametrize("batch", [["!a"], ["a", "!b", "c", "d"], ["!a", "!b", "c", "d", "e"]])
async def test_more_than_a_fifth_lost_ends_a_run_without_a_person(batch: list[str]) -> None:
    with pytest.raises(ModelUnavailable, match=rf"^\d of {len(batch)} examples got no answer in step 1/forward: !"):
        await answered([batch])


@pytest.mark.parametrize(("batch", "hint"), [(["a", "!b", "!c"], "mend b"), (["!a", "!b"], "try again later")])
async def test_what_ends_it_has_the_first_errors_own_hint_where_there_is_one(batch: list[str], hint: str) -> None:
    with pytest.raises(ModelUnavailable) as caught:
        await answered([batch])

    assert caught.value.hint == hint


async def test_a_minibatch_that_nobody_answers_says_why_and_what_the_provider_advises() -> None:
    def reply(call: Call) -> str:
        raise ModelUnavailable("nothing answers at 127.0.0.1:1", "start the server, or mend api_base")

    task = Task(program(), asker(ScriptedModel(reply)), 0)
    with pytest.raises(ModelUnavailable) as caught:
        await run_batch(
            task, start(TEXTS), [example(1, "a1"), example(2, "a2")], by_name("exact_match", Path()), at="1/forward",
            control=Control(), tell=lambda _: None,
        )  # fmt: skip

    assert str(caught.value) == "2 of 2 examples got no answer in step 1/forward: nothing answers at 127.0.0.1:1"
    assert caught.value.hint == "start the server, or mend api_base"


async def test_after_a_pause_it_is_run_again_and_each_result_is_told_once() -> None:
    control = Control(attended=True)
    runs = [["a", "!b", "!c", "d"], ["a", "b", "!c", "!d"], ["a", "b", "c", "d"]]
    task = asyncio.create_task(answered(runs, control))
    for _ in range(2):
        await paused(control)
        control.resume()
        await asyncio.sleep(0)
    assert await task == (["a", "b", "c", "d"], ["a", "b", "c", "d"], 3)


async def test_a_lost_one_and_what_follows_it_are_told_only_when_the_batch_stands() -> None:
    control = Control(attended=True)
    told: list[str] = []
    heard: list[list[str]] = []
    runs = iter([["a", "!b", "!c"], ["a", "!b", "c", "d", "e"]])

    async def run(hear: Callable[[str], None]) -> Sequence[str]:
        results = next(runs)
        for result in results:
            hear(result)
        heard.append(list(told))
        return results

    def lost(result: str) -> str:
        return result if result.startswith("!") else ""

    batch = mostly_answered(run, lost=lost, hint=lambda _: "", tell=told.append, control=control, what="step 1/forward")
    task = asyncio.create_task(batch)
    await paused(control)
    control.resume()
    await task
    assert heard == [["a"], ["a"]]
    assert told == ["a", "!b", "c", "d", "e"]


async def test_a_minibatch_excludes_what_nobody_answered_for() -> None:
    def reply(call: Call) -> str:
        if "/a3/" in call.at:
            raise ModelUnavailable("nobody")
        return answer(call)

    told: list[Outcome] = []
    task = Task(program(), asker(ScriptedModel(reply)), 0)
    outcomes = await run_batch(
        task,
        start(TEXTS),
        [example(i + 1, f"a{i}") for i in range(5)],
        by_name("exact_match", Path()),
        at="1/forward",
        control=Control(),
        tell=told.append,
    )
    assert told == outcomes
    assert [each.unavailable for each in outcomes] == ["", "", "", "nobody", ""]
