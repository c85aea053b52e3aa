"""A program with a cycle, a skip connection and two losses, and who plays its LLMs: answers follow from a rule.

A query of level n finds what a question of difficulty <= n asks for; the answer is right when that was found and the
answer's own level is high enough, too.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from tests.synthetic import asker, instructions, level, needed, parts, splits

from autodiff_engine.candidate import TrainedText
from autodiff_engine.config import TrainerConfig
from autodiff_engine.dataset import Example, Splits
from autodiff_engine.evaluate import Task
from autodiff_engine.graph import Kind, Node
from autodiff_engine.lint import Lint
from autodiff_engine.llm import Call, Model
from autodiff_engine.loss import Loss
from autodiff_engine.metric import Metric, by_name
from autodiff_engine.objective import OBJECTIVE, LossTerm
from autodiff_engine.optimizer import Optimizer
from autodiff_engine.pipeline import Pipeline
from autodiff_engine.progress import Parts
from autodiff_engine.template import Template
from autodiff_engine.trace import Prompt, Trace

TEXTS = (
    TrainedText("query.task", "says how to search", "LEVEL 1"),
    TrainedText("query.format", "says how a query looks", "One line."),
    TrainedText("answer.task", "says how to answer", "LEVEL 1"),
)
QUERY = Prompt(
    Template("{{ question }}{% for each in context %} [{{ each }}]{% endfor %}"), Template("{{ task }}\n{{ format }}")
)
ANSWER = Prompt(Template("{{ question }} Found: {{ context }}"), Template("{{ task }}"))
EXACT = by_name("exact_match", Path())


async def _run(trace: Trace, inputs: Mapping[str, str]) -> Node:
    asked = trace.input("question", inputs["question"])
    found: list[Node] = []
    for _ in range(2):
        query = await trace.generate(
            "query", template=QUERY, prompts=["query.task", "query.format"], question=asked, context=found
        )
        found.append(await trace.apply("retrieve", lambda query: f"page of {query}", query, kind=Kind.RETRIEVED))
    context = await trace.apply("combine", lambda *pages: ", ".join(pages), *found, skip=["query.task"])
    return await trace.generate("answer", template=ANSWER, prompts=["answer.task"], question=asked, context=context)


PROGRAM = Pipeline("looped", _run, TEXTS, ("question",), ("answer", "context", "format", "question", "task"))


def losses(metric: Metric = EXACT) -> tuple[LossTerm, ...]:
    """Return a loss on what is found, of half the weight, and one on the answer."""
    return (
        LossTerm("loss.retrieve", "retrieve", EXACT, Fraction(1, 2), "gold"),
        LossTerm("loss.answer", "answer", metric),
    )


def with_gold(example: Example) -> Example:
    """Return an example that says which page is to be found."""
    return replace(example, inputs={**example.inputs, "gold": "page of hit"})


def looped_splits(train: int = 8, val: int = 8, test: int = 4) -> Splits:
    """Return splits whose difficulty goes from 1 to 3."""
    data = splits(train, val, test, hardest=3)
    return replace(data, **{name: tuple(map(with_gold, getattr(data, name))) for name in ("train", "val", "test")})


def task(model: Model, terms: tuple[LossTerm, ...] | None = None) -> Task:
    """Return the program with its losses."""
    return Task(PROGRAM, asker(model), 0, losses() if terms is None else terms)


class Player:
    """Plays every role by ``seed`` and what is asked where, so that order and chance of arrival do nothing."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed

    def __call__(self, call: Call) -> str:
        messages = call.request.messages
        system, user = (message.content for message in messages[:2])
        if call.role == "task":
            return self._reply(call.at.split("/")[-2], call.at.split("/")[-1], system, user)
        draw = random.Random(f"{self._seed}/{call.at}/{len(messages)}/{call.request.draw}")
        if call.role == "backward":
            keys = re.findall(r'<feedback key="([^"]+)">', system)
            words = {key: draw.choice(["NOT TO BLAME. Fine.", "Raise it.", "It is too low. Say more."]) for key in keys}
            return "\n".join(f'<feedback key="{key}">{said}</feedback>' for key, said in words.items()) or "It is low."
        old = re.search(r"<old_text>\s*(.*?)\s*</old_text>", user, re.S)
        assert old is not None, user
        new = (
            f"LEVEL {level(old[1]) + draw.choice([0, 1, 1])}" if "LEVEL" in old[1] else draw.choice(["A line.", "One."])
        )
        return f"<reasoning>r</reasoning><method>rephrase</method><new_text>{new}</new_text>"

    def _reply(self, node: str, t: str, system: str, user: str) -> str:
        able = level(system) >= needed(user)
        if node == "query":
            return "hit" if able or (t == "2" and level(system) + 1 >= needed(user)) else "miss"
        return "yes" if able and "hit" in user else "no"


def looped_parts(model: Model, terms: tuple[LossTerm, ...] | None = None, **settings: object) -> Parts:
    """Return what a trainer of the program works with; every role is played by ``model``."""
    told = TrainerConfig.model_validate(settings)
    made = parts(model, looped_splits(), **settings)
    loss = Loss(EXACT, told.loss_feedback, asker(model, "backward"), instructions(), 0, told.threshold, told.selective)
    texts = Optimizer(
        TEXTS, asker(model, "optimizer"), instructions(), told.seed, told.update, told.gradients, told.techniques, 200
    )
    gates = replace(
        made.gates, lint=Lint(frozenset(), PROGRAM.slots, 200), minibatch_metric=OBJECTIVE, metric=OBJECTIVE
    )
    return replace(made, task=task(model, terms), loss=loss, optimizer=texts, gates=gates)
