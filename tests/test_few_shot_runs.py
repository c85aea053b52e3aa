"""What must hold in whole runs of a program that has demos: the synthetic task, where each shot is worth one level."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.few_shot import by_shots, few_trained, program, shots_in, shown
from tests.synthetic import Stack, answer, of_role, prompt_of, random_delays, splits, trained

from autodiff_engine.build.best import write
from autodiff_engine.candidate import start
from autodiff_engine.config import TrainerConfig
from autodiff_engine.dataset import Splits
from autodiff_engine.errors import ModelUnavailable
from autodiff_engine.events import (
    FACT_TYPES,
    CallCounts,
    Event,
    ExampleExcluded,
    ExampleScored,
    FeedbackGiven,
    PhaseStarted,
    ProposalJudged,
    ProposalMade,
    StepFinished,
    StepStarted,
    TokenCounts,
)
from autodiff_engine.export import read_prompts
from autodiff_engine.llm import Call, ScriptedModel
from autodiff_engine.run import Spent

HARD = splits(12, 10, 6, hardest=9)
STILL: dict[str, object] = {"max_steps": 3, "max_proposals": 2}
SETTINGS: dict[str, dict[str, object]] = {
    "default": {},
    "alone": {"alone": True},
    "alone, scores": {"alone": True, "gradients": "none"},
    "alone, data": {"alone": True, "gradients": "data"},
    "teacher": {"teacher": True},
    "alone with a teacher": {"alone": True, "teacher": True},
    "parallel": {"proposals": "parallel"},
    "rotate": {"update": "rotate"},
    "one stage": {"two_stage": False},
    "fresh batches": {"carry": False},
    "data": {"gradients": "data"},
    "scores": {"gradients": "none"},
    "one proposal": {"max_proposals": 1},
    "not selective": {"selective": False},
    "bootstrapped alone": {"demos": {"bootstrapped": 3, "raw": 0}},
    "raw alone": {"demos": {"bootstrapped": 0, "raw": 3}},
}


def stuck(call: Call) -> str:
    """As ``by_shots``, but the optimizer can only keep the level, so that what gets better is due to demos."""
    if call.role == "optimizer":
        return "<reasoning>r</reasoning><method>rephrase</method><new_text>LEVEL 2 as before</new_text>"
    return by_shots(call)


def facts(events: Sequence[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, FACT_TYPES)]


def of_demos(events: Sequence[Event]) -> list[ProposalMade]:
    made = [event for event in events if isinstance(event, ProposalMade)]
    return [event for event in made if any(change.method == "demos" for change in event.changes)]


def outcomes(events: Sequence[Event]) -> list[tuple[str, int | None]]:
    return [(event.outcome, event.accepted_k) for event in events if isinstance(event, StepFinished)]


@pytest.mark.parametrize("name", SETTINGS)
async def test_what_holds_in_every_run_with_demos(name: str) -> None:
    model = ScriptedModel(stuck, delay_s=random_delays(1))
    how = {"max_steps": 6, "max_proposals": 2, "seed": 1, **SETTINGS[name]}
    trainer, events = await few_trained(model, HARD, **how)
    made = of_demos(events)
    assert made
    _demos_come_first_when_it_is_their_turn(made, events, alone=bool(how.get("alone")))
    _no_shot_is_compared_on_itself(events)
    _demos_get_no_feedback_and_no_rewrite(model, events)
    _what_was_sent_is_what_was_proposed(model, made)
    assert [(event.step, event.k) for event in events if isinstance(event, ProposalMade)] == [
        (event.step, event.k) for event in events if isinstance(event, ProposalJudged)
    ]
    best, first = trainer.progress.best, trainer.progress.start
    assert best is not None
    assert first is not None
    assert best.mean >= first.mean
    assert not best.candidate.texts["demos"] or best.mean > first.mean


def _demos_come_first_when_it_is_their_turn(
    made: Sequence[ProposalMade], events: Sequence[Event], *, alone: bool
) -> None:
    assert {event.k for event in made} == {1}
    assert all(alone or event.step % 3 == 0 for event in made)
    outcome = {event.step: event.outcome for event in events if isinstance(event, StepFinished)}
    turns = [step for step, how in outcome.items() if (alone or step % 3 == 0) and how != "nothing to learn"]
    assert [event.step for event in made] == turns
    if alone:
        assert len(made) == sum(isinstance(event, ProposalMade) for event in events)


def _no_shot_is_compared_on_itself(events: Sequence[Event]) -> None:
    batch: tuple[str, ...] = ()
    now: tuple[str, ...] = ()
    shots: dict[str, tuple[str, ...]] = {}
    for event in events:
        match event:
            case StepStarted():
                batch = event.batch
            case ProposalMade():
                before = shots.get(event.parent, ())
                now = next((each.asked_by for each in event.changes if each.name == "demos"), before)
                shots[event.candidate] = now
            case ProposalJudged(minibatch=compared) if compared is not None:
                given_away = [name for name in batch if name in now]
                assert set(compared.quoted) >= set(given_away)
                assert compared.n + len(compared.quoted) == len(batch)
            case ExampleScored(phase=phase) if phase.endswith(".minibatch"):
                assert event.example not in now
            case _:
                pass


def _demos_get_no_feedback_and_no_rewrite(model: ScriptedModel, events: Sequence[Event]) -> None:
    assert "demos" not in {event.target for event in events if isinstance(event, FeedbackGiven)}
    assert all("/demos" not in call.at for call in model.seen)
    asked = [call for call in model.seen if call.role in ("backward", "optimizer")]
    assert all('key="demos"' not in prompt_of(call) for call in asked)
    assert all("called demos" not in prompt_of(call) for call in asked)


def _what_was_sent_is_what_was_proposed(model: ScriptedModel, made: Sequence[ProposalMade]) -> None:
    values = {change.value for event in made for change in event.changes}
    for call in (*of_role(model, "task"), *of_role(model, "teacher")):
        system, user = (message.content for message in call.request.messages)
        assert shots_in(system) in {"", *values}
        assert user.count("puzzle") == 1


@pytest.mark.parametrize("name", ["default", "alone", "alone with a teacher", "parallel"])
async def test_facts_are_equal_whatever_arrives_first(name: str) -> None:
    told = [
        facts((await few_trained(ScriptedModel(by_shots, delay_s=random_delays(i)), HARD, **SETTINGS[name]))[1])
        for i in range(3)
    ]
    assert told[0] == told[1] == told[2]
    assert of_demos(told[0])


async def test_the_same_again_over_one_store_makes_no_call(tmp_path: Path) -> None:
    how = {"max_steps": 4, "teacher": True}
    runs: list[tuple[list[Event], int]] = []
    for _ in range(2):
        stack = Stack(ScriptedModel(by_shots), tmp_path)
        _, events = await few_trained(stack.model, HARD, **how)
        runs.append((facts(events), len(stack.scripted.seen)))
        stack.store.close()
    assert runs[0][0] == runs[1][0]
    assert runs[0][1] > runs[1][1] == 0


async def test_where_all_is_demos_a_run_gets_better_without_any_call_but_the_programs_own() -> None:
    model = ScriptedModel(stuck)
    trainer, events = await few_trained(model, HARD, alone=True, max_steps=3)
    assert {call.role for call in model.seen} == {"task"}
    assert outcomes(events)[0] == ("accepted", 1)
    best, first = trainer.progress.best, trainer.progress.start
    assert best is not None
    assert first is not None
    assert best.mean > first.mean
    assert "backward" not in {event.phase for event in events if isinstance(event, PhaseStarted)}


async def test_the_optimizers_proposals_follow_with_two_and_replace_none_of_the_demos() -> None:
    def misled(call: Call) -> str:
        return "no" if call.role == "task" and shown(call.request.messages[0].content) else answer(call)

    model = ScriptedModel(misled)
    _, events = await few_trained(model, HARD, max_steps=3, max_proposals=3)
    of_step = [call.at.split("/")[2] for call in of_role(model, "optimizer") if call.at.startswith("3/")]
    assert dict.fromkeys(of_step) == dict.fromkeys(["p2", "p3"])
    assert [event.step for event in of_demos(events)] == [3]
    fates = [(event.k, event.accepted) for event in events if isinstance(event, ProposalJudged) and event.step == 3]
    assert fates == [(1, False), (2, False), (3, True)]  # the script raises the level with an odd k


async def test_accepted_demos_stay_and_the_optimizer_is_told_only_how_many_they_are() -> None:
    model = ScriptedModel(stuck)
    _, events = await few_trained(model, HARD, max_steps=4)
    accepted = {event.candidate for event in events if isinstance(event, ProposalJudged) and event.accepted}
    won = [event for event in of_demos(events) if event.candidate in accepted]
    value = won[0].changes[0].value
    later = [call for call in of_role(model, "optimizer") if call.at.startswith("4/")]
    assert later
    for call in later:
        assert "(4 examples, not shown here)" in prompt_of(call)
        assert value not in prompt_of(call)
    told = [call for call in of_role(model, "backward") if call.at.startswith("4/") and "/loss/" not in call.at]
    assert told
    assert all(prompt_of(call).count(value) == 1 for call in told)  # in what was sent
    judged = [e for e in of_role(model, "task") if e.at.startswith("4/p1.minibatch")]
    assert all(shots_in(call.request.messages[0].content) == value for call in judged)


async def test_with_empty_demos_every_request_of_a_run_is_the_one_of_a_program_without_them() -> None:
    models = [ScriptedModel(answer), ScriptedModel(answer)]
    await trained(models[0], HARD, max_steps=4)
    await few_trained(models[1], HARD, max_steps=4, demos={"bootstrapped": 0, "raw": 0})
    keys = [[call.request.key for call in model.seen] for model in models]
    assert keys[0] == keys[1]
    assert {call.role for call in models[0].seen} == {"task", "backward", "optimizer"}


async def test_where_feedback_reaches_no_text_demos_are_still_proposed() -> None:
    def blameless(call: Call) -> str:
        if call.role == "backward" and 'key="' in prompt_of(call):
            return "\n".join(f'<feedback key="{key}">NOT TO BLAME. Fine.</feedback>' for key in ("task", "format"))
        return stuck(call)

    model = ScriptedModel(blameless)
    _, events = await few_trained(model, HARD, max_steps=3)
    assert outcomes(events) == [("no feedback", None), ("no feedback", None), ("accepted", 1)]
    assert of_role(model, "optimizer") == []


async def test_a_perfect_batch_has_nothing_to_learn_also_when_it_is_the_demos_turn() -> None:
    easy = replace(splits(12, 1, 1, hardest=1), val=splits(1, 10, 1, hardest=6).val)
    _, events = await few_trained(ScriptedModel(by_shots), easy, max_steps=3)
    assert outcomes(events) == [("nothing to learn", None)] * 3
    assert of_demos(events) == []


async def test_nothing_left_to_compare_on_goes_straight_to_validation() -> None:
    few = Splits(HARD.train[3:6], HARD.val, HARD.test, 0, "f", "s")
    _, events = await few_trained(
        ScriptedModel(stuck), few, alone=True, max_steps=1, demos={"bootstrapped": 0, "raw": 3}
    )
    (verdict,) = [event for event in events if isinstance(event, ProposalJudged)]
    assert verdict.minibatch is None
    assert verdict.validation is not None


async def test_the_teacher_runs_the_program_on_what_it_failed_and_its_replies_are_shown() -> None:
    model = ScriptedModel(lambda call: "yes, as I said" if call.role == "teacher" else stuck(call))
    _, events = await few_trained(model, HARD, teacher=True, **STILL)
    forward = {
        e.example: e.score for e in events if isinstance(e, ExampleScored) and (e.step, e.phase) == (3, "forward")
    }
    wrong = [name for name, score in forward.items() if score < 1]
    assert [call.at for call in of_role(model, "teacher")] == [f"3/teacher/{name}/answer/1" for name in wrong]
    told = [e for e in events if isinstance(e, ExampleScored) and e.phase == "teacher"]
    assert [e.example for e in told] == wrong
    assert all(e.score == 0 and e.trace[0].reply == "yes, as I said" for e in told)
    assert PhaseStarted(3, "teacher", len(wrong)) in events


async def test_a_teachers_right_reply_is_what_a_shot_holds() -> None:
    model = ScriptedModel(lambda call: "YES" if call.role == "teacher" else stuck(call))
    _, events = await few_trained(model, HARD, teacher=True, demos={"bootstrapped": 2, "raw": 0}, **STILL)
    (made,) = of_demos(events)
    wrong = [e.example for e in events if isinstance(e, ExampleScored) and e.phase == "teacher" and e.score == 1]
    assert set(made.changes[0].asked_by) <= set(wrong)
    assert made.changes[0].value.count("\nYES") == 2
    assert made.changes[0].reasoning.count("the teacher's reply") == 2


async def test_without_a_teacher_no_call_is_a_teachers() -> None:
    model = ScriptedModel(stuck)
    await few_trained(model, HARD, **STILL)
    assert of_role(model, "teacher") == []


async def test_an_example_for_which_the_teacher_does_not_answer_is_left_out_and_the_run_goes_on() -> None:
    lost: list[str] = []

    def mostly_lost(call: Call) -> str:
        if call.role == "teacher" and (not lost or call.at in lost):
            lost.append(call.at)
            raise ModelUnavailable("nobody")
        return stuck(call)

    _, events = await few_trained(ScriptedModel(mostly_lost), HARD, teacher=True, **STILL)
    assert [e.example for e in events if isinstance(e, ExampleExcluded)] == [lost[0].split("/")[2]]
    assert outcomes(events)[2][0] in ("accepted", "rejected")
    assert len(of_demos(events)) == 1


async def test_a_step_in_which_the_teacher_is_lost_is_not_lost_itself() -> None:
    def gone(call: Call) -> str:
        if call.role == "teacher":
            raise ModelUnavailable("nobody")
        return stuck(call)

    _, events = await few_trained(ScriptedModel(gone), HARD, teacher=True, **STILL)
    assert len(of_demos(events)) == 1


async def test_best_toml_holds_the_demos_byte_for_byte_and_is_read_again(tmp_path: Path) -> None:
    trainer, _ = await few_trained(ScriptedModel(stuck), HARD, max_steps=3)
    best, pipeline = trainer.progress.best, program()
    assert best is not None
    assert best.candidate.texts["demos"]
    metric = trainer._parts.metric  # pyright: ignore[reportPrivateUsage]
    spent = Spent(CallCounts(), TokenCounts(), 0.0)
    write(tmp_path / "best.toml", trainer.progress, pipeline, HARD, metric, {}, run_id="r", spent=spent)
    text = (tmp_path / "best.toml").read_text(encoding="utf-8")
    assert 'kind = "demos"' in text
    assert 'method = "demos"' in text
    read = pipeline.starting_from(read_prompts(tmp_path / "best.toml"), "best.toml")
    assert start(read.texts) == best.candidate
    assert [each.kind for each in read.texts] == ["prompt", "prompt", "demos"]


def test_demos_that_hold_a_marker_of_a_slot_are_data_and_can_be_read_again() -> None:
    read = program().starting_from({"demos": "What does {question} mean?\nA slot."}, "best.toml")
    assert start(read.texts).texts["demos"].startswith("What does {question}")


def test_the_defaults_are_two_and_two_and_no_teacher() -> None:
    assert TrainerConfig().demos.model_dump() == {
        "bootstrapped": 2, "raw": 2, "start": None, "teacher": False,
    }  # fmt: skip
