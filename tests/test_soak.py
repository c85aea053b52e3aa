"""Nothing grows while a run lasts, and all is given back: the soak (``python -m tests.soak``), in small."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from autodiff_engine import build, config, journal
from autodiff_engine.build import models, players
from autodiff_engine.control import Control
from autodiff_engine.events import RunFinished
from autodiff_engine.llm.metered import Meter
from autodiff_tui.view import facts, parts

from . import soak
from .faulty import CONFIG, healthy
from .loopback import Loopback, ok

pytestmark = pytest.mark.timeout(300)
CALLS = 600


@pytest.fixture
def _traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


def play(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "LiteLLMModel", soak.Player)
    monkeypatch.setattr(players, "missing_key", lambda _: None)


@pytest.mark.usefixtures("_traced")
async def test_a_run_holds_no_more_at_its_end_than_after_its_first_tenth_and_gives_all_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(monkeypatch)
    soak.prepare(tmp_path / "s", CALLS, val=40)

    asked = await soak.train(tmp_path / "s", "asked", CALLS, soak.traced)
    stored = await soak.train(tmp_path / "s", "stored", CALLS, soak.traced)

    for told in (asked, stored):
        assert told.status == "done"
        assert told.calls + told.cached > 0.8 * CALLS
        assert len(told.held) >= 4
        assert told.ratio < 1.35, told
        assert told.each < 400, told
        assert told.after == told.before
    assert stored.calls == 0
    assert asked.events > 4 * CALLS
    assert asked.journal / asked.events < 400
    assert asked.answers / asked.calls < 1000


@pytest.mark.usefixtures("_traced")
async def test_what_grows_with_each_call_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A meter that remembers a kilobyte a call: the measure above must not be blind to it."""
    play(monkeypatch)
    remembered: list[bytes] = []
    price = Meter.price

    def leaking(self: Meter, model: str) -> object:
        remembered.append(bytes(1000))
        return price(self, model)

    monkeypatch.setattr(Meter, "price", leaking)
    soak.prepare(tmp_path / "s", CALLS, val=40)
    told = await soak.train(tmp_path / "s", "asked", CALLS, soak.traced)
    assert told.ratio > 1.35
    assert told.each > 900


@pytest.mark.usefixtures("_traced")
async def test_whoever_follows_a_long_run_holds_its_newest_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(monkeypatch)
    soak.prepare(tmp_path / "s", 300, val=40)
    told = await soak.train(tmp_path / "s", "asked", 300)
    events = 4 * told.events
    monkeypatch.setattr(journal, "_MOST_AT_ONCE", 1 << 14)  # what waits to be folded is not what is looked at

    unbounded = soak.follow(tmp_path / "s" / "asked", events, 4, soak.traced, keep=500)
    monkeypatch.setattr(parts, "SAMPLED", 100)
    monkeypatch.setattr(facts, "EXCHANGES", 25)
    followed = soak.follow(tmp_path / "s" / "asked", events, 4, soak.traced, keep=500)

    assert followed.events == unbounded.events == events
    assert followed.facts == unbounded.facts == 4 * told.facts
    assert followed.each < unbounded.each / 2, (followed, unbounded)
    assert followed.ratio - 1 < (unbounded.ratio - 1) * 0.6, (followed, unbounded)


async def executed(folder: Path, server: Loopback, runs: int) -> list[soak.Open]:
    """Execute so many runs through the real client; return what was open before the first and after each."""
    rows = "".join(f"How many are {number} things?,{number}\n" for number in range(1, 17))
    (folder / "questions.csv").write_text(f"question,answer\n{rows}", encoding="utf-8")
    (folder / "c.toml").write_text(CONFIG.format(url=server.url, in_flight=8, timeout_s=50.0), encoding="utf-8")
    seen: list[soak.Open] = []
    for number in range(runs + 1):
        for _ in range(20):  # connections that the server closes are gone a few turns later
            await asyncio.sleep(0)
        gc.collect()
        seen.append(soak.Open.now())
        if number < runs:
            options = build.RunOptions(run_dir=folder / f"r{number}", cache_dir=folder / f"a{number}")
            run = build.training(config.load(folder / "c.toml"), options)
            last: RunFinished = await run.execute(Control(), lambda stamped: None)
            assert last.status == "done"
            assert last.calls.made > 20
    return seen


async def test_runs_through_the_real_client_leave_no_connection_task_thread_or_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-loopback")
    server = Loopback(otherwise=lambda body: ok(healthy(body)))
    await server.start()
    try:
        _, first, *later = await executed(tmp_path, server, 4)
    finally:
        await server.stop()
    assert [replace(each, threads=0) for each in later] == [replace(first, threads=0)] * 3
    threads = [each.threads for each in (first, *later)]
    assert any(after <= before for before, after in pairwise(threads))  # a pool may fill up; a leak adds one each run


def test_the_benchmark_measures_a_run_and_tells_each_figure_once(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "benchmarks.speed", str(tmp_path / "s"), "200"],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    told = {line[:45].strip(): float(line[45:].split()[0].replace(",", "")) for line in said.stdout.splitlines()}
    assert len(told) == len(said.stdout.splitlines())
    assert told["a call in a run / a bare call"] > 1 > told["a run over stored answers / the run"]
    assert 100 < told["the journal, by event"] < 500
    readme = (Path(__file__).parents[1] / "benchmarks" / "README.md").read_text(encoding="utf-8")
    assert [name for name in told if f"| {name} |" not in readme] == []
