"""A run that is looked back at says so, and help, footer and captions say what can be done there and then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from rich.cells import cell_len
from tests.tui.recorded import recorded
from tests.tui.screens import at_rest, settled
from tests.tui.sources import ListSource
from textual.pilot import Pilot

from autodiff_engine.events import ErrorInfo, ProposalJudged, ProposalMade, RunFinished, Stamped
from autodiff_tui.actions import ACTIONS, Mode, refusal
from autodiff_tui.app import RunApp
from autodiff_tui.captions import Looking
from autodiff_tui.screens.help import HelpScreen
from autodiff_tui.view import Control, Progress, RunView, reduce
from autodiff_tui.widgets.caption_line import line
from autodiff_tui.widgets.paint import cut_words, plain
from autodiff_tui.widgets.proposal_table import ProposalTable
from autodiff_tui.widgets.status_line import second_line, tiny_line
from autodiff_tui.widgets.strips import KeyFooter

EVENTS = recorded(3)
MADE = [n for n, one in enumerate(EVENTS) if isinstance(one.event, ProposalMade)]
LAST = next(n for n in MADE if not any(isinstance(one.event, ProposalJudged) for one in EVENTS[n : n + 4]))
JUDGED = EVENTS[: LAST + 4]
"""A run of which a proposal is being judged."""
ACCEPTED = next(n for n, one in enumerate(EVENTS) if isinstance(one.event, ProposalJudged) and one.event.accepted)
END = EVENTS[-1]
SIZES = pytest.mark.parametrize("size", [(120, 40), (100, 30), (80, 24), (60, 16)], ids=str)


def app_of(mode: Mode, events: Sequence[Stamped] = EVENTS) -> RunApp:
    return RunApp(ListSource(events, endless=mode == "live"), clock=lambda: 0.0, mode=mode)


def view_of(events: Sequence[Stamped]) -> RunView:
    view = RunView()
    for stamped in events:
        view = reduce(view, stamped)
    return view


async def first(app: RunApp, pilot: Pilot[None], *keys: str) -> str:
    await pilot.press(*keys)
    return (await at_rest(app, pilot)).splitlines()[0].strip()


@SIZES
async def test_the_first_line_of_a_replay_says_that_it_is_one_where_it_is_and_whether_it_moves(
    size: tuple[int, int],
) -> None:
    app = app_of("replay")
    gap = "   " if size[0] >= 92 else "  "
    async with app.run_test(size=size) as pilot:
        text = await settled(app, pilot)
        assert text.splitlines()[0].strip().startswith(f"▶ recording{gap}event ")
        held = await first(app, pilot, "g", *"2", "enter")
        where = f"‖ recording held{gap}event {app.transport.position:,} of {len(EVENTS):,}{gap}step 2/12"
        assert held.startswith(where)
        assert "running" not in held
        ended = await first(app, pilot, "G")
        assert ended.startswith(f"■ recording's end{gap}step 3/12{gap}✓ done{gap}best ")


async def test_the_end_of_a_recording_that_was_cut_off_says_that_the_run_is_unfinished() -> None:
    app = app_of("replay", JUDGED)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(app, pilot)
        assert (await first(app, pilot, "G")).startswith("■ recording's end   step 1/12   unfinished   best ")
        assert "unfinished" not in await first(app, pilot, "comma")


async def test_an_empty_pane_of_proposals_says_what_it_waits_for() -> None:
    before = EVENTS[: MADE[0]]
    view = view_of(before)
    app = app_of("live", before)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app, pilot)
        pane = app.screen.query_one(ProposalTable)
        for shown, said in (
            (replace(view, progress=Progress(1, "backward")), "the first proposal comes after the first feedback"),
            (replace(view, progress=Progress(1, "propose")), "the optimizer reads the feedback and writes the first"),
            (replace(view, finished=END.event), "the run ended before its first proposal"),
        ):
            pane.view = shown
            assert said in await at_rest(app, pilot)


async def test_of_a_live_run_it_says_that_one_looks_back_until_one_follows_it_again() -> None:
    app = app_of("live", JUDGED)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(app, pilot)
        assert (await first(app, pilot)).startswith("● running   step ")
        assert (await first(app, pilot, "comma")).startswith(f"‖ looking back   event {len(JUDGED) - 1} of ")
        assert (await first(app, pilot, "G")).startswith("● running   step ")


def test_a_tiny_terminal_is_told_of_a_recording_too() -> None:
    told = plain((tiny_line(view_of(JUDGED), 59, Looking(7, 90)),))
    assert told.startswith("‖ recording held · event 7 of 90 · step ")


def explained(app: RunApp) -> dict[str, str]:
    """What the help says of each key, on one line."""
    assert isinstance(app.screen, HelpScreen)
    words = " ".join(app.screen.copyable.split())
    told: dict[str, str] = {}
    for action in app.told_actions:
        start = words.rindex(f" {action.key} {action.name} ")
        told[action.id] = words[start : start + len(action.help) + 40]
    return told


def not_now(told: dict[str, str]) -> set[str]:
    return {action.id for action in ACTIONS if f"{action.name} (not now)" in told[action.id].replace("Play", "Pause")}


@pytest.mark.parametrize("size", [(100, 30), (80, 24), (60, 16)], ids=str)
@pytest.mark.parametrize("pane", ["1", "2", "3", "5"])
async def test_help_in_a_replay_begins_with_the_keys_that_move_there_as_they_act(
    size: tuple[int, int], pane: str
) -> None:
    app = app_of("replay")
    async with app.run_test(size=size) as pilot:
        await settled(app, pilot)
        await pilot.press("greater_than_sign", pane, "question_mark")
        await at_rest(app, pilot)
        assert isinstance(app.screen, HelpScreen)
        top = app.screen.copyable.splitlines()[:24]
        for key, name in (
            ("p", "Play"), (",", "Event back"), (".", "Event on"), ("<", "Step back"), (">", "Step on"),
            ("g", "Go to step"), ("G", "To the end"), ("-", "Slower"), ("+", "Faster"),
        ):  # fmt: skip
            assert [row for row in top if row.split()[:1] == [key] and name in row], (key, top)
        told = explained(app)
        assert "play from here, or hold" in told["toggle_pause"]
        assert "let no new call start" not in app.screen.copyable
        steering = {action.id for action in ACTIONS if action.steers} - {"toggle_pause"}
        assert steering <= not_now(told)
        assert not {"toggle_pause", "back_event", "forward_step", "goto_step", "slower", "help", "leave"} & not_now(
            told
        )


async def test_help_marks_what_can_not_be_done_now() -> None:
    app = app_of("live", EVENTS[: MADE[0]])
    always = {"help", "leave", "examples", "blame", "zoom", "goto_step", "toggle_pause", "write", "freeze", "jump"}
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app, pilot)
        await pilot.press("question_mark")
        await at_rest(app, pilot)
        idle = not_now(explained(app))
        judging = {"skip", "validate", "veto", "edit"}
        assert {*judging, "slower", "faster", "order", "export", "latest", "forward_event", "next_change"} <= idle
        assert not always & idle
        await pilot.press("escape", "4", "question_mark")
        await at_rest(app, pilot)
        assert "filter" in not_now(explained(app))
        await pilot.press("escape", "comma", "x", "question_mark")
        await at_rest(app, pilot)
        idle = not_now(explained(app))
        assert {"zoom", "pane('graph')", "jump"} <= idle
        assert not {"order", "filter", "latest", "help"} & idle
        app._source.events = list(EVENTS[: ACCEPTED + 1])  # type: ignore[attr-defined]
        app.drain_now()
        await pilot.press("escape", "escape", "1", "question_mark")
        await at_rest(app, pilot)
        idle = not_now(explained(app))
        assert "veto" not in idle
        assert "validate" in idle


@pytest.mark.parametrize("cells", [80, 100, 120, 160])
@pytest.mark.parametrize("mode", ["live", "watch"])
def test_while_a_proposal_is_judged_the_footer_has_room_for_what_can_be_decided(cells: int, mode: Mode) -> None:
    footer = KeyFooter()
    footer.set_reactive(KeyFooter.mode, mode)
    footer.set_reactive(KeyFooter.view, view_of(JUDGED))
    told = plain(footer.picture(cells, 1))
    assert cell_len(told) <= cells
    assert "? Help" in told
    assert "q Quit" in told
    for words in ("r Veto", "v Validate", "c Skip", "E Edit"):
        assert (words in told) is (mode == "live")

    footer.set_reactive(KeyFooter.view, view_of(EVENTS[: ACCEPTED + 1]))
    told = plain(footer.picture(cells, 1))
    assert ("r Veto" in told) is (mode == "live")
    assert "v Validate" not in told
    assert "1–7 Panes" in told

    veto = next(action for action in ACTIONS if action.id == "veto")
    assert "nothing to veto" in refusal(veto, view_of(EVENTS[: MADE[0]]), "live")


def test_a_caption_that_does_not_fit_is_said_in_fewer_words_before_keys_leave() -> None:
    said = ("a caption of many many words", "few words")
    assert plain((line(said, "a b · c d", 40),)).split() == [*said[0].split(), "a", "b", "·", "c", "d"]
    assert plain((line(said, "a b · c d", 29),)) == said[0]
    assert plain((line(said, "a b · c d", 17),)) == "few words     a b"


def test_the_line_of_progress_loses_whole_parts() -> None:
    view = view_of(JUDGED)
    view = replace(
        view, progress=replace(view.progress, done=3, total=16, calls=12), control=Control("running", "", 4)
    )  # fmt: skip
    whole = "proposal 1 on the minibatch"
    for cells in range(20, 130):
        told = plain((second_line(view, cells, behind=False),))
        assert cell_len(told) <= cells
        assert told.startswith(whole) or cells < len(whole)
        for part in ("4 calls open", "12 calls answered", "3/16"):
            assert part in told or part.split()[0] not in told.replace(whole, "").split(), told
        assert ("12 calls answered" in told) <= ("━" in told) <= ("4 calls open" in told) <= ("3/16" in told)
        assert "…" not in told or cells <= len(whole)


def test_a_reason_and_an_error_that_do_not_fit_are_cut_between_words() -> None:
    paused = replace(view_of(JUDGED), control=Control("paused", "nobody answers at the address of the server", 0))
    told = plain((second_line(paused, 60, behind=False),)).rstrip()
    assert told.endswith(" …)")
    assert told.removesuffix(" …)").rsplit("(", 1)[1] in "nobody answers at the address of the server"

    view = view_of(EVENTS)
    assert isinstance(view.finished, RunFinished)
    error = ErrorInfo("ModelRejected", "there is no model of such a name at this provider", "mend models.task")
    failed = replace(view, finished=replace(view.finished, status="failed", error=error))
    told = plain((second_line(failed, 48, behind=False),))
    assert told.split("…")[0].strip() in error.message
    assert told.endswith("press q")
    for cells in (58, 78, 118):
        told = plain((second_line(view, cells, behind=False),))
        assert told.startswith("finished · test ")
        assert "…" not in told


def test_words_are_cut_only_where_one_alone_takes_half_of_the_room() -> None:
    assert cut_words("one two three", 13) == "one two three"
    assert cut_words("one two three", 12) == "one two …"
    assert cut_words("onetwothree four", 8) == "onetwot…"
