"""What a config says about demos, as the program and the cast that are built from it."""

import tomllib
from pathlib import Path

import pytest

from autodiff_engine.build.plan import Plan, called, plan_of
from autodiff_engine.build.program import pipeline
from autodiff_engine.build.training import parts_of
from autodiff_engine.config import RunConfig, parse, to_toml
from autodiff_engine.errors import ConfigError
from autodiff_engine.instructions import packaged
from autodiff_engine.llm import ScriptedModel

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


def planned(text: str, seed: int = 0, prompts: dict[str, str] | None = None) -> Plan:
    told = config(f"{text}[trainer]\nseed = {seed}\ndemos = {{start = 3}}\n")
    return plan_of(told, Path(), packaged(), recorded=True, prompts=prompts, where="best.toml")


@pytest.mark.parametrize(("text", "name"), [(COUNT, "demos"), (PROMPT + TASK, "examples")])
def test_a_program_may_start_with_examples_of_the_training_split_drawn_by_the_seed(text: str, name: str) -> None:
    plan = planned(text)
    (value,) = [each.value for each in plan.program.texts if each.kind == "demos"]
    train = {each.id: each for each in plan.splits.train}
    shown = [train[example] for example in plan.started[name].examples]
    assert value == "\n\n".join(f"{each.inputs['question']}\n{each.expected}" for each in shown)
    assert len(shown) == 3
    assert planned(text).program.texts == plan.program.texts
    assert planned(text, seed=1).program.texts != plan.program.texts
    assert parts_of(plan, ScriptedModel(lambda call: "")).started == plan.started


def test_they_stand_in_place_of_a_start_text_but_prompts_that_are_scored_are_shown_as_they_are() -> None:
    given = PROMPT + TASK + 'examples = "Q\\nA"\n'
    assert planned(given).program.texts[1].value not in ("", "Q\nA")
    kept = planned(given, prompts={"examples": "mine"})
    assert (kept.program.texts[1].value, dict(kept.started)) == ("mine", {})
    drawn = planned(given, prompts={"task": "mine"})
    assert [each.value == "mine" for each in drawn.program.texts] == [True, False]
    assert set(drawn.started) == {"examples"}


def test_a_config_that_asks_for_none_is_written_as_before() -> None:
    plan = plan_of(config(COUNT), Path(), packaged(), recorded=True)
    assert dict(plan.started) == {}
    assert "start" not in tomllib.loads(to_toml(plan.config))["trainer"]["demos"]


def test_where_no_text_takes_examples_the_config_is_refused() -> None:
    text = PROMPT.replace('demos = ["examples"]', "") + TASK + 'examples = "Q"\n'
    with pytest.raises(ConfigError, match=r"trainer\.demos\.start = 3: prompt has no text of kind demos"):
        planned(text)
