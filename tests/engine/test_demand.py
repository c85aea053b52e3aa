"""What a training asks lies within what was forecast, whatever program, losses, demos and settings it has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.few_shot import by_shots, few_parts
from tests.looped import Player, looped_parts, losses
from tests.synthetic import answer, asker, instructions, parts, splits

from autodiff_engine.config import TrainerConfig
from autodiff_engine.control import Control
from autodiff_engine.demand import Demand, Shape, demands
from autodiff_engine.first_calls import FirstCalls, first_calls
from autodiff_engine.judge import Judge
from autodiff_engine.llm import Call, Model, Reply, Role, ScriptedModel, Usage
from autodiff_engine.progress import Parts
from autodiff_engine.rehearsal import Parted, Rehearsal, expected_answers
from autodiff_engine.stand_in import StandIn
from autodiff_engine.trainer import Trainer

Make = Callable[[Model], Parts]
Play = Callable[[Call], str]


def stand_in(make: Make, stored: Callable[[str], Reply | None] = lambda key: None) -> tuple[StandIn, Parts]:
    data = make(StandIn({})).splits
    model = StandIn(expected_answers((*data.train, *data.val, *data.test)), stored)
    return model, make(model)


async def starting(make: Make, stored: Callable[[str], Reply | None] = lambda key: None) -> list[FirstCalls]:
    model, made = stand_in(make, stored)
    val = await first_calls(made.task, made.metric, model, made.splits.val)
    return [val, await first_calls(made.task, made.metric, model, made.splits.test, val.keys)]


async def parted(make: Make) -> Parted:
    model, made = stand_in(make)
    return await Rehearsal(made, model).parts()


async def demanded(make: Make, stored: Callable[[str], Reply | None] = lambda key: None) -> dict[Role, Demand]:
    _, made = stand_in(make)
    val, test = await starting(make, stored)
    return dict(demands(made, await parted(make), val, test))


async def asked(make: Make, play: Play, known: set[str] | None = None) -> tuple[dict[str, int], dict[str, int]]:
    """Train; return by role the calls and the prompt tokens that would be paid for: those of different requests."""
    model = ScriptedModel(play)
    trainer = Trainer(make(model), Control(), lambda event: None, lambda progress: None)
    await trainer.fit()
    await trainer.report_test()
    paid = {call.request.key: call for call in model.seen if call.request.key not in (known or set())}
    calls, tokens = Counter[str](), Counter[str]()
    for call in paid.values():
        calls[call.role] += 1
        tokens[call.role] += sum(len(message.content) for message in call.request.messages) // 4
    return calls, tokens


def judged(model: Model, **settings: object) -> Parts:
    """The synthetic task, graded by an LLM at both gates."""
    made = parts(model, **settings)
    judge = Judge("It must say yes.", instructions(), 0, asker(model, "judge"))
    return replace(made, metric=judge, minibatch_metric=judge, loss=replace(made.loss, metric=judge))


def judging(call: Call) -> str:
    """Grade in a form that can be read, but for every other answer only when asked again."""
    if call.role != "judge":
        return answer(call)
    told = call.request.messages[1].content
    unclear = len(told) % 2 == 0 and len(call.request.messages) == 2
    grade = 10 if "OUTPUT\nyes" in told else 0
    return "Hm." if unclear else f"So it is.\nScore: {grade}"


def judged_losses(model: Model) -> Parts:
    made = looped_parts(model, max_steps=3)
    judge = Judge("It must say yes.", instructions(), 0, asker(model, "judge"))
    return replace(made, task=replace(made.task, losses=losses(judge)))


def player(call: Call) -> str:
    return judging(call) if call.role == "judge" else Player()(call)


CASES: dict[str, tuple[Make, Play]] = {
    "two stages": (lambda model: parts(model, max_steps=5), answer),
    "one stage": (lambda model: parts(model, max_steps=5, two_stage=False), answer),
    "fresh batches, nothing selected": (
        lambda model: parts(model, max_steps=5, carry=False, selective=False, max_proposals=1), answer
    ),
    "rotate": (lambda model: parts(model, max_steps=5, update="rotate"), answer),
    "scores alone": (lambda model: parts(model, max_steps=4, gradients="none"), answer),
    "data": (lambda model: parts(model, max_steps=4, gradients="data"), answer),
    "template, alone for each target": (
        lambda model: parts(model, max_steps=4, loss_feedback="template", peers=False), answer
    ),
    "in parallel, little data": (
        lambda model: parts(model, splits(5, 4, 0), max_steps=4, proposals="parallel", batch_size=8), answer
    ),
    "no steps": (lambda model: parts(model, max_steps=0), answer),
    "demos": (lambda model: few_parts(model, max_steps=6), by_shots),
    "demos alone": (lambda model: few_parts(model, alone=True, max_steps=4), by_shots),
    "demos of a teacher": (lambda model: few_parts(model, teacher=True, max_steps=6), by_shots),
    "a loop with two losses": (lambda model: looped_parts(model, max_steps=5), Player(3)),
    "a judge": (lambda model: judged(model, max_steps=4), judging),
    "a judge on a loss of a loop": (judged_losses, player),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
async def test_a_run_asks_each_role_no_less_and_no_more_than_was_forecast(case: str) -> None:
    make, play = CASES[case]

    forecast = await demanded(make)
    calls, tokens = await asked(make, play)

    assert set(calls) <= set(forecast)
    for role, demand in forecast.items():
        assert demand.least.calls <= calls[role] <= demand.most.calls
        assert demand.fewest_prompt_tokens <= tokens[role] <= demand.most.prompt_tokens


@pytest.mark.parametrize("case", ["two stages", "no steps", "demos", "in parallel, little data"])
async def test_a_program_of_one_call_is_known_to_its_last_start_call(case: str) -> None:
    make, play = CASES[case]

    val, test = await starting(make)
    calls, _ = await asked(make, play)
    _, made = stand_in(make)

    assert (val.known, test.known) == (len(made.splits.val), len(made.splits.test))
    assert val.whole
    assert test.whole
    if made.settings.max_steps == 0:
        assert calls == {"task": val.known + test.known}


async def test_stored_start_calls_are_not_asked_again_and_perfect_ones_end_the_run() -> None:
    def make(model: Model) -> Parts:
        return parts(model, max_steps=5)

    everything = ScriptedModel(lambda call: "yes")
    keys: dict[str, Reply] = {}
    trainer = Trainer(make(everything), Control(), lambda event: None, lambda progress: None)
    await trainer.fit()
    keys = {call.request.key: Reply("yes", "stop", Usage(9, 1), cached=True) for call in everything.seen}

    val, test = await starting(make, keys.get)
    forecast = await demanded(make, keys.get)

    assert (val.known, val.stored, val.perfect) == (10, 10, True)
    assert (test.known, test.stored) == (6, 0)
    assert {role: (each.least.calls, each.most.calls) for role, each in forecast.items()} == {"task": (6, 6)}


async def test_of_a_loop_each_first_call_is_known_and_the_next_one_where_its_answer_is_stored() -> None:
    def make(model: Model) -> Parts:
        return looped_parts(model, max_steps=1)

    seen = ScriptedModel(Player())
    trainer = Trainer(make(seen), Control(), lambda event: None, lambda progress: None)
    await trainer.fit()
    firsts = {
        call.request.key: Reply("miss", "stop", Usage(9, 1), cached=True)
        for call in seen.seen
        if call.at.startswith("0/") and call.at.endswith("/query/1")
    }

    nothing, _ = await starting(make)
    val, _ = await starting(make, firsts.get)

    assert (nothing.known, nothing.stored, nothing.whole) == (8, 0, False)
    assert nothing.rest["task"].calls == 16
    assert (val.known, val.stored, val.whole) == (16, 8, False)
    assert val.rest["task"].calls == 8


async def test_a_part_asks_what_its_equations_say() -> None:
    told = await parted(CASES["a loop with two losses"][0])
    alone = await parted(CASES["template, alone for each target"][0])

    assert told.task_calls == (3, 3)
    assert told.whole["task"].calls == 3
    assert told.proposal["optimizer"].calls == 2 * 3
    assert alone.feedback["backward"].calls == 2
    assert told.broke == ""


def test_the_most_of_a_step_follows_from_what_is_carried() -> None:
    shape = Shape(train=9, val=5, test=5, prompts=1, demos=1)
    settings = TrainerConfig(batch_size=4, max_batch=12)

    def batches(**changed: Any) -> list[int]:
        return [shape.batch(step, settings.model_copy(update=changed)) for step in (1, 2, 3, 4)]

    assert batches() == [4, 8, 9, 9]
    assert batches(carry=False) == [4, 4, 4, 4]
    assert batches(max_batch=6) == [4, 6, 6, 6]
    assert [shape.demos_due(step) for step in (1, 2, 3)] == [False, False, True]
    assert replace(shape, prompts=0).proposals(1, settings) == 1
    assert replace(shape, prompts=0, demos=0).proposals(3, settings) == 0
    assert shape.proposals(3, settings) == settings.max_proposals
