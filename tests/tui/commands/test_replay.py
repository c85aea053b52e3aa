"""``replay`` and ``watch`` without the app: what is told, where, and with which code they end."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from autodiff_engine.events import ProposalSkipped, ProposalVetoed
from autodiff_engine.journal import FILE, Journal
from autodiff_tui.cli import run

from ..runs import small_run
from .test_runs import record


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("command", ["replay", "watch"])
def test_a_run_is_told_again_as_it_was(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    record("r1", [*small_run()[:-1], ProposalSkipped(9, 1, 2), ProposalVetoed(9, 1, 2, "no"), small_run()[-1]])

    assert run([command, "latest", "--ui", "plain"]) == 0

    told = capsys.readouterr()
    assert "run r1 in runs/r1" in told.err
    assert "proposal 2:" in told.err
    assert "a person chose to skip proposal 1.2" in told.err
    assert "a person chose to veto proposal 1.2: no" in told.err
    assert "r1" in told.out


@pytest.mark.parametrize("command", ["replay", "watch"])
def test_as_json_it_is_the_journal_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder = record("r1", small_run())

    assert run([command, "r1", "--ui", "json"]) == 0

    told = capsys.readouterr()
    assert told.err == ""
    assert told.out == (folder / FILE).read_text()
    assert json.loads(told.out.splitlines()[-1])["type"] == "RunFinished"


def test_a_replay_says_that_the_last_line_was_cut_short(capsys: pytest.CaptureFixture[str]) -> None:
    folder = record("r1", small_run())
    whole = (folder / FILE).read_bytes()
    (folder / FILE).write_bytes(whole[:-30])

    assert run(["replay", "r1", "--ui", "none"]) == 0

    assert "cut short" in capsys.readouterr().err
    assert (folder / FILE).read_bytes() == whole[:-30]


@pytest.mark.parametrize("command", ["replay", "watch"])
def test_without_such_a_run_it_is_a_usage_error(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "nobody", "--ui", "plain"]) == 2

    told = capsys.readouterr()
    assert told.out == ""
    assert "nobody: no such run" in told.err


def test_a_run_is_watched_until_it_ends(capsys: pytest.CaptureFixture[str]) -> None:
    events = small_run()
    folder = record("r1", events[:4])

    def go_on() -> None:
        journal = Journal(folder, lambda _: None)
        for event in events[4:]:
            journal.append(event)
        journal.close()

    other = threading.Timer(0.2, go_on)
    other.start()
    code = run(["watch", "r1", "--ui", "json"])
    other.join()

    assert code == 0
    types = [json.loads(line)["type"] for line in capsys.readouterr().out.splitlines()]
    assert types == [type(event).__name__ for event in events]


def test_a_journal_that_breaks_while_it_is_watched_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    folder = record("r1", small_run()[:4])
    with (folder / FILE).open("ab") as file:
        file.write(b"not ours\n")

    assert run(["watch", "r1", "--ui", "plain"]) == 1

    assert "line 5: not an event of ours" in capsys.readouterr().err
