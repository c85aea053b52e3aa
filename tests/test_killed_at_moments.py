"""Killed at any moment against a slow provider on loopback, a run goes on to the same end and asks no answer again."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import signal
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import diskcache
import pytest

from autodiff_engine.events import CallFinished, RunFinished
from autodiff_engine.journal import read
from autodiff_tui.cli import run

from .counting import placed
from .faulty import Size, healthy, key_of, prepare
from .loopback import Loopback, Turn, beside, ok

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="nothing is killed like this there"),
    pytest.mark.timeout(900),  # processes that load litellm, on a machine that may be busy
]

IN_FLIGHT = 6
SIZE = Size(8, 24, 12)
SLOW_S, NEVER_S = (0.005, 0.05), 600.0
RUN, WHOLE = Path("r"), Path("whole")
TRAIN = ["train", "c.toml", "--ui", "none", "--run-dir"]
MOMENTS = 24


@dataclass
class Slow:
    """A provider that takes its time once ``victim`` is set, and kills that after its ``last`` request.

    It does so within the time of an answer; what is asked after ``last`` is not answered, so that the run cannot end
    before. The tokens that it bills number the request: journal and stored answers thus say which ones were answered.
    """

    draws: random.Random
    last: int = 0
    victim: subprocess.Popen[bytes] | None = None
    asked: Counter[int] = field(default_factory=Counter[int])
    numbers: dict[str, int] = field(default_factory=dict[str, int])

    def __call__(self, body: dict[str, Any]) -> Turn:
        number = self.numbers.setdefault(key_of(body), 1 + len(self.numbers))
        self.asked[number] += 1
        told = json.loads(ok(healthy(body)).body)
        told["usage"] = {"prompt_tokens": number, "completion_tokens": 7, "total_tokens": number + 7}
        turn = Turn(body=json.dumps(told))
        if self.victim is None:
            return turn
        if self.asked.total() == self.last:
            asyncio.get_running_loop().call_later(self.draws.uniform(0.0, SLOW_S[1]), self.victim.kill)
        return replace(turn, delay_s=self.draws.uniform(*SLOW_S) if self.asked.total() <= self.last else NEVER_S)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    with beside(ok()) as loopback:
        placed(tmp_path, monkeypatch, loopback.url)
        prepare(tmp_path, loopback.url, SIZE, in_flight=IN_FLIGHT)
        yield loopback


def end_of(folder: Path) -> tuple[tuple[str, ...], dict[str, Any]]:
    """All facts, and the best prompts but for the run's name, their date and their cost."""
    best = tomllib.loads((folder / "best.toml").read_text(encoding="utf-8"))
    for key in ("id", "date", "cost_usd"):
        best["run"].pop(key, None)  # of a model whose price is not known there is no cost
    return read(folder).facts, best


def told() -> set[int]:
    """The requests that the journal says were answered."""
    calls = (each.event for each in read(RUN).events)
    return {call.prompt_tokens or 0 for call in calls if isinstance(call, CallFinished) and not call.error}


def stored(copy: Path) -> set[int]:
    """The requests whose answers are stored, of a copy: to look would tidy up what the kill left."""
    shutil.copytree("answers", copy)
    with diskcache.Cache(str(copy), disk=diskcache.JSONDisk) as answers:
        return {answers[key]["prompt"] for key in answers}


def killed_and_resumed(draw: int, server: Loopback) -> None:
    provider = Slow(random.Random(f"moment/{draw}"))
    server.otherwise = provider
    assert run([*TRAIN, str(WHOLE), "--set", "limits.in_flight=1"]) == 0
    assert set(provider.asked.values()) == {1}
    shutil.rmtree("answers")
    provider.last = provider.draws.randrange(1, provider.asked.total())
    provider.asked.clear()
    provider.victim = subprocess.Popen([sys.executable, "-m", "autodiff_tui", *TRAIN, str(RUN)])

    assert provider.victim.wait() == -signal.SIGKILL
    provider.victim = None
    before, answered, kept = provider.asked.copy(), told(), stored(Path("copy"))
    assert run(["resume", str(RUN), "--ui", "none"]) == 0

    again = Counter({number: count - 1 for number, count in provider.asked.items() if count > 1})
    figures = {
        "requests of the whole run": len(provider.numbers), "asked before the kill": before.total(),
        "stored by then": len(kept), "asked again": again.total(),
    }  # fmt: skip
    print(json.dumps(figures))  # noqa: T201
    assert answered <= kept
    assert again.keys() <= before.keys() - kept
    assert again.total() <= IN_FLIGHT
    assert end_of(RUN) == end_of(WHOLE)
    last = read(RUN).events[-1].event
    assert isinstance(last, RunFinished)
    assert last.calls.made >= provider.asked.total()


@pytest.mark.parametrize("draw", [1, 2])
def test_killed_at_a_random_moment_a_run_goes_on_to_the_same_end(draw: int, server: Loopback) -> None:
    killed_and_resumed(draw, server)


@pytest.mark.every_event
@pytest.mark.parametrize("draw", range(1, MOMENTS + 1))
def test_killed_at_many_random_moments_a_run_goes_on_to_the_same_end(draw: int, server: Loopback) -> None:
    killed_and_resumed(draw, server)
