"""Looking back: the view after any event is what folding from the start gives, and costs little."""

from functools import reduce as folded

import pytest
from tests.tui.recorded import recorded

from autodiff_engine.events import StepStarted
from autodiff_tui.tape import EVERY, Tape
from autodiff_tui.view import RunView, reduce

EVENTS = recorded(4)


def tape(keep: int | None = None) -> Tape:
    made = Tape(keep)
    for start in range(0, len(EVENTS), 70):
        made.extend(EVENTS[start : start + 70])
    return made


@pytest.mark.parametrize("position", [0, 1, EVERY - 1, EVERY, EVERY + 1, 3 * EVERY + 17, len(EVENTS) - 1, len(EVENTS)])
def test_the_view_at_a_place_is_that_of_its_events(position: int) -> None:
    whole = tape()
    expected = folded(reduce, EVENTS[:position], RunView())
    assert whole.view_at(position) == expected
    whole.view_at(min(position + 5, whole.end))
    assert whole.view_at(position) == expected  # also after having looked elsewhere


def test_a_place_beyond_an_end_is_that_end() -> None:
    whole = tape()
    assert whole.view_at(-3) == RunView()
    assert whole.view_at(10**9) is whole.head
    assert whole.head == folded(reduce, EVENTS, RunView())


def test_ten_thousand_events_go_back_at_the_price_of_few() -> None:
    whole = Tape(None)
    while whole.end < 10_000:
        whole.extend(EVENTS[: 10_000 - whole.end])
    for back in range(1, 200):
        before = whole.folded
        whole.view_at(whole.end - back * 50)
        assert whole.folded - before <= EVERY
    before = whole.folded
    for on in range(400):  # playing on from there folds each event once
        whole.view_at(1000 + on)
    assert whole.folded - before <= 400 + 2 * EVERY


def test_steps_are_found_in_both_directions() -> None:
    whole = tape()
    begun = [n for n, one in enumerate(EVENTS, 1) if isinstance(one.event, StepStarted)]
    assert [whole.step(number) for number in range(6)] == [0, *begun, None]
    at, seen = 0, []
    while at < whole.end:
        at = whole.step_after(at)
        seen.append(at)
    assert seen == [*begun, whole.end]
    back = []
    while at > 0:
        at = whole.step_before(at)
        back.append(at)
    assert back == [*reversed(begun), 0]


def test_of_a_run_that_goes_on_the_newest_events_are_kept() -> None:
    short = tape(keep=2 * EVERY)
    assert short.end == len(EVENTS)
    assert 2 * EVERY <= short.end - short.start < 3 * EVERY
    assert short.start % EVERY == 0
    assert short.view_at(0) == short.view_at(short.start) == folded(reduce, EVENTS[: short.start], RunView())
    assert short.step_before(short.start + 1) >= short.start
