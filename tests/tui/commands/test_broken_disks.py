"""What a run does when its disk, its answers or its journal fail it: a defined end, from which it goes on."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autodiff_engine.control import Control
from autodiff_engine.events import Event
from autodiff_engine.events import TestCompared as Compared  # pytest takes what is called Test… for one
from autodiff_engine.journal import FILE, read
from autodiff_tui.cli import run

from ...counting import events_of, provider
from ...loopback import Loopback, Turn
from .test_resume import RUN, TRAIN, at, bodies, cut, steered

pytestmark = pytest.mark.usefixtures("counting")

FULL = Path("/dev/full")


def when_a_writer_is_asked(do: Callable[[], object]) -> Callable[[dict[str, Any]], Turn]:
    """The provider; the first time that a rewrite is asked for, something happens to the disk."""
    left = [do]

    def answer(body: dict[str, Any]) -> Turn:
        if body["model"] == "writer" and left:
            left.pop()()
        return provider(body)

    return answer


def fill_the_disk() -> None:
    """Let this process's open journal stand on a disk without room."""
    for link in Path("/proc/self/fd").iterdir():
        if link.is_symlink() and os.readlink(link).endswith(FILE):
            full = os.open(FULL, os.O_WRONLY)
            os.dup2(full, int(link.name))
            os.close(full)


@pytest.mark.skipif(not FULL.exists(), reason="the disk that is always full is Linux's")
def test_on_a_full_disk_the_run_fails_and_goes_on_where_its_journal_ends_when_there_is_room(
    server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    server.otherwise = when_a_writer_is_asked(fill_the_disk)
    assert run(["train", "c.toml", "--ui", "json", "--run-dir", "r"]) == 1
    said = capsys.readouterr()
    end = events_of(said.out)[-1]
    assert (end["type"], end["status"], end["error"]["kind"]) == ("RunFinished", "failed", "StorageError")
    assert "No space left on device" in said.err
    assert "hint: free some space, then resume it" in said.err
    left = read(RUN)

    assert run(["resume", "r", "--ui", "none"]) == 0

    assert read(RUN).events[: len(left.events)] == left.events
    assert max(bodies(server).values()) == 1
    assert run([*TRAIN[:-1], "whole"]) == 0
    assert read(RUN).facts == read(Path("whole")).facts


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be deleted there")
def test_answers_that_are_deleted_while_the_run_goes_on_are_missed_by_nobody_until_it_is_over(
    server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is open is used on: the run comes to its end, pays for nothing twice, and says what it cannot any more."""
    assert run([*TRAIN[:-1], "whole"]) == 0
    shutil.rmtree("answers")
    server.received.clear()
    server.otherwise = when_a_writer_is_asked(lambda: shutil.rmtree("answers"))

    assert run(["train", "c.toml", "--ui", "json", "--run-dir", "r"]) == 0

    events = events_of(capsys.readouterr().out)
    warnings = [event["message"] for event in events if event["type"] == "Warned"]
    assert len(warnings) == 1
    assert re.match(r"the answers in .*answers were deleted while this run uses them: it goes on ", warnings[0])
    assert (events[-1]["type"], events[-1]["status"]) == ("RunFinished", "done")
    assert read(RUN).facts == read(Path("whole")).facts
    assert max(bodies(server).values()) == 1
    assert not Path("answers").exists()
    assert run(["replay", "r", "--verify"]) == 1
    said = capsys.readouterr().err
    assert "no recorded answer" in said
    assert said.endswith("hint: name the --cache-dir that holds the answers of this run\n")


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be deleted there")
def test_answers_that_are_deleted_after_the_last_one_was_stored_are_told_before_the_end() -> None:
    def delete(event: Event, _: Control) -> None:
        if isinstance(event, Compared):
            shutil.rmtree("answers")

    assert steered(delete).status == "done"

    assert [type(each.event).__name__ for each in read(RUN).events][-2:] == ["Warned", "RunFinished"]


def test_answers_that_are_deleted_after_a_run_was_killed_are_asked_again_only_if_one_says_so(
    server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*TRAIN[:-1], "whole"]) == 0
    assert run(TRAIN) == 0
    cut(at("ProposalMade"))
    journal, asked = (RUN / FILE).read_bytes(), len(server.received)
    shutil.rmtree("answers")
    capsys.readouterr()

    assert run(["resume", "r"]) == 2

    said = capsys.readouterr()
    assert re.search(r"answers: (\d+) of the \1 answers that the run got are not stored here: ", said.err)
    assert "name the --cache-dir that holds them; or --anyway asks, and pays, for these again" in said.err
    assert (said.out, (RUN / FILE).read_bytes(), len(server.received)) == ("", journal, asked)
    assert run(["resume", "r", "--ui", "none", "--anyway"]) == 0
    assert read(RUN).facts == read(Path("whole")).facts  # the provider says the same again
    assert max(bodies(server).values()) == 2


@pytest.mark.parametrize(
    ("spoil", "count", "told"),
    [
        pytest.param("UPDATE Cache SET value = 'garbage' WHERE rowid = 1", 1, 1, id="one is damaged"),
        pytest.param("DELETE FROM Cache WHERE rowid = 2", 1, 1, id="one is gone"),
        pytest.param("DELETE FROM Cache WHERE rowid > 1", 34, 26, id="nearly all are gone"),
    ],
)
def test_however_many_answers_are_lost_they_are_asked_again_only_if_one_says_so_and_no_other(
    spoil: str, count: int, told: int, server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(TRAIN) == 0
    whole = read(RUN)
    cut(at("StepFinished"))
    journal, asked = (RUN / FILE).read_bytes(), len(server.received)
    with sqlite3.connect("answers/cache.db") as database:
        assert database.execute(spoil).rowcount == count
    database.close()
    capsys.readouterr()

    assert run(["resume", "r"]) == 2
    assert f"{told} of the 27 answers that the run got are not stored here: " in capsys.readouterr().err
    assert ((RUN / FILE).read_bytes(), len(server.received)) == (journal, asked)

    assert run(["resume", "r", "--anyway"]) == 0
    assert f"warning: {told} of the 27 answers that the run got are not stored here" in capsys.readouterr().err
    assert len(server.received) == asked + count
    assert max(bodies(server).values()) == 2
    assert read(RUN).facts == whole.facts


def test_answers_that_a_run_uses_are_not_cleared(server: Loopback, capsys: pytest.CaptureFixture[str]) -> None:
    said: list[subprocess.CompletedProcess[str]] = []

    def clear() -> None:
        for every in ([], ["--all"]):
            command = [sys.executable, "-m", "autodiff_tui", "cache", "clear", *every, "--cache-dir", "answers"]
            said.append(subprocess.run(command, capture_output=True, text=True, timeout=50, check=False))

    server.otherwise = when_a_writer_is_asked(clear)
    assert run(TRAIN) == 0

    assert [(each.returncode, each.stdout) for each in said] == [(2, "")] * 2
    told = "error: answers: a run uses these answers now\nhint: clear them when it has ended\n"
    assert [each.stderr for each in said] == [told] * 2
    assert run(["replay", "r", "--verify"]) == 0
    assert run(["cache", "clear", "--all", "--cache-dir", "answers"]) == 0
    assert f"{len(server.received)} answers deleted, 0 kept\n" in capsys.readouterr().out


@pytest.mark.parametrize("spoil", [lambda c: b"garbage" * 999, lambda c: c[:9000]], ids=["garbage", "cut short"])
def test_a_damaged_database_is_refused_before_anything_is_made_or_asked(
    spoil: Callable[[bytes], bytes], server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(TRAIN) == 0
    cut(at("StepFinished"))
    RUN.rename("whole")
    asked = len(server.received)
    database = Path("answers/cache.db")
    database.write_bytes(spoil(database.read_bytes()))
    capsys.readouterr()

    for command in (TRAIN, ["eval", "c.toml"], ["resume", "whole", "--anyway"], ["cache", "stats"]):
        assert run([*command, "--cache-dir", "answers"]) == 2, command
        assert re.match(
            r"error: the answers in answers cannot be used: (file is not a|database disk image is malformed)",
            capsys.readouterr().err,
        ), command
    assert not RUN.exists()
    assert len(server.received) == asked
