from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from autodiff_engine.control import Control
from autodiff_engine.errors import ConfigError, StorageError
from autodiff_engine.events import ErrorInfo, Event, RunFinished
from autodiff_tui.flags import Flags
from autodiff_tui.front import choose, show
from autodiff_tui.session import Listener

from .runs import finished, small_run, stamped


class Recorded:
    """A run that emits given events; it waits before the last one if ``endless``, until it is cancelled."""

    def __init__(self, run_dir: Path, events: list[Event], *, endless: bool = False) -> None:
        self.run_dir = run_dir
        self._events = events
        self._endless = endless
        self.waiting = threading.Event()

    async def execute(self, control: Control, listener: Listener) -> RunFinished:
        *before, last = stamped(self._events)
        for each in before:
            listener(each)
        try:
            if self._endless:
                self.waiting.set()
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            (last,) = stamped([finished("interrupted")])
        listener(last)
        assert isinstance(last.event, RunFinished)
        return last.event


def shown(run: Recorded, flags: Flags) -> int:
    return show(run.execute, run.run_dir, flags)


class Broken(Recorded):
    async def execute(self, control: Control, listener: Listener) -> RunFinished:
        raise ZeroDivisionError("a defect")


@pytest.mark.parametrize(
    ("environ", "terminal", "front"),
    [
        pytest.param({"TERM": "xterm"}, True, "tui", id="a terminal"),
        pytest.param({"TERM": "xterm"}, False, "plain", id="a pipe"),
        pytest.param({"TERM": "dumb"}, True, "plain", id="a dumb terminal"),
        pytest.param({}, True, "plain", id="a terminal of unknown kind"),
        pytest.param({"TERM": "xterm", "CI": "true"}, True, "plain", id="continuous integration"),
    ],
)
def test_auto_is_the_app_only_where_a_person_can_steer(
    environ: dict[str, str], terminal: bool, front: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: terminal)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)

    assert choose("auto", environ) == front


def test_what_was_asked_for_is_taken() -> None:
    assert [choose(ui, {}) for ui in ("plain", "json", "none")] == ["plain", "json", "none"]


def test_the_app_without_a_terminal_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert choose("tui", {"CI": "1"}) == "tui"

    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    with pytest.raises(ConfigError, match="terminal"):
        choose("tui", {"TERM": "xterm"})


def test_plain_ends_with_the_result_on_stdout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = shown(Recorded(tmp_path, small_run()), Flags(ui="plain"))

    said = capsys.readouterr()
    assert code == 0
    assert said.out.splitlines()[:3] == [
        "run        r1: done after 1 step, 0:01",
        "validation best 0.75, start 0.50 (n=4)",
        "test       best 0.75, start 0.25 (n=4, p=.50)",
    ]
    assert "step 1: accepted proposal 2" in said.err


def test_none_says_nothing_but_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    failed = finished("failed", error=ErrorInfo("ModelUnavailable", "nobody answered", "try again"))

    code = shown(Recorded(tmp_path, [*small_run()[:-1], failed]), Flags(ui="none"))

    assert code == 3
    assert capsys.readouterr() == ("", "error: nobody answered\nhint: try again\n")


def test_json_ends_with_run_finished(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(Recorded(tmp_path, small_run()), Flags(ui="json")) == 0

    said = capsys.readouterr()
    assert said.err == ""
    assert json.loads(said.out.splitlines()[-1])["type"] == "RunFinished"


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_ends_a_live_run_with_its_code_and_the_last_event(
    name: str, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Recorded(tmp_path, small_run(), endless=True)

    def interrupt() -> None:
        run.waiting.wait(10)
        os.kill(os.getpid(), getattr(signal, name))

    sender = threading.Thread(target=interrupt)
    sender.start()
    got = shown(run, Flags(ui="json"))
    sender.join()

    assert got == code
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["status"] == "interrupted"


def test_a_defect_leaves_its_traceback_in_the_run_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(Broken(tmp_path, []), Flags(ui="plain")) == 1

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "error: a defect in autodiff-tui: ZeroDivisionError: a defect",
        f"hint: please report it, with {tmp_path / 'crash.txt'}",
    ]
    assert "ZeroDivisionError" in (tmp_path / "crash.txt").read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_made_is_an_error_and_no_defect(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Nowhere(Recorded):
        async def execute(self, control: Control, listener: Listener) -> RunFinished:
            raise StorageError("runs: read-only", "choose another folder with --run-dir")

    assert shown(Nowhere(tmp_path, []), Flags(ui="json")) == 1

    assert capsys.readouterr() == ("", "error: runs: read-only\nhint: choose another folder with --run-dir\n")
