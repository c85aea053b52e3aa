"""A task whose answers follow from a rule, so that whole runs can be checked: ``LEVEL n`` solves example k iff n >= k.

The program has two texts, ``task`` (which holds the level) and ``format`` (which nobody needs to change).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from autodiff_engine.candidate import TrainedText
from autodiff_engine.comparison import Rule
from autodiff_engine.config import TrainerConfig
from autodiff_engine.control import Control
from autodiff_engine.critic import LLMCritic
from autodiff_engine.dataset import Example, Splits
from autodiff_engine.evaluate import Task
from autodiff_engine.events import Event
from autodiff_engine.instructions import packaged
from autodiff_engine.lint import Lint, secret_runs
from autodiff_engine.llm import Call, Model, ScriptedModel
from autodiff_engine.loss import Loss
from autodiff_engine.metric import by_name
from autodiff_engine.optimizer import Optimizer
from autodiff_engine.pipelines.prompt import one_call
from autodiff_engine.progress import Parts
from autodiff_engine.trace import Asker
from autodiff_engine.trainer import Trainer
from autodiff_engine.validation import Gates

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
    """Play every role: the program by the rule, the critic by key, the optimizer one level up (every other draw not)."""
    system, user = (message.content for message in call.request.messages[:2])
    if call.role == "task":
        return "yes" if level(system) >= needed(user) else "no"
    if call.role == "backward":
        keys = re.findall(r'<feedback key="([^"]+)">', system)
        if not keys:
            return "The answer is wrong."
        return "\n".join(f'<feedback key="{key}">{_feedback(key)}</feedback>' for key in keys)
    if "name: format" in user:
        return "<reasoning>No need.</reasoning><method>rephrase</method><new_text>One word.</new_text>"
    now = level(user.split("THE TEXT TO IMPROVE")[1])
    new = now + 1 if call.request.draw % 2 else now - 1
    return f"<reasoning>More.</reasoning><method>add instructions</method><new_text>LEVEL {new}</new_text>"


def _feedback(key: str) -> str:
    return "NOT TO BLAME. The form is right." if key == "format" else "The level is too low."


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


def parts(model: Model, data: Splits | None = None, **settings: object) -> Parts:
    """Return what a trainer of the synthetic task works with; every role is played by ``model``."""
    told = TrainerConfig.model_validate(settings)
    data = data or splits()
    program = one_call(
        "synthetic", texts=TEXTS, system="{{ task }}\n{{ format }}", user="{{ question }}", parse=lambda reply: reply
    )
    metric = by_name("exact_match", Path())
    instructions = packaged()

    def asker(role: str, max_tokens: int = 100) -> Asker:
        params = {"temperature": 0.0, "max_tokens": max_tokens}
        return Asker(model, "scripted", "", params, role, 8000)  # type: ignore[arg-type]

    return Parts(
        task=Task(program, asker("task"), 0),
        splits=data,
        metric=metric,
        minibatch_metric=metric,
        loss=Loss(metric, told.loss_feedback, asker("backward"), instructions, 0),
        critic=LLMCritic(asker("backward"), instructions, 0, 0, "", None, told.peers),
        optimizer=Optimizer(
            TEXTS, asker("optimizer"), instructions, told.seed, told.update, told.gradients, told.techniques, 200
        ),
        gates=Gates(
            Lint(secret_runs(data.train, (*data.val, *data.test)), program.slots, 200),
            metric.name,
            metric.name,
            Rule(told.accept, told.alpha),
            told.two_stage,
        ),
        settings=told,
    )


async def trained(
    model: ScriptedModel | None = None,
    data: Splits | None = None,
    *,
    on_event: Callable[[Event], object] = lambda event: None,
    **settings: object,
) -> tuple[Trainer, list[Event], ScriptedModel]:
    """Train to the end; return the trainer, what it told, and the model with what it saw."""
    scripted = model or ScriptedModel(answer)
    events: list[Event] = []

    def emit(event: Event) -> None:
        events.append(event)
        on_event(event)

    trainer = Trainer(parts(scripted, data, **settings), Control(), emit, lambda progress: None)
    await trainer.fit()
    await trainer.report_test()
    return trainer, events, scripted
