"""Templates in data, replies, feedback, proposals and examples are words: they arrive as they are, unexecuted."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from autodiff_engine.dataset import Splits
from autodiff_engine.events import FeedbackGiven, ProposalMade
from autodiff_engine.llm import Call, ScriptedModel
from autodiff_engine.progress import Parts

from ..few_shot import by_shots, few_trained, shots_in
from ..fuzzing import ATTACKS
from ..synthetic import TEXTS, of_role, prompt_of, splits

WORDS = [attack for attack in ATTACKS if attack != "{{ task }}"]  # a proposal with this one is refused by the lint
MADE = ("49", "boo", "<class", "TemplateReference object", "<Context")
"""What an engine would make of one or the other."""


def attacked(attack: str) -> ScriptedModel:
    """Play every role as the synthetic task has it, with the attack in each reply."""

    def answer(call: Call) -> str:
        reply = by_shots(call)
        if call.role in ("task", "teacher"):
            return f"{reply} {attack}"
        return reply.replace("</", f" {attack}</") if "</" in reply else f"{reply} {attack}"

    return ScriptedModel(answer)


def hostile(attack: str) -> Splits:
    """The synthetic data with the attack in every question and every expected answer."""
    told = splits(6, 6, 4)
    parts = {
        name: tuple(
            replace(each, inputs={"question": f"{each.inputs['question']} {attack}"}, expected=f"yes {attack}")
            for each in part
        )
        for name, part in (("train", told.train), ("val", told.val), ("test", told.test))
    }
    return replace(told, **parts)  # type: ignore[arg-type]


def roomy(made: Parts) -> Parts:
    """Let texts be long: some attacks have many words."""
    return replace(made, gates=replace(made.gates, lint=replace(made.gates.lint, max_words=2000)))


@pytest.mark.parametrize("attack", WORDS)
async def test_a_template_in_any_text_of_a_run_reaches_every_prompt_as_it_is(
    attack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = attacked(attack)

    trainer, events = await few_trained(model, hostile(attack), change=roomy, max_steps=2, max_proposals=2)

    roles = {call.role for call in model.seen}
    assert roles == {"task", "backward", "optimizer"}
    for role in roles:
        prompts = [prompt_of(call) for call in of_role(model, role)]
        assert all(attack in prompt for prompt in prompts)
        assert not any(word in prompt.replace(attack, "") for prompt in prompts for word in MADE)
    assert any(isinstance(event, FeedbackGiven) and attack in event.text for event in events)
    assert any(isinstance(event, ProposalMade) and attack in event.changes[0].value for event in events)
    assert trainer.progress.best is not None
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("attack", WORDS)
async def test_worked_examples_with_a_template_are_shown_as_they_are(attack: str) -> None:
    model = attacked(attack)

    trainer, _ = await few_trained(model, hostile(attack), change=roomy, alone=True, teacher=True, max_steps=3)

    shown = [shots_in(call.request.messages[0].content) for call in of_role(model, "task")]
    assert any(f"{attack}\nyes {attack}" in shots for shots in shown)
    assert not any(word in shots.replace(attack, "") for shots in shown for word in MADE)
    assert of_role(model, "teacher")
    assert trainer.progress.best is not None
    assert attack in trainer.progress.best.candidate.texts["demos"]


@pytest.mark.parametrize("attack", ["{{ task }}", "{ question }"])
async def test_a_proposal_that_names_a_slot_is_refused_not_filled(attack: str) -> None:
    model = attacked(attack)

    trainer, events = await few_trained(model, splits(6, 6, 4), max_steps=1, max_proposals=1)

    judged = [event for event in events if type(event).__name__ == "ProposalJudged"]
    assert {(event.fate, event.lint) for event in judged} == {("lint", "marker")}  # type: ignore[attr-defined]
    assert trainer.progress.best is not None
    assert trainer.progress.best.candidate.texts["task"] == TEXTS[0].value
