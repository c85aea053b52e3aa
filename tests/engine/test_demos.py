"""What demos are made of and how they are drawn; what becomes of them in a run is in tests/test_few_shot_runs."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from tests.few_shot import SHOTS, by_shots, program, puzzle, text
from tests.synthetic import asker

from autodiff_engine.candidate import Candidate, TrainedText, start
from autodiff_engine.config import TrainerConfig
from autodiff_engine.dataset import Example
from autodiff_engine.demos import Demos
from autodiff_engine.errors import ProgramError
from autodiff_engine.evaluate import Outcome, Task, evaluate
from autodiff_engine.events import TextChange, Warned
from autodiff_engine.graph import Node
from autodiff_engine.llm import Call, Reply, ScriptedModel, Usage
from autodiff_engine.metric import by_name
from autodiff_engine.objective import LossTerm
from autodiff_engine.pipeline import Pipeline
from autodiff_engine.proposal import Proposal
from autodiff_engine.raw_shots import Started
from autodiff_engine.template import Template
from autodiff_engine.trace import Prompt, Trace

TRAIN = [puzzle("a1", 1), puzzle("a2", 2), puzzle("a3", 3), puzzle("a4", 4), puzzle("a5", 1), puzzle("a6", 5)]
METRIC = by_name("exact_match", Path())


class Bench:
    """Demos of a program whose calls are answered by ``script``; ``saw`` and ``taught`` run it for real."""

    def __init__(
        self,
        pipeline: Pipeline | None = None,
        script: Callable[[Call], str | Reply] = by_shots,
        train: Sequence[Example] = TRAIN,
        *,
        max_words: int = 200,
        bootstrapped: int = 2,
        raw: int = 2,
        seed: int = 0,
    ) -> None:
        self.pipeline = pipeline or program()
        self.candidate = start(self.pipeline.texts)
        self.model = ScriptedModel(script)
        self.warned: list[str] = []
        settings = TrainerConfig.model_validate({"seed": seed, "demos": {"bootstrapped": bootstrapped, "raw": raw}})

        def warn(event: Warned) -> None:
            self.warned.append(event.message)

        self.task = Task(self.pipeline, asker(self.model), 0)
        self.train = train
        self.demos = Demos(self.task, train, settings, max_words, warn)

    async def outcomes(self, *names: str, task: Task | None = None) -> list[Outcome]:
        examples = [each for each in self.train if each.id in names]
        return await evaluate(task or self.task, self.candidate, examples, METRIC, at="1/forward")

    async def saw(self, *names: str) -> None:
        self.demos.saw(await self.outcomes(*names))

    async def taught(self, *names: str, says: str = "yes") -> None:
        teacher = Task(self.pipeline, asker(ScriptedModel(lambda call: says), "teacher"), 0)
        self.demos.taught(await self.outcomes(*names, task=teacher))

    async def change(self, step: int = 3) -> TextChange:
        made = await self.made(step)
        assert made is not None
        (change,) = made.changes
        return change

    async def made(self, step: int = 3) -> Proposal | None:
        return await self.demos.propose(step, self.candidate)


async def test_a_bootstrapped_shot_is_what_was_sent_and_the_raw_reply() -> None:
    bench = Bench(raw=0, bootstrapped=1)
    await bench.saw("a1", "a3")
    change = await bench.change()
    assert change.value == "puzzle a1 of difficulty 1\nyes"
    assert (change.name, change.method, change.asked_by, change.left_out) == ("demos", "demos", ("a1",), 0)
    assert change.reasoning == (
        "1 bootstrapped (replies that came out right, the more likely the worse the program is on them now): "
        "a1 (an own reply that scored 1, the program scores 1 now)."
    )


async def test_a_raw_shot_is_the_input_with_the_expected_answer_also_of_an_example_not_asked_yet() -> None:
    bench = Bench(raw=5, bootstrapped=0)
    await bench.saw("a1", "a3")
    asked = len(bench.model.seen)
    change = await bench.change()
    assert set(change.asked_by) == {"a2", "a3", "a4", "a5", "a6"}  # a1 has weight 0
    assert all(f"puzzle {name} of difficulty" in change.value for name in change.asked_by)
    assert change.value.count("\nyes") == 5
    assert "a3 (the program scores 0 now)" in change.reasoning
    assert "a6 (the program was not asked it yet)" in change.reasoning
    assert len(bench.model.seen) == asked


async def test_an_example_is_in_a_text_once() -> None:
    bench = Bench(bootstrapped=6, raw=6)
    await bench.saw(*(each.id for each in TRAIN))
    await bench.taught("a3", "a4")
    change = await bench.change()
    assert sorted(change.asked_by) == [each.id for each in TRAIN]
    assert sorted(change.asked_by[:5]) == ["a1", "a2", "a3", "a4", "a5"]
    assert change.asked_by[5] == "a6"


async def chosen(bench: Bench, steps: int = 300) -> Counter[str]:
    found: Counter[str] = Counter()
    for step in range(steps):
        found.update((await bench.change(step)).asked_by)
    return found


async def test_raw_shots_are_drawn_by_what_the_program_lacks() -> None:
    bench = Bench(bootstrapped=0, raw=1)
    await bench.saw("a1", "a2", "a3", "a5")
    found = await chosen(bench)
    assert set(found) == {"a3", "a4", "a6"}
    assert all(70 < count < 130 for count in found.values())


async def test_own_successes_weigh_what_was_lost_since() -> None:
    bench = Bench(bootstrapped=1, raw=0)
    await bench.saw("a1", "a2", "a5")
    assert set(await chosen(bench, 60)) == {"a1", "a2", "a5"}  # no weights: each as likely
    worse = bench.candidate.with_texts({"task": "LEVEL 1"})
    bench.candidate = worse
    await bench.saw("a1", "a2", "a5")
    assert set(await chosen(bench, 60)) == {"a2"}
    assert "an own reply that scored 1, the program scores 0 now" in (await bench.change()).reasoning


async def test_the_teachers_reply_stands_for_an_example_from_then_on() -> None:
    bench = Bench(bootstrapped=1, raw=0)
    await bench.saw("a1", "a3")
    await bench.taught("a3")
    assert set(await chosen(bench, 60)) == {"a3"}
    assert "a3 (the teacher's reply that scored 1, the program scores 0 now)" in (await bench.change()).reasoning
    assert {each.id for each in bench.demos.untaught(await bench.outcomes("a1", "a3", "a4"))} == {"a4"}


async def test_an_own_success_does_not_replace_the_teachers() -> None:
    bench = Bench(bootstrapped=1, raw=0)
    await bench.taught("a3")
    bench.candidate = bench.candidate.with_texts({"task": "LEVEL 3"})
    await bench.saw("a3")
    assert "a3 (the teacher's reply that scored 1, the program scores 1 now)" in (await bench.change()).reasoning


async def test_a_teacher_that_fails_too_teaches_nothing() -> None:
    bench = Bench(raw=0)
    await bench.saw("a3")
    await bench.taught("a3", says="no")
    assert await bench.made() is None
    assert [each.id for each in bench.demos.untaught(await bench.outcomes("a3"))] == ["a3"]


@pytest.mark.parametrize("finish", ["length", "content_filter"])
async def test_a_reply_that_was_cut_off_is_no_example(finish: str) -> None:
    bench = Bench(raw=0, script=lambda call: Reply("yes", finish, Usage(1, 1)))
    await bench.saw("a1")
    assert await bench.made() is None


async def test_without_expected_answers_there_are_no_raw_shots() -> None:
    bench = Bench(train=[puzzle("a1", 9, None), puzzle("a2", 9, "yes")], bootstrapped=0)
    bench.demos.saw(await bench.outcomes("a2"))
    assert (await bench.change()).asked_by == ("a2",)


async def test_what_is_over_the_cap_is_left_out_and_said() -> None:
    bench = Bench(max_words=12, bootstrapped=2, raw=2)
    await bench.saw("a1", "a2", "a3")
    change = await bench.change()
    assert len(change.asked_by) == 2  # six words each
    assert change.reasoning.endswith("2 more did not fit into 12 words.")


async def test_when_nothing_fits_there_is_no_proposal_but_a_warning() -> None:
    bench = Bench(max_words=5)
    await bench.saw("a1", "a3")
    assert await bench.made() is None
    assert bench.warned == ["step 3: no new demos: each of 3 examples drawn is over 5 words"]


async def test_before_any_example_was_seen_there_is_nothing_to_show() -> None:
    bench = Bench()
    assert await bench.made() is None
    assert bench.warned == []


async def test_the_draw_is_that_of_seed_and_step_whatever_came_first() -> None:
    first, again, other = Bench(seed=1), Bench(seed=1), Bench(seed=2)
    await first.saw("a1", "a2", "a3")
    await again.saw("a3", "a2")
    await again.saw("a1")
    await other.saw("a1", "a2", "a3")
    assert [await first.made(step) for step in range(8)] == [await again.made(step) for step in range(8)]
    assert [await first.change(step) for step in range(8)] != [await other.change(step) for step in range(8)]


async def test_only_the_demos_change() -> None:
    bench = Bench()
    await bench.saw("a1", "a3")
    bench.candidate = bench.candidate.with_texts({"task": "LEVEL 7", "demos": "old"})
    made = await bench.made()
    assert made is not None
    assert (made.step, made.k, made.problem, made.parent) == (3, 1, "", bench.candidate)
    assert dict(made.candidate.texts) == {"task": "LEVEL 7", "format": "One word.", "demos": made.changes[0].value}


@pytest.mark.parametrize(
    ("texts", "due"),
    [(SHOTS, [3, 6, 9]), ((text("demos"),), list(range(1, 10))), (SHOTS[:2], [])],
    ids=["with prompts", "alone", "none"],
)
def test_every_third_step_is_theirs_and_every_one_if_nothing_else_is_trained(
    texts: tuple[TrainedText, ...], due: list[int]
) -> None:
    pipeline = Pipeline("p", program().run, texts, (), ())
    demos = Bench(pipeline).demos
    assert [step for step in range(1, 10) if demos.due(step)] == due


def test_none_asked_for_are_never_due() -> None:
    assert not any(Bench(bootstrapped=0, raw=0).demos.due(step) for step in range(1, 10))


async def test_it_is_known_exactly_which_examples_a_candidate_shows_also_in_other_words() -> None:
    twin = Example("a9", dict(TRAIN[2].inputs), "no", 1)
    bench = Bench(train=[TRAIN[0], TRAIN[2], twin], bootstrapped=0, raw=1)
    await bench.saw("a1", "a9")  # both right, so that a3 alone has a weight
    made = await bench.made()
    assert made is not None
    assert made.changes[0].asked_by == ("a3",)
    assert bench.demos.shown_in(made.candidate) == {"demos": ("a3", "a9")}
    kept = made.candidate.with_texts({"task": "LEVEL 5"})
    assert bench.demos.shown_in(kept) == {"demos": ("a3", "a9")}
    assert bench.demos.shown_in(Candidate({**made.candidate.texts, "demos": "Q\nA"})) == {}


def two_calls() -> Pipeline:
    """A program whose first call writes a query and whose second one answers; both take demos."""
    query = Prompt(Template("{{ demos }}\nquery for {{ question }}"))
    final = Prompt(Template("{{ found }}: {{ question }}"), Template("{{ demos }}"))

    async def run(trace: Trace, given: Mapping[str, str]) -> Node:
        asked = trace.input("question", given["question"])
        for _ in range(2):
            found = await trace.generate("query", template=query, prompts=("query.demos",), question=asked)
        return await trace.generate("answer", template=final, prompts=("answer.demos",), found=found, question=asked)

    return Pipeline("two", run, (text("query.demos"), text("answer.demos")), ("question",), ())


def staged(call: Call) -> str:
    node, t = call.at.split("/")[-2:]
    return f"q{t}" if node == "query" else "yes" if "difficulty 1" in call.request.messages[-1].content else "no"


async def test_each_text_shows_the_calls_that_it_is_sent_in_and_only_the_answers_call_has_raw_ones() -> None:
    bench = Bench(two_calls(), staged, bootstrapped=3, raw=3)
    await bench.saw("a1", "a3")
    made = await bench.made()
    assert made is not None
    query, final = made.changes
    assert query.value == "query for puzzle a1 of difficulty 1\nq2"  # of two calls the last
    assert final.asked_by == ("a1", "a3")  # others were never asked, and cannot be without a call
    assert final.value == "q2: puzzle a1 of difficulty 1\nyes\n\nq2: puzzle a3 of difficulty 3\nyes"


async def test_a_shot_of_a_call_with_demos_in_its_user_half_does_not_hold_them() -> None:
    bench = Bench(two_calls(), staged, bootstrapped=3, raw=0)
    bench.candidate = Candidate({"query.demos": "old\nshot", "answer.demos": ""})
    await bench.saw("a1")
    assert bench.model.seen[0].request.messages[0].content.startswith("old\nshot\nquery for")
    made = await bench.made()
    assert made is not None
    assert made.changes[0].value == "query for puzzle a1 of difficulty 1\nq2"


async def test_a_program_that_cannot_be_rehearsed_with_the_expected_answer_has_no_raw_shot_of_it() -> None:
    inner = program()

    async def run(trace: Trace, given: Mapping[str, str]) -> Node:
        answer = await inner.run(trace, given)
        if "a6" in given["question"]:
            raise ProgramError("cannot take this")
        return answer

    bench = Bench(Pipeline("p", run, inner.texts, inner.inputs, inner.slots), bootstrapped=0, raw=6)
    await bench.saw("a1", "a3")
    assert sorted((await bench.change()).asked_by) == ["a1", "a2", "a3", "a4", "a5"]


async def test_scores_below_one_count_by_their_size() -> None:
    bench = Bench(bootstrapped=0, raw=1)
    seen = await bench.outcomes(*(each.id for each in TRAIN))
    half = {"a1": Fraction(1, 4)}
    scores = [half.get(each.example.id, Fraction(1)) for each in seen]
    bench.demos.saw([Outcome(each.example, each.answer, s, "", ()) for each, s in zip(seen, scores, strict=True)])
    assert set(await chosen(bench, 40)) == {"a1"}


async def test_two_runs_of_the_demos_at_once_do_not_meet() -> None:
    benches = [Bench(seed=seed) for seed in range(3)]
    await asyncio.gather(*(bench.saw("a1", "a3") for bench in benches))
    together = await asyncio.gather(*(bench.made() for bench in benches))
    assert [await bench.made() for bench in benches] == list(together)


SIDE = Prompt(Template("{{ question }}"), Template("{{ demos }}"))


async def _noting(trace: Trace, given: Mapping[str, str]) -> Node:
    asked = trace.input("question", given["question"])
    await trace.generate("note", template=SIDE, prompts=["note.demos"], question=asked)
    return await trace.generate("answer", template=SIDE, prompts=["demos"], question=asked)


def _with_losses(threshold: float) -> Bench:
    """A program that writes a note beside its answer: one loss on each, of which only the note's fails."""
    texts = (TrainedText("demos", "shows answers", "", "demos"), TrainedText("note.demos", "shows notes", "", "demos"))
    bench = Bench(
        Pipeline("noting", _noting, texts, ("question",), ("demos", "question")),
        lambda call: "yes" if "/answer/" in call.at else "no",
        raw=0,
    )
    terms = (LossTerm("loss.note", "note", METRIC, Fraction(1, 3)), LossTerm("loss.answer", "answer", METRIC))
    bench.task = replace(bench.task, losses=terms)
    settings = TrainerConfig.model_validate({"threshold": threshold, "demos": {"bootstrapped": 2, "raw": 0}})
    bench.demos = Demos(bench.task, bench.train, settings, 200, lambda event: None)
    return bench


async def test_a_run_is_a_success_when_every_loss_is_good_enough() -> None:
    bench = _with_losses(0.7)
    await bench.saw("a1")
    outcomes = await bench.outcomes("a1")
    assert [each.score for each in outcomes] == [Fraction(3, 4)]  # over 0.7, but the note is worth nothing
    assert await bench.made() is None
    assert [each.id for each in bench.demos.untaught(outcomes)] == ["a1"]


async def test_a_call_that_a_loss_is_on_gives_shots_though_the_answer_does_not_come_of_it() -> None:
    bench = _with_losses(1.0)
    teacher = replace(bench.task, asker=asker(ScriptedModel(lambda call: "yes"), "teacher"))
    bench.demos.taught(await bench.outcomes("a1", "a2", task=teacher))
    made = await bench.made()
    assert made is not None
    assert [change.name for change in made.changes] == ["demos", "note.demos"]
    without = replace(teacher, losses=())
    bench = _with_losses(1.0)
    bench.demos.taught(await bench.outcomes("a1", "a2", task=without))
    made = await bench.made()
    assert made is not None
    assert [change.name for change in made.changes] == ["demos"]


@pytest.mark.parametrize("asked", [2, 0])
def test_examples_that_were_drawn_before_the_training_are_known_as_shown(asked: int) -> None:
    bench = Bench()
    settings = TrainerConfig.model_validate({"demos": {"bootstrapped": asked, "raw": asked}})
    started = {"demos": Started("Q\nA", ("a1", "a4"))}
    demos = Demos(bench.task, bench.train, settings, 200, lambda event: None, started)
    assert demos.shown_in(bench.candidate) == {}
    assert demos.shown_in(bench.candidate.with_texts({"demos": "Q\nA"})) == {"demos": ("a1", "a4")}
