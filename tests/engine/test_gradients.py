from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from tests.synthetic import answer, asker, given, instructions, outcome, random_delays, reply_of, text

from autodiff_engine.control import Control
from autodiff_engine.critic import LLMCritic
from autodiff_engine.errors import ModelRefused, ModelUnavailable
from autodiff_engine.evaluate import Outcome
from autodiff_engine.gradients import Told, gradients
from autodiff_engine.llm import Call, ScriptedModel
from autodiff_engine.loss import Loss
from autodiff_engine.metric import by_name


async def told_of(model: ScriptedModel, failed: list[Outcome], heard: list[Told] | None = None) -> list[Told]:
    who = asker(model, "backward")
    return await gradients(
        failed,
        Loss(by_name("exact_match", Path()), "llm", who, instructions(), 0),
        LLMCritic(who, instructions(), 0, 0, "", None),
        step=3,
        control=Control(),
        tell=(heard if heard is not None else []).append,
    )


def failed(n: int = 5) -> list[Outcome]:
    return [outcome(0, f"a{i}", reply_of("answer", text("task"), text("format"))) for i in range(n)]


def failing(error: Exception, *names: str) -> ScriptedModel:
    def reply(call: Call) -> str:
        if call.at.split("/")[2] in names:
            raise error
        return answer(call)

    return ScriptedModel(reply)


@pytest.mark.parametrize("seed", range(4))
async def test_every_failure_costs_one_loss_and_one_backward_call_and_is_told_in_order(seed: int) -> None:
    model = ScriptedModel(answer, delay_s=random_delays(seed))
    heard: list[Told] = []
    told = await told_of(model, failed(), heard)
    assert told == heard
    assert [each.outcome.example.id for each in told] == [f"a{i}" for i in range(5)]
    assert sorted(call.at for call in model.seen) == sorted(
        f"3/backward/a{i}/{node}/1" for i in range(5) for node in ("loss", "answer")
    )
    assert [(p.target.name, p.feedback.how) for p in told[0].pieces] == [
        ("answer", "loss"),
        ("task", "llm"),
        ("format", "llm"),
    ]


async def test_what_no_text_can_reach_costs_not_even_the_loss() -> None:
    model = ScriptedModel(answer)
    (told,) = await told_of(model, [outcome(0, "a1", reply_of("answer", given("question")))])
    assert (told.pieces, told.error, model.seen) == ((), "", [])


async def test_an_outcome_without_an_answer_has_no_feedback() -> None:
    model = ScriptedModel(answer)
    lost = replace(outcome(Fraction(0)), answer=None)
    assert await told_of(model, [lost]) == [Told(lost, ())]


@pytest.mark.parametrize(("error", "refused"), [(ModelUnavailable("nobody"), False), (ModelRefused("too long"), True)])
async def test_an_example_whose_call_fails_gives_no_feedback_and_the_others_do(error: Exception, refused: bool) -> None:
    told = await told_of(failing(error, "a2"), failed())
    assert [bool(each.pieces) for each in told] == [True, True, False, True, True]
    assert (told[2].error, told[2].refused) == (str(error), refused)


async def test_more_than_a_fifth_unanswered_ends_it_but_refusals_do_not() -> None:
    with pytest.raises(ModelUnavailable, match=r"^2 of 5 examples got no answer in step 3/backward: "):
        await told_of(failing(ModelUnavailable("nobody"), "a1", "a2"), failed())
    told = await told_of(failing(ModelRefused("too long"), "a1", "a2", "a3"), failed())
    assert [each.refused for each in told] == [False, True, True, True, False]


async def test_a_defect_surfaces_as_itself() -> None:
    with pytest.raises(ValueError, match="defect"):
        await told_of(failing(ValueError("defect"), "a1"), failed())
