"""Draw the pictures of docs/tour.md again, from the packed demo: no key, no network, the same bytes every time.

    uv run python scripts/make_tour.py [--check]

--check writes nothing, names the pictures that are not what the app shows now, and ends with code 1 if there is one.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import chdir, suppress
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

from textual.app import App

from autodiff_engine import build, journal
from autodiff_engine.control import Control
from autodiff_engine.events import (
    CallFinished,
    Event,
    ExampleScored,
    Interrupted,
    RunFinished,
    RunOpened,
    Stamped,
    StepStarted,
)
from autodiff_tui.actions import Mode
from autodiff_tui.app import RunApp
from autodiff_tui.beginning import Offer
from autodiff_tui.found import Shelf
from autodiff_tui.home_app import HomeApp, Offers
from autodiff_tui.screens.picture import picture
from autodiff_tui.sources import RecordedSource
from autodiff_tui.toned import Toned

ROOT = Path(__file__).resolve().parent.parent
TO = ROOT / "docs" / "tour"
WHOLE, CUT = "20261122-093000-tickets-c2d3", "20261122-091500-tickets-0a1b"
"""The run of the demo to its end, and once more, left in its third step."""
CALL_S = 0.53
"""What a call takes in the demo when it is watched."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture of a run: how much of it there is, where it is looked at, what is pressed."""

    name: str
    keys: tuple[str, ...]
    size: tuple[int, int] = (100, 30)
    mode: Mode = "replay"
    events: int | None = None


def shots(events: Sequence[Stamped]) -> tuple[Shot, ...]:
    """Return the pictures of a run."""
    middle = _last_validation(events)
    return (
        Shot("run", ("2",), (120, 40), "live", middle),
        Shot("proposal", ("G", "3", "down", "enter"), (120, 40)),
        Shot("side-by-side", ("G", "3", "down", "enter"), (150, 34)),
        Shot("examples", ("G", "x")),
        Shot("blame", ("G", "b")),
        Shot("replay", ("greater_than_sign", "greater_than_sign", *["full_stop"] * 12)),
    )


def main() -> None:
    """Draw, or check."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--check", action="store_true", help="write nothing, name what is stale")
    check = options.parse_args().check
    drawn = draw()
    stale = [name for name, svg in drawn.items() if _of(TO / name) != svg]
    stale += [path.name for path in sorted(TO.glob("*.svg")) if path.name not in drawn]
    if check:
        for name in stale:
            print(f"docs/tour/{name} is not what the app shows now: run scripts/make_tour.py", file=sys.stderr)
        raise SystemExit(1 if stale else 0)
    shutil.rmtree(TO, ignore_errors=True)
    TO.mkdir(parents=True)
    for name, svg in drawn.items():
        (TO / name).write_text(svg, encoding="utf-8")
        print(f"docs/tour/{name}  {len(svg.encode()) // 1024} KB{'  changed' if name in stale else ''}")


def draw() -> dict[str, str]:
    """Return every picture by its file name."""
    os.environ.update({"TZ": "UTC", "TEXTUAL_ANIMATIONS": "none", "COLORTERM": "truecolor", "TERM": "xterm-256color"})
    os.environ.pop("NO_COLOR", None)
    time.tzset()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOME"] = folder
        here = Path(folder) / "support-desk"
        here.mkdir()
        for name, source in (("tickets.toml", "config.toml"), ("tickets.csv", "tickets.csv")):
            (here / name).write_bytes((resources.files("autodiff_engine") / "demo_pack" / source).read_bytes())
        with chdir(here):
            return asyncio.run(_drawn())


async def _drawn() -> dict[str, str]:
    await _record(CUT, leave_in=3)
    events = await _record(WHOLE)
    drawn = {f"{shot.name}.svg": await _of_run(shot, events) for shot in shots(events)}
    return drawn | await _at_home()


async def _record(name: str, leave_in: int | None = None) -> list[Stamped]:
    """Execute the demo into runs/``name``, and return its events as of a clock that every call moves by the same."""
    folder = Path("runs") / name
    run = build.demo(build.RunOptions(run_dir=folder, cache_dir=Path("answers")), speed=None)

    def listen(stamped: Stamped) -> None:
        if isinstance(stamped.event, StepStarted) and stamped.event.step == leave_in:
            asyncio.get_running_loop().call_soon(task.cancel)

    task = asyncio.ensure_future(run.execute(Control(), listen))
    with suppress(asyncio.CancelledError):
        await task
    told = list(_timed(journal.read(folder).events, name))
    (folder / journal.FILE).write_text("".join(f"{journal.encode(one)}\n" for one in told), encoding="utf-8")
    at = 1_000_000 if leave_in else 2_000_000  # home lists the newest first
    os.utime(folder / journal.FILE, (at, at))
    return told


def _timed(events: Iterable[Stamped], name: str) -> Iterable[Stamped]:
    seconds = 0.0
    for stamped in events:
        seconds += CALL_S if isinstance(stamped.event, CallFinished) else 0.0
        yield replace(stamped, t=round(seconds, 2), event=_named(stamped.event, name, seconds))


def _named(event: Event, name: str, seconds: float) -> Event:
    """Return ``event`` without what is another at each execution."""
    folder, begun = f"runs/{name}", f"2026-11-22T{name[9:11]}:{name[11:13]}:00Z"
    match event:
        case RunOpened():
            return replace(event, run_id=name, run_dir=folder, config="tickets.toml", started=begun)
        case RunFinished():
            return replace(event, run_id=name, run_dir=folder, best=f"{folder}/best.toml", seconds=round(seconds, 2))
        case CallFinished():
            return replace(event, seconds=CALL_S)
        case Interrupted():
            return replace(event, reason="ctrl+c")
        case _:
            return event


def _last_validation(events: Sequence[Stamped]) -> int:
    """Return the place where half of the validation set has judged the last proposal."""
    scored = [
        n for n, one in enumerate(events)
        if isinstance(one.event, ExampleScored) and one.event.phase.endswith(".validation")
    ]  # fmt: skip
    return scored[-8] + 1


async def _of_run(shot: Shot, events: Sequence[Stamped]) -> str:
    told = events[: shot.events]
    app = RunApp(RecordedSource(told), title=f"autodiff-tui · {shot.name}", mode=shot.mode, clock=lambda: 0.0)
    async with app.run_test(size=shot.size) as pilot:
        await pilot.pause()
        while app.tape.end < len(told):
            app.drain_now()
        await pilot.press(*shot.keys)
        return await _at_rest(app, pilot.pause)


async def _at_home() -> dict[str, str]:
    app = HomeApp(
        Path(), Shelf(Path("runs")), known=("replay", "resume"), check=_unchecked, offers=Offers(_unoffered, _unoffered)
    )
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        await app.workers.wait_for_complete()
        await pilot.press("2")
        home = await _at_rest(app, pilot.pause)
        await pilot.press("space", "down", "space", "c")
        await app.workers.wait_for_complete()
        await pilot.pause()
        await pilot.resize_terminal(120, 40)
        return {"home.svg": home, "compare.svg": await _at_rest(app, pilot.pause)}


def _unchecked(path: Path) -> Iterable[Toned]:
    """Say nothing about a config: no picture shows its check."""
    return ()


def _unoffered(what: object) -> Offer:
    """Offer nothing: no picture shows a question before a training."""
    return Offer(())


async def _at_rest(app: App[Any], pause: Callable[[], Awaitable[object]]) -> str:
    """Return the picture once two of them are the same: a layout may follow another."""
    before, svg = "", picture(app, app.title)
    while before != svg:
        await pause()
        before, svg = svg, picture(app, app.title)
    return svg


def _of(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


if __name__ == "__main__":
    main()
