"""A new project works as it is: it is valid, and one step of training runs on it with a provider on loopback."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autodiff_tui.cli import run

from ...loopback import Loopback, Turn, beside, ok

KINDS = ["prompt", "program"]
HINT = "Messages about drivers go to drivers."


def provider(body: dict[str, Any]) -> Turn:
    """A worker that chooses a fixed desk until it is told better, a critic and a writer."""
    said = " ".join(message["content"] for message in body["messages"])
    if body["model"] == "worker":
        return ok("drivers" if HINT in said and "driver" in body["messages"][-1]["content"] else "tickets")
    if body["model"] == "critic":
        keys = re.findall(r'<feedback key="([^"]+)">', said)
        return ok("\n".join(f'<feedback key="{key}">{HINT}</feedback>' for key in keys) or "Wrong desk.")
    return ok(f"<reasoning>so</reasoning><method>add</method><new_text>Choose the desk. {HINT}</new_text>")


@pytest.fixture
def server() -> Iterator[Loopback]:
    with beside(provider) as loopback:
        yield loopback


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("AUTODIFF_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("AUTODIFF_CACHE_DIR", str(tmp_path / "answers"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-loopback-0123456789abcdef")


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_project_is_valid_as_it_is(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "p", "--pipeline", kind]) == 0
    written = capsys.readouterr()

    assert run(["config", "validate", "p/train.toml"]) == 0

    assert "p/train.toml" in written.out.split()
    assert "next: autodiff-tui doctor p/train.toml" in written.err
    assert capsys.readouterr().out == "p/train.toml: valid\n"


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_of_training_runs_on_a_new_project(
    kind: str, server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["init", "p", "--pipeline", kind, "--quiet"]) == 0
    config = Path("p/train.toml")
    text = config.read_text(encoding="utf-8")
    for role, model in (("task", "worker"), ("backward", "critic"), ("optimizer", "writer")):
        served = f'model = "openai/{model}"\napi_base = "{server.url}"\nprice = {{prompt = 1.0, completion = 1.0}}'
        text = re.sub(rf'(\[models\.{role}\][^\n]*\n)model = "[^"]+"', lambda found, new=served: found[1] + new, text)
    config.write_text(text, encoding="utf-8")
    capsys.readouterr()

    assert run(["train", "p/train.toml", "--max-steps", "1", "--ui", "json"]) == 0

    end = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (end["type"], end["status"], end["val"]["n"], end["test"]["n"]) == ("RunFinished", "done", 14, 8)
    assert end["proposals"]["made"] >= 1


def test_the_rows_are_different_and_spread_over_the_labels_of_the_config() -> None:
    assert run(["init", "p", "--quiet"]) == 0

    with Path("p/messages.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    desks = [row["desk"] for row in rows]
    assert 30 <= len({row["message"] for row in rows}) == len(rows) <= 40
    assert {desk: desks.count(desk) for desk in desks} == dict.fromkeys(("tickets", "drivers", "lost", "network"), 9)


def test_a_folder_with_something_in_it_is_refused_without_force(capsys: pytest.CaptureFixture[str]) -> None:
    Path("p").mkdir()
    Path("p/mine.txt").write_text("x", encoding="utf-8")

    assert run(["init", "p"]) == 2
    assert capsys.readouterr().out == ""
    assert os.listdir("p") == ["mine.txt"]

    assert run(["init", "p", "--force"]) == 0
    assert len(os.listdir("p")) == 4


def test_every_command_of_its_readme_exists(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "p", "--quiet"]) == 0

    commands = re.findall(r"^autodiff-tui (\w+)", Path("p/README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert commands == ["doctor", "train", "show", "export"]
    assert [run([command, "--help"]) for command in commands] == [0] * 4
