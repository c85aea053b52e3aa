"""A program with a cycle, a skip connection and two losses: whole runs, and what is sent for them."""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import pytest
from tests.looped import EXACT, TEXTS, Player, looped_parts, looped_splits, losses, task
from tests.synthetic import Stack, asker, instructions, of_role, prompt_of, random_delays

from autodiff_engine import events as told_facts
from autodiff_engine.candidate import start
from autodiff_engine.control import Control
from autodiff_engine.critic import SKIPPED, LLMCritic
from autodiff_engine.errors import ConfigError
from autodiff_engine.evaluate import Outcome, evaluate
from autodiff_engine.events import (
    FACT_TYPES,
    CandidateScored,
    Event,
    ExampleScored,
    FeedbackGiven,
    GraphGrew,
    ProposalJudged,
    StepFinished,
)
from autodiff_engine.gradients import Told, gradients
from autodiff_engine.llm import Call, Model, ScriptedModel
from autodiff_engine.loss import Loss, failures
from autodiff_engine.objective import LossTerm
from autodiff_engine.trainer import Trainer

ROOT = Path(__file__).parents[1]
SHORT: dict[str, object] = {"max_steps": 3, "max_proposals": 3}


async def run(
    model: Model, terms: tuple[LossTerm, ...] | None = None, **settings: object
) -> tuple[Trainer, list[Event]]:
    events: list[Event] = []
    parts = looped_parts(model, terms, **{**SHORT, **settings})
    trainer = Trainer(parts, Control(), events.append, lambda progress: None)
    await trainer.fit()
    await trainer.report_test()
    return trainer, [event for event in events if isinstance(event, FACT_TYPES)]


async def told_of(
    model: ScriptedModel, *, threshold: float = 1.0, peers: bool = True, hardest: int = 8
) -> tuple[list[Outcome], list[Told]]:
    program = task(model)
    outcomes = await evaluate(program, start(TEXTS), looped_splits(hardest).train, EXACT, at="1/forward")
    who = asker(model, "backward")
    told = await gradients(
        failures(outcomes, threshold=threshold),
        Loss(EXACT, "llm", who, instructions(), 0, threshold),
        LLMCritic(who, instructions(), 0, 0, "", None, peers),
        step=1,
        control=Control(),
        tell=lambda told: None,
    )
    return outcomes, told


def blames(call: object) -> str:
    assert hasattr(call, "request")
    keys = [line.split('"')[1] for line in prompt_of(call).splitlines() if line.startswith("<feedback key=")]  # type: ignore[arg-type]
    return "\n".join(f'<feedback key="{key}">Raise {key}.</feedback>' for key in keys) or "It is too low."


def blaming() -> ScriptedModel:
    play = Player()
    return ScriptedModel(lambda call: blames(call) if call.role == "backward" else play(call))


async def test_each_loss_that_is_too_low_is_worded_once_for_each_of_its_calls_and_a_node_is_asked_once_for_all() -> (
    None
):
    model = blaming()
    outcomes, told = await told_of(model)
    assert [[each.score for each in outcome.losses] for outcome in outcomes[:3]] == [[1, 1], [0.5, 0], [0, 0]]
    calls = Counter((call.at.split("/")[2], *call.at.split("/")[-2:]) for call in of_role(model, "backward"))
    second, third = (example.id for example in looped_splits().train[1:3])
    asked = {("loss.answer", "1"), ("answer", "1"), ("combine", "1"), ("query", "1"), ("query", "2")}
    assert {at[1:] for at in calls if at[0] == second} == asked | {("loss.retrieve", "1")}  # its second call was right
    assert {at[1:] for at in calls if at[0] == third} == asked | {("loss.retrieve", "1"), ("loss.retrieve", "2")}
    assert set(calls.values()) == {1}
    assert not [at for at in calls if at[0] == looped_splits().train[0].id]
    seeds = [(p.feedback.source, p.target.name, p.feedback.t) for p in told[0].pieces[:2]]
    assert seeds == [("loss.retrieve", "retrieve", 1), ("loss.answer", "answer", 1)]


async def test_a_loss_that_reaches_the_threshold_seeds_nothing_though_another_does() -> None:
    model = blaming()
    _, told = await told_of(model, threshold=0.5)
    named = {call.at.split("/")[-2] for call in of_role(model, "backward") if call.at.split("/")[2] == "a1"}
    assert "loss.retrieve" not in named  # 0.5 over both calls, though one of them has 0
    assert "loss.answer" in named
    assert {each.outcome.example.id for each in told} == {"a1", "a2", "a4", "a5", "a7"}


async def test_the_wording_of_an_inner_loss_names_the_step_its_metric_its_own_score_and_its_column() -> None:
    model = blaming()
    await told_of(model)
    (of_step,) = [call for call in of_role(model, "backward") if call.at == "1/backward/a1/loss.retrieve/1"]
    sent = prompt_of(of_step)
    for part in (
        "What is checked is one step of the system, retrieve (what retrieve computes)",
        "OUTPUT\npage of miss",
        "The expected answer: page of hit",
        "The score: 0 on a scale",
        EXACT.description,
    ):
        assert part in sent
    (of_answer,) = [call for call in of_role(model, "backward") if call.at == "1/backward/a1/loss.answer/1"]
    assert "The expected answer: yes" in prompt_of(of_answer)


async def test_both_losses_reach_the_call_between_them_in_one_prompt() -> None:
    model = blaming()
    await told_of(model)
    first, second = (
        next(prompt_of(call) for call in of_role(model, "backward") if call.at == f"1/backward/a2/query/{t}")
        for t in (1, 2)
    )
    wrong = first.split("WHAT IS WRONG WITH ITS OUTPUT\n")[1].split("\n\n")[0]
    # the loss on the page; combine on that page; the second query, which was sent that page too
    assert wrong == "- It is too low.\n- Raise retrieve#1.\n- Raise retrieve."
    assert "This is call 1 of 2 of query" in first
    assert "This is call 2 of 2 of query" in second


async def test_feedback_takes_the_skip_connection_in_the_call_that_it_starts_from() -> None:
    model = blaming()
    _, told = await told_of(model)
    combine = next(prompt_of(call) for call in of_role(model, "backward") if call.at == "1/backward/a1/combine/1")
    assert f"key: query.task\nrole: says how to search{SKIPPED}\ntext: LEVEL 1" in combine
    for key in ("retrieve#1", "retrieve#2", "query.task"):
        assert f'<feedback key="{key}">' in combine
    # combine and the first query say the same at t = 1: one copy, the query's; the second query says it at t = 2
    on_task = [p.feedback for p in told[0].pieces if p.target.name == "query.task"]
    assert [(each.source, each.t, each.text, each.count) for each in on_task] == [
        ("query", 1, "Raise query.task.", 2),
        ("query", 2, "Raise query.task.", 1),
    ]


async def test_without_peers_a_skip_connection_costs_one_call_of_its_own() -> None:
    model = blaming()
    await told_of(model, peers=False)
    at = Counter(call.at for call in of_role(model, "backward") if "/a1/combine" in call.at)
    assert at == {f"1/backward/a1/combine.{key}/1": 1 for key in ("retrieve#1", "retrieve#2", "query.task")}


async def test_without_selection_each_loss_says_of_its_own_node_whether_it_is_right() -> None:
    play = Player()

    def lucky(call: Call) -> str:
        if call.role == "backward":
            return blames(call)
        return "yes" if "/answer/" in call.at else play(call)

    model = ScriptedModel(lucky)
    (third,) = await evaluate(task(model), start(TEXTS), looped_splits(3).train[2:], EXACT, at="1/forward")
    assert [each.score for each in third.losses] == [0, 1]
    who = asker(model, "backward")
    loss = Loss(EXACT, "llm", who, instructions(), 0, selective=False)
    critic = LLMCritic(who, instructions(), 0, 0, "", None)
    (told,) = await gradients([third], loss, critic, step=1, control=Control(), tell=lambda told: None)
    sent = {call.at.split("/", 3)[3]: prompt_of(call) for call in of_role(model, "backward")}
    assert "Why is the output right?" in sent["loss.answer/1"]
    assert "What is wrong with the output?" in sent["loss.retrieve/2"]
    for praised in ("answer/1", "combine/1"):
        assert "WHY ITS OUTPUT IS RIGHT" in sent[praised]
        assert "wrong" not in sent[praised].lower()
    wrong = sent["query/2"].split("WHAT IS WRONG WITH ITS OUTPUT\n")[1].split("\n\n")[0]
    assert wrong == "- It is too low.\n- (this much is right) Raise retrieve#2."
    about = [(p.target.name, p.feedback.source, p.feedback.t, p.feedback.right) for p in told.pieces]
    on_task = [each for each in about if each[0] == "query.task"]
    assert on_task == [
        ("query.task", "combine", 1, True),  # the skip connection
        ("query.task", "query", 2, False),
        ("query.task", "query", 1, False),
    ]


async def test_the_graph_has_a_root_for_each_loss_and_an_edge_for_the_skip() -> None:
    _, facts = await run(ScriptedModel(Player()), max_steps=1)
    grown = [fact for fact in facts if isinstance(fact, GraphGrew)]
    nodes = {node.name: node for fact in grown for node in fact.nodes}
    edges = {(edge.source, edge.target, edge.skip) for fact in grown for edge in fact.edges}
    assert {name for name, node in nodes.items() if node.kind == "loss"} == {"loss.retrieve", "loss.answer"}
    assert {("retrieve", "loss.retrieve", False), ("answer", "loss.answer", False)} <= edges
    assert ("query.task", "combine", True) in edges
    assert ("query.task", "query", False) in edges


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_what_a_run_tells_of_its_losses_adds_up(tmp_path: Path, seed: int) -> None:
    stack = Stack(ScriptedModel(Player(seed), delay_s=random_delays(seed)), tmp_path)
    trainer, facts = await run(stack.model, seed=seed)
    stack.store.close()
    weights = [float(term.weight) for term in losses()]
    for fact in facts:
        if isinstance(fact, ExampleScored):
            assert fact.metric == "objective"
            assert [(each.node, each.metric) for each in fact.losses] == [(t.node, t.metric.name) for t in losses()]
            each = [loss.score for loss in fact.losses]
            assert fact.score == pytest.approx(sum(w * s for w, s in zip(weights, each, strict=True)) / sum(weights))
            assert [loss.score for loss in fact.losses] == [sum(loss.calls) / len(loss.calls) for loss in fact.losses]
            assert fact.on_answer == fact.losses[1].score
    accepted = [fact for fact in facts if isinstance(fact, ProposalJudged) and fact.accepted]
    candidates = [fact for fact in facts if isinstance(fact, CandidateScored)]
    assert [c.candidate for c in candidates if (c.which, c.split) == ("best", "val")] == [a.candidate for a in accepted]
    for scored in candidates:
        assert scored.mean == pytest.approx(
            sum(loss.weight * loss.mean for loss in scored.losses) / sum(loss.weight for loss in scored.losses)
        )
        assert scored.on_answer == scored.losses[1].mean
    for verdict in accepted:
        assert verdict.validation is not None
        assert verdict.validation.metric == "objective"
    assert {fact.comparison.metric for fact in facts if isinstance(fact, told_facts.TestCompared)} == {"objective"}
    failing = {
        (f.step, f.example)
        for f in facts
        if isinstance(f, ExampleScored) and f.phase == "forward" and any(loss.score < 1 for loss in f.losses)
    }
    assert {(f.step, f.example) for f in facts if isinstance(f, FeedbackGiven)} <= failing
    assert trainer.progress.best is not None
    assert all(not each.nodes and not each.answer.parents for each in trainer.progress.best.outcomes if each.answer)


async def test_training_on_two_losses_gets_better(tmp_path: Path) -> None:
    trainer, facts = await run(ScriptedModel(Player(1)), max_steps=6, max_proposals=4)
    assert trainer.progress.start is not None
    assert trainer.progress.best is not None
    assert trainer.progress.best.mean > trainer.progress.start.mean
    assert [f.val for f in facts if isinstance(f, StepFinished)][-1] == trainer.progress.best.mean


@pytest.mark.parametrize("proposals", ["serial", "parallel"])
async def test_facts_are_equal_whatever_arrives_first(proposals: str) -> None:
    runs = [
        (await run(ScriptedModel(Player(1), delay_s=random_delays(i) if i else None), proposals=proposals))[1]
        for i in range(4)
    ]
    assert all(each == runs[0] for each in runs)
    assert any(isinstance(fact, FeedbackGiven) for fact in runs[0])


async def test_a_loss_on_a_node_that_the_program_does_not_have_ends_the_run_after_the_start_prompts() -> None:
    model = ScriptedModel(Player())
    with pytest.raises(ConfigError, match="no node called rerank; the program's nodes are answer, combine, query, ret"):
        await run(model, (LossTerm("loss.rerank", "rerank", EXACT),))
    assert {call.at.split("/")[1] for call in model.seen} == {"start.validation"}


def test_facts_are_equal_under_three_hash_seeds() -> None:
    printed = {
        subprocess.run(
            [sys.executable, "-m", "tests.test_several_losses"],
            env={"PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(printed) == 1
    assert len(printed.pop()) > 1000


async def _tell() -> None:
    _, facts = await run(ScriptedModel(Player(1)))
    sys.stdout.write(json.dumps([(type(fact).__name__, asdict(fact)) for fact in facts]))


if __name__ == "__main__":
    asyncio.run(_tell())
