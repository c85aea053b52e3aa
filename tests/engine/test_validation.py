import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from tests.synthetic import asker, outcome, prompt_of, proposal

from autodiff_engine.candidate import TrainedText
from autodiff_engine.comparison import Rule
from autodiff_engine.dataset import Example
from autodiff_engine.evaluate import Outcome, Task, evaluate
from autodiff_engine.lint import Lint
from autodiff_engine.llm import Call, Reply, ScriptedModel
from autodiff_engine.metric import BUILT_IN
from autodiff_engine.pipelines.prompt import one_call
from autodiff_engine.proposal import Proposal
from autodiff_engine.validation import Case, Gates, Verdict, judge

TRAIN = ["t1", "t2"]
VAL = ["v1", "v2", "v3", "v4"]


class Bench:
    """A candidate whose scores are given by example; keeps which examples were run."""

    def __init__(self, scores: dict[str, float]) -> None:
        self.scores = scores
        self.ran: list[str] = []

    def _outcome(self, example: Example) -> Outcome:
        self.ran.append(example.id)
        score = self.scores[example.id]
        return outcome(0, example.id, unavailable="nobody") if score < 0 else outcome(score, example.id)

    async def batch(self, examples: Sequence[Example], heard: Callable[[Outcome], object]) -> Sequence[Outcome]:
        done = [self._outcome(each) for each in examples]
        for each in done:
            heard(each)
        return done

    async def split(self, examples: Sequence[Example], seen: Callable[[Outcome], bool | None]) -> Sequence[Outcome]:
        done: list[Outcome] = []
        for each in examples:
            done.append(self._outcome(each))
            if seen(done[-1]):
                break
        return done


def gates(rule: Rule = Rule("greater", 0.05), *, two_stage: bool = True) -> Gates:  # noqa: B008 - frozen
    return Gates(Lint((), (), 200), "exact_match", "exact_match", rule, two_stage)


def case(bench: Bench, made: Proposal, before: dict[str, float]) -> Case:
    old = {name: outcome(0, name, unavailable="x") if s < 0 else outcome(s, name) for name, s in before.items()}
    return Case(made, [old[n] for n in TRAIN], [old[n] for n in VAL], (), bench.batch, bench.split)


BEFORE: dict[str, float] = {"t1": 1, "t2": 0, "v1": 1, "v2": 0, "v3": 1, "v4": 0}


async def judged(
    after: dict[str, float], how: Gates | None = None, made: Proposal | None = None
) -> tuple[Verdict, list[str]]:
    bench = Bench({**BEFORE, **after})
    verdict = await judge(case(bench, made or proposal("LEVEL 3"), BEFORE), how or gates())
    return verdict, bench.ran


@pytest.mark.parametrize(
    ("train", "val", "fate", "ran"),
    [
        ((0, 0), (1, 1, 1, 1), "minibatch", 2),
        ((1, 0), (1, 1, 1, 1), "minibatch", 2),
        ((0, 1), (1, 1, 1, 1), "minibatch", 2),
        ((1, 1), (1, 0, 1, 0), "validation", 2 + 2),
        ((1, 1), (0, 1, 0, 0), "validation", 2 + 3),
        ((1, 1), (0, 1, 1, 0), "validation", 2 + 3),
        ((1, 1), (1, 1, 1, 0), "accepted", 2 + 4),
        ((1, 1), (1, 1, 0, 1), "accepted", 2 + 4),
    ],
)
async def test_each_gate_wants_strictly_more_and_costs_nothing_after_the_first_that_fails(
    train: tuple[int, ...], val: tuple[int, ...], fate: str, ran: int
) -> None:
    verdict, examples = await judged(dict(zip([*TRAIN, *VAL], [*train, *val], strict=True)))
    assert verdict.fate == fate
    assert len(examples) == ran
    assert (verdict.validation is None) is (fate == "minibatch")
    assert verdict.minibatch is not None
    assert (verdict.minibatch.split, verdict.minibatch.n) == ("train", 2)


async def test_an_accepted_candidates_outcomes_are_in_the_splits_order() -> None:
    verdict, ran = await judged({"t2": 1, "v2": 1})
    assert ran[2:] == ["v2", "v4", "v1", "v3"]
    assert [each.example.id for each in verdict.outcomes] == VAL
    assert verdict.validation is not None
    assert (verdict.validation.before, verdict.validation.after, verdict.validation.stopped_after) == (0.5, 0.75, None)


async def test_one_stage_goes_straight_to_validation() -> None:
    verdict, ran = await judged({"v2": 1}, gates(two_stage=False))
    assert (verdict.fate, verdict.minibatch) == ("accepted", None)
    assert set(ran) == set(VAL)


async def test_a_proposal_with_a_problem_or_a_lint_costs_no_call() -> None:
    unusable, ran = await judged({}, made=proposal("LEVEL 2", problem="task: cut off"))
    assert (unusable.fate, unusable.reason, ran) == ("unusable", "task: cut off", [])
    linted, ran = await judged({}, made=proposal("LEVEL 2"))
    assert (linted.fate, linted.lint, ran) == ("lint", "unchanged", [])


async def test_what_a_candidate_quotes_is_left_out_and_if_nothing_is_left_it_goes_straight_to_validation() -> None:
    quote = "Q: how many things of kind {} are there? A: 8."
    one, ran = await judged({"t1": 1, "t2": 1, "v2": 1}, made=proposal(quote.format("t1")))
    assert one.minibatch is not None
    assert (one.minibatch.quoted, one.minibatch.n, "t1" in ran) == (("t1",), 1, False)
    both, ran = await judged({"v2": 1}, made=proposal(quote.format("t1") + quote.format("t2")))
    assert (both.fate, both.minibatch) == ("accepted", None)
    assert set(ran) == set(VAL)


async def test_what_nobody_answered_for_is_excluded_on_both_sides() -> None:
    verdict, _ = await judged({"t1": -1, "t2": 1, "v2": 1})
    assert verdict.minibatch is not None
    assert (verdict.minibatch.excluded, verdict.minibatch.n, verdict.minibatch.before) == (("t1",), 1, 0.0)
    assert verdict.fate == "accepted"


async def test_with_confidence_better_is_not_enough() -> None:
    gains: dict[str, float] = {"t2": 1, "v2": 1, "v4": 1}
    verdict, _ = await judged(gains, gates(Rule("confident", 0.05)))
    assert verdict.fate == "validation"
    verdict, _ = await judged(gains, gates(Rule("confident", 0.6)))
    assert verdict.fate == "accepted"
    assert verdict.validation is not None
    assert verdict.validation.p == 0.5


async def test_better_without_confidence_says_so() -> None:
    before = {**BEFORE, "v3": 0}
    after = {**before, "t2": 1, "v1": 1, "v2": 1, "v3": 1, "v4": 0}
    bench = Bench(after)
    verdict = await judge(case(bench, proposal("LEVEL 3"), before), gates(Rule("confident", 0.45)))
    assert verdict.fate == "validation"
    assert verdict.validation is not None
    told = verdict.reason
    assert told.startswith("better, but not with confidence") or "could not win any more" in told


async def test_a_lost_race_says_what_was_still_possible() -> None:
    verdict, _ = await judged({"t2": 1, "v1": 0, "v2": 0, "v4": 0})
    assert verdict.reason == "stopped after 2 of 4 validation examples: it could not win any more"
    assert verdict.validation is not None
    assert (verdict.validation.at_most, verdict.validation.p) == (0.5, None)


@pytest.mark.parametrize("stops", [True, False])
async def test_stopping_early_saves_calls_and_cancels_those_in_flight(stops: bool) -> None:
    n = 12
    finished: list[str] = []
    cancelled: list[str] = []

    class Paced(ScriptedModel):
        async def complete(self, call: Call) -> Reply:
            place = int(prompt_of(call).rsplit(" ", 1)[1])
            try:
                await asyncio.sleep(0 if place < 3 else 30 if stops else 0)
            except asyncio.CancelledError:
                cancelled.append(call.at)
                raise
            finished.append(call.at)
            return await super().complete(call)

    model = Paced(lambda call: "no" if stops else "yes")
    texts = (TrainedText("task", "", "LEVEL 2"),)
    program = one_call("p", texts=texts, system="{{ task }}", user="{{ question }}", parse=lambda reply: reply)
    examples = [Example(f"v{i}", {"question": f"number {i}"}, "yes", 1) for i in range(n)]
    incumbent = [replace(outcome(int(i >= 3), f"v{i}"), example=examples[i]) for i in range(n)]
    bench = Bench({})

    async def run_split(asked: Sequence[Example], seen: Callable[[Outcome], bool | None]) -> Sequence[Outcome]:
        task = Task(program, asker(model), 0)
        made = proposal("LEVEL 3").candidate
        return await evaluate(task, made, asked, BUILT_IN["exact_match"], at="1/p1.validation", seen=seen)

    verdict = await judge(Case(proposal("LEVEL 3"), [], incumbent, (), bench.batch, run_split), gates())
    assert verdict.fate == ("validation" if stops else "accepted")
    assert (len(finished), len(cancelled)) == ((3, n - 3) if stops else (n, 0))


@pytest.mark.parametrize(
    ("shown", "ran", "minibatch"), [((), 6, True), (("t1",), 5, True), (("t2",), 4, False), (("t1", "t2"), 4, False)]
)
async def test_shots_are_left_out_of_the_minibatch_and_where_nothing_is_left_the_whole_set_decides(
    shown: tuple[str, ...], ran: int, minibatch: bool
) -> None:
    bench = Bench({**BEFORE, "t2": 1, "v2": 1})
    verdict = await judge(replace(case(bench, proposal("LEVEL 3"), BEFORE), shown={"demos": shown}), gates())
    assert (verdict.fate, len(bench.ran), verdict.minibatch is not None) == ("accepted", ran, minibatch)
    assert not set(bench.ran) & set(shown)


async def test_an_example_that_the_incumbent_got_no_answer_to_is_not_run_and_is_told_as_left_out() -> None:
    bench = Bench({**BEFORE, "t2": 1, "v2": 1})
    verdict = await judge(case(bench, proposal("LEVEL 3"), {**BEFORE, "t1": -1}), gates())

    assert bench.ran[0] == "t2"
    assert "t1" not in bench.ran
    assert verdict.minibatch is not None
    assert (verdict.minibatch.n, verdict.minibatch.excluded, verdict.fate) == (1, ("t1",), "accepted")
