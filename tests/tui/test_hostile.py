"""Whatever a model, a data set or a provider writes appears literally and drives nothing, wherever it appears."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest
from tests.tui.recorded import recorded
from tests.tui.screens import screen_text, settled
from tests.tui.sources import ListSource
from tests.tui.test_safe import NASTY, dangerous

from autodiff_engine.events import Event, ProgramDescribed, Stamped
from autodiff_tui.app import RunApp

OURS = {"state", "fate", "which", "status", "outcome", "phase", "kind", "split"}
"""Fields that hold words of ours."""

PAYLOADS = ["[/]", "[/foo]", "[@click=app.quit]x[/]", "[INST]\\[", "{x} $text 日本", NASTY, "\n"]


def poisoned(value: Any, poison: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return poison(value)
    if isinstance(value, tuple):
        return tuple(poisoned(one, poison) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        kept = {field.name: getattr(value, field.name) for field in fields(value) if field.name not in OURS}
        return replace(value, **{name: poisoned(one, poison) for name, one in kept.items()})
    return value


@pytest.mark.parametrize(
    ("payload", "whole"),
    [*((payload, False) for payload in PAYLOADS), *((payload, True) for payload in ("", "\n", NASTY))],
    ids=repr,
)
async def test_hostile_text_in_every_slot_is_shown_as_it_is(payload: str, whole: bool) -> None:
    def poison(text: str) -> str:
        return payload + text[-2:] if whole else payload + text

    events = [Stamped(one.seq, one.t, one.fact, poisoned(one.event, poison)) for one in recorded(1)]
    app = RunApp(ListSource(events, endless=True), export=lambda: payload, title=payload, clock=lambda: 0.0)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(app, pilot)
        seen: list[str] = []
        for keys in (
            ["1", "end"], ["up", "up", "up"], ["2", "end"], ["d"], ["3"], ["enter"], ["end"], ["n"], ["escape"], ["e"],
            ["5"], ["6"], ["7"], ["enter"], ["escape"], ["b"], ["end"], ["escape"], ["x"], ["down", "enter"], ["end"],
            ["escape"], ["slash"], ["a", "escape"], ["escape"], ["ctrl+o"], ["down"], ["escape"], ["y"],
        ):  # fmt: skip
            for key in keys:
                app.simulate_key(key)
            await pilot.pause()
            seen.append(screen_text(app))
        assert app.is_running
    for text in seen:
        assert dangerous(text) == []
    if payload.startswith("["):
        assert any(payload in text for text in seen)


async def test_a_prompt_of_a_megabyte_is_cut_and_says_so() -> None:
    def longer(event: Event) -> Event:
        if isinstance(event, ProgramDescribed):
            return replace(event, texts=tuple(replace(text, value="long " * 200_000) for text in event.texts))
        return event

    events = [replace(one, event=longer(one.event)) for one in recorded(0, finished=False)]
    app = RunApp(ListSource(events, endless=True), clock=lambda: 0.0)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app, pilot)
        await pilot.press("2", "end")
        await pilot.pause()
        text = screen_text(app)
    assert "… 934,464 more characters" in text
