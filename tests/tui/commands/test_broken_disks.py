"""What a run does when its disk, its answers or its journal fail it: a defined end, from which it goes on."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
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
    assert "no recorded answer" in capsys.readouterr().err


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
    assert re.search(r"answers: none of the \d+ answers that this run was made from is stored here", said.err)
    assert "name the --cache-dir that holds them; or --anyway asks, and pays, for all of them again" in said.err
    assert (said.out, (RUN / FILE).read_bytes(), len(server.received)) == ("", journal, asked)
    assert run(["resume", "r", "--ui", "none", "--anyway"]) == 0
    assert read(RUN).facts == read(Path("whole")).facts  # the provider says the same again
    assert max(bodies(server).values()) == 2


def test_an_answer_that_was_damaged_is_asked_again_and_no_other(
    server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(TRAIN) == 0
    whole = read(RUN)
    cut(at("StepFinished"))
    asked = len(server.received)
    with sqlite3.connect("answers/cache.db") as database:
        count = database.execute("UPDATE Cache SET value = 'garbage' WHERE rowid = 1").rowcount
    database.close()
    assert count == 1

    assert run(["resume", "r"]) == 0

    assert re_asked(capsys.readouterr().err)
    assert len(server.received) == asked + 1
    assert sorted(bodies(server).values())[-2:] == [1, 2]
    assert read(RUN).facts == whole.facts


def re_asked(said: str) -> bool:
    return "warning: 1 of the 20 answers that this run was made from are no longer stored" in said


def test_a_cache_that_cannot_be_written_is_said_before_anything_is_asked(
    server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(TRAIN) == 0
    cut(at("StepFinished"))
    journal, asked = (RUN / FILE).read_bytes(), len(server.received)

    assert run(["resume", "r", "--cache-dir", "/proc/nobody/may/write/here"]) == 2

    said = capsys.readouterr()
    assert (said.out, "cannot be written" in said.err, "--cache-dir" in said.err) == ("", True, True)
    assert ((RUN / FILE).read_bytes(), len(server.received)) == (journal, asked)


def test_a_journal_that_is_broken_in_its_middle_is_an_error_that_names_the_line(
    server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(TRAIN) == 0
    asked = len(server.received)
    lines = (RUN / FILE).read_text(encoding="utf-8").splitlines()
    (RUN / FILE).write_text("\n".join([*lines[:5], lines[5][:20], *lines[6:], ""]), encoding="utf-8")
    journal = (RUN / FILE).read_bytes()

    assert run(["resume", "r"]) == 1

    assert "journal.jsonl: line 6: not an event of ours" in capsys.readouterr().err
    assert ((RUN / FILE).read_bytes(), len(server.received)) == (journal, asked)


def test_a_journal_without_a_first_line_has_nothing_to_resume(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(TRAIN) == 0
    (RUN / FILE).write_text('{"v": 1, "se', encoding="utf-8")

    assert run(["resume", "r"]) == 1

    assert "nothing was spent in it: train anew" in capsys.readouterr().err
