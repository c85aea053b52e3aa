"""A training, a replay and a watched run as a person sees them: what is shown, and every way out."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.loopback import Turn
from tests.played import Stage, placed, served
from tests.tui.pseudo_terminal import opened
from tests.tui.recorded import recorded

from autodiff_engine.encoding import encode

from .tmux import COMMAND, Terminal

pytestmark = [pytest.mark.tmux, pytest.mark.timeout(600)]
CONFIG = """
[task]
pipeline = "prompt"
metric = "exact_match"
[program]
system = "{{{{ task }}}}"
user = "{{{{ question }}}}"
answer = {{regex = "Answer: (.*)"}}
[prompts]
task = "Say what it is."
[data]
source = "questions.jsonl"
train = 4
val = 6
test = 2
[trainer]
max_steps = 2
batch_size = 3
max_proposals = 1
[models.task]
model = "openai/task"
api_base = "{url}"
price = {{prompt = 0.1, completion = 0.1}}
[models.backward]
model = "openai/backward"
api_base = "{url}"
price = {{prompt = 0.1, completion = 0.1}}
[models.optimizer]
model = "openai/optimizer"
api_base = "{url}"
price = {{prompt = 0.1, completion = 0.1}}
"""
TRAIN = f"{COMMAND} train config.toml --run-dir run"


@pytest.fixture
def terminal(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    opened = Terminal(str(abs(hash(request.node.name))), tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A provider on loopback, and a config that asks it."""
    with placed(tmp_path, monkeypatch), served() as stage:
        (tmp_path / "config.toml").write_text(CONFIG.format(url=stage.server.url), encoding="utf-8")
        stage.knows(tmp_path / "config.toml", [])
        yield stage


@pytest.fixture
def slow(stage: Stage) -> Stage:
    """The provider takes a second for each answer: there is time to press something."""
    provider = stage.provider

    def later(body: dict[str, Any]) -> Turn:
        return replace(provider(body), delay_s=1.0)

    stage.server.otherwise = later  # the whole run would take half a minute
    return stage


def journal_of(folder: Path) -> list[dict[str, Any]]:
    """The events of a journal that must be whole: every line is one, and the last one ends the run."""
    text = (folder / "journal.jsonl").read_text(encoding="utf-8")
    assert text.endswith("\n")
    events = [json.loads(line) for line in text.splitlines()]
    assert [event["type"] for event in events].count("RunFinished") == 1
    assert events[-1]["type"] == "RunFinished"
    return events


@pytest.mark.usefixtures("slow")
def test_ctrl_c_stops_a_training_and_keeps_the_best(terminal: Terminal, tmp_path: Path) -> None:
    terminal.open(TRAIN, 120, 40)
    terminal.wait_for("step 1/")

    terminal.press("C-c")
    after = terminal.wait_for("code")

    assert "code 0" in after
    assert "stopped" in after
    assert terminal.restored
    assert journal_of(tmp_path / "run")[-1]["status"] == "stopped"
    assert (tmp_path / "run" / "best.toml").is_file()


@pytest.mark.usefixtures("slow")
def test_ctrl_c_twice_aborts_a_training(terminal: Terminal, tmp_path: Path) -> None:
    terminal.open(TRAIN, 120, 40)
    terminal.wait_for("step 1/")

    terminal.press("C-c", "C-c")

    assert "code 130" in terminal.wait_for("code")
    assert terminal.restored
    assert journal_of(tmp_path / "run")[-1]["status"] == "interrupted"


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_a_signal_ends_a_training_by_the_convention(
    number: signal.Signals, code: int, terminal: Terminal, tmp_path: Path
) -> None:
    terminal.open(TRAIN, 100, 30)
    terminal.wait_for("step 1/")

    terminal.tell(number)

    assert f"code {code}" in terminal.wait_for("code")
    assert terminal.restored
    assert journal_of(tmp_path / "run")[-1]["status"] == "interrupted"


@pytest.mark.usefixtures("stage")
def test_a_terminal_that_stops_reading_stops_no_training(tmp_path: Path) -> None:
    """As after ctrl+s, or behind a connection that hangs: the screen waits, the engine does not."""
    terminal = opened([str(COMMAND), *TRAIN.split()[1:]], folder=tmp_path)
    journal = tmp_path / "run" / "journal.jsonl"
    deadline = time.monotonic() + 120
    while not journal.exists() or '"RunFinished"' not in journal.read_text(encoding="utf-8"):
        assert time.monotonic() < deadline, journal.exists() and journal.read_text(encoding="utf-8")[-500:]
        time.sleep(0.1)

    terminal.read_until(b"finished", 90)
    terminal.write(b"q")
    terminal.read_until(b"validation best", 90)

    assert terminal.left() == 0
    assert terminal.is_restored
    assert journal_of(tmp_path / "run")[-1]["status"] == "done"


@pytest.mark.usefixtures("slow")
def test_a_terminal_that_does_not_read_any_more_cannot_keep_a_training_from_its_end(tmp_path: Path) -> None:
    terminal = opened([str(COMMAND), *TRAIN.split()[1:]], folder=tmp_path)
    terminal.read_until(b"step 1/", 90)

    terminal.process.send_signal(signal.SIGTERM)  # from here on nobody reads what it says

    deadline = time.monotonic() + 120
    journal = tmp_path / "run" / "journal.jsonl"
    while '"RunFinished"' not in journal.read_text(encoding="utf-8"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert journal_of(tmp_path / "run")[-1]["status"] == "interrupted"
    assert terminal.left() == 143


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """The folder of a run of some minutes."""
    folder = tmp_path / "runs" / "r1"
    folder.mkdir(parents=True)
    lines = [encode(stamped) for stamped in recorded(3)]
    (folder / "journal.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return folder


@pytest.mark.parametrize(("width", "height"), [(120, 40), (80, 24)])
def test_a_replay_opens_plays_holds_and_is_left_with_q(
    width: int, height: int, run_dir: Path, terminal: Terminal
) -> None:
    written = (run_dir / "journal.jsonl").read_bytes()
    terminal.open(f"{COMMAND} replay latest --speed 1", width, height)
    terminal.wait_for(f"of {len(recorded(3)):,}")  # all is read: what is held stays

    terminal.press("Space")
    held = terminal.wait_for("p Play")
    terminal.press(">", ">", "p")
    playing = terminal.wait_for("p Pause")
    terminal.press("G")
    ended = terminal.wait_for("press q")
    terminal.press("q")
    after = terminal.wait_for("code")

    assert "‖ held · event" in held
    assert "step 2/12" in playing
    assert "0.63 (n=60)" in ended
    assert "code 0" in after
    assert terminal.restored
    assert (run_dir / "journal.jsonl").read_bytes() == written


@pytest.mark.usefixtures("run_dir")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
@pytest.mark.parametrize("command", ["replay", "watch"])
def test_a_signal_leaves_a_run_that_is_only_shown(
    command: str, number: signal.Signals, code: int, terminal: Terminal
) -> None:
    terminal.open(f"{COMMAND} {command} r1", 80, 24)
    terminal.wait_for("q Quit")

    terminal.tell(number)

    assert f"code {code}" in terminal.wait_for("code")
    assert terminal.restored


def test_a_watched_run_goes_on_when_its_watcher_leaves(terminal: Terminal, tmp_path: Path) -> None:
    watched = subprocess.Popen([COMMAND, "demo", "--speed", "5", "--ui", "none", "--run-dir", "runs/r1"], cwd=tmp_path)
    while not (tmp_path / "runs" / "r1" / "journal.jsonl").exists():
        time.sleep(0.1)
    terminal.open(f"{COMMAND} watch r1", 100, 30)
    seen = terminal.wait_for("step 1/")
    terminal.press("p")
    terminal.wait_for("another process")
    terminal.press("q")
    after = terminal.wait_for("code")

    assert "(p Pause)" in seen
    assert "code 0" in after
    assert terminal.restored
    assert watched.wait(120) == 0
    assert journal_of(tmp_path / "runs" / "r1")[-1]["status"] == "done"
