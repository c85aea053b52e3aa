"""Nobody listens on the provider's port: from the start, in the middle, or now and then."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from autodiff_engine.build import models
from autodiff_engine.control import Control
from autodiff_engine.events import CallFinished, ControlChanged, Stamped, StepStarted
from autodiff_engine.journal import read
from autodiff_engine.llm.limited import LimitedModel
from autodiff_tui.cli import run

from .counting import events_of, placed, provider
from .faulty import LONG, SHORT, Case, Ended, Provider, check_ledger, key_of, no_waits
from .loopback import Loopback, Turn, beside, loopback

pytestmark = pytest.mark.timeout(300)  # the first one imports litellm, which takes long on a busy machine

TRAIN = ["train", "c.toml", "--ui", "json", "--run-dir"]


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-loopback-0123456789abcdef")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """A folder with the counting task, and its provider, which may leave."""
    with beside(provider) as server, no_waits(monkeypatch):
        placed(tmp_path, monkeypatch, server.url)
        yield server


def end_of(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    return events_of(capsys.readouterr().out)[-1]


def refusals(folder: Path) -> int:
    calls = (each.event for each in read(folder).events)
    return sum(isinstance(call, CallFinished) and "nothing answers" in call.error for call in calls)


def answered(folder: Path) -> list[str]:
    calls = [each.event for each in read(folder).events if isinstance(each.event, CallFinished)]
    return [call.key for call in calls if not call.cached and not call.error]


def test_where_nobody_listens_a_run_ends_with_the_reason_and_is_resumed_once_somebody_does(
    here: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody from the start, then a server that goes away in the middle, then one that stays."""
    assert run([*TRAIN, "whole", "--cache-dir", "elsewhere"]) == 0
    whole = read(Path("whole")).facts
    here.received.clear()
    here.listen(False)

    assert run([*TRAIN, "r"]) == 3
    end = end_of(capsys)
    assert (end["status"], end["val"]["start"], end["error"]["kind"]) == ("failed", None, "ModelUnavailable")
    assert f"no answer from openai/worker in 4 attempts: nothing answers at {here.url} [" in end["error"]["message"]
    assert end["error"]["hint"] == "start the server, or mend api_base"
    assert refusals(Path("r")) == end["calls"]["made"] == end["calls"]["failed"] >= 4
    assert end["tokens"]["prompt"] == 0
    assert here.received == answered(Path("r")) == []

    here.otherwise = leaving_after(here, 21)
    here.listen(True)
    assert run(["resume", "r", "--ui", "json"]) == 3
    assert f"nothing answers at {here.url}" in end_of(capsys)["error"]["message"]
    facts = read(Path("r")).facts
    assert facts == whole[: len(facts)]
    assert 21 <= len(here.received) == len(answered(Path("r")))

    here.otherwise = provider
    here.listen(True)
    assert run(["resume", "r", "--ui", "json"]) == 0
    assert end_of(capsys)["status"] == "done"
    assert read(Path("r")).facts == whole
    assert max(Counter(answered(Path("r"))).values()) == 1
    assert len(here.received) == len(answered(Path("r")))


def leaving_after(server: Loopback, last: int) -> Callable[[dict[str, Any]], Turn]:
    def told(body: dict[str, Any]) -> Turn:
        if len(server.received) == last:
            server.leave()
        return provider(body)

    return told


class Flapping(Provider):
    """Goes away after some of its answers, drawn from the request and its attempt; ``back`` when a retry is due."""

    def __init__(self, server: Loopback, rate: float) -> None:
        super().__init__(None, rate)
        self.server = server
        self.left = 0
        self.came_to = ""
        """How the run ended against it, before it was resumed."""
        self._one_at_a_time = asyncio.Lock()

    def __call__(self, body: dict[str, Any]) -> Turn:
        key = key_of(body)
        if self.server.listens and random.Random(f"refused/{key}/{self.asked[key]}").random() < self.rate:
            self.left += 1
            self.server.leave()
        return super().__call__(body)

    async def back(self, _: float) -> None:
        """Begin again, after a few turns of the loop in which whoever asks is refused, too."""
        for _ in range(20):
            await asyncio.sleep(0)
        async with self._one_at_a_time:
            if not self.server.listens:
                await self.server.start()


async def flapped(rate: float, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Flapping, Ended, int]:
    """A run against a server that leaves at ``rate``, how often, and how often it was refused."""
    async with loopback() as server:
        size = LONG if rate < 0.1 else SHORT
        whole = await Case(folder / "whole", server, size).execute(Provider(None, 0.0), in_flight=1)
        case, provider = Case(folder / "r", server, size), Flapping(server, rate)
        with monkeypatch.context() as patch:
            patch.setattr(models, "LimitedModel", partial(LimitedModel, sleep=provider.back))
            ended = await case.execute(provider)
        provider.came_to = ended.finished.status
        refused, healthy = refusals(case.folder / "run"), Provider(None, 0.0)
        if ended.finished.status != "done":  # a call came when nobody listened at all of its four tries
            assert "in 4 attempts" in (ended.finished.error.message if ended.finished.error else "")
            await provider.back(0.0)
            ended = await case.execute(healthy)
        check_ledger(ended, server, provider.answered + healthy.answered, ended.finished.calls.failed)
    assert ended.finished.status == "done"
    assert ended.facts == whole.facts
    assert ended.finished.calls.failed >= refused
    return provider, ended, refused


@pytest.mark.parametrize(
    "rate", [pytest.param(0.01, marks=pytest.mark.faults), 0.1, pytest.param(0.5, marks=pytest.mark.faults)]
)
async def test_a_server_that_goes_away_and_comes_back_changes_no_score(
    rate: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider, ended, refused = await flapped(rate, tmp_path, monkeypatch)

    calls = ended.finished.calls
    print(json.dumps(["nobody listens", rate, provider.came_to, provider.left, refused, calls.made, len(ended.facts)]))  # noqa: T201
    assert provider.left >= 1
    assert calls.failed >= 1  # a connection that was open breaks off, a new one is refused


async def test_where_nobody_listens_a_run_that_somebody_watches_pauses_and_goes_on_when_the_server_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    control = Control(attended=True)
    reasons: list[str] = []
    began: list[asyncio.Task[None]] = []

    async with loopback() as server:

        async def back() -> None:
            if not server.listens:
                await server.start()
            control.resume()

        def watch(stamped: Stamped) -> None:
            match stamped.event:
                case StepStarted(step=1):
                    server.leave()
                case ControlChanged(state="paused", reason=reason):
                    reasons.append(reason)
                    began.append(asyncio.get_running_loop().create_task(back()))
                case _:
                    pass

        with no_waits(monkeypatch):
            whole = await Case(tmp_path / "whole", server).execute(Provider(None, 0.0))
            case = Case(tmp_path / "r", server)
            ended = await case.execute(Provider(None, 0.0), control=control, listener=watch)

    assert reasons
    assert all("nothing answers at" in reason for reason in reasons)
    assert ended.finished.status == "done"
    assert ended.facts == whole.facts
    assert max(Counter(ended.answered).values()) == 1
    assert refusals(case.folder / "run") >= 4
