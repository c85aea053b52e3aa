"""What a person would see, as text: the one place that knows how Textual keeps it."""

from __future__ import annotations

import os
from pathlib import Path

from tests.tui.sources import ListSource
from textual.app import App
from textual.pilot import Pilot

from autodiff_tui.app import RunApp

GOLDENS = Path(__file__).with_name("goldens")
SIZES = [(120, 40), (100, 30), (80, 24), (60, 16)]


def screen_text(app: App[None]) -> str:
    """The screen's characters, without the blanks at the ends of lines."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


async def settled(app: RunApp, pilot: Pilot[None]) -> str:
    """Drain all that the source has, let the app draw, and return the screen."""
    source = app._source
    assert isinstance(source, ListSource)
    await pilot.pause()  # the first paint: nothing is drained before it
    while source.given < len(source.events):
        app.drain_now()
    return await at_rest(app, pilot)


async def at_rest(app: App[None], pilot: Pilot[None]) -> str:
    """Return the screen once two looks at it are the same: a layout may follow another."""
    before, text = "", screen_text(app)
    for _ in range(20):
        await pilot.pause()
        before, text = text, screen_text(app)
        if before == text:
            break
    return text


def as_golden(name: str, text: str) -> None:
    """Look at the files when this fails; AUTODIFF_GOLDENS=write makes them again."""
    golden = GOLDENS / f"{name}.txt"
    if os.environ.get("AUTODIFF_GOLDENS") == "write":
        GOLDENS.mkdir(exist_ok=True)
        golden.write_text(text + "\n", encoding="utf-8")
    assert text + "\n" == golden.read_text(encoding="utf-8")
