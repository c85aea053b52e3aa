from __future__ import annotations

import json
from pathlib import Path

import pytest

from autodiff_tui.cli import run

from ..home import add_run


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    add_run(Path("runs"), "first")
    add_run(Path("runs"), "second", seed=7)


def test_two_runs_are_compared_in_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", "fir", "runs/second"]) == 0

    said = capsys.readouterr()
    assert "  trainer.seed  0  7" in said.out.splitlines()
    assert said.err == ""


def test_as_json_it_is_one_object_with_both_sides(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", "first", "second", "--ui", "json"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert (told["left"]["run"], told["right"]["run"]) == ("first", "second")
    assert told["contrast"]["settings"] == [{"key": "trainer.seed", "left": 0, "right": 7}]
    assert told["texts"][0]["pieces"] == [{"kind": "same", "text": "Count with care."}]


def test_ascii_output_is_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", "first", "second", "--ascii"]) == 0

    assert capsys.readouterr().out.isascii()


@pytest.mark.parametrize("names", [("first", "first"), ("first", "third")])
def test_the_same_run_twice_and_an_unknown_one_are_usage_errors(
    names: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["compare", *names]) == 2

    assert capsys.readouterr().out == ""
