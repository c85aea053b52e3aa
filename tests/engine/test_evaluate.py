import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.synthetic import TEXTS, answer, asker, example, program, random_delays

from autodiff_engine.candidate import start
from autodiff_engine.dataset import Example
from autodiff_engine.errors import ModelRefused, ModelRejected, ModelUnavailable
from autodiff_engine.evaluate import Outcome, Task, evaluate
from autodiff_engine.graph import Node
from autodiff_engine.llm import Call, Reply, ScriptedModel
from autodiff_engine.metric import by_name
from autodiff_engine.pipeline import Pipeline
from autodiff_engine.pipelines.prompt import one_call
from autodiff_engine.trace import Prompt, Trace

METRIC = by_name("exact_match", Path())
EXAMPLES = [example(i + 1, f"a{i}") for i in range(5)]


def task(model: ScriptedModel) -> Task:
    return Task(program(), asker(model), 0)


async def scores(model: ScriptedModel, examples: list[Example] = EXAMPLES) -> list[Outcome]:
    return await evaluate(task(model), start(TEXTS), examples, METRIC, at="1/forward")


@pytest.mark.parametrize("seed", range(4))
async def test_outcomes_are_in_order_whatever_arrives_first(seed: int) -> None:
    model = ScriptedModel(answer, delay_s=random_delays(seed))
    outcomes = await scores(model)
    assert [each.example for each in outcomes] == EXAMPLES
    assert [each.score for each in outcomes] == [1, 1, 0, 0, 0]
    assert [call.at for call in model.seen] == [f"1/forward/a{i}/answer/1" for i in range(5)]
    assert [each.keys for each in outcomes] == [(call.request.key,) for call in model.seen]


def failing(error: Exception, name: str = "a1") -> ScriptedModel:
    def reply(call: Call) -> str:
        if f"/{name}/" in call.at:
            raise error
        return answer(call)

    return ScriptedModel(reply)


async def test_a_refused_request_scores_0_and_says_why() -> None:
    outcome = (await scores(failing(ModelRefused("too long"))))[1]
    assert (outcome.score, outcome.refused, outcome.unavailable, outcome.answer) == (0, "too long", "", None)
    assert outcome.why == "refused: too long"
    assert len(outcome.keys) == 1


async def test_where_nobody_answers_there_is_no_score() -> None:
    outcome = (await scores(failing(ModelUnavailable("nobody"))))[1]
    assert (outcome.unavailable, outcome.refused, outcome.answer) == ("nobody", "", None)
    assert not outcome.wrong_format


async def test_a_wrong_form_scores_0_without_asking_the_metric() -> None:
    model = ScriptedModel(lambda call: "chat")
    unread = one_call("p", texts=TEXTS, system="{{ task }}{{ format }}", user="?", parse=lambda reply: None)
    no_expected = Example("a", {"question": "?"}, None, 1)
    (outcome,) = await evaluate(Task(unread, asker(model), 0), start(TEXTS), [no_expected], METRIC, at="1/forward")
    assert (outcome.score, outcome.wrong_format, outcome.parsed) == (0, True, None)
    assert "not in the expected form" in outcome.why


@pytest.mark.parametrize("error", [ModelRejected("wrong key"), ValueError("defect")])
async def test_what_no_example_could_survive_ends_it(error: Exception) -> None:
    with pytest.raises(type(error)) as raised:
        await scores(failing(error))
    assert raised.value is error


async def test_enough_cancels_what_is_in_flight() -> None:
    asked: list[str] = []
    finished: list[str] = []

    class Slow(ScriptedModel):
        async def complete(self, call: Call) -> Reply:
            asked.append(call.at)
            await asyncio.sleep(0 if "/a0/" in call.at else 30)
            finished.append(call.at)
            return await super().complete(call)

    outcomes = await evaluate(
        task(Slow(answer)), start(TEXTS), EXAMPLES, METRIC, at="1/forward", seen=lambda outcome: True
    )
    assert len(outcomes) == 1
    assert len(asked) == 5
    assert finished == ["1/forward/a0/answer/1"]


async def test_after_trouble_the_example_is_run_again() -> None:
    fails = iter([True, True, False])
    troubles: list[str] = []

    def reply(call: Call) -> str:
        if "/a1/" in call.at and next(fails):
            raise ModelUnavailable("nobody")
        return answer(call)

    async def trouble(error: ModelUnavailable) -> None:
        troubles.append(str(error))

    outcomes = await evaluate(
        task(ScriptedModel(reply)), start(TEXTS), EXAMPLES, METRIC, at="1/forward", trouble=trouble
    )
    assert [each.score for each in outcomes] == [1, 1, 0, 0, 0]
    assert troubles == ["nobody", "nobody"]


def agent(steps: int) -> Pipeline:
    """Plans ``steps`` times; a function makes the answer of the last plan, nothing where none could be read."""
    ask = Prompt("{{ question }}", "{{ task }}{{ format }}")

    async def run(trace: Trace, given: Mapping[str, str]) -> Node:
        asked = trace.input("question", given["question"])
        plans = [
            await trace.generate("plan", template=ask, prompts=["task", "format"], parse=of_plan, question=asked)
            for _ in range(steps)
        ]
        done = [await trace.apply("act", lambda plan: plan.removeprefix("do "), plan) for plan in plans]
        return await trace.apply("combine", lambda *done: done[-1] if "I" not in done[-1] else "", *done)

    return Pipeline("agent", run, TEXTS, ("question",), ("format", "question", "task"))


def of_plan(reply: str) -> str | None:
    return reply if reply.startswith("do ") else None


@pytest.mark.parametrize(
    ("replies", "answer", "wrong"),
    [
        (("do yes",), "yes", False),
        (("I do not know",), "", True),
        (("I do not know", "do yes"), "yes", False),
        (("I do not know", "do  "), " ", True),
        (("do so", "do "), "", False),
    ],
)
async def test_a_function_that_answers_nothing_to_a_reply_in_no_form_is_a_wrong_form(
    replies: tuple[str, ...], answer: str, wrong: bool
) -> None:
    model = ScriptedModel(lambda call: replies[int(call.at.rpartition("/")[2]) - 1])
    asked = Task(agent(len(replies)), asker(model), 0)
    (outcome,) = await evaluate(asked, start(TEXTS), [example(1, "a1")], METRIC, at="1/forward")
    assert (outcome.parsed, outcome.wrong_format) == (answer, wrong)
    assert outcome.without_graph().wrong_format == wrong
