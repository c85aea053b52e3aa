"""A task whose answers follow from a rule, so that whole runs can be checked: ``LEVEL n`` solves example k iff n >= k.

The program has two texts, ``task`` (which holds the level) and ``format`` (which nobody needs to change).
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path

from autodiff_engine.candidate import Candidate, TrainedText
from autodiff_engine.comparison import Rule
from autodiff_engine.config import TrainerConfig
from autodiff_engine.control import Control
from autodiff_engine.critic import LLMCritic
from autodiff_engine.dataset import Example, Splits
from autodiff_engine.evaluate import Outcome, Task
from autodiff_engine.events import Event, TextChange
from autodiff_engine.graph import Exchange, Kind, Node
from autodiff_engine.instructions import Instructions, packaged
from autodiff_engine.lint import Lint, secret_runs
from autodiff_engine.llm import Call, Model, Role, ScriptedModel
from autodiff_engine.llm.cached import CachedModel
from autodiff_engine.llm.gated import AdmittedModel, GatedModel
from autodiff_engine.llm.limited import LimitedModel
from autodiff_engine.llm.metered import FREE, Caps, Meter, MeteredModel
from autodiff_engine.llm.outside import OutsideModel
from autodiff_engine.llm.store import AnswerStore
from autodiff_engine.loss import Loss
from autodiff_engine.metric import by_name
from autodiff_engine.optimizer import Optimizer
from autodiff_engine.pipeline import Pipeline
from autodiff_engine.pipelines.prompt import one_call
from autodiff_engine.progress import Parts
from autodiff_engine.proposal import Proposal
from autodiff_engine.trace import Asker
from autodiff_engine.trainer import Trainer
from autodiff_engine.validation import Gates

MODEL = "scripted"

TEXTS = (
    TrainedText("task", "says how able the LLM is", "LEVEL 2"),
    TrainedText("format", "says how to answer", "One word."),
)


def example(k: int, name: str) -> Example:
    """Return an example that needs level ``k``; its question is its own words."""
    return Example(name, {"question": f"puzzle {name} of difficulty {k}"}, "yes", 1)


def splits(train: int = 12, val: int = 10, test: int = 6, hardest: int = 6) -> Splits:
    """Return splits of rising difficulty, 1 to ``hardest`` over and over."""
    parts = [
        tuple(example(i % hardest + 1, f"{letter}{i}") for i in range(count))
        for letter, count in (("a", train), ("b", val), ("c", test))
    ]
    return Splits(*parts, dropped=0, fingerprint="synthetic", source="synthetic")


def answer(call: Call) -> str:
    """Play every role: the program by the rule, the critic by key, the optimizer one level up, with an even k down."""
    system, user = (message.content for message in call.request.messages[:2])
    if call.role == "task":
        return "yes" if level(system) >= needed(user) else "no"
    if call.role == "backward":
        keys = re.findall(r'<feedback key="([^"]+)">', system)
        if not keys:
            return "The answer is wrong."
        return "\n".join(f'<feedback key="{key}">{_feedback(key)}</feedback>' for key in keys)
    if "which is called format:" in user:
        return "<reasoning>No need.</reasoning><method>rephrase</method><new_text>One word.</new_text>"
    now = current_level(user)
    new = now + 1 if call.request.draw % 2 else now - 1
    return f"<reasoning>More.</reasoning><method>add instructions</method><new_text>LEVEL {new}</new_text>"


def _feedback(key: str) -> str:
    return "NOT TO BLAME. The form is right." if key == "format" else "The level is too low."


def current_level(prompt: str) -> int:
    """Return the level of the text that an optimizer's prompt asks to rewrite: the text stands after its role."""
    return level(prompt.split(TEXTS[0].role)[1])


def level(text: str) -> int:
    """Return the first level that a text names."""
    found = re.search(r"LEVEL (-?\d+)", text)
    assert found is not None, text
    return int(found.group(1))


def needed(text: str) -> int:
    """Return the difficulty that a question names."""
    found = re.search(r"difficulty (\d+)", text)
    assert found is not None, text
    return int(found.group(1))


@cache
def instructions() -> Instructions:
    """Return the packaged instructions, read and compiled once for all tests."""
    return packaged()


def asker(model: Model, role: Role = "task", *, max_tokens: int = 100, context: int = 8000) -> Asker:
    """Return who asks ``model`` in a role; the name is in every request, so that a price can be looked up."""
    return Asker(model, MODEL, "", {"temperature": 0.0, "max_tokens": max_tokens}, role, context)


def program() -> Pipeline:
    """Return the synthetic program."""
    return one_call(
        "synthetic", texts=TEXTS, system="{{ task }}\n{{ format }}", user="{{ question }}", parse=lambda reply: reply
    )


def parts(model: Model, data: Splits | None = None, pipeline: Pipeline | None = None, **settings: object) -> Parts:
    """Return what a trainer of the synthetic task works with; every role is played by ``model``."""
    told = TrainerConfig.model_validate(settings)
    data = data or splits()
    pipeline = pipeline or program()
    metric = by_name("exact_match", Path())
    return Parts(
        task=Task(pipeline, asker(model), 0),
        splits=data,
        metric=metric,
        minibatch_metric=metric,
        loss=Loss(metric, told.loss_feedback, asker(model, "backward"), instructions(), 0),
        critic=LLMCritic(asker(model, "backward"), instructions(), 0, 0, "", None, told.peers),
        optimizer=Optimizer(
            pipeline.texts,
            asker(model, "optimizer"),
            instructions(),
            told.seed,
            told.update,
            told.gradients,
            told.techniques,
            200,
            told.selective,
        ),
        gates=Gates(
            Lint(secret_runs(data.train, (*data.val, *data.test)), pipeline.slots, 200),
            metric.name,
            metric.name,
            Rule(told.accept, told.alpha),
            told.two_stage,
        ),
        settings=told,
    )


class Stack:
    """The models as a run has them: gate, cache, limits and meter around a scripted one."""

    def __init__(
        self, scripted: ScriptedModel, folder: Path, control: Control | None = None, *, offline: bool = False
    ) -> None:
        self.scripted = scripted
        self.meter = Meter(Caps(), {MODEL: FREE})
        self.store = AnswerStore(folder, lambda warning: None)
        gate = (control or Control(), lambda call, count: None, lambda report: None)
        limited = AdmittedModel(LimitedModel(MeteredModel(OutsideModel(scripted), self.meter)), *gate, at_once=8)
        cached = CachedModel(limited, self.store, "run", offline=offline, on_hit=self.meter.hit)
        self.model = GatedModel(cached, *gate)


def random_delays(seed: int, most_s: float = 0.002) -> Callable[[Call], float]:
    """Return delays that differ from call to call and from seed to seed."""
    draw = random.Random(seed)
    return lambda call: draw.choice((0.0, 0.0, draw.random() * most_s))


def prompt_of(call: Call) -> str:
    """Return all that a call sends, as one text."""
    return "\n".join(message.content for message in call.request.messages)


def of_role(model: ScriptedModel, role: Role) -> list[Call]:
    """Return what a model saw in one role."""
    return [call for call in model.seen if call.role == role]


def text(name: str, value: str = "", role: str = "") -> Node:
    """Return a trained text's node."""
    return Node(name, Kind.TEXT, role or f"role of {name}", value or f"value of {name}")


def given(name: str, value: str = "") -> Node:
    """Return an input's node."""
    return Node(name, Kind.INPUT, f"role of {name}", value or f"value of {name}")


def reply_of(name: str, *parents: Node, t: int = 1, skips: tuple[Node, ...] = (), value: str = "") -> Node:
    """Return an LLM's answer."""
    value = value or f"reply of {name} {t}"
    exchange = Exchange(f"system of {name} {t}", f"user of {name} {t}", value, value, "stop", f"key-{name}-{t}")
    return Node(name, Kind.ANSWER, f"role of {name}", value, t, parents, skips, exchange)


def made_of(name: str, *parents: Node, t: int = 1, skips: tuple[Node, ...] = ()) -> Node:
    """Return a function's result."""
    return Node(name, Kind.FUNCTION, f"role of {name}", f"result of {name} {t}", t, parents, skips)


def outcome(
    score: Fraction | float, name: str = "a1", answer: Node | None = None, *, unavailable: str = "", expected: str = "8"
) -> Outcome:
    """Return what came of one example whose question nobody would quote by chance."""
    asked = Example(name, {"question": f"how many things of kind {name} are there"}, expected, 1)
    known = None if unavailable else answer or reply_of("answer", text("task"), value="7")
    return Outcome(asked, known, Fraction(score), "", (), unavailable=unavailable)


def change(value: str, name: str = "task", method: str = "rephrase", reasoning: str = "why") -> TextChange:
    """Return one rewritten text."""
    return TextChange(name, value, method, reasoning, ("a1",), 0)


def proposal(value: str, *, parent: str = "LEVEL 2", k: int = 1, problem: str = "") -> Proposal:
    """Return a rewrite of the text ``task`` alone."""
    before = Candidate({"task": parent, "format": "One word."})
    return Proposal(1, k, before, before.with_texts({"task": value}), (change(value),), problem)


async def trained(
    model: Model | None = None,
    data: Splits | None = None,
    *,
    pipeline: Pipeline | None = None,
    on_event: Callable[[Event], object] = lambda event: None,
    **settings: object,
) -> tuple[Trainer, list[Event]]:
    """Train to the end and report; return the trainer and what it told."""
    events: list[Event] = []

    def emit(event: Event) -> None:
        events.append(event)
        on_event(event)

    trainer = Trainer(
        parts(model or ScriptedModel(answer), data, pipeline, **settings), Control(), emit, lambda progress: None
    )
    await trainer.fit()
    await trainer.report_test()
    return trainer, events
