"""Commands from the reader's thread reach a real run, and what is decided comes back as its event."""

import time
from collections.abc import Callable
from pathlib import Path

from tests.steered import SteeredRun
from tests.synthetic import random_delays

from autodiff_engine.events import ControlChanged, Event, ProposalMade, RunFinished, TextFrozen
from autodiff_tui.session import LiveSession


def heard_until(session: LiveSession, events: list[Event], when: Callable[[Event], bool]) -> None:
    while not any(map(when, events)):
        assert not session.ended, events[-1:]
        events.extend(each.event for each in session.drain())
        time.sleep(0.001)


def test_a_decision_reaches_the_engine_and_comes_back(tmp_path: Path) -> None:
    run = SteeredRun(tmp_path, delay_s=random_delays(1))
    session = LiveSession(run._run.execute, attended=True)
    session.start()
    session.step("phase")
    events: list[Event] = []
    heard_until(session, events, lambda event: isinstance(event, ControlChanged) and event.state == "paused")
    session.decide(TextFrozen(0, "task", True))
    heard_until(session, events, lambda event: isinstance(event, TextFrozen))
    session.resume()
    heard_until(session, events, lambda event: isinstance(event, RunFinished))
    session.join()

    frozen = next(event for event in events if isinstance(event, TextFrozen))
    assert frozen.after > 0
    later = events[events.index(frozen) :]
    assert not [change for e in later if isinstance(e, ProposalMade) for change in e.changes if change.name == "task"]
    session.decide(TextFrozen(0, "task", False))  # the run has ended: nothing happens
    assert session.error is None
