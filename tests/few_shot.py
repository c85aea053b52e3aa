"""The synthetic task with a text of demos: each shot that the LLM is shown is worth one level."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from autodiff_engine.candidate import TrainedText
from autodiff_engine.control import Control
from autodiff_engine.dataset import Example, Splits
from autodiff_engine.evaluate import Task
from autodiff_engine.events import Event
from autodiff_engine.llm import Call, Model, ScriptedModel
from autodiff_engine.pipeline import Pipeline
from autodiff_engine.pipelines.prompt import DEMOS, WITH_DEMOS, one_call
from autodiff_engine.progress import Parts
from autodiff_engine.trainer import Trainer

from .synthetic import TEXTS, answer, asker, level, needed, parts, splits

SHOTS = (*TEXTS, DEMOS)


def shots_in(system: str) -> str:
    """Return the demos of a system prompt; empty without any."""
    return system.partition("\n\nExamples:\n")[2]


def shown(system: str) -> list[str]:
    """Return the ids of the puzzles that a system prompt shows, in order."""
    return [line.split()[1] for line in shots_in(system).splitlines() if line.startswith("puzzle ")]


def by_shots(call: Call) -> str:
    """Play every role; the teacher solves everything and says so."""
    if call.role == "teacher":
        return "yes"
    if call.role != "task":
        return answer(call)
    system, user = (message.content for message in call.request.messages[:2])
    return "yes" if level(system) + len(shown(system)) >= needed(user) else "no"


def program(*, alone: bool = False) -> Pipeline:
    """Return the program; ``alone``: its demos are all that is trained."""
    task = "LEVEL 2\nOne word." if alone else "{{ task }}\n{{ format }}"
    texts = (DEMOS,) if alone else SHOTS
    return one_call(
        "few", texts=texts, system=f"{task}\n{WITH_DEMOS}", user="{{ question }}", parse=lambda reply: reply
    )


def few_parts(
    model: Model, data: Splits | None = None, *, alone: bool = False, teacher: bool = False, **settings: object
) -> Parts:
    """Return what a trainer of the task works with."""
    made, pipeline = parts(model, data or splits(), **settings), program(alone=alone)
    lint = replace(made.gates.lint, slots=pipeline.slots, demos=("demos",))
    return replace(
        made,
        task=Task(pipeline, asker(model), 0),
        optimizer=replace(made.optimizer, texts=pipeline.texts),
        gates=replace(made.gates, lint=lint),
        teacher=Task(pipeline, asker(model, "teacher"), 0) if teacher else None,
    )


async def few_trained(
    model: Model | None = None,
    data: Splits | None = None,
    *,
    change: Callable[[Parts], Parts] = lambda made: made,
    **how: object,
) -> tuple[Trainer, list[Event]]:
    """Train to the end and report; return the trainer and what it told."""
    events: list[Event] = []
    made = few_parts(model or ScriptedModel(by_shots), data, **how)  # type: ignore[arg-type]
    trainer = Trainer(change(made), Control(), events.append, lambda progress: None)
    await trainer.fit()
    await trainer.report_test()
    return trainer, events


def puzzle(name: str, k: int = 1, expected: str | None = "yes") -> Example:
    """Return a training example by id."""
    return Example(name, {"question": f"puzzle {name} of difficulty {k}"}, expected, 1)


def text(name: str, value: str = "") -> TrainedText:
    """Return a text of demos."""
    return TrainedText(name, "holds examples", value, "demos")
