from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff_tui.cli import run
from autodiff_tui.commands.config import toml_value

CONFIG = """
[task]
pipeline = "object_count"
metric = "exact_match"

[data]
source = "generated:object_count"
train = 8
val = 6
test = 4

[models.task]
model = "openai/gpt-4o-mini"

[models.backward]
model = "openai/gpt-4o"

[models.optimizer]
model = "openai/gpt-4o"

[trainer]
max_steps = 2
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    for name in [name for name in os.environ if name.startswith("AUTODIFF_")]:
        monkeypatch.delenv(name)
    Path("c.toml").write_text(CONFIG, encoding="utf-8")


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, tuple[object, str]]:
    assert run(["config", "show", "c.toml", "--ui", "json", *arguments]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return {row["key"]: (row["value"], row["origin"]) for row in rows}


def test_show_says_where_each_value_came_from(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTODIFF_SEED", "5")
    monkeypatch.setenv("AUTODIFF_MAX_STEPS", "6")

    rows = shown(capsys, "--set", "trainer.batch_size=8", "--max-steps", "7", "--budget-usd", "2")

    assert rows["trainer.seed"] == (5, "AUTODIFF_SEED")
    assert rows["trainer.max_steps"] == (7, "--max-steps")
    assert rows["trainer.batch_size"] == (8, "--set trainer.batch_size")
    assert rows["budget.usd"] == (2.0, "--budget-usd")
    assert rows["data.train"] == (8, "c.toml")


def test_what_show_prints_is_the_config_as_toml(capsys: pytest.CaptureFixture[str]) -> None:
    values = {key: value for key, (value, _) in shown(capsys).items()}

    assert run(["config", "show", "c.toml"]) == 0

    document = tomllib.loads(capsys.readouterr().out)
    assert document["data"]["source"] == values["data.source"] == "generated:object_count"
    assert document["trainer"]["max_steps"] == values["trainer.max_steps"] == 2


def test_a_mistake_is_a_usage_error_with_stdout_empty(capsys: pytest.CaptureFixture[str]) -> None:
    Path("c.toml").write_text(CONFIG.replace("max_steps", "max_stebs"), encoding="utf-8")

    assert run(["config", "show", "c.toml"]) == 2

    said = capsys.readouterr()
    assert said.out == ""
    assert "max_stebs" in said.err
    assert "max_steps" in said.err


def test_a_wrong_override_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "show", "c.toml", "--set", "batch_size"]) == 2

    said = capsys.readouterr()
    assert said.out == ""
    assert "table.key=value" in said.err


def test_the_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "schema"]) == 0

    assert "trainer" in json.loads(capsys.readouterr().out)["properties"]


def test_path_names_the_users_config_and_then_this_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "path", "c.toml"]) == 0

    users, this = capsys.readouterr().out.splitlines()
    assert users.endswith("config.toml  (absent)")
    assert Path(this) == Path("c.toml").absolute()


PLAIN = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text()
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=5
)


@given(VALUES)
def test_a_value_on_one_line_reads_back_equal(value: object) -> None:
    line = toml_value(value)

    assert tomllib.loads(f"key = {line}  # origin") == {"key": value}
    assert "\n" not in line


def test_a_value_cannot_drive_the_terminal() -> None:
    assert toml_value("a\x1b[2J\u202e") == '"a\\u001B[2J\\u202E"'


def test_what_a_table_in_a_list_does_not_say_is_left_out() -> None:
    assert toml_value([{"node": "a", "expected": None}]) == '[{"node" = "a"}]'


def test_validate_warns_of_answers_that_can_never_be_right_and_quiet_does_not(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    rows = [json.dumps({"question": f"q{n}", "answer": text}) for n, text in enumerate(["1", "2", "three", "4", "5"])]
    Path("odd.jsonl").write_text("\n".join(rows), encoding="utf-8")
    told = CONFIG.replace("generated:object_count", "odd.jsonl").replace("train = 8\nval = 6\ntest = 4", "")
    Path("c.toml").write_text(told, encoding="utf-8")

    assert run(["config", "validate", "c.toml"]) == 0
    said = capsys.readouterr()
    assert run(["config", "validate", "c.toml", "--quiet"]) == 0

    assert said.out == "c.toml: valid\n"
    assert said.err.startswith("warning: odd.jsonl: 1 of 5 expected answers can never be right: the metric exact_match")
    assert capsys.readouterr().err == ""
