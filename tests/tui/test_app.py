"""The app: every key at every size, on an empty and a full run; the ways out; what it costs to be flooded."""

import os
import signal
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Literal

import pytest
from rich.cells import cell_len
from rich.console import Console
from tests.tui.recorded import recorded
from tests.tui.screens import at_rest, screen_text, settled
from tests.tui.sources import ListSource, flood

from autodiff_engine.errors import ConfigError
from autodiff_engine.events import (
    ControlChanged,
    EdgeInfo,
    ErrorInfo,
    GraphGrew,
    Interrupted,
    NodeInfo,
    RunOpened,
    Stamped,
    Warned,
)
from autodiff_engine.journal import Journal
from autodiff_tui.actions import ACTIONS
from autodiff_tui.app import RunApp
from autodiff_tui.feed import MAX_EVENTS
from autodiff_tui.screens.help import HelpScreen
from autodiff_tui.screens.leaving import DefectScreen, QuitScreen
from autodiff_tui.screens.proposal import ProposalScreen
from autodiff_tui.screens.run import RunScreen
from autodiff_tui.sources import WatchedSource
from autodiff_tui.widgets.ascii_glyphs import spelled
from autodiff_tui.widgets.node_pane import NodePane
from autodiff_tui.widgets.painted import Painted
from autodiff_tui.widgets.proposal_table import ProposalTable
from autodiff_tui.widgets.row_list import RowList
from autodiff_tui.widgets.spend_table import SpendTable

OPENING = (
    *("examples", "blame", "jump", "command_palette", "filter", "detail"),
    *("veto", "edit", "write", "freeze", "goto_step"),
)
KEYS = [
    key for action in ACTIONS for key in action.keys if action.id not in ("leave", "interrupt", "help", "save_picture")
]
OPENERS = [key for action in ACTIONS for key in action.keys if action.id in OPENING]
MOVES = ["up", "down", "pageup", "pagedown", "home", "end", "left", "right", "j", "k", "space"]


def app_of(source: ListSource, *, clock: Callable[[], float] = lambda: 0.0, **options: object) -> RunApp:
    return RunApp(source, clock=clock, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [(120, 40), (60, 16)], ids=str)
@pytest.mark.parametrize("events", [[], recorded(2, finished=False)], ids=["empty", "full"])
async def test_every_key_is_legal_in_a_wide_terminal_and_a_small_one(
    size: tuple[int, int], events: list[Stamped]
) -> None:
    app = app_of(ListSource(events, endless=True))
    async with app.run_test(size=size) as pilot:
        await settled(app, pilot)
        for pane in "1234567":
            app.simulate_key(pane)
            for key in (*MOVES, *(key for key in KEYS if key not in OPENERS)):
                app.simulate_key(key)
            await pilot.pause()
            assert isinstance(app.screen, RunScreen)
            assert screen_text(app).strip()
        for pane, key in (*((pane, "enter") for pane in "1234567"), *(("1", key) for key in OPENERS)):
            await pilot.press(pane, key, "down", "end")
            await pilot.press("escape", "escape")
            assert isinstance(app.screen, RunScreen)
        for key, opened in (("question_mark", HelpScreen), ("f1", HelpScreen), ("q", QuitScreen)):
            await pilot.press(key)
            assert isinstance(app.screen, opened)
            await pilot.press("escape")
            assert isinstance(app.screen, RunScreen)


async def test_before_the_first_event_every_pane_says_what_will_come() -> None:
    app = app_of(ListSource(endless=True))
    async with app.run_test(size=(120, 40)) as pilot:
        text = await settled(app, pilot)

    for words in (
        "starting", "loading…", "comes with the first example", "select a node in the graph",
        "come with the first step", "the first proposal comes after the first feedback",
    ):  # fmt: skip
        assert words in text


async def test_what_the_run_will_take_is_shown_until_a_step_tells_better() -> None:
    for events, shown in (([], True), (recorded(0, finished=False), True), (recorded(2, finished=False), False)):
        app = app_of(ListSource(events, endless=True), foretold=("forecast: 10 to 130 calls", "  1 to 2 tokens in"))
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.press("6")
            await settled(app, pilot)
            table = app.screen.query_one(SpendTable)
            rows = ["".join(text for text, _ in row.line) for row in table.rows]
        assert ("forecast: 10 to 130 calls" in rows, "  1 to 2 tokens in" in rows) == (shown, shown)
        assert any(row.startswith("a step takes ") for row in rows) != shown


@pytest.mark.parametrize("size", [(120, 40), (100, 30), (80, 24)], ids=str)
async def test_nothing_important_is_cut_at_80_columns(size: tuple[int, int]) -> None:
    app = app_of(ListSource(recorded(6)))
    async with app.run_test(size=size) as pilot:
        first = (await settled(app, pilot)).splitlines()[0]

    for words in ("✓ done", "step 6/12", "(n=60)", "calls", "tokens", "$"):
        assert words in first


async def test_the_graph_shows_skip_connections_and_a_root_for_each_loss() -> None:
    grown = GraphGrew(
        (NodeInfo("loss.retrieve", "loss", "recall@4", 1), NodeInfo("loss.answer", "loss", "f1 of answer", 1)),
        (
            EdgeInfo("retrieve", "loss.retrieve", False), EdgeInfo("answer", "loss.answer", False),
            EdgeInfo("query.task", "combine", True),
        ),
    )  # fmt: skip
    events = [*recorded(1, finished=False), Stamped(10**6, 99.0, 10**6, grown)]
    app = app_of(ListSource(events, endless=True))
    async with app.run_test(size=(120, 60)) as pilot:
        lines = [line.split("││")[0] for line in (await settled(app, pilot)).splitlines()]

    assert any("∑ loss.retrieve" in line or "● loss.retrieve" in line for line in lines)
    assert any("loss.answer" in line for line in lines)
    assert any("query.task (skip)" in line for line in lines)


async def test_below_60_by_16_one_line_is_left() -> None:
    app = app_of(ListSource(recorded(2, finished=False), endless=True))
    for size in ((59, 40), (120, 15)):
        async with app_of(ListSource(recorded(2, finished=False), endless=True)).run_test(size=size) as pilot:
            app = pilot.app
            assert isinstance(app, RunApp)
            text = (await settled(app, pilot)).strip()
        assert len(text.splitlines()) == 1
        assert text.startswith("● running · step 2/12 · best 0.")
        assert "enlarge" in text


async def test_a_terminal_may_change_its_size_at_any_time() -> None:
    app = app_of(ListSource(recorded(3)))
    async with app.run_test(size=(120, 40)) as pilot:
        wide = await settled(app, pilot)
        for size in ((80, 24), (40, 8), (60, 16), (100, 30)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
        await pilot.resize_terminal(120, 40)

        assert await at_rest(app, pilot) == wide


async def test_tabs_show_the_panes_one_by_one() -> None:
    app = app_of(ListSource(recorded(2)))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app, pilot)
        shown = []
        for key in ("1", "2", "3", "4", "5", "7", "tab", "shift+tab"):
            await pilot.press(key)
            await pilot.pause()
            shown.append(next(line for line in screen_text(app).splitlines() if "Proposals" in line))

    marked = [line[line.index("[") : line.index("]") + 1] for line in shown]
    assert marked == [
        "[1 Graph]", "[2 Node]", "[3 Proposals]", "[4 Scores]", "[5 Steps]", "[7 Log]", "[1 Graph]", "[7 Log]",
    ]  # fmt: skip


async def test_p_pauses_and_resumes_and_the_footer_says_which() -> None:
    source = ListSource(recorded(1, finished=False), endless=True)
    app = app_of(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app, pilot)
        await pilot.press("p")
        source.events.append(Stamped(10**6, 0.0, None, ControlChanged("paused", "", 0)))
        text = await settled(app, pilot)
        assert "‖ paused" in text
        assert "p Resume" in text
        await pilot.press("p", "s")

    assert source.told == ["start", "pause", "resume", "step"]


async def test_a_run_that_is_only_watched_cannot_be_steered_and_q_leaves_it() -> None:
    source = ListSource(recorded(1, finished=False), endless=True)
    app = app_of(source, mode="watch")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        text = await settled(app, pilot)
        assert "(p Pause)" in text
        assert "Watched: another process executes this run" in text
        await pilot.press("p", "s")
        await pilot.pause()
        assert "only be watched" in screen_text(app)
        await pilot.press("q")
    assert source.told == ["start"]
    assert app.return_code == 0


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (["s"], ["start", "stop"]),
        (["a"], ["start", "abort a person aborted the run"]),
        (["g"], ["start"]),
        (["down", "enter"], ["start", "abort a person aborted the run"]),
        (["escape"], ["start"]),
    ],
    ids=["stop", "abort", "go on", "by arrows", "escape"],
)
async def test_q_asks_how_to_leave_a_run_that_goes_on(keys: list[str], told: list[str]) -> None:
    source = ListSource(recorded(1, finished=False), endless=True, obeys=False)
    app = app_of(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app, pilot)
        await pilot.press("q", *keys)
        await pilot.pause()
        assert source.told == told
        app.drain_now()
        assert app._exit is False  # whatever was chosen, the app waits for the engine


async def test_stop_and_keep_leaves_when_the_engine_has_ended() -> None:
    source = ListSource(recorded(1, finished=False), endless=True)
    app = app_of(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app, pilot)
        await pilot.press("ctrl+c")
        app.drain_now()
        assert source.told == ["start", "stop"]
        assert app._exit is False
        source.endless = False
        app.drain_now()
    assert app.return_code == 0


async def test_ctrl_c_twice_aborts_and_the_code_says_so() -> None:
    source = ListSource(recorded(1, finished=False), endless=True)
    app = app_of(source)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(app, pilot)
        await pilot.press("ctrl+c")
        await pilot.pause()
        assert "ctrl+c again" in screen_text(app)
        await pilot.press("ctrl+c")
        app.drain_now()
    assert source.told == ["start", "stop", "abort ctrl+c"]
    assert app.return_code == 130


async def test_an_engine_that_does_not_end_is_left_in_the_end() -> None:
    now = [0.0]
    source = ListSource(recorded(1, finished=False), endless=True, obeys=False)
    app = app_of(source, clock=lambda: now[0])
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app, pilot)
        await pilot.press("ctrl+c", "ctrl+c")
        app.drain_now()
        assert app._exit is False
        now[0] = 11.0
        app.drain_now()
    assert app.return_code == 130


@pytest.mark.parametrize(("state", "later"), [("running", 60), ("pausing", 60), ("paused", 0)])
async def test_the_time_on_the_first_line_goes_on_unless_the_run_is_paused(
    state: Literal["running", "pausing", "paused"], later: int
) -> None:
    now = [0.0]
    events = recorded(1, finished=False)
    changed = Stamped(events[-1].seq + 1, events[-1].t, None, ControlChanged(state, "lunch", 0))
    app = app_of(ListSource([*events, changed], endless=True), clock=lambda: now[0])
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app, pilot)
        now[0] += 60.0
        app._tell_time()
        assert app._run_screen.elapsed_s - int(app.view.elapsed_s) == later


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
async def test_a_signal_aborts_the_run_and_leaves_by_the_convention(number: signal.Signals, code: int) -> None:
    source = ListSource(recorded(1, finished=False), endless=True)
    app = app_of(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app, pilot)
        os.kill(os.getpid(), number)
        while len(source.told) < 2:
            await pilot.pause()
        app.drain_now()
    assert source.told == ["start", f"abort {number.name}"]
    assert app.return_code == code


async def test_a_finished_run_stays_to_be_read_until_q() -> None:
    app = app_of(ListSource(recorded(2)))
    async with app.run_test(size=(120, 40)) as pilot:
        text = await settled(app, pilot)
        assert "finished · test 0.470 → 0.550, n=100" in text
        assert "press q" in text
        app.drain_now()
        assert app._exit is False
        await pilot.press("q")
    assert app.return_code == 0
    assert app.view.finished is not None


async def test_a_defect_of_the_engine_is_a_screen_with_the_journal() -> None:
    source = ListSource(recorded(1, finished=False))
    source.error = RuntimeError("[/boom] \x1b[2J")
    app = app_of(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app, pilot)
        app.drain_now()
        await pilot.pause()
        text = screen_text(app)
        assert isinstance(app.screen, DefectScreen)
        await pilot.press("q")
    assert "RuntimeError: [/boom] ␛[2J" in text
    assert "journal.jsonl" in text
    assert "To go on: autodiff-tui resume" in text
    assert app.return_code == 1


async def test_a_run_that_could_not_begin_leaves_at_once() -> None:
    source = ListSource()
    source.error = ConfigError("no such file")
    app = app_of(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.drain_now()
    assert app.return_code == 1


async def test_export_says_what_it_wrote_and_why_it_could_not() -> None:
    def fail() -> str:
        raise OSError("disk [/full]")

    def early() -> str:
        raise ConfigError("runs/r1: has no best.toml yet", "the start prompts come first")

    for export, said in (
        (lambda: "wrote [best].toml", "wrote [best].toml"), (fail, "export failed: disk [/full]"),
        (early, "no best.toml yet; the start prompts come first"),
    ):  # fmt: skip
        app = app_of(ListSource(recorded(1)), export=export)
        async with app.run_test(size=(120, 40), notifications=True) as pilot:
            await settled(app, pilot)
            await pilot.press("e")
            await app.workers.wait_for_complete()
            await pilot.pause()
            assert said in " ".join(each.message for each in app._notifications)
            assert said[:16] in screen_text(app)


async def test_help_lists_every_action() -> None:
    app = app_of(ListSource(recorded(1)))
    async with app.run_test(size=(120, 150)) as pilot:
        await settled(app, pilot)
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)
        assert screen_text(app).count("Keys")
        text = " ".join(app.screen.copyable.split())
    for action in ACTIONS:
        assert action.name in text
        assert action.help in text


async def test_enter_opens_the_selected_proposal_which_follows_its_verdict() -> None:
    events = recorded(1)
    made = next(index for index, one in enumerate(events) if type(one.event).__name__ == "ProposalMade")
    source = ListSource(events[: made + 1], endless=True)
    app = app_of(source)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app, pilot)
        await pilot.press("3", "enter")
        await pilot.pause()
        await pilot.pause()
        assert isinstance(app.screen, ProposalScreen)
        assert "proposed" in screen_text(app)
        assert "{+" in screen_text(app)
        source.events = events
        text = await settled(app, pilot)
        assert "not judged there" not in text.split("validation")[0]
        assert "verdict     proposed" not in text
        await pilot.press("escape")
        assert isinstance(app.screen, RunScreen)


async def test_a_new_proposal_does_not_move_the_selection() -> None:
    events = recorded(6)
    source = ListSource(events[:2600], endless=True)
    app = app_of(source)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app, pilot)
        await pilot.press("3", "down", "down")
        table = app.screen.query_one(ProposalTable)
        chosen, count = table.current, len(table.rows)
        source.events = events
        await settled(app, pilot)
        assert len(table.rows) > count
        assert table.current == chosen
        await pilot.press("home")
        assert table.current == table.rows[0].key


async def test_the_graph_shows_a_shared_node_once_and_goes_to_it() -> None:
    app = app_of(ListSource(recorded(2)))
    async with app.run_test(size=(120, 40)) as pilot:
        text = await settled(app, pilot)
        graph = app.screen.query_one("#graph", RowList)
        assert graph.current == "query.task"
        await pilot.press("down", "down")
        await pilot.press("enter")
        assert graph.current == "question"
        await pilot.press("enter")
        assert app.screen.query_one(NodePane).has_focus
    assert text.count("· question") == 1
    assert "↗ question" in text
    assert "● query ×2" in text
    assert "✎ query.task" in text


async def test_ten_thousand_events_are_few_repaints_and_end_as_the_reducer_says() -> None:
    events = recorded(6)
    source = ListSource(flood(events, 10_000))
    app = app_of(source)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        ticks = 0
        while source.given < len(source.events):
            app.drain_now()
            ticks += 1
        await pilot.pause()
        painted = [widget.paints for widget in app.screen.query(Painted)]
        node = app.screen.query_one(NodePane)
    most = len(source.events) / MAX_EVENTS + 2
    assert ticks <= most
    assert max(painted) <= 3 * most + 6  # the status line may hear of a view, a time and a lag in one tick
    assert node.paints <= most + 4
    assert app.view.state == "done"


async def test_an_unchanged_view_repaints_nothing() -> None:
    app = app_of(ListSource(recorded(2), endless=True))
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app, pilot)
        before = _paints(app)
        for _ in range(20):
            app.drain_now()
            app._run_screen.view = app.view
        await pilot.pause()
        assert _paints(app) == before


def _paints(app: RunApp) -> list[int]:
    lists = [widget.line_paints for widget in app.screen.query(RowList)]
    return [*lists, *(widget.paints for widget in app.screen.query(Painted)), app.screen.query_one(NodePane).paints]


async def test_one_tick_stops_at_its_time_budget_and_says_so() -> None:
    now = [0.0]

    def clock() -> float:
        now[0] += 0.005
        return now[0]

    source = ListSource(recorded(6), endless=True)
    app = app_of(source, clock=clock)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        source.given = 0
        app.drain_now()
        await pilot.pause()
        assert source.given < len(source.events)
        assert "display catching up" in screen_text(app)


async def test_a_warning_is_a_toast_and_only_the_newest_of_a_tick() -> None:
    source = ListSource([Stamped(n, 0.0, None, Warned(f"odd [/{n}]")) for n in range(50)], endless=True)
    app = app_of(source)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        text = await settled(app, pilot)
    assert "odd [/49] (and 49 more)" in text
    assert "odd [/48]" not in text


async def test_what_earlier_executions_told_is_no_news() -> None:
    told = [RunOpened("r", "runs/r", "c.toml", "0", "2031", False), Warned("old oddity"), Interrupted("old ctrl+c")]
    again = [told[0], Warned("odd now")]
    source = ListSource([Stamped(n, 0.0, None, event) for n, event in enumerate([*told, *again], 1)], endless=True)
    app = app_of(source, known=len(told))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        text = await settled(app, pilot)
        said = [each.message for each in app._notifications]
    assert "warning: odd now" in text
    assert said == ["warning: odd now"]


async def test_what_a_watched_run_told_before_it_was_opened_is_no_news_however_much_there_is(tmp_path: Path) -> None:
    opening = RunOpened("r", str(tmp_path), "c.toml", "0", "2031", False)
    journal = Journal(tmp_path, lambda _: None)
    for event in (opening, *(Warned(f"old oddity {n}") for n in range(2_500)), Interrupted("old ctrl+c")):
        journal.append(event)
    app = RunApp(WatchedSource(tmp_path), mode="watch", clock=lambda: 0.0)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.pause()
        for _ in range(3):
            app.drain_now()
        await pilot.pause()
        assert len(app.view.notes.warnings) == 2_500
        assert [each.message for each in app._notifications] == []
        journal.append(opening)
        journal.append(Warned("odd now"))
        journal.close()
        app.drain_now()
        await pilot.pause()
        said = [each.message for each in app._notifications]
    assert said == ["warning: odd now"]


async def test_a_run_that_pauses_for_an_error_says_it_once_and_whole_with_its_hint() -> None:
    trouble = ErrorInfo("ModelUnavailable", "nobody answers at 127.0.0.1:1 [0/val/a1/answer/1]", "start the server")
    pausing, paused = (ControlChanged(state, trouble.message, 0, trouble) for state in ("pausing", "paused"))
    source = ListSource(
        [Stamped(n, 0.0, None, event) for n, event in enumerate([pausing, paused, paused])], endless=True
    )
    app = app_of(source)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(app, pilot)
        (said,) = app._notifications
    whole = "the run waits for you: nobody answers at 127.0.0.1:1 [0/val/a1/answer/1]; start the server; then resume it"
    assert (said.message, said.severity) == (f"error: {whole}", "error")
    assert list(app.view.notes.errors) == [whole]
    assert {each.text for each in app.view.log if each.level == "error"} == {f"paused, {whole}"}


async def test_a_defect_of_the_app_stops_the_engine_and_tells_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    class Broken(ListSource):
        def drain(self, limit: int = 2000) -> list[Stamped]:
            secret = "sk-" + "12345"
            raise LookupError(f"no event \x1b[2J{len(secret)}")

    source = Broken(endless=True)
    app = app_of(source)

    async def run() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            for _ in range(50):  # the first tick of the app's own timer fails
                await pilot.pause()

    with pytest.raises(LookupError):
        await run()

    app.error_console = Console(file=StringIO())
    app._print_error_renderables()
    said = app.error_console.file.getvalue() + capsys.readouterr().err
    assert source.told == ["start", "abort the app failed"]
    assert "LookupError: no event" in said
    assert "sk-12345" not in said
    assert "\x1b[2J" not in said


@pytest.mark.parametrize("size", [(120, 40), (80, 24)], ids=str)
@pytest.mark.parametrize(
    ("keys", "ends"),
    [
        (("3", "enter"), "Proposal 2.1"),
        (("3", "down", "enter"), "Proposal 1."),
        (("1", "3", "2", "3", "enter"), "Proposal 2.1"),
        (("2", "1", "3", "enter", "escape", "1", "enter"), "node query.task"),
        (("3", "1", "enter"), "node query.task"),
        (("1", "down", "down", "enter", "enter"), "node question"),
        (("tab", "tab", "enter"), "Proposal 2.1"),
        (("question_mark", "escape", "3", "enter"), "Proposal 2.1"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else None,
)
async def test_keys_that_come_at_once_act_in_order(size: tuple[int, int], keys: tuple[str, ...], ends: str) -> None:
    app = app_of(ListSource(recorded(2)))
    async with app.run_test(size=size) as pilot:
        await settled(app, pilot)
        for key in keys:
            app.simulate_key(key)  # into the queue, without waiting for what the one before does
        text = await at_rest(app, pilot)
        opened = app.screen
        if ends.startswith("Proposal"):
            assert isinstance(opened, ProposalScreen)
            assert f"─ {ends}" in text
        else:
            assert isinstance(opened, RunScreen)
            assert opened.current == "node"
            assert opened.query_one(NodePane).has_focus
            assert opened.query_one(NodePane).node == ends.removeprefix("node ")


async def test_what_is_typed_into_a_filter_may_come_with_the_key_that_opens_it() -> None:
    source = ListSource(recorded(2, finished=False), endless=True, obeys=False)
    app = app_of(source)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app, pilot)
        for key in ("3", "slash", "s", "q", "p"):
            app.simulate_key(key)
        await at_rest(app, pilot)
        assert app.screen.query_one(ProposalTable).filter == "sqp"
        assert source.told == ["start"]
        for key in ("escape", "p"):
            await pilot.press(key)
        assert source.told == ["start", "pause"]


async def test_q_and_its_answer_may_come_at_once() -> None:
    source = ListSource(recorded(1, finished=False), endless=True, obeys=False)
    app = app_of(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app, pilot)
        for key in ("p", "q", "s"):
            app.simulate_key(key)
        await at_rest(app, pilot)
        assert source.told == ["start", "pause", "stop"]  # s is the answer, not a single step


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (59, 14)], ids=str)
async def test_with_ascii_no_other_character_is_shown_and_nothing_moves(size: tuple[int, int]) -> None:
    events = recorded(3, finished=False)
    screens: list[list[str]] = []
    for ascii_only in (False, True):
        app = app_of(ListSource(events, endless=True), ascii_only=ascii_only)
        async with app.run_test(size=size) as pilot:
            screens.append([await settled(app, pilot)])
            for key in ("3", "enter", "escape", "question_mark"):
                await pilot.press(key)
                screens[-1].append(await at_rest(app, pilot))

    signs, letters = screens
    assert not any(text.isascii() for text in signs)
    assert all(text.isascii() for text in letters)
    for before, after in zip(signs, letters, strict=True):
        assert [cell_len(line) for line in before.splitlines()] == [cell_len(line) for line in after.splitlines()]
    if size == (120, 40):
        assert "* query.task" in letters[0]


def test_text_of_others_in_ascii_takes_as_many_cells() -> None:
    for text in ("größer → 数える 😀", "e\u0301 ╬ ▒ ␛", "plain"):
        assert spelled(text).isascii()
        assert cell_len(spelled(text)) == cell_len(text)
    assert spelled("größer → 数 ╬") == "gr??er > ?? +"
