"""What a config says about demos, as the program and the cast that are built from it."""

import tomllib
from pathlib import Path

import pytest

from autodiff_engine.build.program import pipeline
from autodiff_engine.build.training import called, plan_of
from autodiff_engine.config import RunConfig, parse
from autodiff_engine.errors import ConfigError
from autodiff_engine.instructions import packaged

PROMPT = """
[task]
pipeline = "prompt"
[data]
source = "generated:object_count"
[models.task]
model = "openai/gpt-4o-mini"
[program]
system = "{{ task }}{% if examples %}\\nExamples:\\n{{ examples }}{% endif %}"
demos = ["examples"]
"""
COUNT = """
[task]
pipeline = "object_count"
[data]
source = "generated:object_count"
[models.task]
model = "openai/gpt-4o-mini"
"""
TASK = '[prompts]\ntask = "Count."\n'
TEACHER = '[models.teacher]\nmodel = "openai/gpt-4o"\n'


def config(text: str) -> RunConfig:
    return parse(tomllib.loads(text))


@pytest.mark.parametrize(
    ("prompts", "texts"),
    [
        (TASK, [("task", "prompt", "Count."), ("examples", "demos", "")]),
        (f'{TASK}examples = "Q\\nA"\n', [("task", "prompt", "Count."), ("examples", "demos", "Q\nA")]),
        ('[prompts]\nexamples = "Q"\ntask = "Count."\n', [("examples", "demos", "Q"), ("task", "prompt", "Count.")]),
    ],
)
def test_a_program_from_templates_names_its_demos_and_need_not_start_them(
    prompts: str, texts: list[tuple[str, str, str]]
) -> None:
    program = pipeline(config(PROMPT + prompts), Path())
    assert [(each.name, each.kind, each.value) for each in program.texts] == texts
    assert all(each.role for each in program.texts)
    assert program.inputs == ("question",)


def test_a_program_may_train_nothing_but_demos() -> None:
    text = PROMPT.replace("{{ task }}", "Count.")
    assert [each.kind for each in pipeline(config(text), Path()).texts] == ["demos"]


def test_their_role_may_be_told() -> None:
    program = pipeline(config(f'{PROMPT}roles = {{examples = "shows how to count"}}\n{TASK}'), Path())
    assert program.texts[1].role == "shows how to count"


def test_demos_without_a_slot_are_refused() -> None:
    text = PROMPT.replace('["examples"]', '["examples", "more"]')
    with pytest.raises(ConfigError, match=r"more: no slot \{\{ more \}\} in \[program\]; its slots are examples, "):
        pipeline(config(text + TASK), Path())


@pytest.mark.parametrize(
    ("text", "teacher"),
    [
        (COUNT, False),
        (COUNT + TEACHER, True),
        (f"{COUNT}{TEACHER}[trainer]\ndemos = {{bootstrapped = 0}}\n", False),
        (PROMPT + TASK + TEACHER, True),
        (PROMPT.replace('demos = ["examples"]', "") + TASK + 'examples = "Q"\n' + TEACHER, False),
    ],
    ids=["not named", "named", "no use", "prompt", "no demos"],
)
def test_a_teacher_is_called_where_it_was_asked_for_and_has_a_use(text: str, teacher: bool) -> None:
    told = config(text)
    roles = called(told, pipeline(told, Path()))
    assert roles == ("task", "backward", "optimizer", *(["teacher"] if teacher else []))
    plan = plan_of(told, Path(), packaged(), recorded=True)
    assert tuple(plan.players) == roles
