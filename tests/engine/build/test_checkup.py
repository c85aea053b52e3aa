from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from autodiff_engine.build import Finding, ask_each, checkup, installed, roles, storage
from autodiff_engine.build.options import RunOptions
from autodiff_engine.config import Loaded, load

from ...loopback import loopback, ok, unauthorized

CONFIG = """
[task]
pipeline = "prompt"
[data]
source = "rows.csv"
train = 4
val = 4
test = 2
[program]
system = "{{ task }}"
user = "{{ question }}"
[prompts]
task = "Count."
[models.task]
model = "openai/gpt-4o-mini"
[models.optimizer]
model = "openai/gpt-4o"
[budget]
usd = 1.0
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-0123456789")
    rows = "\n".join(f"How many are {number} things?,{number}" for number in range(10))
    Path("rows.csv").write_text(f"question,answer\n{rows}\n", encoding="utf-8")


def written(text: str) -> Loaded:
    Path("c.toml").write_text(text, encoding="utf-8")
    return load(Path("c.toml"))


def found(text: str) -> list[Finding]:
    return list(checkup(written(text)))


def bad(text: str) -> list[tuple[str, str]]:
    return [(each.level, each.about) for each in found(text) if each.level != "ok"]


def said(text: str, about: str) -> Finding:
    return next(each for each in found(text) if each.about == about and each.level != "ok")


def test_a_sound_config_is_ok_part_by_part() -> None:
    told = found(CONFIG)

    assert {each.level for each in told} == {"ok"}
    assert [each.about for each in told] == [
        "data", "program", "columns", "metric", "models.task", "models.backward", "models.optimizer", "budget",
    ]  # fmt: skip
    assert "train 4, val 4, test 2" in told[0].text


def test_no_finding_holds_the_value_of_a_key() -> None:
    assert not [each for each in found(CONFIG) if "secret" in f"{each.text}{each.fix}"]


def test_a_missing_key_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")

    key = said(CONFIG, "models.task")

    assert (key.level, key.fix) == ("problem", "export OPENAI_API_KEY=…")


def test_a_server_of_ones_own_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    served = CONFIG.replace(
        'mini"', 'mini"\napi_base = "http://127.0.0.1:1/v1"\nprice = {prompt = 1.0, completion = 1.0}'
    )
    served = served.replace(
        'gpt-4o"', 'gpt-4o"\napi_base = "http://127.0.0.1:1/v1"\nprice = {prompt = 1.0, completion = 1.0}'
    )

    assert bad(served) == []


def test_a_model_that_nobody_knows_is_a_warning_with_the_nearest_name_and_no_price() -> None:
    told = [each for each in found(CONFIG.replace("gpt-4o-mini", "gpt-4o-mny")) if each.about == "models.task"]

    assert [each.level for each in told] == ["ok", "warning", "problem"]
    assert told[1].fix.startswith("did you mean openai/gpt-4o-min")
    assert "budget.usd cannot be kept" in told[2].text


def test_a_provider_that_nobody_knows_is_a_problem() -> None:
    assert ("problem", "models.task") in bad(CONFIG.replace("openai/gpt-4o-mini", "nobody/knows"))


def test_a_local_file_that_is_not_there_is_a_problem() -> None:
    assert bad(CONFIG.replace("openai/gpt-4o-mini", "local/m.gguf")) == [("problem", "models.task")]


def test_more_tokens_than_the_model_gives_is_a_problem() -> None:
    room = said(CONFIG.replace('mini"', 'mini"\nmax_tokens = 100000'), "models.task")

    assert room.fix.startswith("set models.task.max_tokens = ")


def test_an_example_that_does_not_fit_the_context_is_a_warning() -> None:
    Path("rows.csv").write_text(
        Path("rows.csv").read_text(encoding="utf-8").replace("How many are 3", "long " * 4000), encoding="utf-8"
    )

    room = said(CONFIG.replace('mini"', 'mini"\ncontext = 4096'), "models.task")

    assert room.level == "warning"
    assert "the longest example takes about 5,0" in room.text


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param('"rows.csv"', '"gone.csv"', ("problem", "data"), id="no data"),
        pytest.param("{{ question }}", "{{ query }}", ("problem", "columns"), id="no such column"),
        pytest.param('"prompt"', '"prompt"\nmetric = "nice"', ("problem", "metric"), id="no such metric"),
        pytest.param("test = 2", "test = 0", ("warning", "data"), id="no test split"),
        pytest.param("[budget]\nusd = 1.0", "", ("warning", "budget"), id="no budget"),
        pytest.param('"rows.csv"', '"hf:some/data"', ("warning", "data"), id="the hub is not asked"),
    ],
)
def test_a_defect_is_one_finding_with_a_fix(before: str, after: str, expected: tuple[str, str]) -> None:
    assert bad(CONFIG.replace(before, after)) == [expected]


def test_examples_that_the_prompts_are_to_start_with_are_looked_for_and_count_as_part_of_them() -> None:
    shown = CONFIG.replace("{{ task }}", "{{ task }} {{ shots }}").replace("[prompts]", 'demos = ["shots"]\n[prompts]')
    assert bad(f"{shown}[trainer]\ndemos = {{start = 4}}\n") == []
    assert said(f"{shown}[trainer]\ndemos = {{start = 5}}\n", "demos").text.startswith(
        "trainer.demos.start = 5: only 4 of 4 training examples"
    )
    assert "has no text of kind demos" in said(f"{CONFIG}[trainer]\ndemos = {{start = 4}}\n", "demos").text
    rows = "\n".join(f"{'How many? ' * 200}{number},{number}" for number in range(10))
    Path("rows.csv").write_text(f"question,answer\n{rows}\n", encoding="utf-8")
    small = shown.replace('gpt-4o-mini"', 'gpt-4o-mini"\ncontext = 2000\nmax_tokens = 100', 1)
    assert bad(small) == []
    assert ("warning", "models.task") in bad(f"{small}[trainer]\ndemos = {{start = 4}}\n")


def test_the_installed_program_and_its_packages_are_named_with_versions() -> None:
    told = {each.about: each for each in installed()}

    assert "litellm 1." in told["packages"].text
    assert {each.level for each in told.values()} == {"ok"}


def test_a_cache_folder_that_cannot_be_made_is_a_problem() -> None:
    Path("file").write_text("", encoding="utf-8")

    told = list(storage(RunOptions(cache_dir=Path("file/answers")), None))

    assert [(each.level, each.about) for each in told] == [("problem", "cache"), ("ok", "runs")]


async def test_one_tiny_call_a_role_is_made_and_nothing_is_kept() -> None:
    asked: list[dict[str, Any]] = []

    def answer(body: dict[str, Any]) -> Any:
        asked.append(body)
        return ok("ready") if body["model"] == "gpt-4o" else unauthorized()

    async with loopback(otherwise=answer) as server:
        told = CONFIG.replace('mini"', f'mini"\napi_base = "{server.url}"\nprice = {{prompt = 1.0, completion = 1.0}}')
        told = told.replace(
            'gpt-4o"', f'gpt-4o"\napi_base = "{server.url}"\nprice = {{prompt = 1.0, completion = 1.0}}'
        )
        loaded = written(told)
        answered = await ask_each(loaded, roles(loaded))

    assert [(each.level, each.about) for each in answered] == [
        ("problem", "call task"), ("ok", "call backward"), ("ok", "call optimizer"),
    ]  # fmt: skip
    assert "$0.0000" in answered[1].text
    assert [body["max_tokens"] for body in asked] == [16, 16, 16]
    assert sorted(os.listdir()) == ["c.toml", "rows.csv"]
