"""What ``train``, ``ablate`` and ``eval`` will take is said before anybody is asked, however slow the program is."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from autodiff_engine.glimpse import Patience
from autodiff_tui import forecasting
from autodiff_tui.cli import run

from ...counting import provider
from ...loopback import Loopback, Turn

pytestmark = [pytest.mark.usefixtures("counting"), pytest.mark.timeout(300)]

TRAIN = ["train", "c.toml", "--ui", "plain"]
ABLATE = ["ablate", "c.toml", "--variants", "full,opro"]
EVAL = ["eval", "c.toml"]
COMMANDS = pytest.mark.parametrize("command", [TRAIN, ABLATE, EVAL], ids=["train", "ablate", "eval"])


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have each execution of the program take two seconds, by the clock that patience goes by."""

    def patience(seconds: float) -> Patience:
        ticks = itertools.count()
        return Patience(seconds, lambda: 2.0 * next(ticks))

    for module in ("preparing", "ablation_forecast", "evaluation"):
        monkeypatch.setattr(import_module(f"autodiff_engine.build.{module}"), "Patience", patience)


@pytest.fixture
def heard(capsys: pytest.CaptureFixture[str], server: Loopback) -> list[str]:
    """What a command had said on stderr when the provider was asked for the first time."""
    said: list[str] = []

    def listening(body: dict[str, Any]) -> Turn:
        if not said:
            said.append(capsys.readouterr().err)
        return provider(body)

    server.otherwise = listening
    return said


def told(line: str) -> tuple[int, int]:
    """The least and the most of the calls."""
    found = re.match(r"forecast (\d[\d,]*)(?: to (\d[\d,]*))? calls, about ", line)
    assert found is not None, line
    least, most = (int((each or found[1]).replace(",", "")) for each in found.groups())
    return least, most


def dry(capsys: pytest.CaptureFixture[str], command: Sequence[str]) -> tuple[int, int]:
    assert run([*command[:2], *command[2:], "--dry-run", "--ui", "json"]) == 0
    calls = json.loads(capsys.readouterr().out)["total"]["calls"]
    return calls["least"], calls["most"]


@pytest.mark.parametrize("command", [TRAIN, ABLATE], ids=["train", "ablate"])
def test_a_training_and_an_ablation_say_what_they_will_take_before_anybody_is_asked(
    command: list[str], capsys: pytest.CaptureFixture[str], heard: list[str]
) -> None:
    expected = dry(capsys, command)
    assert run([*command, "--budget-calls", "5"]) == 4
    first, second, *_ = heard[0].splitlines()
    assert told(first) == expected
    assert second == "budget   calls 5: too small: the run cannot come to its end"

    capsys.readouterr()
    assert run([*command, "--quiet", "--budget-calls", "5"]) == 4
    assert "forecast" not in capsys.readouterr().err


def test_an_evaluation_says_what_it_will_take_and_what_is_stored_costs_nothing(
    capsys: pytest.CaptureFixture[str], heard: list[str], server: Loopback
) -> None:
    assert run(EVAL) == 0
    first, second, *_ = heard[0].splitlines()
    assert told(first) == (6, 6) == (len(server.received), len(server.received))
    assert re.search(r" tokens in, 6 to [\d.]+k out, cost \S+ to \$[\d.]+$", first)
    assert second == "budget: there is none"

    capsys.readouterr()
    assert run(EVAL) == 0
    assert capsys.readouterr().err.startswith("forecast 0 calls, 0 tokens in, 0 out, cost $0\n")
    assert run([*EVAL, "--budget-calls", "3", "--set", "cache.mode=off"]) == 4
    assert "budget   calls 3: too small: the run cannot come to its end\n" in capsys.readouterr().err
    assert run([*EVAL, "--quiet"]) == 0
    assert capsys.readouterr().err == ""
    assert run([*EVAL, "--ui", "json"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("slow")
@COMMANDS
def test_of_a_slow_program_a_coarse_range_is_said_from_one_example(
    command: list[str], capsys: pytest.CaptureFixture[str], heard: list[str], server: Loopback
) -> None:
    whole = dry(capsys, command) if command != EVAL else (6, 6)
    assert run(command) == 0
    first, second, *_ = heard[0].splitlines()
    least, most = told(first)
    assert least <= whole[0] <= len(server.received) <= most <= 2 * whole[1]
    assert least == (6 if command == EVAL else 10)
    assert second.startswith("coarse   from one example alone, of 2.0 s: the program's own functions are slow")
    assert second.endswith("; --dry-run takes its time") == (command != EVAL)

    capsys.readouterr()
    assert run([*command, "--max-steps", "0"]) == 0
    least, _ = told(capsys.readouterr().err.splitlines()[0])
    assert least == 0  # answers are stored by now: nobody looks which, in so little time


@COMMANDS
def test_where_no_example_ends_in_time_is_said_what_is_known_without_any(
    command: list[str], heard: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecasting, "PATIENCE_S", 0.0)
    assert run([*command, "--budget-calls", "4"]) == 4
    first, second, third, *_ = heard[0].splitlines()
    least = {"train": 10, "ablate": 10, "eval": 6}[command[0]]
    assert first == f"forecast {least} or more calls, unknown tokens in, {least} or more out, cost unknown"
    times = {"train": "10 to 94", "ablate": "20 to 188", "eval": "6"}[command[0]]
    says = f"coarse   no example ended within 0 s: {times} executions, each of an unknown number of calls"
    assert second.partition(";")[0] == says
    assert third == "budget   calls 4: too small: the run cannot come to its end"


def test_a_step_of_ones_own_that_waits_does_not_hold_the_forecast_up(
    heard: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = Path("c.toml").read_text(encoding="utf-8")
    start, end = text.index("[program]"), text.index("[prompts]")
    text = (text[:start] + text[end:]).replace('pipeline = "prompt"', 'pipeline = "own.py:answer"')
    Path("c.toml").write_text(text, encoding="utf-8")
    Path("own.py").write_text(WAITS, encoding="utf-8")
    monkeypatch.setattr(forecasting, "PATIENCE_S", 0.05)
    assert run([*TRAIN, "--budget-calls", "4"]) == 4
    first, second, *_ = heard[0].splitlines()
    assert first.startswith("forecast 10 or more calls, ")
    assert second.startswith("coarse   no example ended within 0.05 s: ")


WAITS = """
import asyncio

from autodiff_engine.program import Node, Prompt, Trace

COUNT = Prompt(system="{{ task }}", user="{{ question }}")
EXECUTED = []


async def look(text):
    EXECUTED.append(text)
    await asyncio.sleep(3600 if len(EXECUTED) == 1 else 0)
    return text


async def answer(trace: Trace, question: str) -> Node:
    asked = trace.input("question", question)
    found = await trace.apply("look", look, asked)
    return await trace.generate("answer", template=COUNT, prompts=["task"], question=found)
"""
