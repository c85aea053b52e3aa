"""What a person reads before they decide, and where messages stand, while a recording can be steered and elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.tui.recorded import recorded
from tests.tui.screens import at_rest, settled
from tests.tui.sources import ListSource
from textual.pilot import Pilot
from textual.widgets import Input, TextArea
from textual.widgets._toast import Toast

from autodiff_engine.events import Decision, ProposalJudged, ProposalMade, ProposalSkipped, RunOpened, Stamped
from autodiff_tui.app import RunApp
from autodiff_tui.screens.asking import AskScreen
from autodiff_tui.screens.run import RunScreen
from autodiff_tui.screens.steered import RECORDED
from autodiff_tui.screens.steering import LineScreen, PickScreen
from autodiff_tui.screens.writing import WritingScreen
from autodiff_tui.view import judged_now

EVENTS = recorded(3)
LAST = next(
    n
    for n, one in enumerate(EVENTS)
    if isinstance(one.event, ProposalMade)
    and not any(isinstance(later.event, ProposalJudged) for later in EVENTS[n : n + 4])
)
JUDGED = EVENTS[: LAST + 4]
"""A run of which a proposal is being judged."""
WORDS = RECORDED.split()
SMALL = pytest.mark.parametrize("size", [(80, 24), (60, 16)], ids=str)


class DecidedSource(ListSource):
    def __init__(self, events: Sequence[Stamped]) -> None:
        super().__init__(events, endless=True)
        self.decisions: list[Decision] = []

    def decide(self, decision: Decision) -> None:
        self.decisions.append(decision)


def app_of(events: Sequence[Stamped] = JUDGED, *, from_record: bool = True) -> tuple[RunApp, DecidedSource]:
    told = [
        replace(one, event=replace(one.event, recorded=from_record)) if isinstance(one.event, RunOpened) else one
        for one in events
    ]
    source = DecidedSource(told)
    return RunApp(source, clock=lambda: 0.0), source


async def opened(app: RunApp, pilot: Pilot[None], kind: type) -> str:
    for _ in range(20):
        await pilot.pause()
        if isinstance(app.screen, kind):
            break
    assert isinstance(app.screen, kind)
    return await at_rest(app, pilot)


def says_so(text: str) -> bool:
    """Whether the words of the note stand in the box, line by line."""
    lines = [line.split("│")[1 if line.count("│") < 3 else -2].split() for line in text.splitlines() if "│" in line]
    return " ".join(WORDS) in " ".join(word for line in lines for word in line)


@pytest.mark.parametrize("from_record", [True, False], ids=["recording", "live"])
@pytest.mark.parametrize(
    ("keys", "kind"),
    [
        (("r",), LineScreen), (("E",), PickScreen), (("E", "enter"), WritingScreen), (("w",), PickScreen),
        (("w", "enter"), WritingScreen), (("f",), PickScreen),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)  # fmt: skip
@SMALL
async def test_a_dialog_says_that_a_decision_may_end_a_recording_and_only_there(
    size: tuple[int, int], keys: tuple[str, ...], kind: type, from_record: bool
) -> None:
    app, source = app_of(from_record=from_record)
    async with app.run_test(size=size) as pilot:
        await settled(app, pilot)
        for key in keys:
            await pilot.press(key)
            text = await at_rest(app, pilot)
        assert isinstance(app.screen, kind)
        assert says_so(text) is from_record
        assert "esc closes" in text
    assert source.decisions == []


async def test_what_a_key_decides_at_once_is_asked_first_in_a_recording() -> None:
    app, source = app_of()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app, pilot)
        judged = judged_now(app.view)
        assert judged is not None
        await pilot.press("c")
        text = await opened(app, pilot, AskScreen)
        assert f"Skip proposal {judged.key}?" in text
        assert says_so(text)
        await pilot.press("n", "v")
        assert f"Validate proposal {judged.key}?" in await opened(app, pilot, AskScreen)
        await pilot.press("escape")
        await opened(app, pilot, RunScreen)
        assert source.decisions == []
        await pilot.press("c", "y")
        await opened(app, pilot, RunScreen)
        assert source.decisions == [ProposalSkipped(0, judged.step, judged.k)]
        verdict = next(n for n, one in enumerate(EVENTS) if n > LAST and isinstance(one.event, ProposalJudged))
        await pilot.press("v")
        await opened(app, pilot, AskScreen)
        source.events = [*source.events, *EVENTS[len(JUDGED) : verdict + 1]]
        app.drain_now()
        await opened(app, pilot, RunScreen)
    assert len(source.decisions) == 1


@pytest.mark.parametrize("key", ["E", "w"])
async def test_a_text_is_changed_from_its_end_on(key: str) -> None:
    app, _ = app_of(from_record=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app, pilot)
        await pilot.press(key, "enter")
        await opened(app, pilot, WritingScreen)
        area = app.screen.query_one(TextArea)
        before = area.text
        await pilot.press("exclamation_mark")
        assert area.text == f"{before}!"
        area.text = "one\ntwo\nthree"
        area.move_cursor((1, 1))
        area.insert("\x1b")
        await pilot.pause()
        assert area.text == "one\nt␛wo\nthree"
        assert area.cursor_location == (1, 2)


@pytest.mark.parametrize(
    ("size", "kept"), [((60, 16), 1), ((80, 24), 1), ((100, 30), 1), ((120, 40), 3)], ids=str
)  # fmt: skip
async def test_on_a_small_screen_a_message_takes_the_place_of_the_one_before(size: tuple[int, int], kept: int) -> None:
    app, _ = app_of()
    async with app.run_test(size=size, notifications=True) as pilot:
        await settled(app, pilot)
        for number in (1, 2, 3):
            app.toast(f"message {number}: {'a long word ' * 40}", severe=number == 1)
        text = await at_rest(app, pilot)
        toasts = list(app.screen.query(Toast))
        rows = text.splitlines()
    assert len(toasts) == kept
    assert "message 3" in text
    assert all(toast.region.bottom <= size[1] - 3 for toast in toasts)
    if kept == 1:
        assert toasts[0].region.height <= 4
        assert not any(part in row for row in rows for part in ("a l…", "wo…", "lon…"))


@SMALL
async def test_no_message_covers_the_line_that_is_typed_into(size: tuple[int, int]) -> None:
    app, _ = app_of()
    async with app.run_test(size=size, notifications=True) as pilot:
        await settled(app, pilot)
        app.toast("an old message " * 10)
        await pilot.press("slash")
        await at_rest(app, pilot)
        for keys, kind in ((("escape", "r"), LineScreen), (("escape", "w", "enter"), WritingScreen)):
            (toast,) = app.screen.query(Toast)
            typed_into = app.focused
            assert isinstance(typed_into, Input | TextArea)
            assert not toast.region.overlaps(typed_into.region)
            await pilot.press(*keys)
            await opened(app, pilot, kind)
            assert not app.screen.query(Toast)
            app.toast("something happened meanwhile " * 10)
            await at_rest(app, pilot)
        (toast,) = app.screen.query(Toast)
        area = app.screen.query_one(TextArea)
        assert toast.region.height == 1
        assert not toast.region.overlaps(area.region)
