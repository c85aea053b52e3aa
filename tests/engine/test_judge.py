from dataclasses import replace
from fractions import Fraction

import pytest
from tests.looped import EXACT, PROGRAM, Player, losses, with_gold
from tests.synthetic import TEXTS, answer, asker, example, instructions, outcome, parts, program, prompt_of, splits

from autodiff_engine.candidate import start
from autodiff_engine.comparison import Race, Rule, compare, deciding_order, greater
from autodiff_engine.control import Control
from autodiff_engine.errors import ModelRefused, ModelUnreadable, StorageError
from autodiff_engine.evaluate import Task, evaluate
from autodiff_engine.events import CandidateScored, Event, ExampleExcluded, ExampleScored, ProposalJudged, Warned
from autodiff_engine.instructions import Instructions
from autodiff_engine.judge import Judge, read_grade
from autodiff_engine.llm import Call, Reply, ScriptedModel
from autodiff_engine.llm.model import Usage
from autodiff_engine.llm.repeated import Failures, RepeatedModel
from autodiff_engine.objective import LossTerm
from autodiff_engine.scoring import run_batch
from autodiff_engine.telling import scored
from autodiff_engine.trainer import Trainer

CRITERIA = "The answer is polite and {{ short }}."


def reply(text: str, finish_reason: str = "stop") -> Reply:
    return Reply(text, finish_reason, Usage(1, 1))


def judge(model: ScriptedModel) -> Judge:
    return Judge(CRITERIA, instructions(), 7).asking(asker(model, "judge"))


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("It is polite.\nScore: 8", Fraction(4, 5)),
        ("Fine.\n**Score:** 8/10", Fraction(4, 5)),
        ("Fine.\n**Score: 8**", Fraction(4, 5)),
        ("Fine. The score is 7.5.", Fraction(3, 4)),
        ("Fine.\nSCORE = 10.", Fraction(1)),
        ("Fine.\nscore: `0`", Fraction(0)),
        ("Fine.\nScore: 80%", Fraction(4, 5)),
        ("Fine.\nScore: 4 out of 5", Fraction(4, 5)),
        ("Score: 2 at first. On reflection:\nScore: 6", Fraction(3, 5)),
        ("Fine, the score goes from 0 to 10.\nScore: 3\n\n", Fraction(3, 10)),
        ("Fine.\n9", Fraction(9, 10)),
        ("9/10", Fraction(9, 10)),
        ("**7**", Fraction(7, 10)),
        ("Fine.\nScore: N", None),
        ("Fine.\nScore: 0-10", None),
        ("Score: 0 to 10", None),
        ("Fine.\nScore: 11", None),
        ("Fine.\nScore: 5/0", None),
        ("Fine.\nScore: 1234", None),
        ("It named 9 of 10 things.", None),
        ("In 2024 it was fine", None),
        ("I cannot grade this.", None),
        ("", None),
        (" \n ", None),
    ],
)
def test_a_grade_is_read_from_where_the_reply_says_so(text: str, score: Fraction | None) -> None:
    grade, problem = read_grade(reply(text))
    assert grade == score
    assert bool(problem) == (score is None)


def test_a_reply_that_was_cut_off_may_lack_the_end_of_its_grade() -> None:
    grade, problem = read_grade(reply("It is polite.\nScore: 1", "length"))
    assert grade is None
    assert "cut off" in problem


async def test_one_call_with_inputs_answer_expected_and_criteria_gives_a_score_and_the_reason() -> None:
    model = ScriptedModel(lambda call: "It is rude.\nScore: 3")
    asked = replace(example(2, "a1"), expected="yes {{ x }}")
    score = await judge(model).score("no {% raw %}", asked, at="1/forward/a1/judge/1")
    assert (score.value, score.why) == (Fraction(3, 10), "It is rude.")
    (call,) = model.seen
    assert (call.at, call.role, call.request.draw) == ("1/forward/a1/judge/1", "judge", 7)
    sent = prompt_of(call)
    for part in ("question: puzzle a1 of difficulty 2", "no {% raw %}", "yes {{ x }}", CRITERIA, "Score: N"):
        assert part in sent
    (made,) = score.calls
    assert (made.name, made.t, made.exchange.key, made.exchange.reply) == (
        "judge",
        1,
        call.request.key,
        "It is rude.\nScore: 3",
    )


async def test_without_an_expected_answer_there_is_no_line_about_it() -> None:
    model = ScriptedModel(lambda call: "Score: 3")
    await judge(model).score("no", replace(example(2, "a1"), expected=None))
    assert "EXPECTED" not in prompt_of(model.seen[0])
    assert "None" not in prompt_of(model.seen[0])


async def test_an_unreadable_reply_is_asked_for_once_more() -> None:
    model = ScriptedModel(lambda call: "Score: 4" if len(call.request.messages) > 2 else "It is nice.")
    score = await judge(model).score("no", example(2, "a1"))
    assert score.value == Fraction(2, 5)
    assert [len(call.request.messages) for call in model.seen] == [2, 4]
    assert "there is no grade from 0 to 10 in it" in model.seen[1].request.messages[-1].content
    assert [call.exchange.reply for call in score.calls] == ["It is nice.", "Score: 4"]
    assert "there is no grade from 0 to 10" in score.calls[1].exchange.user


async def test_an_unreadable_judge_is_asked_anew_by_draws_of_their_own_and_then_there_is_no_score_and_not_0() -> None:
    model = ScriptedModel(lambda call: "It is nice.")
    with pytest.raises(ModelUnreadable, match="no grade that could be read, also when asked again") as raised:
        await judge(model).score("no", example(2, "a1"), at="1/forward/a1/judge/1")
    assert "'It is nice.'" in str(raised.value)
    assert "[models.judge]" in raised.value.hint
    assert [len(call.request.messages) for call in model.seen] == [2, 4, 2, 2]
    assert [call.request.draw for call in model.seen] == [7, 7, 1_000_007, 2_000_007]
    assert model.seen[2].request.messages == model.seen[0].request.messages


async def test_a_grade_of_a_new_draw_counts_like_any() -> None:
    model = ScriptedModel(lambda call: "Score: 4" if call.request.draw > 7 else "It is nice.")
    score = await judge(model).score("no", example(2, "a1"))
    assert (score.value, len(score.calls), len(model.seen)) == (Fraction(2, 5), 3, 3)


async def test_a_judge_that_refuses_what_it_is_sent_scores_0_and_says_so() -> None:
    def refuse(call: Call) -> str:
        raise ModelRefused("too long")

    score = await judge(ScriptedModel(refuse)).score("no", example(2, "a1"))
    assert (score.value, score.why, score.calls) == (0, "the judge refused: too long", ())


async def test_a_run_that_kept_no_instructions_for_a_judge_says_so_when_one_is_asked() -> None:
    kept = Instructions({name: t for name, t in instructions().templates.items() if not name.startswith("judge")})
    older = replace(judge(ScriptedModel(str)), instructions=kept)
    with pytest.raises(StorageError, match=r"judge\.system\.j2 and judge\.user\.j2 are not among the instructions"):
        await older.score("no", example(2, "a1"))


def test_what_it_measures_is_told_in_the_users_words() -> None:
    made = judge(ScriptedModel(str))
    assert made.name == "judge"
    assert CRITERIA in made.description


def grades(call: Call) -> str:
    """The program by its rule; the judge says 10 for yes, 2 for no, and nothing that can be read of a3."""
    if call.role != "judge":
        return answer(call)
    said = call.request.messages[1].content.split("ITS OUTPUT\n")[1].split("\n")[0]
    return "I would rather not." if "/a3/" in call.at else f"It says {said}.\nScore: {10 if said == 'yes' else 2}"


async def test_the_journal_has_what_a_judge_was_asked_and_a_batch_leaves_out_what_it_could_not_grade() -> None:
    model = ScriptedModel(grades)
    heard: list[ExampleScored | ExampleExcluded] = []
    examples = [example(i + 1, f"a{i}") for i in range(5)]
    outcomes = await run_batch(
        Task(program(), asker(model), 0), start(TEXTS), examples, judge(model), at="1/forward", control=Control(),
        tell=lambda each: heard.append(
            scored(each, step=1, phase="forward", split="train", metric="judge", traced=True)
        ),
    )  # fmt: skip
    assert [each.score for each in outcomes if not each.unavailable] == [1, 1, Fraction(1, 5), Fraction(1, 5)]
    assert isinstance(heard[3], ExampleExcluded)
    assert "no grade that could be read" in heard[3].error
    first = heard[0]
    assert isinstance(first, ExampleScored)
    program_call, judged = first.trace
    assert (program_call.node, judged.node, judged.t) == ("answer", "judge", 1)
    assert (judged.reply, judged.key) == ("It says yes.\nScore: 10", first.keys[1])
    assert CRITERIA in judged.prompt
    assert first.keys == (program_call.key, judged.key)
    compared = compare(outcomes, [outcome(1, each.example.id) for each in outcomes], split="train", metric="judge")
    assert (compared.excluded, compared.n, compared.wins, compared.losses) == (("a3",), 4, 2, 0)
    assert not greater(outcomes, [replace(each, unavailable="", score=each.score) for each in outcomes])


async def test_what_no_judge_can_grade_stops_no_batch_however_small_for_asking_again_reads_the_same() -> None:
    model = ScriptedModel(grades)
    outcomes = await run_batch(
        Task(program(), asker(model), 0), start(TEXTS), [example(1, "a3"), example(1, "a1")], judge(model),
        at="1/forward", control=Control(), tell=lambda each: None,
    )  # fmt: skip
    assert [each.ungraded for each in outcomes] == [True, False]


def ungradable(*names: str) -> ScriptedModel:
    """The program by its rule and a judge that never grades what is said of these examples."""

    def play(call: Call) -> str:
        if call.role == "judge" and call.at.split("/")[2] in names:
            return "I would rather not."
        return grades(call)

    return ScriptedModel(play)


async def judged(model: ScriptedModel) -> tuple[Trainer, list[Event]]:
    """Train by the judge as the only metric."""
    told: list[Event] = []
    metric = judge(model)
    made = parts(model, splits(), max_steps=2)
    made = replace(made, metric=metric, minibatch_metric=metric, loss=replace(made.loss, metric=metric))
    trainer = Trainer(made, Control(), told.append, lambda progress: None)
    await trainer.fit()
    await trainer.report_test()
    return trainer, told


async def test_in_a_whole_validation_an_example_without_a_grade_is_left_out_on_both_sides_and_the_run_goes_on() -> None:
    trainer, told = await judged(ungradable("b1", "c0"))
    first = next(each for each in told if isinstance(each, CandidateScored))
    assert (first.split, first.n) == ("val", 9)
    whole = [each.validation for each in told if isinstance(each, ProposalJudged) and each.validation]
    assert whole
    assert all(each.excluded == ("b1",) and each.n == 9 for each in whole)
    assert any(each.fate == "accepted" for each in told if isinstance(each, ProposalJudged))
    assert trainer.progress.test is not None
    assert (trainer.progress.test.excluded, trainer.progress.test.n) == (("c0",), 5)
    assert trainer.progress.start is not None
    assert (trainer.progress.start.n, trainer.progress.start.mean) == (9, first.mean)
    assert next(each.message for each in told if isinstance(each, Warned)) == (
        "step 0, start.validation: no reply of the judge held a grade for 1 of 10 examples: they are left out on both "
        "sides"
    )


async def test_a_judge_that_can_grade_too_little_of_the_validation_ends_the_run_and_says_what_to_do() -> None:
    with pytest.raises(ModelUnreadable, match="3 of 10 validation examples have no score") as raised:
        await judged(ungradable("b1", "b2", "b3"))
    assert "choose another model for [models.judge]" in raised.value.hint


def test_a_candidate_that_no_judge_can_grade_on_more_than_a_fifth_gets_no_verdict_and_never_wins_by_the_rest() -> None:
    incumbent = [outcome(0, f"v{n}") for n in range(5)]
    race = Race(incumbent, Rule("greater", 0.05))
    lost = [replace(outcome(0, f"v{n}", unavailable="no grade"), ungraded=True) for n in range(2)]
    for each in (outcome(1, "v4"), lost[0]):
        race.add(each)
    assert not race.ungraded
    assert not race.lost()
    race.add(lost[1])
    assert race.ungraded
    assert race.lost()
    for each in (outcome(1, "v2"), outcome(1, "v3")):
        race.add(each)
    assert not race.won()


def test_an_example_that_the_incumbent_has_no_score_for_decides_nothing_and_is_run_last() -> None:
    lost = replace(outcome(0, "v0", unavailable="no grade"), ungraded=True)
    ordered = deciding_order([lost, outcome(1, "v1"), outcome(0, "v2")])
    assert [each.example.id for each in ordered] == ["v2", "v1", "v0"]
    race = Race(ordered, Rule("greater", 0.05))
    race.add(outcome(0, "v2"))
    assert race.lost()  # only v1 is out, and there the incumbent is right: what has no score could not help
    told = race.comparison(split="val", metric="judge")
    assert (told.n, told.stopped_after, told.at_most, told.excluded) == (2, 1, 0.5, ("v0",))


async def test_executed_again_an_example_without_a_grade_is_left_out_again_and_nobody_is_asked() -> None:
    model = ScriptedModel(grades)
    failures = Failures(ungraded={"0/start.validation/a3": "the judge gave no grade that could be read"})
    repeated = RepeatedModel(model, failures)
    (told,) = await evaluate(
        Task(program(), asker(repeated), 0), start(TEXTS), [example(1, "a3")], EXACT, at="0/start.validation",
        trouble=Control().trouble,
    )  # fmt: skip
    assert (told.ungraded, told.unavailable) == (True, "the judge gave no grade that could be read")
    assert model.seen == []


async def test_a_judge_as_one_of_several_losses_is_asked_at_each_call_of_its_node() -> None:
    play = Player()
    model = ScriptedModel(lambda call: "Good.\nScore: 5" if call.role == "judge" else play(call))
    terms = (LossTerm("loss.query", "query", judge(model), Fraction(1)), losses()[1])
    run = Task(PROGRAM, asker(model), 0, terms)
    (told,) = await evaluate(run, start(PROGRAM.texts), [with_gold(example(1, "a1"))], EXACT, at="1/forward")
    assert [each.score for each in told.losses] == [Fraction(1, 2), 1]
    judged = [call.at for call in model.seen if call.role == "judge"]
    assert judged == ["1/forward/a1/judge.query/1", "1/forward/a1/judge.query/2"]
    assert [(call.name, call.t) for call in told.calls] == [("judge.query", 1), ("judge.query", 2)]
    assert told.keys[-2:] == tuple(call.exchange.key for call in told.calls)
