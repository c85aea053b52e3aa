"""The run screen's panes and the screens over it, key by key, over recorded events."""

import os
import re
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len
from tests.tui.recorded import recorded
from tests.tui.screens import SIZES, as_golden, at_rest, screen_text, settled
from tests.tui.sources import ListSource, flood
from textual.command import CommandList
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

from autodiff_engine.events import ProposalMade, Stamped
from autodiff_tui.app import RunApp
from autodiff_tui.feed import MAX_EVENTS
from autodiff_tui.glossary import FATES, LINTS, WORDS
from autodiff_tui.keymap import remapped
from autodiff_tui.screens.blame import BlameScreen
from autodiff_tui.screens.examples import ExamplesScreen, HistoryScreen
from autodiff_tui.screens.proposal import ProposalScreen
from autodiff_tui.screens.reading import ReadingScreen, TextScreen
from autodiff_tui.screens.run import RunScreen
from autodiff_tui.view import by_example, examples_of
from autodiff_tui.widgets.heat_map import HeatMap
from autodiff_tui.widgets.node_pane import NodePane
from autodiff_tui.widgets.paint import plain
from autodiff_tui.widgets.panes import Panes
from autodiff_tui.widgets.proposal_table import ProposalTable
from autodiff_tui.widgets.row_list import RowList

RUN = recorded(6)
MIDDLE = recorded(4, finished=False)[:-140]
JUDGED = RUN[: max(n for n, each in enumerate(RUN) if isinstance(each.event, ProposalMade)) + 40]
"""Until a proposal is run on the minibatch."""
SCREENS = {
    "node": "2,d",
    "steps": "5",
    "spend": "6",
    "log": "7",
    "proposal": "3,down,enter",
    "examples": "x",
    "blame": "b",
    "help": "2,question_mark",
}


def app_of(events: list[Stamped], **options: object) -> RunApp:
    return RunApp(ListSource(events, endless=True), clock=lambda: 0.0, **options)  # type: ignore[arg-type]


async def after(app: RunApp, pilot: Pilot[None], *keys: str) -> str:
    await pilot.press(*keys)
    return await at_rest(app, pilot)


def shown(app: RunApp) -> list[str]:
    return [pane.id or "" for pane in app.screen.query_one(Panes).every if pane.display]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_screen_of_a_recorded_run_is_as_it_was(size: tuple[int, int]) -> None:
    app = app_of(MIDDLE)
    async with app.run_test(size=size) as pilot:
        as_golden(f"run-{size[0]}x{size[1]}", await settled(app, pilot))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_what_opens_over_a_recorded_run_is_as_it_was(size: tuple[int, int]) -> None:
    app = app_of(MIDDLE)
    told: list[str] = []
    async with app.run_test(size=size) as pilot:
        await settled(app, pilot)
        for name, keys in SCREENS.items():
            told.append(f"==== {name}: {keys}\n{await after(app, pilot, *keys.split(','))}")
            await after(app, pilot, "escape")
            assert isinstance(app.screen, RunScreen)
    as_golden(f"screens-{size[0]}x{size[1]}", "\n".join(told))


async def test_on_a_wide_terminal_a_diff_has_two_columns() -> None:
    app = app_of(MIDDLE)
    told: list[str] = []
    async with app.run_test(size=(160, 45)) as pilot:
        await settled(app, pilot)
        for name in ("node", "proposal"):
            told.append(f"==== {name}: {SCREENS[name]}\n{await after(app, pilot, *SCREENS[name].split(','))}")
            await after(app, pilot, "escape")
    as_golden("beside-160x45", "\n".join(told))


@pytest.mark.parametrize(("width", "beside"), [(139, False), (140, True)])
async def test_a_diff_changes_its_form_with_the_width_of_the_terminal(width: int, beside: bool) -> None:
    app = app_of(RUN)
    async with app.run_test(size=(width, 45)) as pilot:
        await settled(app, pilot)
        node = await after(app, pilot, "2", "d")
        assert ("after: {+added+}" in node) is beside
        proposal = await after(app, pilot, "3", "down", "enter", "n")
        assert ("[-removed-] {+added+}" in proposal) is not beside
        await pilot.resize_terminal(279 - width, 45)
        assert ("after: {+added+}" in await at_rest(app, pilot)) is not beside


@pytest.mark.parametrize(
    ("size", "panes"),
    [
        ((120, 40), ["graph", "node", "proposals", "scores"]),
        ((99, 40), ["graph"]),
        ((120, 27), ["graph"]),
        ((240, 70), ["graph", "node", "proposals", "scores", "steps", "spend", "log"]),
    ],
    ids=str,
)
async def test_as_many_panes_are_shown_as_fit(size: tuple[int, int], panes: list[str]) -> None:
    app = app_of(RUN)
    async with app.run_test(size=size) as pilot:
        await settled(app, pilot)
        assert shown(app) == panes


async def test_scores_steps_spend_and_log_share_a_corner() -> None:
    app = app_of(RUN)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app, pilot)
        for key, pane in (("5", "steps"), ("6", "spend"), ("7", "log"), ("4", "scores")):
            await after(app, pilot, key)
            assert shown(app) == ["graph", "node", "proposals", pane]
        text = await after(app, pilot, "5", "1")
        assert shown(app) == ["graph", "node", "proposals", "steps"]
    assert "all        8/11  6/8   0.77" in text


@pytest.mark.parametrize("size", [(120, 40), (80, 24)], ids=str)
async def test_z_gives_a_pane_the_whole_screen_and_escape_takes_it_back(size: tuple[int, int]) -> None:
    app = app_of(RUN)
    async with app.run_test(size=size) as pilot:
        before = await after(app, pilot, "2") if await settled(app, pilot) else ""
        zoomed = await after(app, pilot, "z")
        assert shown(app) == ["node"]
        assert app.screen.query_one(NodePane).size.height >= size[1] - 4
        assert "1–7 Panes" not in zoomed
        assert zoomed.splitlines()[-1].strip() == "z or esc: back to all panes"
        await after(app, pilot, "3")
        assert shown(app) == ["proposals"]
        assert await after(app, pilot, "2", "escape") == before
        await after(app, pilot, "z", "z")
        assert await at_rest(app, pilot) == before


async def test_a_filter_narrows_the_pane_while_it_is_typed_and_escape_clears_it() -> None:
    app = app_of(RUN)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app, pilot)
        typed = await after(app, pilot, "slash", "T", "A", "S", "K")
        graph = app.screen.query_one("#graph", RowList)
        assert [row.key for row in graph.rows] == ["answer.task", "query.task"]
        assert "2 of 12" in typed
        kept = await after(app, pilot, "enter")
        assert graph.has_focus
        assert "/ TASK" in kept
        other = await after(app, pilot, "3")
        assert "/ TASK" not in other
        again = await after(app, pilot, "1", "escape")
        assert len(graph.rows) == 12
        assert "/ TASK" not in again


async def test_a_filter_that_nothing_matches_says_so_and_feedback_is_searched_in_all_steps() -> None:
    app = app_of(RUN)
    async with app.run_test(size=(120, 110)) as pilot:
        await settled(app, pilot)
        assert "nothing here matches" in await after(app, pilot, "3", "slash", *"qqq")
        await after(app, pilot, "escape")
        found = await after(app, pilot, "2", "z", "slash", *"director")
        assert "pieces match" in found
        assert len(set(re.findall(r"│ step (\d)", found))) > 1


async def test_the_scores_have_nothing_to_filter() -> None:
    app = app_of(RUN)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(app, pilot)
        assert "nothing to filter" in await after(app, pilot, "4", "slash")


async def test_d_shows_the_prompt_then_the_last_change_then_all_since_the_start() -> None:
    app = app_of(RUN)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app, pilot)
        seen = [await after(app, pilot, "d") for _ in range(3)]
    assert "Prompt against proposal 4.1" in seen[0]
    assert "Prompt against the start" in seen[1]
    assert "{+" in seen[1]
    assert "Prompt  version" in seen[2]


async def test_brackets_turn_to_earlier_calls_of_the_node() -> None:
    app = app_of(RUN)
    async with app.run_test(size=(120, 60)) as pilot:
        await settled(app, pilot)
        app.screen.query_one("#graph", RowList).move_to("query")
        last = await after(app, pilot, "2", "z")
        assert "Last exchange  step 6, p2.minibatch, example train-27, call 2" in last
        earlier = await after(app, pilot, "left_square_bracket")
        assert "Exchange  step 6, p2.minibatch, example train-27, call 1" in earlier
        assert await after(app, pilot, "right_square_bracket", "right_square_bracket") == last


async def test_y_copies_the_raw_text_that_the_pane_is_about() -> None:
    app = app_of(RUN)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(app, pilot)
        text = await after(app, pilot, "y")
        assert app.clipboard == app.view.texts["query.task"].value
        assert "sent to the terminal's clipboard" in text
        await after(app, pilot, "3", "y")
        newest = app.view.proposals.newest_first(1)[0]
        assert app.clipboard == "\n\n".join(change.value for change in newest.changes)
        await after(app, pilot, "enter", "y")
        assert app.clipboard == "\n\n".join(f"# {change.name}\n\n{change.value}" for change in newest.changes)
        await after(app, pilot, "escape", "b", "y")
        assert "start         │ Write a search query." in app.clipboard


async def test_a_proposal_is_copied_as_it_is_and_not_as_it_is_shown() -> None:
    raw = "Write\x1b[31m one\tquery.\n\u202e Then stop.\x07"

    def written(one: Stamped) -> Stamped:
        made = one.event
        if not isinstance(made, ProposalMade):
            return one
        return replace(one, event=replace(made, changes=(replace(made.changes[0], value=raw),)))

    app = app_of([written(one) for one in RUN])
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app, pilot)
        await after(app, pilot, "3", "y")
        assert app.clipboard == raw
        await after(app, pilot, "enter")
        assert isinstance(app.screen, ProposalScreen)
        app.copy("something else")
        await after(app, pilot, "y")
        assert app.clipboard == raw


async def test_a_list_paints_no_row_that_is_as_it_was_and_of_others_only_those() -> None:
    app = app_of(RUN)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app, pilot)
        table = app.screen.query_one(ProposalTable)
        before, rows = table.line_paints, [replace(row) for row in table.rows]
        assert len(rows) > 4
        table.set_rows(rows, table.header)
        await pilot.pause()
        assert table.line_paints == before
        rows[2] = replace(rows[2], line=(("another", ""),))
        table.set_rows(rows, table.header)
        await pilot.pause()
        assert table.line_paints == before + 1
        assert "another" in screen_text(app)


async def test_nothing_to_copy_too_much_and_half_characters_are_said_or_sent() -> None:
    app = app_of([])
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(app, pilot)
        assert "there is nothing to copy here" in await after(app, pilot, "y")
        app.copy("x" * 80_000)
        app.copy("half \ud800 a character")
        assert "too long for a terminal's clipboard" in await at_rest(app, pilot)
        assert app.clipboard == "half ? a character"


async def test_o_shows_the_text_in_the_editor_and_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = tmp_path / "seen"
    editor = tmp_path / "my editor"
    editor.write_text(f'#!/bin/sh\ncat "$2" > "{seen}"; echo "$1" >> "{seen}"\n', encoding="utf-8")
    editor.chmod(0o700)
    monkeypatch.setenv("VISUAL", f'"{editor}" --readonly')

    def leave(app: RunApp) -> AbstractContextManager[None]:
        return nullcontext()

    app = app_of(RUN)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(app, pilot)
        assert "cannot be left to an editor" in await after(app, pilot, "o")  # a terminal of a test cannot
        monkeypatch.setattr(RunApp, "suspend", leave)
        await after(app, pilot, "o")
        assert seen.read_text(encoding="utf-8") == app.view.texts["query.task"].value + "--readonly\n"
        monkeypatch.setenv("VISUAL", str(tmp_path / "none"))
        assert "no editor" in await after(app, pilot, "o")
        monkeypatch.setenv("VISUAL", "'")
        assert "No closing quotation" in await after(app, pilot, "o")
        monkeypatch.setenv("VISUAL", "false")
        assert "false ended with code 1" in await after(app, pilot, "o")
        assert isinstance(app.screen, RunScreen)


async def test_a_proposal_leads_to_its_neighbours_and_changes() -> None:
    app = app_of(RUN)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(app, pilot)
        text = await after(app, pilot, "3", "enter")
        assert isinstance(app.screen, ProposalScreen)
        keys = [one.key for one in app.view.proposals.past]
        assert f"Proposal {keys[-1]}" in text
        assert "no further proposal" in await after(app, pilot, "right_square_bracket")
        await after(app, pilot, "right_square_bracket", "right_square_bracket")
        assert [each.message for each in app._notifications].count("there is no further proposal") == 1
        assert f"Proposal {keys[-2]}" in await after(app, pilot, "left_square_bracket")
        assert app.screen.key == keys[-2]
        first = await after(app, pilot, "n")
        assert "{+" in first.splitlines()[3]
        second = await after(app, pilot, "n")
        assert second != first
        assert await after(app, pilot, "N") == first


async def test_a_proposal_says_what_it_fixed_and_broke_and_which_feedback_asked_for_it() -> None:
    app = app_of(RUN)
    async with app.run_test(size=(120, 110)) as pilot:
        await settled(app, pilot)
        text = await after(app, pilot, "3", "down", "down", "enter")

    for words in (
        "On the minibatch  1 fixed, 0 broken, 3 same", "On the validation set  2 fixed, 0 broken, 58 same",
        "+ fixed   train-23  0.00 → 1.00", "before     A Ferry North", "after      Ana Torres",
        "= same, right 3", "train-20  Who directed the film of train-20?",
        "Feedback that asked for it  answer.task, 1 piece",
        "▎ example train-23 (score 0.00)",
    ):  # fmt: skip
        assert words in text


def whole(screen: Screen[object]) -> str:
    """All that there is to read, in one line."""
    assert isinstance(screen, ReadingScreen)
    return " ".join(plain(screen._lines).split())


async def test_what_became_of_a_proposal_is_said_in_plain_words_and_the_help_explains_the_rest() -> None:
    app = app_of(RUN)
    async with app.run_test(size=(120, 120)) as pilot:
        await settled(app, pilot)
        fates = {one.fate: one.key for one in app.view.proposals.past}
        for fate, key in fates.items():
            app.screen.go_to(f"proposal {key}")  # type: ignore[attr-defined]
            await at_rest(app, pilot)
            assert fate is not None
            assert FATES[fate] in whole(app.screen)
            await after(app, pilot, "question_mark")
            for word, said in (*WORDS, *LINTS.items()):
                assert f"{word} {said}" in whole(app.screen)
            await after(app, pilot, "escape", "escape")
    assert set(fates) >= {"lint", "minibatch", "validation", "accepted"}


async def test_examples_are_a_map_of_scores_and_enter_shows_a_history() -> None:
    app = app_of(RUN)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app, pilot)
        text = await after(app, pilot, "x")
        assert isinstance(app.screen, ExamplesScreen)
        assert "start 1.4   2.1   3.3   4.1   5.4   6.2" in text
        assert "mean      0.48  0.55  0.57" in text
        narrowed = await after(app, pilot, "slash", *"better", "enter")
        heat = app.screen.query_one(HeatMap)
        assert f"{len(heat.rows)} of 61" in narrowed
        assert 0 < len(heat.rows) < 61
        history = await after(app, pilot, "enter")
        assert isinstance(app.screen, HistoryScreen)
        assert "expected  Ana Torres" in history
        assert "✗ 0.00  expected 'Ana Torres'" in history
        assert "✓ 1.00  equal" in history
        assert "Proposals that did not become the best" in history
        await after(app, pilot, "escape", "escape")
        assert len(heat.rows) == 61
        await after(app, pilot, "escape")
        assert isinstance(app.screen, RunScreen)


def mapped(app: RunApp) -> list[str]:
    return [row.key.removeprefix("example ") for row in app.screen.query_one(HeatMap).rows]


async def test_the_map_has_what_is_still_wrong_on_top_and_a_key_for_other_orders_that_its_title_says() -> None:
    app = app_of(RUN)
    async with app.run_test(size=(120, 70)) as pilot:
        await settled(app, pilot)
        text = await after(app, pilot, "x")
        given = examples_of(app.view.standings)
        newest, start = by_example(app.view.standings[-1]), by_example(app.view.standings[0])
        wrong = [name for name in given if newest[name].score < 1]
        assert "what the best prompts get wrong first" in text.splitlines()[0]
        assert "O order" in text
        assert mapped(app) == ["mean", *wrong, *(name for name in given if name not in wrong)]

        changed = await after(app, pilot, "O")
        gained = [name for name in given if newest[name].score > start[name].score]
        assert "what got worse first, then what got better" in changed.splitlines()[0]
        assert mapped(app) == ["mean", *gained, *(name for name in given if name not in gained)]
        assert app.screen.query_one(HeatMap).chosen == gained[0]

        assert "in the order of the data" in (await after(app, pilot, "O")).splitlines()[0]
        assert mapped(app) == ["mean", *given]
        assert await after(app, pilot, "O") == text


async def test_the_map_begins_at_the_first_example_that_is_wrong_and_says_what_each_asks() -> None:
    app = app_of(RUN)
    async with app.run_test(size=(120, 70)) as pilot:
        await settled(app, pilot)
        text = await after(app, pilot, "x", "O", "O", "O")
        newest = by_example(app.view.standings[-1])
        wrong = next(name for name in examples_of(app.view.standings) if newest[name].score < 1)
        assert app.screen.query_one(HeatMap).chosen == wrong
        assert "Who directed the film of val-0" in text
        history = await after(app, pilot, "enter")
        assert f"question  Who directed the film of {wrong}?" in history
        await after(app, pilot, "escape", "home", "enter")
        assert isinstance(app.screen, ExamplesScreen)
        said = [each.message for each in app._notifications]
        assert said == ["the mean is no example: choose one of the rows below it"]


async def test_what_is_open_follows_the_run() -> None:
    source = ListSource(MIDDLE, endless=True)
    app = RunApp(source, clock=lambda: 0.0)
    async with app.run_test(size=(120, 110)) as pilot:
        await settled(app, pilot)
        blame = await after(app, pilot, "b")
        source.events = RUN
        later = await settled(app, pilot)
        assert isinstance(app.screen, BlameScreen)
        assert "6.2" not in blame
        assert "6.2" in later
        await after(app, pilot, "escape", "x")
        heat = app.screen.query_one(HeatMap)
        before = heat.line_paints
        for _ in range(20):
            app.drain_now()
            app.show_place()
        await pilot.pause()
        assert heat.line_paints == before


async def test_jump_goes_to_a_node_or_opens_a_proposal() -> None:
    app = app_of(RUN)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app, pilot)
        for key in ("ctrl+o", *"answer.format"):
            await pilot.press(key)
        await app.workers.wait_for_complete()
        await after(app, pilot, "enter")
        assert app.screen.query_one(NodePane).node == "answer.format"
        assert app.screen.query_one(NodePane).has_focus
        for key in ("ctrl+o", *"proposal 2.1"):
            await pilot.press("space" if key == " " else key)
        await app.workers.wait_for_complete()
        await after(app, pilot, "enter")
        assert isinstance(app.screen, ProposalScreen)
        assert app.screen.key == "2.1"
        assert "nowhere to jump" not in await after(app, pilot, "escape")


async def listed(app: RunApp, pilot: Pilot[None], typed: str) -> list[str]:
    """The names in the palette, from the first on, once ``typed`` was typed into it."""
    for key in ("ctrl+p", *typed):
        await pilot.press("space" if key == " " else key)
    await app.workers.wait_for_complete()
    await at_rest(app, pilot)
    names = [str(command.prompt).partition("\n")[0] for command in app.screen.query_one(CommandList).options]
    await pilot.press("escape")
    return names


async def test_the_palette_lists_actions_above_places() -> None:
    app = app_of(RUN)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app, pilot)
        names = await listed(app, pilot, "")
        places = [name.startswith("Go to ") and not name.endswith("(g)") for name in names]
        assert names[0] == "Open (enter)"
        assert names.index("Picture (f8)") < names.index("Export (e)")  # nobody gave this app an export
        assert names.index("Picture (f8)") < names.index("Pause (p)")  # the run has ended
        assert "Choose a theme" in names
        assert places == sorted(places)
        assert names[places.index(True)] == f"Go to {next(iter(app.view.graph.nodes))}"


async def test_typing_into_the_palette_lists_what_begins_so_first_and_no_scattered_letters_of_places() -> None:
    app = app_of(RUN)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app, pilot)
        step = await listed(app, pilot, "step")
        spend = await listed(app, pilot, "spend")
        node = await listed(app, pilot, "answer.task")
        proposal = await listed(app, pilot, "proposal 2.1")
        example = await listed(app, pilot, "val-5")
        scattered = await listed(app, pilot, "wlk")

    assert step[:5] == ["Step (s)", "Steps (5)", "Step back (<)", "Go to step (g)", "Step on (>)"]  # it is at its end
    places = [name for name in step if name.startswith("Go to ") and name != "Go to step (g)"]
    assert places == step[-len(places) :] == [f"Go to step {number}" for number in (6, 5, 4, 3, 2, 1)]
    assert spend == ["Spend (6)"]
    assert node[0] == "Go to answer.task"
    assert [name for name in node[1:] if not name.startswith("Go to proposal ")] == []
    assert proposal == ["Go to proposal 2.1"]
    assert example[:2] == ["Go to example val-5", "Go to example val-50"]
    assert scattered == []


@pytest.mark.parametrize(
    ("typed", "kind", "shows"), [("step 4", RunScreen, "4.1"), ("example val-5", HistoryScreen, "the film of val-5?")]
)
async def test_the_palette_leads_to_the_proposals_of_a_step_and_to_an_example(
    typed: str, kind: type, shows: str
) -> None:
    app = app_of(RUN)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app, pilot)
        for key in ("ctrl+p", *typed):
            await pilot.press("space" if key == " " else key)
        await app.workers.wait_for_complete()
        text = await after(app, pilot, "enter")
        assert isinstance(app.screen, kind)
        assert shows in text
        if kind is RunScreen:
            assert {row.key[0] for row in app.screen.query_one(ProposalTable).rows} == {"4"}


@pytest.mark.parametrize("key", ["ctrl+p", "colon"])
async def test_the_palette_does_what_the_registry_has(key: str) -> None:
    app = app_of(RUN)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app, pilot)
        for typed in (key, *"zoom"):
            await pilot.press(typed)
        await app.workers.wait_for_complete()
        await after(app, pilot, "down", "enter")
        assert isinstance(app.screen, RunScreen)
        assert shown(app) == ["graph"]


async def test_t_changes_the_theme_and_every_theme_shows_the_same_text() -> None:
    app = app_of(RUN)
    async with app.run_test(size=(120, 40)) as pilot:
        text = await settled(app, pilot)
        themes = [app.theme]
        for _ in range(3):
            assert await after(app, pilot, "t") == text
            themes.append(app.theme)
    assert themes == ["textual-dark", "textual-light", "ansi-dark", "textual-dark"]


async def test_without_colour_the_same_is_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    coloured = app_of(RUN)
    async with coloured.run_test(size=(120, 40)) as pilot:
        text = await settled(coloured, pilot)
    monkeypatch.setenv("NO_COLOR", "1")
    plain = app_of(RUN)
    async with plain.run_test(size=(120, 40)) as pilot:
        assert await settled(plain, pilot) == text
        styles = {segment.style for strip in plain.screen._compositor.render_strips() for segment in strip}
        colours = [colour for style in styles if style for colour in (style.color, style.bgcolor) if colour]
        assert [colour for colour in colours if not colour.is_default] == []


@pytest.mark.parametrize("width", [120, 80])
async def test_while_a_proposal_is_judged_the_footer_has_what_can_be_done_about_it(width: int) -> None:
    app = app_of(JUDGED)
    async with app.run_test(size=(width, 30)) as pilot:
        footer = (await settled(app, pilot)).splitlines()[-1]
        for words in (
            "c Skip",
            "r Veto",
            "v Validate",
            "E Edit",
            "? Help",
            "q Quit",
            *(["w Write"] if width > 80 else []),
        ):
            assert words in footer
        await after(app, pilot, "question_mark")
        told = getattr(app.screen, "copyable", "").splitlines()
        assert not [row for row in told if "(not now)" in row and row.split()[0] in ("c", "v", "r", "E", "w", "f")]
    over = app_of(RUN)
    async with over.run_test(size=(width, 60)) as pilot:
        assert "Veto" not in (await settled(over, pilot)).splitlines()[-1]
        assert "Skip          (not now) judge this" in await after(over, pilot, "question_mark")


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_in_ascii_nothing_else_reaches_the_terminal_and_no_cell_moves(size: tuple[int, int]) -> None:
    usual, ascii_only = app_of(RUN), app_of(RUN, ascii_only=True)
    seen: dict[bool, list[str]] = {False: [], True: []}
    for app in (usual, ascii_only):
        async with app.run_test(size=size) as pilot:
            await settled(app, pilot)
            for keys in (*SCREENS.values(), "ctrl+p"):
                seen[app is ascii_only].append(await after(app, pilot, *keys.split(",")))
                await after(app, pilot, "escape")
    for text, spelled in zip(seen[False], seen[True], strict=True):
        assert spelled.isascii()
        lines, others = text.splitlines(), spelled.splitlines()
        assert [cell_len(line) for line in lines] == [cell_len(line) for line in others]
        assert "??" not in spelled


async def test_f8_writes_a_picture_and_never_over_an_older_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    app = app_of(RUN)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(app, pilot)
        assert "wrote autodiff-1.svg" in await after(app, pilot, "f8")
        await after(app, pilot, "f8")
    assert sorted(os.listdir(tmp_path)) == ["autodiff-1.svg", "autodiff-2.svg"]
    assert (tmp_path / "autodiff-1.svg").read_text(encoding="utf-8").startswith("<svg")
    assert "@font-face" not in (tmp_path / "autodiff-1.svg").read_text(encoding="utf-8")


async def test_keys_of_ones_own_work_and_are_what_footer_and_help_say() -> None:
    actions = remapped({"toggle_pause": "space", "zoom": "f9", "one_step": "p", "help": "h"}, "[keys]")
    source = ListSource(MIDDLE, endless=True)
    app = RunApp(source, clock=lambda: 0.0, actions=actions)
    async with app.run_test(size=(120, 40)) as pilot:
        text = await settled(app, pilot)
        assert "space Pause" in text
        await after(app, pilot, "space", "p", "z")
        assert source.told == ["start", "pause", "step"]
        assert len(shown(app)) == 4
        await after(app, pilot, "f9")
        assert shown(app) == ["graph"]
        helped = await after(app, pilot, "f1")
        assert "space  Pause" in helped
        await after(app, pilot, "escape")
        assert "space  Pause" in await after(app, pilot, "h")


async def test_help_begins_with_the_focused_pane_or_the_open_screen() -> None:
    app = app_of(RUN)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app, pilot)
        assert "Every rewrite, the newest on top" in await after(app, pilot, "3", "question_mark")
        await after(app, pilot, "escape", "5")
        assert "One row a step" in await after(app, pilot, "question_mark")
        await after(app, pilot, "escape", "b")
        assert "Each sentence of the best prompts" in await after(app, pilot, "f1", "f1")
        await after(app, pilot, "escape")
        assert isinstance(app.screen, BlameScreen)


async def test_the_mouse_reaches_keys_tabs_and_rows() -> None:
    source = ListSource(MIDDLE, endless=True)
    app = RunApp(source, clock=lambda: 0.0)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app, pilot)
        await pilot.click("#footer", offset=(2, 0))
        assert "pause" in source.told
        await pilot.click("#tabs", offset=(22, 0))
        await pilot.pause()
        assert shown(app) == ["proposals"]
        await pilot.click("#proposals", offset=(10, 4))
        await pilot.pause()
        table = app.screen.query_one(ProposalTable)
        assert table.current == table.rows[2].key
        await pilot.click("#proposals", offset=(10, 4), times=2)
        await pilot.pause()
        assert isinstance(app.screen, ProposalScreen)


async def test_a_step_leads_to_its_proposals_and_a_log_entry_is_shown_whole() -> None:
    app = app_of(RUN)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app, pilot)
        await after(app, pilot, "5", "end", "enter")
        table = app.screen.query_one(ProposalTable)
        assert [row.key for row in table.rows] == ["1.4", "1.3", "1.2", "1.1"]
        assert table.has_focus
        await after(app, pilot, "5", "home", "enter")
        assert len(table.rows) == len(app.view.proposals)
        await after(app, pilot, "7", "end", "enter")
        assert isinstance(app.screen, TextScreen)
        assert "opened by autodiff-tui 0.1.0, 2031-05-04T09:00:00Z" in screen_text(app)


async def test_ten_thousand_events_under_each_open_screen_are_few_repaints() -> None:
    many = flood(RUN, 10_000)
    for key in ("x", "b", "3"):
        source = ListSource(many)
        app = RunApp(source, clock=lambda: 0.0)
        async with app.run_test(size=(240, 70)) as pilot:
            await pilot.pause()
            await pilot.press(key)
            while source.given < len(many):  # the app's own clock may have been quicker
                app.drain_now()
            await pilot.pause()
            lists = [widget.line_paints for widget in app.screen.query(RowList)]
            height = app.screen.size.height
        ticks = len(many) / MAX_EVENTS + 2
        assert all(paints <= (ticks + 6) * height for paints in lists)


async def test_typing_a_filter_steals_no_keys_for_actions() -> None:
    source = ListSource(MIDDLE, endless=True)
    app = RunApp(source, clock=lambda: 0.0)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app, pilot)
        await after(app, pilot, "slash", *"pszbx")
        assert app.screen.query_one(Input).value == "pszbx"
        assert source.told == ["start"]
        assert isinstance(app.screen, RunScreen)
