"""What every key does on every screen, as one table: goldens/keys.txt; read it when this fails."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.tui.recorded import recorded
from tests.tui.screens import at_rest, settled
from tests.tui.sources import ListSource
from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

from autodiff_engine.events import ProposalJudged, ProposalMade, Stamped
from autodiff_tui import home_actions
from autodiff_tui.actions import ACTIONS, Action, Mode
from autodiff_tui.app import RunApp
from autodiff_tui.beginning import Offer
from autodiff_tui.found import Shelf
from autodiff_tui.home_app import HomeApp, Offers
from autodiff_tui.screens.home import HomeScreen
from autodiff_tui.screens.page import PageScreen
from autodiff_tui.screens.run import RunScreen
from autodiff_tui.widgets.panes import Panes

GOLDEN = Path(__file__).with_name("goldens") / "keys.txt"
EVENTS = recorded(3)
MADE = next(
    n for n, one in reversed(list(enumerate(EVENTS)))
    if isinstance(one.event, ProposalMade)
    and not any(isinstance(later.event, ProposalJudged) for later in EVENTS[n : n + 4])
)  # fmt: skip
JUDGED = EVENTS[: MADE + 4]
"""A run of which a proposal is being judged."""
LEAVING = ("leave", "interrupt")
"""They end the app: their ways have tests of their own."""
OVER: dict[str, tuple[str, ...]] = {
    "run": (),
    "proposal": ("3", "enter"),
    "examples": ("x",),
    "history": ("x", "down", "enter"),
    "blame": ("b",),
    "log entry": ("7", "enter"),
    "help": ("question_mark",),
}
"""Screens of a run, and the keys that open them."""


def app_of(events: Sequence[Stamped], mode: Mode = "live") -> tuple[RunApp, ListSource]:
    source = ListSource(events, endless=mode != "replay")
    return RunApp(source, clock=lambda: 0.0, mode=mode), source


def section(name: str) -> list[str]:
    """The lines of one part of the table as it was written down last."""
    parts = GOLDEN.read_text(encoding="utf-8").split("\n\n") if GOLDEN.exists() else []
    return next((part.strip().split("\n")[1:] for part in parts if part.startswith(f"== {name}\n")), [])


def compare(name: str, lines: list[str]) -> None:
    """AUTODIFF_GOLDENS=write writes a part anew."""
    if os.environ.get("AUTODIFF_GOLDENS") == "write":
        old = GOLDEN.read_text(encoding="utf-8") if GOLDEN.exists() else ""
        parts = {part.partition("\n")[0]: part.strip() for part in old.split("\n\n") if part.strip()}
        parts[f"== {name}"] = "\n".join((f"== {name}", *lines))
        GOLDEN.write_text("\n\n".join(parts[key] for key in sorted(parts)) + "\n", encoding="utf-8")
    assert lines == section(name)


def row(action: Action, does: str) -> str:
    return f"{' '.join(action.keys):<32} {action.name:<14} {does}".rstrip()


def toasts(app: RunApp | HomeApp) -> list[str]:
    return [each.message for each in app._notifications]


def panes_of(app: RunApp) -> Panes:
    return app._run_screen.query_one(Panes)


async def effect(app: RunApp, source: ListSource, pilot: Pilot[None], key: str) -> str:
    """Press ``key``; return what came of it, the weightiest first."""
    told, said, position = len(source.told), toasts(app), app.transport.position
    theme, speed, screen, focused = app.theme, app.transport.speed, app.screen, app.focused
    playing, alone = app.transport.playing, panes_of(app).has_class("-one")
    row_of_node = panes_of(app).node.scroll_offset.y
    await pilot.press(key)
    await app.workers.wait_for_complete()
    if source.told[told:]:
        return f"tells the run: {source.told[-1].partition('(')[0]}"
    if app.screen is not screen:
        return f"opens {type(app.screen).__name__}"
    if isinstance(app.focused, Input) and app.focused is not focused:
        return "opens the line to type into"
    if app.theme != theme:
        return f"shows it in {app.theme}"
    if app.transport.speed != speed:
        return f"plays at {app.transport.speed:g}"
    if app.transport.playing != playing and app.transport.position == position:
        return "plays" if app.transport.playing else "holds"
    if app.transport.position != position:
        return "looks back" if app.transport.position < position else "looks on"
    if new := toasts(app)[len(said) :]:
        return f"says: {new[-1].partition(':')[0]}"
    if app.focused is not focused and app.focused is not None:
        return f"goes to {app.focused.id}"
    if panes_of(app).node.scroll_offset.y != row_of_node:
        return "scrolls the node"
    return "one pane alone" if panes_of(app).has_class("-one") and not alone else "nothing"


async def back(app: RunApp, pilot: Pilot[None], *keys: str) -> None:
    """Return to the run screen as it was, then press ``keys``."""
    for _ in range(4):
        if isinstance(app.screen, RunScreen) and not isinstance(app.focused, Input):
            break
        await pilot.press("escape")
    app.clear_notifications()
    await pilot.press(*keys)


@pytest.mark.timeout(240)  # some 150 keys
@pytest.mark.parametrize("mode", ["live", "replay"])
async def test_every_key_does_on_the_run_screen_what_the_table_says(
    mode: Mode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a key writes a picture
    app, source = app_of(JUDGED, mode)
    lines: list[str] = []
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await settled(app, pilot)
        for action in ACTIONS:
            if action.id in LEAVING:
                continue
            start = (
                ("G", "less_than_sign", "1")
                if mode == "replay" or action.id.startswith(("forward", "latest"))
                else ("G", "1")
            )
            done: list[str] = []
            for key in action.keys:
                await back(app, pilot, *(("2", "2") if action.id == "pane('graph')" else start))
                if panes_of(app).has_class("-one"):
                    await pilot.press("z")
                done.append(await effect(app, source, pilot, key))
            lines.append(row(action, " | ".join(dict.fromkeys(done))))
    assert not [line for line in lines if line.endswith("nothing") and mode == "live"]
    compare(f"run screen, {mode}", lines)


async def test_every_screen_over_a_run_hears_the_keys_that_the_table_says() -> None:
    app, _ = app_of(JUDGED)
    heard: dict[str, set[str]] = {}
    kinds: set[type[Screen[object]]] = set()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app, pilot)
        for name, keys in OVER.items():
            await back(app, pilot, *keys)
            await at_rest(app, pilot)
            heard[name] = {key for key, bound in app.screen.active_bindings.items() if bound.enabled}
            kinds.add(type(app.screen))
    assert len(kinds) == len(OVER)
    wide = max(map(len, OVER)) + 2
    lines = [f"{'':<32} {'':<14} {''.join(name.ljust(wide) for name in OVER)}".rstrip()]
    for action in ACTIONS:
        marks = "".join(("yes" if heard[name] & set(action.keys) else "–").ljust(wide) for name in OVER)
        lines.append(row(action, marks))
        assert "yes" in marks
    compare("screens of a run, and whether a key is heard there", lines)


NONE = Offers(lambda _: Offer(()), lambda _: Offer(()))


async def test_every_key_does_at_home_what_the_table_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines: list[str] = []
    for action in home_actions.ACTIONS:
        if action.id in LEAVING:
            continue
        done: list[str] = []
        for key in action.keys:
            app = HomeApp(Path(), Shelf(Path("runs")), known=("replay", "resume"), check=lambda _: (), offers=NONE)
            async with app.run_test(size=(100, 30), notifications=True) as pilot:
                await pilot.pause()
                await app.workers.wait_for_complete()
                if action.id == "pane('configs')":
                    await pilot.press("2")
                focused = app.focused
                await pilot.press(key)
                await pilot.pause()
                await app.workers.wait_for_complete()
                screen = app.screen
                if app.return_value is not None:
                    done.append(f"leaves for {' '.join(app.return_value)}")
                elif isinstance(screen, PageScreen | CommandPalette):
                    done.append(f"opens {type(screen).__name__}")
                elif toasts(app):
                    done.append(f"says: {toasts(app)[-1]}")
                elif app.focused is not focused and app.focused is not None:
                    done.append(f"goes to {app.focused.id}")
                else:
                    assert isinstance(screen, HomeScreen)
                    done.append("nothing")
        lines.append(row(action, " | ".join(dict.fromkeys(done))))
    compare("home, on the demo, with neither configs nor runs", lines)
