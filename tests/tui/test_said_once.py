"""What is said and marked on the run's screens: changes, toasts, troubles and choices, each once and in sight."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from tests.tui.recorded import recorded
from tests.tui.screens import at_rest, settled
from tests.tui.sources import ListSource
from tests.tui.test_steered import JUDGED, live, opened
from textual.widgets import OptionList

from autodiff_engine.events import (
    ControlChanged,
    ErrorInfo,
    PhaseStarted,
    ProposalJudged,
    RunFinished,
    Stamped,
    StopChosen,
)
from autodiff_tui.app import RunApp
from autodiff_tui.captions import troubled
from autodiff_tui.comparing import TextPair
from autodiff_tui.screens.comparison import _text
from autodiff_tui.screens.proposal import ProposalScreen
from autodiff_tui.screens.run import RunScreen
from autodiff_tui.screens.steering import LineScreen, PickScreen
from autodiff_tui.view import RunView, reduce
from autodiff_tui.widgets.diff_text import LEGEND, changes, diff_lines
from autodiff_tui.widgets.node_pane import NodePane

EVENTS = recorded(3)
ACCEPTED = next(n for n, one in enumerate(EVENTS) if isinstance(one.event, ProposalJudged) and one.event.accepted)


@pytest.mark.parametrize("beside", [False, True])
def test_a_change_in_the_first_line_of_a_text_is_a_change_in_one_column_as_in_two(*, beside: bool) -> None:
    assert changes(diff_lines("Say how.", "Say now.", 100, beside=beside)[0]) == (1,)
    several = diff_lines("a\nb\nc", "x\nb\ny", 100, beside=beside)[0]
    assert changes(several) == (1, 3)
    assert changes((LEGEND, *several)) == (2, 4)
    assert changes(diff_lines("same", "same", 100, beside=beside)[0]) == ()


@pytest.mark.parametrize("cells", [60, 120])
def test_two_runs_compared_have_their_changes_where_the_texts_begin(cells: int) -> None:
    lines = tuple(_text(TextPair("task", "Say how.", "Say now.", ()), cells))
    assert changes(lines) == (3,)


async def test_n_goes_to_a_change_that_begins_in_the_first_line() -> None:
    app, _ = live(EVENTS[: ACCEPTED + 1])
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(app, pilot)
        changed = app.view.standings[-1]
        text = next(name for name, each in app.view.texts.items() if each.versions)
        app.push_screen(ProposalScreen(changed.key, app.view))
        await opened(app, pilot, ProposalScreen)
        await at_rest(app, pilot)
        shown = app.screen
        assert isinstance(shown, ProposalScreen)
        (first, *others) = changes(shown._lines)
        assert others
        await pilot.press("n")
        await at_rest(app, pilot)
        assert shown._box.scroll_offset.y == first
        assert [each.message for each in app._notifications] == []
        await pilot.press("escape")
        await opened(app, pilot, RunScreen)

        run = app.screen
        assert isinstance(run, RunScreen)
        run.go_to(f"node {text}")
        await pilot.press("d")
        await at_rest(app, pilot)
        pane = run.query_one(NodePane)
        assert changes(pane._lines)
        assert pane.has_change(1)


async def test_where_all_is_in_sight_n_says_that() -> None:
    app, _ = live(EVENTS[: ACCEPTED + 1])
    async with app.run_test(size=(160, 120), notifications=True) as pilot:
        await settled(app, pilot)
        app.push_screen(ProposalScreen(app.view.standings[-1].key, app.view))
        await opened(app, pilot, ProposalScreen)
        await at_rest(app, pilot)
        assert isinstance(app.screen, ProposalScreen)
        app.screen._box.scroll_end(animate=False)
        await at_rest(app, pilot)
        await pilot.press("n")
        await at_rest(app, pilot)
        assert [each.message for each in app._notifications] == ["every further change is in sight"]


@pytest.mark.parametrize(("events", "told"), [(JUDGED, "stay as they are"), (EVENTS[: ACCEPTED + 1], "go back to")])
async def test_a_veto_says_what_becomes_of_the_best_prompts(events: list[Stamped], told: str) -> None:
    app, _ = live(events)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app, pilot)
        await pilot.press("r")
        await opened(app, pilot, LineScreen)
        await at_rest(app, pilot)
        assert isinstance(app.screen, LineScreen)
        assert ("stay as they are" in app.screen._about) is (told == "stay as they are")
        assert ("go back to those before it" in app.screen._about) is (told == "go back to")


SAID = "no answer from openai/qwen in 5 attempts: nothing answers at http://127.0.0.1:9/v1 [0/start.validation/v1/a/1]"
TROUBLE = ErrorInfo("ModelUnavailable", SAID, "start the server, or mend api_base")


@pytest.mark.parametrize("size", [(160, 45), (120, 40), (100, 30), (80, 24), (60, 16), (59, 16), (80, 14)], ids=str)
async def test_a_run_that_waits_for_its_provider_says_at_every_size_what_fails_and_which_key_goes_on(
    size: tuple[int, int],
) -> None:
    paused = ControlChanged("paused", SAID, 0, TROUBLE)
    told = [*EVENTS[:6], *(Stamped(900 + n, 1.0, None, each) for n, each in enumerate((
        PhaseStarted(0, "start.validation", 60), paused,
    )))]  # fmt: skip
    source = ListSource(told, endless=True)
    app = RunApp(source, clock=lambda: 0.0)
    async with app.run_test(size=size) as pilot:
        text = await settled(app, pilot)
        assert "‖ paused" in text
        assert "p goes on" in text
        assert "nothing answers at http" in text
        if size[0] >= 60 and size[1] >= 16:
            assert "start the server" in text
            assert "nothing answers at http://127.0.0.1:9/v1" in text
            source.events.append(Stamped(990, 2.0, None, ControlChanged("running", "", 0)))
            text = await settled(app, pilot)
            assert "p goes on" not in text


def test_what_a_run_pauses_for_has_words_for_every_width() -> None:
    told = troubled(TROUBLE, "p")
    assert [len(each) for each in told] == sorted((len(each) for each in told), reverse=True)
    assert all("p goes on" in each for each in told)
    assert len(told[-1]) <= 40
    assert troubled(replace(TROUBLE, hint=""), "p")[0].startswith("nothing answers")


async def test_equal_messages_are_one_on_the_screen() -> None:
    app, _ = live()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(app, pilot)
        for _ in range(6):
            app.toast("the run has ended")
        app.toast("something else")
        app.toast("the run has ended")
        text = await at_rest(app, pilot)
        assert text.count("the run has ended") == 1
        assert [each.message for each in app._notifications] == ["something else", "the run has ended"]
        app.toast("the run has ended", severe=True)
        await at_rest(app, pilot)
        assert len(app._notifications) == 3


async def test_before_its_first_event_a_held_recording_loads_nothing() -> None:
    app = RunApp(ListSource(EVENTS), clock=lambda: 0.0, mode="replay")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app, pilot)
        await pilot.press("g", "0", "enter")
        text = await at_rest(app, pilot)
        assert app.transport.position == 0
        assert "before the first event" in text
        assert "loading" not in text


@pytest.mark.parametrize("mode", ["replay", "live"])
async def test_of_a_step_that_there_is_not_only_a_run_that_goes_on_says_so_far(mode: str) -> None:
    app = RunApp(ListSource(JUDGED, endless=mode == "live"), clock=lambda: 0.0, mode=mode)  # type: ignore[arg-type]
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(app, pilot)
        await pilot.press("g")
        await opened(app, pilot, LineScreen)
        await pilot.press(*"999", "enter")
        await at_rest(app, pilot)
        (said,) = [each.message for each in app._notifications]
        assert said == ("there is no step 999" if mode == "replay" else "there is no step 999 so far")


async def test_the_chosen_row_of_a_list_of_texts_has_a_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "NO_COLOR", "1")
    app, _ = live()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app, pilot)
        names = list(app.view.texts)
        await pilot.press("w")
        await opened(app, pilot, PickScreen)
        for place, keys in ((0, ()), (1, ("down",)), (2, ("down",)), (1, ("up",))):
            await pilot.press(*keys)
            text = await at_rest(app, pilot)
            assert app.screen.query_one(OptionList).highlighted == place
            assert [name for name in names if f"› {name}" in text] == [names[place]]


def test_a_stop_is_in_the_log_once() -> None:
    view = RunView()
    stopping = ControlChanged("stopping", "no recorded answer for this", 2)
    chosen = StopChosen(9, "no recorded answer for this")
    end = EVENTS[-1].event
    assert isinstance(end, RunFinished)
    for number, event in enumerate((stopping, chosen, replace(end, status="stopped"))):
        view = reduce(view, Stamped(number, 1.0, None, event))
    assert [each.text for each in view.log] == [
        "stopped, the best kept: no recorded answer for this", "the run ended: stopped",
    ]  # fmt: skip
