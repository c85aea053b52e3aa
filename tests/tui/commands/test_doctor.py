from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from autodiff_tui.cli import run

SECRET = "sk-very-secret-0123456789"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("AUTODIFF_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("AUTODIFF_CACHE_DIR", str(tmp_path / "answers"))
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    assert run(["init", "p", "--quiet"]) == 0
    capsys.readouterr()


def test_a_new_project_has_nothing_against_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "p/train.toml"]) == 0

    said = capsys.readouterr()
    assert "0 problems" in said.err
    assert SECRET not in said.out + said.err
    assert "train 14, val 14, test 8" in said.out


def test_a_problem_is_exit_1_and_quiet_says_only_that(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")

    assert run(["doctor", "p/train.toml", "--quiet"]) == 1

    said = capsys.readouterr()
    assert said.err == ""
    assert {line.split()[0] for line in said.out.splitlines()} == {"problem", "→"}


def test_a_config_that_does_not_load_is_a_problem_for_each_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    text = Path("p/train.toml").read_text(encoding="utf-8")
    Path("p/train.toml").write_text(text.replace("max_steps = 6", "max_steps = -1\nbatch = 3"), encoding="utf-8")

    assert run(["doctor", "p/train.toml", "--ui", "json"]) == 1

    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["about"] for each in found if each["level"] == "problem"] == ["config", "config"]


def test_without_a_config_the_machine_alone_is_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor"]) == 0

    assert "python" in capsys.readouterr().out


def test_a_call_needs_a_config(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--call"]) == 2

    assert "--call needs a CONFIG" in capsys.readouterr().err


def test_nobody_is_asked_while_there_are_problems(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")

    assert run(["doctor", "p/train.toml", "--call"]) == 1

    assert "nobody was asked" in capsys.readouterr().out


def test_nothing_is_created_by_looking() -> None:
    before = sorted(os.listdir())

    assert run(["doctor", "p/train.toml"]) == 0

    assert sorted(os.listdir()) == before
