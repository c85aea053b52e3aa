import json
import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

from autodiff_engine.config import (
    LabelsAnswer,
    Loaded,
    RegexAnswer,
    RunConfig,
    SourceFiles,
    load,
    parse,
    schema,
    to_toml,
    user_config_path,
)
from autodiff_engine.errors import ConfigError

SMALL = """
[task]
pipeline = "object_count"
[data]
source = "generated:object_count"
[models.task]
model = "openai/gpt-4o-mini"
"""

WHOLE = """
[task]
pipeline = "prompt"
metric = "mine/metrics.py:score"
[program]
system = "{{ task }}\\n{{ format }}"
user = "{{ question }}"
answer = {labels = ["yes", "no"]}
roles = {task = "says what to do"}
[prompts]
file = "best.toml"
task = "Two\\r\\nlines."
"answer.format" = "End with N."
[data]
source = {train = "a.csv", val = "bbh:b.json"}
columns = {answer = "label"}
train = 5
[models.task]
model = "local/models/m.gguf"
sha256 = "00"
context = 4096
[models.optimizer]
model = "openai/gpt-4o"
api_base = "http://127.0.0.1:8100/v1"
price = {prompt = 2.5, completion = 10}
reasoning_effort = "low"
extra_headers = {X-Team = "a"}
[trainer]
preset = "paper"
batch_size = 5
minibatch_metric = "f1"
[budget]
usd = 1
[cache]
mode = "read-only"
"""


def written(folder: Path, text: str, name: str = "c.toml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def loaded(folder: Path, text: str, *overrides: str) -> Loaded:
    return load(written(folder, text), overrides)


def lines(folder: Path, text: str, *overrides: str) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        loaded(folder, text, *overrides)
    return str(raised.value).replace(f"{folder / 'c.toml'}", "c.toml").splitlines()


def test_the_smallest_config_has_the_documented_defaults(tmp_path: Path) -> None:
    config = loaded(tmp_path, SMALL).config

    assert config.task.metric == "exact_match"
    assert (config.data.train, config.data.val, config.data.test, config.data.seed) == (None, None, None, 2025)
    trainer = config.trainer
    assert (trainer.seed, trainer.batch_size, trainer.max_batch, trainer.carry) == (0, 4, 12, True)
    assert (trainer.max_steps, trainer.max_proposals, trainer.threshold, trainer.history) == (12, 4, 1.0, 2)
    assert (trainer.update, trainer.proposals, trainer.loss_feedback) == ("joint", "serial", "llm")
    assert (trainer.gradients, trainer.accept, trainer.alpha) == ("text", "greater", 0.05)
    assert (trainer.techniques, trainer.selective, trainer.two_stage, trainer.peers) == (True, True, True, True)
    assert (config.limits.in_flight, config.limits.timeout_s, config.cache.mode) == (8, 60.0, "read-write")
    assert config.budget.model_dump(exclude_none=True) == {}
    assert (config.program, config.prompts.file, dict(config.prompts.texts)) == (None, None, {})


def test_every_role_is_played_by_the_task_model_if_nobody_else_is_named() -> None:
    config = parse(tomllib.loads(SMALL))

    assert {role: it.model for role, it in config.models.items()} == dict.fromkeys(
        ("task", "backward", "optimizer", "teacher", "judge"), "openai/gpt-4o-mini"
    )
    assert {role: it.temperature for role, it in config.models.items()} == {
        "task": 0.0, "backward": 0.0, "optimizer": 0.7, "teacher": 0.0, "judge": 0.0
    }  # fmt: skip
    assert [it.max_tokens for it in config.models.values()] == [1000, 1000, 2000, 1000, 500]


@pytest.mark.parametrize(("given_", "other"), [("backward", "optimizer"), ("optimizer", "backward")])
def test_backward_and_optimizer_stand_in_for_one_another(given_: str, other: str) -> None:
    tables = tomllib.loads(
        f'{SMALL}[models.{given_}]\nmodel = "big"\napi_base = "http://x"\ntemperature = 0.3\ntop_p = 0.5\ntop_k = 7\n'
    )

    models = parse(tables).models

    for role in (other, "teacher", "judge"):
        stand_in = next(it for name, it in models.items() if name == role)
        assert (stand_in.model, stand_in.api_base, dict(stand_in.extra)) == ("big", "http://x", {"top_k": 7})
    assert (models["backward"].temperature, models["optimizer"].temperature) == (
        (0.3, 0.7) if given_ == "backward" else (0.0, 0.3)
    )
    assert models["task"].model == "openai/gpt-4o-mini"


def test_a_role_may_say_only_what_differs() -> None:
    models = parse(tomllib.loads(f"{SMALL}[models.judge]\nmax_tokens = 50\n")).models

    assert (models["judge"].model, models["judge"].max_tokens) == ("openai/gpt-4o-mini", 50)


def test_keys_that_are_not_ours_go_to_litellm_in_their_order() -> None:
    extra = parse(tomllib.loads(f'{SMALL}top_p = 0.5\nstop = ["x"]\nmetadata = {{a = 1}}\n')).models["task"].extra

    assert list(extra.items()) == [("top_p", 0.5), ("stop", ["x"]), ("metadata", {"a": 1})]


def test_the_papers_preset_sets_what_it_names_and_keys_beside_it_win() -> None:
    config = parse(
        tomllib.loads(f'{SMALL}[models.backward]\ntop_p = 0.5\n[trainer]\npreset = "paper"\nbatch_size = 6\n')
    )

    trainer, models = config.trainer, config.models
    assert (trainer.batch_size, trainer.max_steps, trainer.max_proposals, trainer.history) == (6, 12, 5, 2)
    assert [models[role].temperature for role in ("task", "backward", "optimizer")] == [0.0, 1.0, 1.0]
    assert [dict(models[role].extra) for role in ("task", "backward", "optimizer")] == [
        {}, {"top_p": 0.5}, {"top_p": 0.99}
    ]  # fmt: skip


def test_a_config_cannot_be_changed() -> None:
    config = parse(tomllib.loads(WHOLE))

    with pytest.raises(ValidationError, match="frozen"):
        config.trainer.seed = 3  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(TypeError):
        config.models["task"] = config.models["judge"]  # pyright: ignore[reportIndexIssue]
    with pytest.raises(TypeError):
        config.prompts.texts["task"] = "x"  # pyright: ignore[reportIndexIssue]


def test_all_of_a_program_is_read() -> None:
    config = parse(tomllib.loads(WHOLE))

    assert config.program is not None
    assert config.program.answer == LabelsAnswer(labels=("yes", "no"))
    assert dict(config.program.roles) == {"task": "says what to do"}
    assert dict(config.prompts.texts) == {"task": "Two\r\nlines.", "answer.format": "End with N."}
    assert config.data.source == SourceFiles(train="a.csv", val="bbh:b.json")
    assert config.models["optimizer"].price is not None
    assert config.models["optimizer"].price.completion == 10


def test_what_stands_higher_wins_and_says_so(tmp_path: Path) -> None:
    user = written(tmp_path, "[limits]\nin_flight = 1\ntimeout_s = 5\n[trainer]\nseed = 1\n", "user.toml")
    path = written(tmp_path, f"{SMALL}[trainer]\nseed = 2\nmax_steps = 2\nhistory = 7\n[limits]\ntimeout_s = 6\n")

    found = load(
        path,
        ["trainer.max_proposals=9", "trainer.seed=3"],
        flags={"max_steps": 4, "budget_usd": None},
        environ={
            "AUTODIFF_MAX_STEPS": "3",
            "AUTODIFF_BUDGET_TOKENS": "500",
            "AUTODIFF_CACHE_DIR": "/c/2025",
            "HOME": "x",
        },
        user=user,
    )

    config, origin = found.config, found.provenance
    assert (config.trainer.max_steps, origin["trainer.max_steps"]) == (4, "--max-steps")
    assert (config.trainer.seed, origin["trainer.seed"]) == (3, "--set trainer.seed")
    assert (config.budget.tokens, origin["budget.tokens"]) == (500, "AUTODIFF_BUDGET_TOKENS")
    assert (config.cache.dir, origin["cache.dir"]) == ("/c/2025", "AUTODIFF_CACHE_DIR")
    assert (config.trainer.history, origin["trainer.history"]) == (7, str(path))
    assert (config.limits.timeout_s, origin["limits.timeout_s"]) == (6.0, str(path))
    assert (config.limits.in_flight, origin["limits.in_flight"]) == (1, str(user))
    assert origin["trainer.batch_size"] == "default"
    assert origin["models.judge.model"] == "[models.task]"
    assert (found.base, found.path) == (tmp_path, path)


def test_every_resolved_value_has_a_row_with_its_origin(tmp_path: Path) -> None:
    rows = loaded(tmp_path, WHOLE).rows

    by_key = {row.key: (row.value, row.origin) for row in rows}
    assert len(by_key) == len(rows)
    assert by_key["trainer.max_proposals"] == (5, 'preset "paper"')
    assert by_key['prompts."answer.format"'] == ("End with N.", str(tmp_path / "c.toml"))
    assert by_key["models.teacher.api_base"] == ("http://127.0.0.1:8100/v1", "[models.optimizer]")
    assert by_key["data.columns"][0] == {"answer": "label"}
    assert "budget.tokens" not in by_key


def test_a_role_of_the_config_takes_nothing_from_the_users_own_one(tmp_path: Path) -> None:
    user = written(
        tmp_path, '[models.task]\nmodel = "mine"\napi_base = "http://mine"\n[models.judge]\nmodel = "j"\n', "u.toml"
    )

    models = load(written(tmp_path, SMALL), user=user).config.models

    assert (models["task"].model, models["task"].api_base, models["judge"].model) == ("openai/gpt-4o-mini", None, "j")
    assert load(written(tmp_path, SMALL), user=tmp_path / "none.toml").config == parse(tomllib.loads(SMALL))


@pytest.mark.parametrize(
    ("override", "read"),
    [
        ("trainer.batch_size=8", lambda c: c.trainer.batch_size == 8),
        ("trainer.carry=false", lambda c: not c.trainer.carry),
        ("trainer.accept=confident", lambda c: c.trainer.accept == "confident"),
        ('task.metric="f1"', lambda c: c.task.metric == "f1"),
        ("data.source=my data.csv", lambda c: c.data.source == "my data.csv"),
        ("data.source.train=a.csv", None),
        ("models.task.model=openai/x=y", lambda c: c.models["task"].model == "openai/x=y"),
        ("models.task.price.prompt=1", None),
        ("prompts.answer.task=8", lambda c: c.prompts.texts["answer.task"] == "8"),
        ('prompts."answer.task"="a\\nb"', lambda c: c.prompts.texts["answer.task"] == "a\nb"),
        ("data.columns.answer=label", lambda c: c.data.columns["answer"] == "label"),
        ("models.task.stop=1\nx=2", lambda c: c.models["task"].extra["stop"] == "1\nx=2"),
    ],
)
def test_set_takes_toml_and_bare_words(tmp_path: Path, override: str, read: object) -> None:
    if callable(read):
        assert read(loaded(tmp_path, SMALL, override).config)
    else:
        assert lines(tmp_path, SMALL, override)


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        ('"last_number"', "last_number"),
        ('{regex = "A: (.*)"}', RegexAnswer(regex="A: (.*)")),
        ('"hole"', None),
        ("{labels = []}", None),
    ],
)
def test_an_answer_is_one_of_four_forms(tmp_path: Path, answer: str, read: object) -> None:
    text = SMALL.replace("object_count", "prompt", 1) + f"[program]\nanswer = {answer}\n"

    if read is None:
        assert lines(tmp_path, text)[0].startswith('c.toml: [program] answer must be "whole", "last_number", {labels')
    else:
        program = loaded(tmp_path, text).config.program
        assert program is not None
        assert program.answer == read


def test_the_schema_knows_every_table_and_lets_roles_leave_keys_out() -> None:
    found = json.loads(json.dumps(schema()))

    assert set(found["properties"]) == set(RunConfig.model_fields)
    assert "required" not in found["$defs"]["ModelConfig"]
    assert found["$defs"]["TrainerConfig"]["additionalProperties"] is False


def test_the_schema_says_what_data_and_corpora_there_are() -> None:
    tables = json.loads(json.dumps(schema()))["$defs"]

    assert "hotpot:FILE" in tables["DataConfig"]["properties"]["source"]["description"]
    assert "generated:two_hop" in tables["RetrievalConfig"]["properties"]["corpus"]["description"]
    assert "How many passages" in tables["RetrievalConfig"]["properties"]["k"]["description"]


def test_the_users_own_config_has_a_fixed_name() -> None:
    assert user_config_path().name == "config.toml"
    assert "autodiff-tui" in str(user_config_path())


@pytest.mark.parametrize(
    ("more", "demos"),
    [
        ("", (2, 2, False)),
        ("[trainer]\ndemos = {raw = 0}\n", (2, 0, False)),
        ("[models.teacher]\nmodel = 'big'\n", (2, 2, True)),
        ("[models.teacher]\n", (2, 2, True)),
        ("[trainer]\ndemos = {bootstrapped = 5}\n[models.teacher]\nmodel = 'big'\n", (5, 2, True)),
        ("[trainer]\ndemos = {teacher = false}\n[models.teacher]\nmodel = 'big'\n", (2, 2, False)),
        ("[models.optimizer]\nmodel = 'big'\n", (2, 2, False)),
    ],
)
def test_there_is_a_teacher_where_its_table_is_written_also_after_the_config_was_written_out(
    more: str, demos: tuple[int, int, bool]
) -> None:
    config = parse(tomllib.loads(SMALL + more))

    for each in (config, parse(tomllib.loads(to_toml(config)))):
        told = each.trainer.demos
        assert (told.bootstrapped, told.raw, told.teacher) == demos


def test_demos_can_be_set_from_outside(tmp_path: Path) -> None:
    told = loaded(tmp_path, SMALL, "trainer.demos.raw=1", "trainer.demos.start=12", "models.teacher.model=big").config

    assert told.trainer.demos.model_dump() == {"bootstrapped": 2, "raw": 1, "start": 12, "teacher": True}
    assert told.models["teacher"].model == "big"


def test_keys_of_the_app_in_the_users_own_file_are_no_part_of_a_run(tmp_path: Path) -> None:
    user = written(tmp_path, '[keys]\npause = "space"\n', "user.toml")
    loaded = load(written(tmp_path, SMALL), user=user)

    assert not any(row.key.startswith("keys") for row in loaded.rows)
    with pytest.raises(ConfigError, match="keys"):
        load(written(tmp_path, SMALL + '\n[keys]\npause = "space"\n'))
