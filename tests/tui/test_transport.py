"""Playing a run again: by its own time, by events, by steps."""

import pytest
from tests.tui.recorded import recorded

from autodiff_engine.events import Stamped, StepStarted, Warned
from autodiff_tui.tape import Tape
from autodiff_tui.transport import FASTEST, LONGEST_S, SLOWEST, WHOLE_S, Transport, fitting_speed

EVENTS = recorded(3)  # an event every 0.05 s


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def player(events: list[Stamped] = EVENTS, **options: object) -> tuple[Transport, Tape, Clock]:
    tape, clock = Tape(None), Clock()
    tape.extend(events)
    transport = Transport(tape, clock, **{"follows": False, **options})  # type: ignore[arg-type]
    transport.begin()
    return transport, tape, clock


@pytest.mark.parametrize("speed", [0.5, 1.0, 8.0])
def test_it_goes_as_fast_as_the_run_did_times_the_speed(speed: float) -> None:
    transport, _, clock = player(speed=speed)
    for _ in range(10):
        clock.now += 0.1
        transport.tick()
    assert transport.position == pytest.approx(1.0 * speed / 0.05, abs=2)


def test_a_long_pause_of_the_run_is_cut_short() -> None:
    events = [Stamped(1, 0.0, None, Warned("a")), Stamped(2, 3600.0, None, Warned("b"))]
    transport, _, clock = player(events)
    transport.tick()
    assert transport.position == 1
    clock.now += LONGEST_S
    transport.tick()
    assert transport.at_end


def test_p_holds_and_plays_and_at_the_end_begins_again() -> None:
    transport, tape, clock = player()
    transport.toggle()
    clock.now += 50
    transport.tick()
    assert (transport.position, transport.playing) == (0, False)
    transport.toggle()
    clock.now += 1
    transport.tick()
    assert transport.position > 0
    transport.to_end()
    assert transport.view is tape.head
    transport.toggle()
    assert (transport.position, transport.playing) == (0, True)


def test_moving_by_hand_holds_it() -> None:
    transport, tape, clock = player()
    begun = [n for n, one in enumerate(EVENTS, 1) if isinstance(one.event, StepStarted)]
    transport.by_step(1)
    assert (transport.position, transport.playing) == (begun[0], False)
    assert transport.view.progress.step == 1
    transport.by_event(2)
    transport.by_step(-1)
    assert transport.position == begun[0]
    transport.by_step(-1)
    assert transport.position == 0
    transport.by_event(-1)
    assert transport.position == 0
    clock.now += 60
    transport.tick()
    assert transport.position == 0
    assert transport.to_step(3)
    assert transport.view.progress.step == 3
    assert not transport.to_step(77)
    transport.by_event(10**6)
    assert transport.position == tape.end


def test_a_run_that_goes_on_is_followed_until_one_looks_back_and_again_at_its_end() -> None:
    tape, clock = Tape(), Clock()
    transport = Transport(tape, clock, follows=True)
    tape.extend(EVENTS[:100])
    transport.tick()
    assert transport.view is tape.head
    transport.by_event(-10)
    tape.extend(EVENTS[100:200])
    clock.now += 60
    transport.tick()
    assert transport.position == 90
    transport.to_end()
    tape.extend(EVENTS[200:300])
    transport.tick()
    assert (transport.position, transport.follows) == (300, True)


def test_its_speed_has_bounds() -> None:
    transport, _, _ = player()
    for _ in range(40):
        transport.faster(2.0)
    assert transport.speed == FASTEST
    for _ in range(40):
        transport.faster(0.5)
    assert transport.speed == SLOWEST


@pytest.mark.parametrize(("seconds", "speed"), [(10, 1), (WHOLE_S, 1), (WHOLE_S + 1, 2), (16 * WHOLE_S, 16)])
def test_a_whole_run_takes_two_minutes_at_most_by_itself(seconds: float, speed: float) -> None:
    count = int(seconds)
    events = [Stamped(n, n * seconds / count, None, Warned("w")) for n in range(1, count + 1)]
    assert fitting_speed(events) == speed
