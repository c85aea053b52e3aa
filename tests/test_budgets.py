"""A budget holds: whole runs, 32 calls in flight, are never billed more than it allows, however often resumed."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from autodiff_engine.control import Control
from autodiff_engine.events import (
    BudgetEnded,
    CandidateScored,
    ControlChanged,
    ProposalJudged,
    Stamped,
    StepStarted,
)
from autodiff_engine.journal import read
from autodiff_engine.llm import Call, Reply

from .forecasts import MEASURES, SETTINGS, compared
from .loopback import beside
from .minutes import Watch
from .minutes import placed as minutes_placed
from .spending import CAPS, IN_FLIGHT, WAYS, Attempt, Cap, Case, Provider, Way, patched

pytestmark = pytest.mark.timeout(300)
NEVER = 10**9


def whole(folder: Path, way: Way, monkeypatch: pytest.MonkeyPatch) -> tuple[Provider, Case]:
    """The run without a budget, and what it was billed."""
    provider, case = Provider(way), Case(folder)
    patched(provider, monkeypatch.setattr)
    assert case.execute().status == "done"
    return provider, case


def capped(cap: Cap, most: float) -> dict[str, float]:
    return {cap: most if cap == "usd" else int(most)}


def best_so_far(case: Case) -> tuple[str | None, float | None]:
    """What the facts of a run say of its best prompts."""
    best: tuple[str | None, float | None] = None, None
    for each in read(case.run).standing:
        match each.event:
            case CandidateScored(which="start", split="val", candidate=candidate, mean=mean):
                best = candidate, mean
            case ProposalJudged(fate="accepted", candidate=candidate, validation=judged) if judged is not None:
                best = candidate, judged.after
            case _:
                pass
    return best


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("cap", CAPS)
def test_no_more_is_billed_than_the_budget_allows_over_the_whole_life_of_a_run(
    cap: Cap, way: Way, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free, reference = whole(tmp_path / "free", way, monkeypatch)
    provider, case = Provider(way), Case(tmp_path / "capped")
    patched(provider, monkeypatch.setattr)
    for share in (0.5, 0.5, 0.8):  # begun, resumed with nothing more, resumed with more
        most = share * free.of(cap)
        ended = case.execute(**capped(cap, most))
        assert provider.of(cap) <= most * (1 + 1e-9)
        assert (ended.status, ended.error and ended.error.kind) == ("budget", "BudgetExhausted")
        assert case.kept == best_so_far(case)
        assert any(isinstance(each.event, BudgetEnded) for each in read(case.run).events)
    assert provider.most_in_flight == IN_FLIGHT
    assert case.execute(**{cap: NEVER}).status == "done"
    assert case.facts == reference.facts
    assert case.kept == reference.kept
    assert max(provider.answered.values()) == 1 or provider.cancelled


@dataclass
class Dawdling(Provider):
    """Holds some requests back, and lets the oldest of them go whenever all others have been answered for a while.

    What a decision needs is answered in the end; what it does not need is then on its way, and cancelled.
    """

    held: list[object] = field(default_factory=list[object])

    async def worked(self, call: Call, attempt: Attempt) -> None:
        await super().worked(call, attempt)
        if random.Random(f"dawdling/{call.request.key}").random() >= 1 / 10:
            return
        mine = object()
        self.held.append(mine)
        try:
            quiet = 0
            while quiet < 10:
                await asyncio.sleep(0.01)
                quiet = quiet + 1 if self.held[0] is mine and self.in_flight == len(self.held) else 0
        finally:
            self.held.remove(mine)


def test_calls_that_are_cancelled_on_their_way_count_though_nobody_hears_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An early stop cancels what is in flight; the provider bills it all the same."""
    free, at_first = Dawdling("most"), Case(tmp_path / "free")
    patched(free, monkeypatch.setattr)
    assert at_first.execute().status == "done"
    assert free.cancelled > 0
    provider, case = Dawdling("most"), Case(tmp_path / "capped")
    patched(provider, monkeypatch.setattr)
    ended = case.execute(calls=free.calls - 1, tokens=free.tokens)
    assert (provider.calls, ended.calls.made) == (free.calls - 1, free.calls - 1)


class Hanging(Provider):
    """Takes every call and answers none."""

    async def complete(self, call: Call) -> Reply:
        self.calls += 1
        return await asyncio.Event().wait()  # type: ignore[return-value]


def test_when_the_minutes_are_over_a_provider_that_hangs_is_waited_for_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider, case = Hanging("random"), Case(tmp_path / "run")
    patched(provider, monkeypatch.setattr)
    assert case.execute(minutes=0.02).status == "budget"
    asked = provider.calls
    assert 1 <= asked <= IN_FLIGHT

    assert case.execute(minutes=0.02).status == "budget"  # they were over before it began
    assert provider.calls == asked

    healed = Provider("random")
    patched(healed, monkeypatch.setattr)
    assert case.execute(minutes=NEVER).status == "done"


@pytest.mark.parametrize(("paused", "status"), [(True, "done"), (False, "budget")])
async def test_an_hour_of_a_pause_is_not_of_the_minutes(
    paused: bool, status: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patched(Provider("random"), monkeypatch.setattr)
    hours = [0.0]
    control = Control(attended=True, clock=lambda: hours[0] * 3600)
    waiting: list[asyncio.Handle] = []

    def go_on() -> None:
        hours[0] += 1
        control.resume()

    def listen(stamped: Stamped) -> None:
        match stamped.event:
            case StepStarted(step=1) if paused:
                control.pause("lunch")
            case StepStarted(step=1):
                hours[0] += 1
            case ControlChanged(state="paused"):
                waiting.append(asyncio.get_running_loop().call_soon(go_on))
            case _:
                pass

    finished = await Case(tmp_path / "run").executed(control, listen, minutes=1)

    assert finished.status == status
    assert finished.seconds == (0.0 if paused else 3600.0)
    assert len(waiting) == paused


@pytest.mark.faults  # a second of waiting for a slow provider; what is above needs none
def test_no_call_reaches_a_slow_provider_when_the_minutes_are_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-loopback")
    watch = Watch(0)
    watch.put(monkeypatch.setattr)
    with beside(watch.serve) as server:
        first = minutes_placed(tmp_path / "first", server.url)
        assert first.execute(calls=1).status == "budget"  # imports what the first call imports
        watch.received.clear()
        case = minutes_placed(tmp_path / "run", server.url)
        assert case.execute(minutes=1.5 / 60).status == "budget"
        asked = len(watch.received)
        assert asked > 1
        assert case.execute(minutes=1.5 / 60).status == "budget"
        assert len(watch.received) == asked
        assert case.execute(minutes=NEVER).status == "done"
        assert case.facts


def test_a_budget_that_is_just_enough_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free, reference = whole(tmp_path / "free", "most", monkeypatch)
    provider, case = Provider("most"), Case(tmp_path / "capped")
    patched(provider, monkeypatch.setattr)
    assert case.execute(calls=free.calls, tokens=free.tokens).status == "done"
    assert case.facts == reference.facts


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_what_a_run_uses_lies_in_the_range_that_was_said_before_it(
    settings: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = Provider("most")
    patched(provider, monkeypatch.setattr)
    told = compared(tmp_path / "run", provider, settings)
    assert [each.measure for each in told] == [*MEASURES]
    assert [each for each in told if not each.inside] == []
    assert told[0].used == provider.calls
