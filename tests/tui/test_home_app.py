"""Home: what is found is shown at every size, every key is legal, and what is chosen is returned as a command."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
from textual.pilot import Pilot

from autodiff_engine.encoding import encode
from autodiff_engine.errors import ConfigError
from autodiff_engine.events import RunFinished, RunOpened
from autodiff_engine.journal import FILE
from autodiff_engine.lock import locked
from autodiff_tui import beginning, home_app, toned
from autodiff_tui.beginning import Offer
from autodiff_tui.found import Shelf
from autodiff_tui.home_actions import ACTIONS
from autodiff_tui.home_app import HomeApp, Offers
from autodiff_tui.home_shelf import Command
from autodiff_tui.keymap import remapped
from autodiff_tui.screens.asking import AskScreen
from autodiff_tui.screens.beginning import BeginScreen
from autodiff_tui.screens.home import HomeScreen
from autodiff_tui.screens.reading import ReadingScreen
from autodiff_tui.widgets.home_lists import short

from .home import add_config, add_run, resumable, with_text
from .runs import small_run, stamped
from .screens import SIZES, as_golden, at_rest

Home = Callable[..., HomeApp]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def _filled() -> None:
    add_config(Path("configs/a.toml"))
    add_config(Path("b.toml"))
    for age, name in enumerate(("r3", "r2", "r1")):
        os.utime(add_run(Path("runs"), name, seed=age) / FILE, (1_000_000 - age, 1_000_000 - age))


OFFERS = Offers(lambda path: Offer((toned.line(f"offered {path}"),)), lambda run: beginning.of_run(run, {}))


def home(known: Collection[str] = (), offers: Offers = OFFERS, **options: object) -> HomeApp:
    def check(path: Path) -> Iterator[toned.Toned]:
        yield toned.line(f"looked at {path}")

    shelf = Shelf(Path("runs"))
    return HomeApp(Path(), shelf, known=known, check=check, offers=offers, **options)  # type: ignore[arg-type]


async def shown(app: HomeApp, pilot: Pilot[Command]) -> str:
    """The screen once the look is over and all is drawn."""
    await pilot.pause()
    await app.workers.wait_for_complete()
    return await at_rest(app, pilot)  # type: ignore[arg-type]


async def pressed(app: HomeApp, pilot: Pilot[Command], *keys: str) -> str:
    await pilot.press(*keys)
    await app.workers.wait_for_complete()
    return await at_rest(app, pilot)  # type: ignore[arg-type]


async def chosen(*keys: str, **options: object) -> Command | None:
    app = home(**options)  # type: ignore[arg-type]
    async with app.run_test() as pilot:
        await shown(app, pilot)
        await pilot.press(*keys)
    return app.return_value


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.usefixtures("_utc")
async def test_home_is_as_it_was(size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty, on a config, on a run with another one marked, both compared, and before one is deleted."""
    monkeypatch.setenv("HOME", str(tmp_path))
    empty, filled, told = home(), home(), list[str]()
    async with empty.run_test(size=size) as pilot:
        told += ["==== empty", await shown(empty, pilot)]
    add_config(Path("b.toml"))
    for age, (name, text) in enumerate({IDS[1]: "Count with great care.", IDS[0]: "Count."}.items()):
        folder = add_run(Path("runs"), name, events=with_text(text), config="configs/a.toml")
        os.utime(folder / FILE, (1_000_000 - age, 1_000_000 - age))
    async with filled.run_test(size=size) as pilot:
        told += ["==== a config", await shown(filled, pilot)]
        told += ["==== runs: 2,space,down", await pressed(filled, pilot, "2", "space", "down")]
        told += ["==== compared: c", await pressed(filled, pilot, "c")]
        told += ["==== delete: escape,d", await pressed(filled, pilot, "escape", "d")]
        told += ["==== help: n,question_mark", await pressed(filled, pilot, "n", "question_mark")]
    as_golden(f"home-{size[0]}x{size[1]}", "\n".join(told))


@pytest.mark.parametrize(("width", "beside"), [(120, True), (80, False)])
async def test_texts_of_two_runs_stand_beside_each_other_where_the_width_allows_it(width: int, beside: bool) -> None:
    for name, text in {"r1": "Count.", "r2": "Count with great care."}.items():
        add_run(Path("runs"), name, events=with_text(text))
    app = home()
    async with app.run_test(size=(width, 70)) as pilot:
        await shown(app, pilot)
        text = await pressed(app, pilot, "2", "space", "down", "c")
    assert ("left: [-removed-]" in text) is beside
    assert ("[-removed-] {+added+}" in text) is not beside
    assert "n N changes" in text


async def test_the_palette_at_home_has_the_keys_of_home() -> None:
    app = home()
    async with app.run_test(size=(100, 40)) as pilot:
        await shown(app, pilot)
        text = await pressed(app, pilot, "colon")
        assert "Refresh (f5)" in text
        assert "Maximize" not in text
        await pressed(app, pilot, *"demo")
        await pressed(app, pilot, "enter")
    assert app.return_value == ("demo",)


@pytest.mark.usefixtures("_filled")
async def test_the_footer_calls_a_key_what_it_does_on_what_is_selected() -> None:
    app = home()
    async with app.run_test(size=(80, 24)) as pilot:
        assert "t Train" in await shown(app, pilot)
        assert "t Play" in await pressed(app, pilot, "end")
        assert "space Mark" in await pressed(app, pilot, "2")
        assert "space Unmark" in await pressed(app, pilot, "space")


@pytest.mark.usefixtures("_filled")
@pytest.mark.parametrize(
    ("selected", "leaves_for"), [("r2", ("replay", "runs/r2")), ("configs/a.toml", None), ("demo", None), ("", None)]
)
async def test_who_comes_back_from_a_run_is_at_that_run(selected: str, leaves_for: Command | None) -> None:
    assert await chosen("p", selected=selected, known={"replay"}) == leaves_for


FOOTERS = {
    "a config": ((), "enter Open  t Train  v Check  / Filter  ? Help  q Quit"),
    "the demo": (("end",), "t Play  / Filter  ? Help  q Quit"),
    "a run that is done": (("2",), "enter Open  p Replay  space Mark  d Delete  / Filter  ? Help  q Quit"),
    "one that is marked": (
        ("2", "space"), "enter Open  p Replay  space Unmark  d Delete  / Filter  ? Help  q Quit"
    ),
    "another than the marked one": (
        ("2", "space", "down"), "enter Open  p Replay  space Mark  c Compare  d Delete  / Filter  ? Help  q Quit"
    ),
    "an unfinished run": (
        ("2", "end"), "enter Open  p Replay  r Resume  space Mark  d Delete  / Filter  ? Help  q Quit"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FOOTERS)
@pytest.mark.usefixtures("_filled")
async def test_the_footer_has_the_keys_that_do_something_with_what_is_selected(case: str) -> None:
    os.utime(add_run(Path("runs"), "r0", events=small_run()[:5]) / FILE, (900_000, 900_000))
    keys, footer = FOOTERS[case]
    app = home()
    async with app.run_test(size=(120, 30)) as pilot:
        await shown(app, pilot)
        text = await pressed(app, pilot, *keys)

    assert text.splitlines()[-1].strip() == footer


async def test_of_a_run_that_cannot_be_read_or_goes_on_the_footer_has_no_key_that_would_be_refused() -> None:
    (add_run(Path("runs"), "r1") / FILE).write_text("no journal\n", encoding="utf-8")
    app = home()
    async with app.run_test(size=(120, 30)) as pilot:
        await shown(app, pilot)
        broken = await pressed(app, pilot, "2")
    with locked(add_run(Path("runs"), "r2", events=small_run()[:5])):
        again = home(selected="r2")
        async with again.run_test(size=(120, 30)) as pilot:
            await shown(again, pilot)
            running = await pressed(again, pilot, "2")

    assert broken.splitlines()[-1].strip() == "space Mark  d Delete  / Filter  ? Help  q Quit"
    assert running.splitlines()[-1].strip() == "enter Open  p Watch  space Mark  / Filter  ? Help  q Quit"


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.usefixtures("_filled")
async def test_configs_the_demo_and_runs_are_there_at_every_size(size: tuple[int, int]) -> None:
    app = home()
    async with app.run_test(size=size) as pilot:
        text = await shown(app, pilot)

    for words in ("2 configs · 3 runs", "b.toml", "configs/a.toml", "demo", "r1", "r2", "r3", "done", "0.75 (n=4)"):
        assert words in text
    wide = [words for words in ("prompt", "0.75 (n=4)", "$0.0123", "11-22") if words in text.split("Selected")[0]]
    assert len(wide) == 4 if size[0] >= 120 else "0.75 (n=4)" in wide


@pytest.mark.usefixtures("_filled")
async def test_every_key_of_the_footer_is_in_it_at_80_columns_where_it_works() -> None:
    os.utime(add_run(Path("runs"), "r0", events=small_run()[:5]) / FILE, (900_000, 900_000))
    seen: set[str] = set()
    app = home()
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(app, pilot)
        for keys in ((), ("2",), ("end",), ("home", "space", "down")):
            seen |= set((await pressed(app, pilot, *keys)).splitlines()[-1].split())

    assert {action.name for action in ACTIONS if action.footer} <= seen


async def test_an_empty_folder_says_what_will_come_and_how() -> None:
    app = home()
    async with app.run_test(size=(120, 40)) as pilot:
        text = await shown(app, pilot)

    for words in ("autodiff-tui init DIR", "no runs in runs/ yet", "a recorded training: no key, no network"):
        assert words in text


@pytest.mark.parametrize("filled", [False, True])
@pytest.mark.parametrize("pane", ["1", "2"])
async def test_every_key_is_legal_on_both_lists(filled: bool, pane: str, request: pytest.FixtureRequest) -> None:
    if filled:
        request.getfixturevalue("_filled")
    leaving = {"q", "ctrl+q", "ctrl+c", "t", "p", "r"}
    keys = [key for action in ACTIONS for key in action.keys if key not in leaving]
    app = home()
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(app, pilot)
        for key in (*keys, "up", "down", "home", "end", "pageup", "pagedown", "j", "k", "left"):
            if filled or pane == "2" or key != "enter":  # enter on the demo plays it
                app.simulate_key(pane)
                app.simulate_key(key)
                await pilot.pause()
                app.simulate_key("escape")
        await shown(app, pilot)
        await pressed(app, pilot, "escape")
        assert isinstance(app.screen, HomeScreen)
    assert app.return_value is None


@pytest.mark.parametrize(
    ("keys", "command"),
    [
        (("t", "enter"), ("train", "b.toml")),
        (("down", "t", "y"), ("train", "configs/a.toml")),
        (("t",), None),
        (("t", "escape"), None),
        (("end", "t"), ("demo",)),
        (("end", "enter"), ("demo",)),
        (("2", "p"), ("replay", "runs/r3")),
        (("2", "down", "p"), ("replay", "runs/r2")),
        (("q",), None),
        (("ctrl+c",), None),
    ],
)
@pytest.mark.usefixtures("_filled")
async def test_what_is_chosen_is_a_command(keys: tuple[str, ...], command: Command | None) -> None:
    assert await chosen(*keys, known=("replay", "resume")) == command


@pytest.mark.usefixtures("_filled")
async def test_a_command_that_this_version_lacks_is_said_and_nothing_is_left() -> None:
    app = home(known=("train",))
    async with app.run_test(notifications=True, size=(120, 40)) as pilot:
        await shown(app, pilot)
        text = await pressed(app, pilot, "2", "r")
        assert "comes with the command resume" in text
        assert isinstance(app.screen, HomeScreen)


async def test_r_goes_on_with_a_run_that_is_not_over_once_a_person_said_so() -> None:
    resumable(add_run(Path("runs"), "r1", events=small_run()[:5]))
    assert await chosen("2", "r", known=("resume",)) is None
    assert await chosen("2", "r", "n", known=("resume",)) is None
    assert await chosen("2", "r", "enter", known=("resume",)) == ("resume", "runs/r1")


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_before_a_run_goes_on_its_models_what_it_spent_and_its_budget_are_said(size: tuple[int, int]) -> None:
    told = [each for each in small_run() if not isinstance(each, RunFinished)]
    resumable(add_run(Path("runs"), "r1", events=told), "[budget]\nusd = 2.0\n")
    resumable(add_run(Path("runs"), "r2", events=told))
    app = home(known=("resume",))
    async with app.run_test(size=size) as pilot:
        await shown(app, pilot)
        texts = [await pressed(app, pilot, "2", "r"), await pressed(app, pilot, "escape", "down", "r")]

    assert all("model" in text and "spent" in text and "enter begin" in text for text in texts)
    assert sorted("of $2.00 spent" in text for text in texts) == [False, True]
    assert sorted("budget: there is none" in text for text in texts) == [False, True]


async def test_what_a_training_would_take_is_said_when_it_is_known_and_what_cannot_begin_is_not_begun() -> None:
    add_config(Path("a.toml"))
    add_config(Path("b.toml"))
    known = Event()

    def train(path: Path) -> Offer:
        known.wait(30)
        return Offer((toned.line(f"offered {path}"),), refused=path.name == "b.toml")

    app = home(offers=Offers(train, OFFERS.resume))
    async with app.run_test(size=(100, 30)) as pilot:
        await shown(app, pilot)
        early = await pressed(app, pilot, "t")
        known.set()
        good = await said(app, pilot, "offered a.toml")
        bad = await said(app, pilot, "offered b.toml", "escape", "down", "t")
        await pressed(app, pilot, "enter")
        assert isinstance(app.screen, BeginScreen)

    assert "looking up models" in early
    assert all("enter begin" in text for text in (early, good))
    assert "enter begin" not in bad
    assert app.return_value is None


async def comes(app: HomeApp, pilot: Pilot[Command], words: str) -> str:
    """The screen once ``words`` are on it, with no key pressed: home looks by itself."""
    for _ in range(400):
        if words in (text := await at_rest(app, pilot)):  # type: ignore[arg-type]
            return text
        await asyncio.sleep(0.02)
    raise AssertionError(f"{words!r} never came:\n{text}")


@pytest.fixture
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home_app, "_AGAIN_S", 0.1)


@pytest.mark.usefixtures("_filled", "_soon")
async def test_home_sees_by_itself_what_others_begin_and_write_and_leaves_the_cursor_where_it_is() -> None:
    app = home()
    async with app.run_test(size=(120, 40)) as pilot:
        await comes(app, pilot, "2 configs · 3 runs")
        await pilot.press("2")
        add_run(Path("runs"), "fresh")
        assert "›   r3" in await comes(app, pilot, "2 configs · 4 runs")
        await pilot.press("1", "down")
        add_config(Path("a-new.toml"), "sheep")
        add_config(Path("configs/a.toml"), 'things"]\n[')
        assert "› configs/a.toml  cannot be read" in await comes(app, pilot, "cannot be read")
        await comes(app, pilot, "3 configs · 4 runs")
        add_config(Path("configs/a.toml"), "cows")
        assert "› configs/a.toml  object_count" in await comes(app, pilot, "Counts cows.")


@pytest.mark.usefixtures("_soon")
async def test_a_run_of_another_process_that_ends_under_home_is_told_as_ended_with_its_test() -> None:
    events = small_run()
    folder = add_run(Path("runs"), "r1", events=events[:5])
    app = home()
    async with app.run_test(size=(120, 40)) as pilot:
        with locked(folder):
            await comes(app, pilot, "running")
            told = "".join(f"{encode(each)}\n" for each in stamped(events))
            (folder / FILE).write_text(told, encoding="utf-8")
        text = await comes(app, pilot, " done ")
    assert text.count("0.75 (n=4)") == 2


async def test_nothing_is_painted_again_while_nothing_changes() -> None:
    with locked(add_run(Path("runs"), "r1", events=small_run()[:5])):
        app, looks = home(), list[object]()

        def hears(message: object) -> None:
            if isinstance(message, HomeApp.Looked):
                looks.append(message)

        async with app.run_test(size=(120, 40), message_hook=hears) as pilot:
            await shown(app, pilot)
            before = len(looks)
            for _ in range(5):
                app.look_again()
                await app.workers.wait_for_complete()
                await pilot.pause()
    assert len(looks) == before > 0


IDS = ("20261122-080000-object_count-0a1b", "20261122-080030-object_count-c2d3", "20261122-080030-prompt-e4f5")


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.usefixtures("_utc")
async def test_rows_can_be_told_apart_at_every_size_and_the_id_is_whole_and_copied(size: tuple[int, int]) -> None:
    for name in IDS:
        add_run(Path("runs"), name, config=f"configs/{name[-4:]}.toml")
    app = home()
    async with app.run_test(size=size, notifications=True) as pilot:
        await shown(app, pilot)
        text = await pressed(app, pilot, "2")
        rows = [row for row in text.split("Selected")[0].splitlines() if " done " in row]
        assert len(rows) == len({row[4:].split("done")[0] for row in rows}) == 3
        for name in IDS:
            (row,) = (row for row in rows if f"{name[-5:]} " in row)
            assert "11-22 08:00" in row
            assert "0.75 (n=4)" in row
            assert (f"configs/{name[-4:]}" in row) is (size[0] > 60)
        current = app.screen.run.name  # type: ignore[attr-defined]
        assert current in text.split("2 Runs")[1]
        assert "sent to the terminal" in await pressed(app, pilot, "y")
        assert app.clipboard == current


async def test_of_a_config_y_copies_the_path_and_of_the_demo_nothing() -> None:
    add_config(Path("configs/a.toml"))
    app = home()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        assert "y copies its path" in await shown(app, pilot)
        await pressed(app, pilot, "y")
        assert app.clipboard == "configs/a.toml"
        assert "copies its" not in await pressed(app, pilot, "end")
        assert "there is nothing to copy here" in await pressed(app, pilot, "y")


@pytest.mark.parametrize(
    ("name", "cells", "shown"),
    [
        ("20261122-080000-prompt-0a1b", 27, "20261122-080000-prompt-0a1b"),
        ("20261122-080000-prompt-0a1b", 26, "prompt-0a1b"),
        ("20261122-080000-object_count-0a1b", 11, "obj…nt-0a1b"),
        ("20261122-080000-ablation-0a1b/no_demos-s1", 14, "abla…_demos-s1"),
        ("20261122-080000-größenvergleich-0a1b", 11, "…leich-0a1b"),
        ("mine", 11, "mine"),
    ],
)
def test_an_id_loses_its_time_first_and_its_end_never(name: str, cells: int, shown: str) -> None:
    assert short(name, cells) == shown


async def said(app: HomeApp, pilot: Pilot[Command], words: str, *keys: str) -> str:
    """The screen once ``words``, which a thread finds, are on it."""
    text = await pressed(app, pilot, *keys)
    while words not in text:
        await asyncio.sleep(0.02)
        text = await at_rest(app, pilot)  # type: ignore[arg-type]
    return text


@pytest.fixture
def _broken() -> None:
    Path("a.toml").write_text("[task]\npipeline = \n", encoding="utf-8")


@pytest.mark.usefixtures("_broken")
async def test_a_config_that_cannot_be_read_says_why_in_its_row_and_when_selected_and_is_not_trained() -> None:
    add_config(Path("b.toml"))
    app = home()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        text = await shown(app, pilot)
        assert text.count("cannot be read: Invalid value (at line 2, column 12)") == 2
        refused = await pressed(app, pilot, "t")
        assert "a.toml cannot be read: Invalid value" in refused
        assert isinstance(app.screen, HomeScreen)
        await pressed(app, pilot, "down", "t")
        assert isinstance(app.screen, BeginScreen)


async def test_a_run_of_another_process_is_watched() -> None:
    with locked(add_run(Path("runs"), "r1", events=small_run()[:5])):
        assert await chosen("2", "p", known=("replay", "watch")) == ("watch", "runs/r1")


async def test_a_run_of_another_process_is_read_again_as_it_goes_on_and_cannot_be_deleted_before_it_ends() -> None:
    events = small_run()
    folder = add_run(Path("runs"), "r1", events=events[:5])
    app = home(known=("resume", "watch"))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        with locked(folder):
            assert "running" in await shown(app, pilot)
            await pressed(app, pilot, "2", "r", "d")
            assert isinstance(app.screen, HomeScreen)
            watched, later = (each.message for each in app._notifications)
            assert "p watches it here" in watched
            assert "can be deleted when it has ended" in later
        told = "".join(f"{encode(each)}\n" for each in stamped(events))
        (folder / FILE).write_text(told, encoding="utf-8")
        app.look_again()
        text = await shown(app, pilot)
    assert "running" not in text
    assert "0.75 (n=4)" in text


async def test_where_there_is_no_run_its_keys_say_so() -> None:
    app = home(known=("replay", "resume"))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await shown(app, pilot)
        assert "there is no run here to do that with" in await pressed(app, pilot, "2", "p")


@pytest.mark.parametrize(
    ("size", "words"), [((120, 40), "line 1: not an event of ours"), ((60, 16), "line 1: not an event of…")]
)
async def test_of_a_run_that_cannot_be_read_the_list_says_why_in_whole_words(size: tuple[int, int], words: str) -> None:
    (add_run(Path("runs"), "r1") / FILE).write_text("no journal\n", encoding="utf-8")
    app = home()
    async with app.run_test(size=size) as pilot:
        listed = (await shown(app, pilot)).split("2 Runs")[1].split("Selected")[0]
    assert "unreadable" in listed
    assert words in listed


async def test_a_run_whose_answers_are_recorded_goes_on_at_once() -> None:
    events = [replace(each, recorded=True) if isinstance(each, RunOpened) else each for each in small_run()[:5]]
    add_run(Path("runs"), "r1", events=events)
    assert await chosen("2", "r", known=("resume",)) == ("resume", "runs/r1")


@pytest.mark.usefixtures("_filled")
async def test_a_run_that_is_done_or_goes_on_elsewhere_is_not_resumed() -> None:
    folder = add_run(Path("runs"), "r9", events=small_run()[:5])
    app = home(known=("resume",))
    with locked(folder):
        async with app.run_test(notifications=True, size=(120, 40)) as pilot:
            await shown(app, pilot)
            text = await pressed(app, pilot, "2", "r")
            assert "r9 goes on in another process: autodiff-tui watch r9" in text
            assert "running" in text
            assert "r3 is done: there is nothing to resume" in await pressed(app, pilot, "down", "r")
            assert isinstance(app.screen, HomeScreen)


@pytest.mark.usefixtures("_filled")
async def test_enter_reads_a_config_and_a_run() -> None:
    app = home()
    async with app.run_test(size=(120, 40)) as pilot:
        await shown(app, pilot)
        assert 'pipeline = "object_count"' in await pressed(app, pilot, "enter")
        await pressed(app, pilot, "escape")
        assert "Count with care." in await pressed(app, pilot, "2", "enter")


@pytest.mark.usefixtures("_filled")
async def test_v_looks_at_the_selected_config() -> None:
    app = home()
    async with app.run_test(size=(120, 40)) as pilot:
        await shown(app, pilot)
        assert "looked at configs/a.toml" in await pressed(app, pilot, "down", "v")


@pytest.mark.usefixtures("_filled")
async def test_two_marked_runs_are_compared_and_a_third_mark_takes_the_place_of_the_first() -> None:
    app = home()
    async with app.run_test(size=(120, 40)) as pilot:
        await shown(app, pilot)
        text = await pressed(app, pilot, "2", "space", "down", "space", "down", "space")
        assert [name for name in ("r1", "r2", "r3") if f"● {name}" in text] == ["r1", "r2"]
        assert "2 marked" in text
        text = await pressed(app, pilot, "c")
        assert "r2 and r1" in text
        assert "trainer.seed  1  2" in text


@pytest.mark.usefixtures("_filled")
async def test_one_marked_run_is_compared_with_the_selected_one() -> None:
    app = home()
    async with app.run_test(size=(120, 40)) as pilot:
        await shown(app, pilot)
        assert "r3 and r1" in await pressed(app, pilot, "2", "space", "end", "c")


@pytest.mark.usefixtures("_filled")
async def test_a_run_is_deleted_after_yes_alone() -> None:
    app = home()
    async with app.run_test(size=(120, 40)) as pilot:
        await shown(app, pilot)
        await pressed(app, pilot, "2", "d")
        assert isinstance(app.screen, AskScreen)
        await pressed(app, pilot, "n")
        assert sorted(os.listdir("runs")) == ["r1", "r2", "r3"]
        await pressed(app, pilot, "d", "y")
        text = await shown(app, pilot)
        assert "2 configs · 2 runs" in text
    assert sorted(os.listdir("runs")) == ["r1", "r2"]


@pytest.mark.usefixtures("_filled")
async def test_the_filter_holds_for_both_lists_until_escape() -> None:
    add_run(Path("runs"), "other", events=small_run()[:4])
    app = home()
    async with app.run_test(size=(120, 40)) as pilot:
        await shown(app, pilot)
        text = await pressed(app, pilot, "slash", *"unfin", "enter")
        assert "filter: unfin · 0 configs · 1 run" in text
        assert "other" in text
        assert "r3" not in text
        assert "2 configs · 4 runs" in await pressed(app, pilot, "escape")


@pytest.mark.parametrize("keys", [("enter", "escape"), ("escape",)])
@pytest.mark.usefixtures("_filled")
async def test_what_was_found_by_the_filter_stays_selected_when_all_is_shown_again(keys: tuple[str, ...]) -> None:
    app = home()
    async with app.run_test(size=(120, 40)) as pilot:
        await shown(app, pilot)
        text = await pressed(app, pilot, "2", "slash", *"r1", *keys)
        assert "2 configs · 3 runs" in text
        assert "›   r1" in text
        assert "Delete the run r1?" in await pressed(app, pilot, "d")


@pytest.mark.parametrize("pane", ["1", "2"])
@pytest.mark.usefixtures("_filled")
async def test_while_words_are_typed_what_is_selected_is_told_and_can_be_changed(pane: str) -> None:
    app = home()
    async with app.run_test(size=(120, 40)) as pilot:
        await shown(app, pilot)
        before = (await pressed(app, pilot, pane, "down")).split("Selected")[1].splitlines()[1:10]
        text = await pressed(app, pilot, "slash")
        assert text.split("Selected")[1].splitlines()[1:10] == before
        assert "".join(before).strip("│ ")
        assert text.splitlines()[-1].strip() == "enter Keep the words  esc Show all  ↑ ↓ Select"
        home_screen = app.screen
        assert isinstance(home_screen, HomeScreen)
        was = home_screen.run or home_screen.config
        other = (await pressed(app, pilot, "up")).split("Selected")[1].splitlines()[1:10]
        assert (home_screen.run if pane == "2" else home_screen.config) != was or other != before
        only = await pressed(app, pilot, *"r2")
        assert "run        r2: done" in only.split("Selected")[1]
        await pressed(app, pilot, "enter")
        assert home_screen.on_runs
        assert home_screen.run is not None
        assert home_screen.run.name == "r2"


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.usefixtures("_filled")
async def test_in_ascii_nothing_else_of_home_reaches_the_terminal(size: tuple[int, int]) -> None:
    app = home(ascii_only=True, known=("train", "resume"))
    async with app.run_test(size=size) as pilot:
        texts = [await shown(app, pilot), await pressed(app, pilot, "2", "space"), await pressed(app, pilot, "d")]
        texts += [await pressed(app, pilot, "n", "question_mark"), await pressed(app, pilot, "escape", "1", "t")]

    assert all(text.isascii() for text in texts)
    assert all(words in texts[0] for words in ("b.toml", "+- 2 Runs", "demo"))


async def test_a_theme_is_worn_by_its_short_name_and_one_that_there_is_not_is_refused() -> None:
    app = home()
    app.wear("light")
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(app, pilot)
        assert app.theme == "textual-light"
    with pytest.raises(ConfigError, match="--theme nosuch: there is no such theme"):
        home().wear("nosuch")


@pytest.mark.usefixtures("_filled")
async def test_a_refresh_finds_what_is_new() -> None:
    app = home()
    async with app.run_test(size=(120, 40)) as pilot:
        await shown(app, pilot)
        add_run(Path("runs"), "fresh")
        assert "fresh" in await pressed(app, pilot, "f5")


@pytest.mark.usefixtures("_filled")
async def test_after_a_command_the_cursor_is_where_it_was_and_a_failure_is_said() -> None:
    app = home(notice="train configs/a.toml ended with code 2", severe=True, selected="configs/a.toml")
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        text = await shown(app, pilot)

    assert "› configs/a.toml" in text
    assert "ended with code 2" in text


async def test_two_hundred_runs_are_listed_before_they_are_read_and_painted_in_portions() -> None:
    for number in range(200):
        add_run(Path("runs"), f"r{number:03}")
    app = home()
    looks: list[int] = []

    def hears(message: object) -> None:
        if isinstance(message, HomeApp.Looked):
            looks.append(sum(run.view is None for run in message.runs))

    async with app.run_test(size=(120, 40), message_hook=hears) as pilot:
        assert "200 runs" in await shown(app, pilot)
        assert looks[0] == 200
        assert looks[-1] == 0
        assert len(set(looks)) == 14
        app.screen.query_one("#runs").line_paints = 0  # type: ignore[attr-defined]
        await pressed(app, pilot, "2", "end")
        assert app.screen.query_one("#runs").line_paints < 200  # type: ignore[attr-defined]


async def test_hostile_names_and_texts_reach_the_screen_as_marks_only() -> None:
    hostile = "\x1b]0;x\x07\u202e[/red][@click=app.quit]"
    add_config(Path("configs/a.toml"), hostile)
    add_run(Path("runs"), f"r{hostile.replace('/', '')}", events=small_run(answer=hostile))
    app = home()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        texts = [
            await shown(app, pilot),
            await pressed(app, pilot, "2", "enter"),
            await pressed(app, pilot, "escape", "d"),
        ]

    assert all("\x1b" not in text and "\u202e" not in text for text in texts)
    assert "[@click=app.quit]" in texts[0]


async def test_help_names_every_action() -> None:
    app = home()
    async with app.run_test(size=(120, 60)) as pilot:
        await shown(app, pilot)
        text = await pressed(app, pilot, "question_mark")
        assert isinstance(app.screen, ReadingScreen)

    assert [action.name for action in ACTIONS if action.name not in text] == []


@pytest.mark.usefixtures("_filled")
async def test_keys_of_ones_own_work_and_are_what_home_says() -> None:
    actions = remapped({"mark": "m", "compare": "*", "check": "C", "help": "h"}, "[keys.home]", ACTIONS)
    of_runs = remapped({"copy_text": "Y"}, "[keys]")
    app = home(actions=actions, run_actions=of_runs)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        first = await shown(app, pilot)
        assert "C says what is missing" in first
        assert "C Check" in first.splitlines()[-1]
        assert "mark two runs with m, then compare them with *" in await pressed(app, pilot, "2", "c", "asterisk")
        assert "2 marked · * compares" in await pressed(app, pilot, "m", "down", "m")
        helped = await pressed(app, pilot, "h")
        assert "m  Mark" in helped
        assert "sent to the terminal" not in await pressed(app, pilot, "y")
        assert "sent to the terminal" in await pressed(app, pilot, "Y")
        assert "Mark" in app.clipboard
        await pressed(app, pilot, "escape", "f1")
        assert isinstance(app.screen, ReadingScreen)


@pytest.mark.usefixtures("_filled")
async def test_what_is_read_at_home_is_copied_and_shown_in_the_theme_that_is_wanted() -> None:
    app = home()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await shown(app, pilot)
        assert "sent to the terminal" in await pressed(app, pilot, "enter", "y")
        assert 'pipeline = "object_count"' in app.clipboard
        assert "cannot be left to an editor" in await pressed(app, pilot, "o")
        await pressed(app, pilot, "t")
        assert app.theme == "textual-light"
