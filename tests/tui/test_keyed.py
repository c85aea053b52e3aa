"""Esc and a key that a terminal sends in one piece are two keys, as its parser tells them to the app."""

from __future__ import annotations

import pytest
from tests.tui.recorded import recorded
from tests.tui.screens import at_rest, settled
from tests.tui.sources import ListSource
from textual._xterm_parser import XTermParser
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from autodiff_tui.app import RunApp
from autodiff_tui.screens.run import RunScreen
from autodiff_tui.screens.steering import LineScreen, PickScreen
from autodiff_tui.screens.writing import WritingScreen


async def sent(app: RunApp, pilot: Pilot[None], piece: str) -> list[str]:
    """Have the terminal's driver hand on what its parser makes of ``piece``; the keys of it."""
    parser, driver = XTermParser(), app._driver
    assert driver is not None
    told = [*parser.feed(piece), *parser.feed("")]  # the end: nothing comes behind it in time
    for each in told:
        driver.process_message(each)
    await at_rest(app, pilot)
    return [each.key for each in told if isinstance(each, Key)]


def unfinished() -> tuple[RunApp, ListSource]:
    source = ListSource(recorded(2, finished=False), endless=True, obeys=False)
    return RunApp(source, clock=lambda: 0.0), source


@pytest.mark.parametrize(
    ("opens", "screen", "piece", "parsed"),
    [
        ("w", PickScreen, "\x1bp", ["alt+p"]),
        ("f", PickScreen, "\x1bp", ["alt+p"]),
        ("g", LineScreen, "\x1bp", ["alt+p"]),
        ("w", PickScreen, "\x1b\x1bp", ["escape", "alt+p"]),
    ],
)
async def test_esc_and_a_key_in_one_read_close_the_dialog_and_act(
    opens: str, screen: type, piece: str, parsed: list[str]
) -> None:
    app, source = unfinished()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app, pilot)
        await pilot.press(opens)
        assert isinstance(app.screen, screen)
        assert await sent(app, pilot, piece) == parsed
        assert isinstance(app.screen, RunScreen)
    assert source.told == ["start", "pause"]


async def test_what_comes_behind_the_two_acts_after_them_and_a_capital_letter_stays_one() -> None:
    app, source = unfinished()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app, pilot)
        await pilot.press("w")
        assert await sent(app, pilot, "\x1bSp") == ["alt+shift+s", "p"]
        assert isinstance(app.screen, RunScreen)
    assert source.told == ["start", "phase", "pause"]


async def test_alt_and_a_key_within_a_text_of_several_lines_does_not_close_it() -> None:
    app, source = unfinished()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app, pilot)
        await pilot.press("w", "enter")
        await pilot.pause()
        assert await sent(app, pilot, "\x1bd") == ["alt+d"]
        assert isinstance(app.screen, WritingScreen)
        assert isinstance(app.focused, TextArea)
    assert source.told == ["start"]


async def test_alt_that_a_terminal_says_was_held_is_no_esc() -> None:
    app, source = unfinished()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app, pilot)
        await pilot.press("g")
        assert await sent(app, pilot, "\x1b[112;3u") == ["alt+p"]
        assert isinstance(app.screen, LineScreen)
        assert isinstance(app.focused, Input)
    assert source.told == ["start"]
