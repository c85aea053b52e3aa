"""A watched run whose process died: the screen, the plain output and the exit code say so, and it may go on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.tui.recorded import recorded
from tests.tui.screens import at_rest

from autodiff_engine.encoding import encode
from autodiff_engine.events import ProposalJudged, ProposalMade, Stamped
from autodiff_engine.journal import FILE
from autodiff_engine.lock import locked
from autodiff_tui.actions import by_id, refusal
from autodiff_tui.app import RunApp
from autodiff_tui.captions import DONE, WATCHED, abandoned
from autodiff_tui.cli import run
from autodiff_tui.sources import WatchedSource
from autodiff_tui.view import RunView, reduce, without_process

EVENTS = recorded(2)
MADE = next(n for n, one in enumerate(EVENTS) if isinstance(one.event, ProposalMade))
CUT = EVENTS[: next(n for n, one in enumerate(EVENTS) if n > MADE and isinstance(one.event, ProposalJudged)) - 1]
"""A run that is in the middle of something, with a call open."""
OPENED = EVENTS[0].event


def written(folder: Path, events: list[Stamped]) -> Path:
    with (folder / FILE).open("a", encoding="utf-8") as file:
        file.write("".join(f"{encode(each)}\n" for each in events))
    return folder


class Clock:
    """Stands until it is told to go on."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def all_of(source: WatchedSource) -> list[Stamped]:
    taken: list[Stamped] = []
    while events := source.drain():
        taken += events
    return taken


def test_that_a_process_died_is_found_out_by_the_lock_once_the_run_is_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []

    def goes_on(folder: Path) -> bool | None:
        from autodiff_engine.lock import held

        asked.append(folder)
        return held(folder)

    monkeypatch.setattr("autodiff_tui.sources.goes_on", goes_on)
    clock = Clock()
    with locked(tmp_path):
        source = WatchedSource(written(tmp_path, CUT[:-5]), clock)
        all_of(source)
        clock.now = 1.0
        all_of(source)
        assert (len(asked), source.abandoned, source.ended) == (1, False, False)
        for tick in range(20):  # who is asked ten times a second asks for the lock now and then
            clock.now = 1.0 + tick / 10
            all_of(source)
        assert len(asked) == 2
        written(tmp_path, CUT[-5:])
        all_of(source)
    clock.now += 1.0
    all_of(source)
    assert not source.abandoned  # it wrote a moment ago
    clock.now += 1.0
    all_of(source)
    assert source.abandoned
    assert source.ended

    written(tmp_path, [Stamped(len(CUT) + 1, 0.0, None, OPENED)])
    assert len(all_of(source)) == 1
    assert not source.abandoned
    assert not source.ended


def test_what_a_process_wrote_before_it_died_is_read_before_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    source = WatchedSource(written(tmp_path, CUT[:-5]), clock)
    all_of(source)

    def dies(folder: Path) -> bool:
        written(folder, CUT[-5:])
        return False

    monkeypatch.setattr("autodiff_tui.sources.goes_on", dies)
    clock.now = 5.0
    assert source.drain() == CUT[-5:]
    assert not source.abandoned


def test_where_no_lock_is_known_nobody_says_that_it_died(tmp_path: Path) -> None:
    clock = Clock()
    source = WatchedSource(written(tmp_path, CUT), clock)
    all_of(source)
    clock.now = 60.0
    all_of(source)
    assert not source.abandoned
    source.abort("left")


def test_a_run_without_its_process_has_no_open_calls() -> None:
    view = RunView()
    for stamped in EVENTS[:60]:
        view = reduce(view, stamped)
    assert view.control.in_flight or any(node.running for node in view.traffic.nodes.values())
    left = without_process(view)
    assert (left.state, left.control.in_flight) == ("unfinished", 0)
    assert not any(node.running for node in left.traffic.nodes.values())
    assert not any(role.open for role in left.traffic.roles.values())
    assert "resume" in refusal(by_id("toggle_pause"), left, "watch")


@pytest.mark.parametrize("size", [(120, 40), (60, 16)], ids=str)
async def test_the_screen_of_a_watched_run_says_that_its_process_died_and_that_it_goes_on_again(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    clock = Clock()
    with locked(tmp_path):
        app = RunApp(WatchedSource(written(tmp_path, CUT), clock), mode="watch", clock=lambda: 0.0, called="runs/r7")
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            app.drain_now()
            text = await at_rest(app, pilot)
            assert "● running" in text
            assert any(words in text for words in WATCHED)
            source = app._source
            assert isinstance(source, WatchedSource)
            source._folder = tmp_path / "elsewhere"  # as if the lock were free, with this test still holding it
            source._folder.mkdir()
            (source._folder / "lock").touch()
            clock.now = 3.0
            app.drain_now()
            text = await at_rest(app, pilot)
            assert text.splitlines()[0].startswith(" ■ unfinished")
            assert "open" not in text.splitlines()[1]
            assert any(words in text for words in abandoned("runs/r7"))
            assert "autodiff-tui resume runs/r7" in text
            assert "another process executes" not in text
            await pilot.press("comma")  # what is past is shown as it was
            assert "looking back" in (await at_rest(app, pilot)).splitlines()[0]
            assert "unfinished" not in (await at_rest(app, pilot)).splitlines()[0]
            await pilot.press("G")
            assert "■ unfinished" in await at_rest(app, pilot)

            written(tmp_path, [Stamped(len(CUT) + 1, 0.0, None, OPENED)])
            app.drain_now()
            text = await at_rest(app, pilot)
            assert "● running" in text
            assert any(words in text for words in WATCHED)
            await pilot.press("q")
    assert app.return_code == 0


async def test_of_a_finished_run_the_watching_says_that_it_has_ended(tmp_path: Path) -> None:
    app = RunApp(WatchedSource(written(tmp_path, EVENTS)), mode="watch", clock=lambda: 0.0)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await pilot.pause()
        for _ in range(5):
            app.drain_now()
        text = await at_rest(app, pilot)
        assert text.splitlines()[0].startswith(" ✓ done")
        assert DONE[0] in text
        assert WATCHED[0] not in text
        assert app._source.ended
        await pilot.press("p")
        assert "the run has ended" in await at_rest(app, pilot)


@pytest.mark.parametrize("ui", ["plain", "json", "none"])
def test_outside_the_app_watching_a_run_whose_process_was_killed_ends_with_1_and_what_to_do(
    ui: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("runs") / "r1"
    folder.mkdir(parents=True)
    holds = (
        "import sys; from pathlib import Path; from autodiff_engine.lock import locked\n"
        "with locked(Path(sys.argv[1])):\n    print(flush=True); sys.stdin.read()\n"
    )
    trainer = subprocess.Popen(
        [sys.executable, "-c", holds, str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert trainer.stdout is not None
    trainer.stdout.readline()
    written(folder, CUT)
    trainer.kill()
    trainer.communicate()

    assert run(["watch", "r1", "--ui", ui]) == 1

    told = capsys.readouterr()
    assert "runs/r1: the process that executed this run has ended, and the run has not" in told.err
    assert "autodiff-tui resume runs/r1" in told.err
    assert len(told.out.splitlines()) == (len(CUT) if ui == "json" else 0)
