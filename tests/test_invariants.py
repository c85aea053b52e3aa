"""What must hold in every run, whatever the setting: whole runs of the synthetic task over the real stack of models."""

import asyncio
import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from tests.synthetic import (
    TEXTS,
    Stack,
    answer,
    current_level,
    level,
    needed,
    of_role,
    prompt_of,
    random_delays,
    splits,
    trained,
)

from autodiff_engine import events as told
from autodiff_engine.comparison import Race
from autodiff_engine.errors import ModelUnavailable
from autodiff_engine.events import (
    FACT_TYPES,
    Event,
    ExampleScored,
    FeedbackGiven,
    GraphGrew,
    ProposalJudged,
    ProposalMade,
    StepFinished,
    StepStarted,
)
from autodiff_engine.graph import Node
from autodiff_engine.llm import Call, ScriptedModel
from autodiff_engine.llm.store import AnswerStore
from autodiff_engine.pipeline import Pipeline
from autodiff_engine.prompt import Prompt
from autodiff_engine.trace import Trace
from autodiff_engine.trainer import Trainer

ROOT = Path(__file__).parents[1]
SETTINGS: dict[str, dict[str, object]] = {
    "default": {},
    "parallel": {"proposals": "parallel"},
    "rotate": {"update": "rotate"},
    "one stage": {"two_stage": False},
    "fresh batches": {"carry": False},
    "confident": {"accept": "confident", "alpha": 0.3},
    "template": {"loss_feedback": "template"},
    "no peers": {"peers": False},
    "data": {"gradients": "data"},
    "scores": {"gradients": "none", "history": 0},
    "small batches": {"batch_size": 2, "max_batch": 3, "max_proposals": 2},
}
SHORT: dict[str, object] = {"max_steps": 3, "max_proposals": 3}


class Player:
    """Plays every role by ``seed``: a function of what is asked where, so that order and chance of arrival do nothing.

    The words of our own instructions do not matter to it either.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def __call__(self, call: Call) -> str:
        messages = call.request.messages
        system, user = (message.content for message in messages[:2])
        asked = f"{system}/{user}" if call.role == "task" else f"{call.at}/{len(messages)}"
        draw = random.Random(f"{self._seed}/{asked}/{call.request.draw}")
        if call.role == "task":
            lucky = draw.random() < 0.15
            return "yes" if (level(system) >= needed(user)) != lucky else draw.choice(["no", "chat"])
        return self._criticism(call, draw) if call.role == "backward" else self._rewrite(call, draw)

    def _criticism(self, call: Call, draw: random.Random) -> str:
        keys = [line.split('"')[1] for line in prompt_of(call).splitlines() if line.startswith("<feedback key=")]
        if draw.random() < 0.1:
            return "chat"
        words = {key: draw.choice(["NOT TO BLAME. Fine.", "Raise it.", "Too low. Say more."]) for key in keys}
        return "\n".join(f'<feedback key="{key}">{said}</feedback>' for key, said in words.items()) or "It is wrong."

    def _rewrite(self, call: Call, draw: random.Random) -> str:
        if draw.random() < 0.1:
            return "I would rather chat."
        if call.at.split("/")[-2] == "format":
            text = draw.choice(["One word.", "Just one word.", "Say {question}.", "Sure! One word."])
        else:
            text = f"LEVEL {current_level(prompt_of(call)) + draw.choice([-1, 0, 1, 1, 2])}"
        return f"<reasoning>r</reasoning><method>rephrase</method><new_text>{text}</new_text>"


class Played:
    """One whole run and all that is known of it."""

    def __init__(self, trainer: Trainer, events: list[Event], stack: Stack) -> None:
        self.trainer = trainer
        self.events = events
        self.spent = stack.meter.totals.spent
        self.calls = self.spent.calls
        self.seen = stack.scripted.seen
        self.scripted = stack.scripted

    @property
    def facts(self) -> list[Event]:
        return [event for event in self.events if isinstance(event, FACT_TYPES)]

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def judged(self) -> list[ProposalJudged]:
        return [event for event in self.events if isinstance(event, ProposalJudged)]


async def play(
    folder: Path, seed: int, delays: int | None = None, *, pipeline: Pipeline | None = None, **settings: object
) -> Played:
    scripted = ScriptedModel(Player(seed), delay_s=None if delays is None else random_delays(delays))
    stack = Stack(scripted, folder)
    try:
        told = {**SHORT, "seed": seed, **settings}
        trainer, events = await trained(stack.model, splits(12, 10, 6), pipeline=pipeline, **told)
    finally:
        stack.store.close()
    return Played(trainer, events, stack)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", SETTINGS)
async def test_what_holds_in_every_run(tmp_path: Path, name: str, seed: int) -> None:
    played = await play(tmp_path, seed, delays=seed, **SETTINGS[name])
    _the_ledger_is_what_the_model_saw(played)
    _each_proposal_is_judged_once(played)
    _only_better_ones_are_accepted(played)
    _a_correct_example_costs_no_backward_call(played)
    _steps_are_told_whole(played)


def _the_ledger_is_what_the_model_saw(played: Played) -> None:
    assert played.calls.made == len(played.seen)
    asked = Counter(call.request.key for call in of_role(played.scripted, "optimizer"))
    assert set(asked.values()) <= {1}


def _each_proposal_is_judged_once(played: Played) -> None:
    made = [(e.step, e.k, e.candidate) for e in played.events if isinstance(e, ProposalMade)]
    assert made == [(e.step, e.k, e.candidate) for e in played.judged]
    assert len({(step, k) for step, k, _ in made}) == len(made)
    counts = played.trainer.progress.counts
    assert counts.made == len(made)
    assert counts.linted == sum(e.fate == "lint" for e in played.judged)
    assert counts.validation_passed == sum(e.accepted for e in played.judged)


def _only_better_ones_are_accepted(played: Played) -> None:
    means = [event.val for event in played.events if isinstance(event, StepFinished)]
    assert means == sorted(means)
    assert played.trainer.progress.start is not None
    assert means[0] >= played.trainer.progress.start.mean
    for verdict in played.judged:
        whole, batch = verdict.validation, verdict.minibatch
        if verdict.accepted:
            assert whole is not None
            assert whole.stopped_after is None
            assert whole.after is not None
            assert whole.after > whole.before
        elif whole is not None and whole.stopped_after is None:
            assert whole.after is not None
            assert whole.after <= whole.before or "confidence" in verdict.reason
        if batch is not None:
            assert batch.after is not None
            assert (whole is not None) == (batch.after > batch.before)


def _a_correct_example_costs_no_backward_call(played: Played) -> None:
    wrong = {
        (e.step, e.example)
        for e in played.events
        if isinstance(e, ExampleScored) and e.phase == "forward" and e.score < 1
    }
    asked = {(int(call.at.split("/")[0]), call.at.split("/")[2]) for call in of_role(played.scripted, "backward")}
    assert asked <= wrong
    assert {(e.step, e.example) for e in played.events if isinstance(e, FeedbackGiven)} <= wrong


def _steps_are_told_whole(played: Played) -> None:
    started = [e.step for e in played.events if isinstance(e, StepStarted)]
    assert started == [e.step for e in played.events if isinstance(e, StepFinished)]
    assert started == list(range(1, len(started) + 1))
    for event in played.events:
        if isinstance(event, StepStarted):
            assert len(set(event.batch)) == len(event.batch)
            assert set(event.carried) <= set(event.batch)
    tested = [e for e in played.events if isinstance(e, ExampleScored) and e.split == "test"]
    assert len(tested) in (6, 12)
    assert len(played.of(told.TestCompared)) == 1
    assert {e.phase for e in tested} <= {"start.test", "best.test"}


@pytest.mark.parametrize("name", ["default", "parallel", "confident", "no peers"])
async def test_facts_are_equal_whatever_arrives_first(tmp_path: Path, name: str) -> None:
    runs = [await play(tmp_path / str(i), 1, delays=i or None, **SETTINGS[name]) for i in range(3)]
    assert runs[0].facts == runs[1].facts == runs[2].facts
    assert len(runs[0].facts) > 40


@pytest.mark.parametrize("name", ["default", "parallel"])
async def test_the_same_again_over_one_store_gives_equal_facts_and_makes_no_call(tmp_path: Path, name: str) -> None:
    first = await play(tmp_path, 2, **SETTINGS[name])
    again = await play(tmp_path, 2, **SETTINGS[name])
    assert again.facts == first.facts
    assert again.calls.made == len(again.seen) == 0
    assert again.calls.cached > 0


@pytest.mark.parametrize("offline", [True, False])
async def test_what_an_early_stop_cancelled_is_asked_for_by_nobody_again(tmp_path: Path, offline: bool) -> None:
    def late(call: Call) -> float:
        _, phase, name = call.at.split("/")[:3]
        return 0.3 if "p" in phase and phase.endswith(".validation") and name >= "b6" else 0.0

    first = await _timed(tmp_path, 2, late, {"two_stage": False})
    store = AnswerStore(tmp_path, lambda warning: None)
    assert store.stats().entries < first.calls.made  # cancelled in flight, so that nothing is stored for them
    assert first.calls.failed == 0
    answered = [stored.usage for call in first.seen if (stored := store.get(call.request.key)) is not None]
    assert first.spent.tokens.prompt == sum(usage.prompt or 0 for usage in answered)
    assert first.spent.tokens.completion == sum(usage.completion or 0 for usage in answered)
    assert first.spent.unsettled.calls == first.calls.made - len(answered) > 0
    store.close()
    again = await _timed(tmp_path, 2, late, {"two_stage": False}, offline=offline)
    assert again.facts == first.facts
    assert again.seen == []


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("accept", ["greater", "confident"])
async def test_stopping_early_changes_no_decision_and_saves_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, accept: str, seed: int
) -> None:
    def slower_at_the_end(call: Call) -> float:
        return 0.004 if ".validation/b" in call.at and int(call.at.split("/b")[1].split("/")[0]) % 2 else 0.0

    settings: dict[str, object] = {
        "accept": accept,
        "alpha": 0.3,
        "two_stage": False,
        "history": 0,  # the history tells where a race was stopped, which makes another prompt
    }
    early = await _timed(tmp_path / "early", seed, slower_at_the_end, settings)
    monkeypatch.setattr(Race, "lost", lambda self: False)
    whole = await _timed(tmp_path / "whole", seed, slower_at_the_end, settings)
    decided = [(e.step, e.k, e.candidate, e.fate) for e in early.judged]
    assert decided == [(e.step, e.k, e.candidate, e.fate) for e in whole.judged]
    races = [e.validation for e in early.judged if e.validation is not None]
    saved = sum(race.n - race.stopped_after for race in races if race.stopped_after is not None)
    scored = [sum(isinstance(e, ExampleScored) for e in played.events) for played in (whole, early)]
    assert scored[0] - scored[1] == saved > 0


async def _timed(
    folder: Path, seed: int, delay_s: Callable[[Call], float], settings: dict[str, object], *, offline: bool = False
) -> Played:
    stack = Stack(ScriptedModel(Player(seed), delay_s=delay_s), folder, offline=offline)
    trainer, events = await trained(stack.model, splits(12, 10, 6), **{**SHORT, "seed": seed, **settings})
    stack.store.close()
    return Played(trainer, events, stack)


async def test_a_batch_that_is_right_but_for_one_that_nobody_answered_has_nothing_to_learn() -> None:
    def one_lost(call: Call) -> str:
        if "/forward/a1/" in call.at:
            raise ModelUnavailable("nobody")
        return answer(call)

    easy, hard = splits(5, 1, 1, hardest=1), splits(1, 6, 1)
    data = replace(easy, val=hard.val)
    model = ScriptedModel(one_lost)
    _, events = await trained(model, data, batch_size=5, max_steps=1, gradients="none")
    assert [e.outcome for e in events if isinstance(e, StepFinished)] == ["nothing to learn"]
    assert {call.role for call in model.seen} == {"task"}


def branching() -> Pipeline:
    """The synthetic program asked four times, in branches of branches; the most frequent answer counts."""
    ask = Prompt("{{ question }}", "{{ task }}\n{{ format }}")
    both = ("task", "format")

    def vote(question: str, *answers: str) -> str:  # the question, or two examples would ask the critic the same
        return max(sorted(set(answers)), key=answers.count)

    async def run(trace: Trace, given: Mapping[str, str]) -> Node:
        asked = trace.input("question", given["question"])

        async def one(hint: str) -> Node:
            return await trace.generate(
                "answer", template=ask, prompts=both, question=[asked, trace.input("hint", hint)]
            )

        async def two(hint: str) -> Node:
            first, second = await trace.all(one(hint), one(f"{hint} again"))
            return await trace.apply("vote", vote, asked, first, second)

        votes = await trace.all(two("look"), one("think"), two("look twice"))
        return await trace.apply("vote", vote, asked, *votes)

    return Pipeline("branching", run, TEXTS, ("question",), ask.slots)


async def test_facts_of_a_program_with_branches_are_equal_whatever_arrives_first(tmp_path: Path) -> None:
    runs = [await play(tmp_path / str(i), 1, delays=i or None, pipeline=branching(), max_steps=2) for i in range(4)]
    assert all(each.facts == runs[0].facts for each in runs)
    assert len(runs[0].facts) > 40
    asked = {call.at.split("/", 3)[3] for call in of_role(runs[0].scripted, "task")}
    assert asked == {f"answer/1.{path}" for path in ("1.1.1.1", "1.1.2.1", "2.1", "3.1.1.1", "3.1.2.1")}
    grown = [event for event in runs[0].events if isinstance(event, GraphGrew)]
    assert {node.name: node.calls for event in grown for node in event.nodes}["answer"] == 5
    told = [event for event in runs[0].events if isinstance(event, FeedbackGiven) and event.on_text]
    assert {event.t for event in told} <= {1, 2, 3, 4, 5}
    assert len({event.t for event in told}) > 2


async def test_a_program_with_branches_again_over_one_store_makes_no_call(tmp_path: Path) -> None:
    first = await play(tmp_path, 2, delays=1, pipeline=branching(), max_steps=2)
    again = await play(tmp_path, 2, delays=2, pipeline=branching(), max_steps=2)
    assert again.facts == first.facts
    assert again.seen == []


@pytest.mark.parametrize("program", ["one call", "branches"])
def test_facts_are_equal_under_three_hash_seeds(program: str) -> None:
    printed = {
        subprocess.run(
            [sys.executable, "-m", "tests.test_invariants", program],
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


async def _tell(program: str) -> None:
    pipeline = branching() if program == "branches" else None
    _, events = await trained(ScriptedModel(Player(1)), pipeline=pipeline, **SHORT)
    facts = [(type(event).__name__, asdict(event)) for event in events if isinstance(event, FACT_TYPES)]
    sys.stdout.write(json.dumps(facts))


if __name__ == "__main__":
    asyncio.run(_tell(sys.argv[1]))
