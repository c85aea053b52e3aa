import asyncio

import pytest

from autodiff_engine.control import Control
from autodiff_engine.errors import ModelUnavailable, RunStopped


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


class Watched(Control):
    """A control whose changes are kept."""

    def __init__(self, *, attended: bool = True) -> None:
        self.changes: list[tuple[str, str]] = []
        super().__init__(attended=attended, on_change=lambda state, reason: self.changes.append((state, reason)))


async def test_a_pause_lets_calls_in_flight_finish_and_holds_new_ones() -> None:
    control = Watched()
    await control.enter()
    control.pause("look")
    waiting = asyncio.create_task(control.enter())
    await settle()
    assert (control.state, control.in_flight, waiting.done()) == ("pausing", 1, False)
    control.leave()
    await settle()
    assert (control.state, control.in_flight, waiting.done()) == ("paused", 0, False)
    control.resume()
    await waiting
    assert control.in_flight == 1
    assert control.changes == [("pausing", "look"), ("paused", "look"), ("running", "")]


async def test_its_clock_stands_from_when_the_last_call_has_finished_until_the_run_goes_on() -> None:
    now = [100.0]
    control = Control(attended=True, clock=lambda: now[0])
    await control.enter()
    now[0] = 101.0
    control.pause()
    now[0] = 104.0
    assert control.worked() == 104.0  # a call is still open
    control.leave()
    now[0] = 200.0
    control.pause("again")
    now[0] = 300.0
    assert control.worked() == 104.0
    control.resume()
    now[0] = 301.0
    assert control.worked() == 105.0
    control.pause()
    now[0] = 400.0
    control.stop()
    assert control.worked() == 105.0


async def test_a_pause_with_nothing_in_flight_is_paused_at_once() -> None:
    control = Watched()
    control.pause()
    assert control.changes == [("paused", "")]


async def test_resuming_while_calls_are_still_in_flight_goes_on() -> None:
    control = Watched()
    await control.enter()
    control.pause()
    control.resume()
    control.leave()
    await control.enter()
    assert control.state == "running"


async def test_one_step_runs_until_the_step_is_finished_and_pauses_there() -> None:
    control = Watched()
    control.pause()
    control.step()
    await control.enter()
    control.leave()
    control.finished("step", "step")
    assert (control.state, control.reason) == ("paused", "step finished")
    control.resume()
    control.finished("step", "step")
    assert control.state == "running"


async def test_a_stop_is_raised_only_when_what_is_in_flight_has_finished() -> None:
    control = Watched()
    await control.enter()
    await control.enter()
    control.stop()
    turned_away = asyncio.create_task(control.enter())
    await settle()
    control.leave()
    await settle()
    assert not turned_away.done()
    control.leave()
    with pytest.raises(RunStopped):
        await turned_away
    assert control.in_flight == 0


async def test_a_stop_ends_a_pause_and_nothing_takes_it_back_but_the_final_report() -> None:
    control = Watched()
    control.pause()
    waiting = asyncio.create_task(control.enter())
    await settle()
    control.stop()
    with pytest.raises(RunStopped):
        await waiting
    control.pause()
    control.resume()
    control.step()
    assert control.state == "stopping"
    control.reporting()
    await control.enter()
    assert control.state == "running"


async def test_a_cancelled_waiter_takes_no_place_and_wakes_nobody_else_wrongly() -> None:
    control = Watched()
    control.pause()
    first, second = (asyncio.create_task(control.enter()) for _ in range(2))
    await settle()
    first.cancel()
    await settle()
    assert first.cancelled()
    control.resume()
    await second
    assert control.in_flight == 1


async def test_trouble_ends_a_run_without_a_person_and_pauses_one_with() -> None:
    error = ModelUnavailable("nobody answers")
    with pytest.raises(ModelUnavailable) as raised:
        await Watched(attended=False).trouble(error)
    assert raised.value is error

    control = Watched()
    waiting = asyncio.create_task(control.trouble(error))
    await settle()
    assert (control.state, control.reason, waiting.done()) == ("paused", "nobody answers", False)
    control.resume()
    await waiting


async def test_a_stop_ends_a_run_in_trouble() -> None:
    control = Watched()
    waiting = asyncio.create_task(control.trouble(ModelUnavailable("nobody answers")))
    await settle()
    control.stop()
    with pytest.raises(RunStopped):
        await waiting


async def test_without_a_person_at_the_keys_a_stop_still_wins_over_trouble() -> None:
    control = Watched(attended=False)
    await control.enter()
    control.stop()
    waiting = asyncio.create_task(control.trouble(ModelUnavailable("nobody answers")))
    await settle()
    assert not waiting.done()  # what is in flight finishes first
    control.leave()
    with pytest.raises(RunStopped):
        await waiting
