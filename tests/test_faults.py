"""However a provider fails, no score changes: a run comes to the same end, or ends with its reason and goes on."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from autodiff_engine.control import Control
from autodiff_engine.events import ControlChanged, Stamped, StepStarted
from autodiff_tui.exits import Exit, of_run

from .faulty import FAULTS, LONG, SHORT, Case, Ended, Fault, Provider, Size, check_ledger, met_by_some, no_waits
from .loopback import Loopback, loopback

pytestmark = pytest.mark.timeout(300)  # the first one imports litellm, which takes long on a busy machine

RATES = (0.01, 0.1, 0.5, 1.0)
BY_NAME = {fault.name: fault for fault in FAULTS}
SOME = (
    ("429 with Retry-After", 0.5),
    ("half an answer", 0.1),
    ("500", 1.0),
    ("reset", 0.5),
    ("refused", 0.5),
    ("nothing said", 0.1),
    ("expired key", 0.1),
)
"""What stands for the whole in every run of the tests."""


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-loopback-0123456789abcdef")


async def healed(case: Case, ended: Ended, fault: Fault, whole: Ended) -> tuple[Ended, int]:
    """Check how a run that the fault ended did so, and go on with a healthy provider; return that end."""
    error = ended.finished.error
    assert ended.finished.status == "failed"
    assert error is not None
    assert of_run(ended.finished) is Exit.PROVIDER
    assert fault.says in f"{error.message} {error.hint}"
    assert ended.facts == whole.facts[: len(ended.facts)]
    provider = Provider(None, 0.0)
    return await case.execute(provider), provider.answered


async def outlived(fault: Fault, rate: float, folder: Path, server: Loopback, size: Size) -> Ended:
    """Run against a fault that is not the candidate's doing: the facts are those of a run without it."""
    whole = await Case(folder / "whole", server, size).execute(Provider(None, 0.0), in_flight=1)
    assert whole.finished.status == "done"
    provider = met_by_some(fault, rate, server)
    case = Case(folder / "faulty", server, size)

    ended = await case.execute(provider, timeout_s=fault.timeout_s)
    first, provided = ended, provider.answered
    if ended.finished.status != "done":
        ended, more = await healed(case, ended, fault, whole)
        provided += more

    assert ended.finished.status == "done"
    assert ended.facts == whole.facts
    assert ended.finished.val == whole.finished.val
    assert set(ended.answered) >= set(first.answered)
    check_ledger(ended, server, provided)
    return first


async def meant(fault: Fault, rate: float, folder: Path, server: Loopback, size: Size) -> Ended:
    """Run against answers of the provider's own making: they count, alike in whichever order they arrive."""
    await Case(folder / "whole", server, size).execute(Provider(None, 0.0), in_flight=1)
    provider = met_by_some(fault, rate, server)
    one_by_one = await Case(folder / "one", server, size).execute(Provider(fault, rate, provider.draw), in_flight=1)
    ended = await Case(folder / "many", server, size).execute(provider, in_flight=8)

    assert one_by_one.finished.status == ended.finished.status == "done"
    assert ended.facts == one_by_one.facts
    check_ledger(ended, server, provider.answered)
    return ended


async def survived(
    fault: Fault, rate: float, folder: Path, monkeypatch: pytest.MonkeyPatch, size: Size = SHORT
) -> Ended:
    """Run against a fault that one request or more meet; return how the execution that met it ended."""
    with no_waits(monkeypatch):
        async with loopback() as server:
            check = meant if fault.kind == "meant" else outlived
            ended = await check(fault, rate, folder, server, size)
    assert ended.met >= 1
    assert ended.finished.status == ("failed" if ended.ends else "done")
    return ended


@pytest.mark.parametrize(("name", "rate"), SOME)
async def test_a_run_survives_a_provider_that_fails(
    name: str, rate: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await survived(BY_NAME[name], rate, tmp_path, monkeypatch)


@pytest.mark.faults
@pytest.mark.timeout(600)
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("name", BY_NAME)
async def test_a_run_survives_every_fault_at_every_rate(
    name: str, rate: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 1 % the run is a long one: of fifty calls hardly one would meet the fault."""
    fault = BY_NAME[name]

    first = await survived(fault, rate, tmp_path, monkeypatch, LONG if rate < 0.1 else SHORT)

    if rate == 1.0 and fault.kind != "meant":
        assert first.finished.status == "failed"
        assert first.answered == []
    calls = first.finished.calls
    print(json.dumps([name, rate, first.finished.status, first.met, calls.made, calls.failed, len(first.facts)]))  # noqa: T201


async def test_a_slow_provider_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with no_waits(monkeypatch) as waits:
        async with loopback() as server:
            whole = await Case(tmp_path / "whole", server).execute(Provider(None, 0.0))
            slow = await Case(tmp_path / "slow", server).execute(Provider(BY_NAME["slow"], 0.5))

    assert slow.facts == whole.facts
    assert waits == []


async def test_a_wait_that_the_provider_asks_for_is_kept_in_a_whole_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with no_waits(monkeypatch) as waits:
        async with loopback() as server:
            ended = await Case(tmp_path / "r", server).execute(Provider(BY_NAME["429 with Retry-After"], 0.1))

    assert ended.finished.status == "done"
    assert len(waits) == ended.finished.calls.failed > 0
    assert all(7.0 <= wait <= 8.0 for wait in waits)


async def test_a_provider_that_dies_pauses_a_run_that_somebody_watches_and_it_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead, control = Provider(BY_NAME["503"], 0.0), Control(attended=True)
    reasons: list[str] = []

    def watch(stamped: Stamped) -> None:
        match stamped.event:
            case StepStarted(step=1):
                dead.rate = 1.0
            case ControlChanged(state="paused", reason=reason):
                reasons.append(reason)
                dead.rate = 0.0  # the person waits until the provider is back
                asyncio.get_running_loop().call_soon(control.resume)
            case _:
                pass

    with no_waits(monkeypatch):
        async with loopback() as server:
            whole = await Case(tmp_path / "whole", server).execute(Provider(None, 0.0))
            ended = await Case(tmp_path / "r", server).execute(dead, control=control, listener=watch)

    assert reasons
    assert all("openai/worker" in reason and "503" in reason for reason in reasons)
    assert ended.finished.status == "done"
    assert ended.facts == whole.facts
    assert ended.finished.calls.failed >= 4
