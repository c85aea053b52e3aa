"""A disk that is full when an answer was paid for: one line with place and fix; that answer alone is asked again."""

from __future__ import annotations

import json
import re
import resource
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from autodiff_engine.events import CallFinished, RunFinished
from autodiff_engine.journal import read
from autodiff_engine.llm.store import AnswerStore
from autodiff_tui.cli import run

from ...commanded import on_a_small_disk
from ...counting import events_of, provider
from ...loopback import Loopback, Turn
from .test_resume import RUN, TRAIN, bodies

pytestmark = [
    pytest.mark.usefixtures("counting"),
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform != "linux", reason="limits and mounts are Linux's"),
]


def wordy(body: dict[str, Any]) -> Turn:
    """The provider, with answers that say much that nobody needs before what they say."""
    turn = provider(body)
    told = json.loads(turn.body)
    message = told["choices"][0]["message"]
    noise = " ".join(f"{number * 7919 % 100_003:x}" for number in range(1500, 5500))
    message["content"] = f"<thought>{noise}</thought>\n{message['content']}"
    return Turn(body=json.dumps(told))


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """What a quota of the system is for a process: writes beyond fail; the tests' own files are shorter."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class Ended(NamedTuple):
    """The calls of the journal that ended without a stored answer, by their keys."""

    lost: Counter[str]
    """Answered, and not stored: there was no room."""
    cancelled: Counter[str]
    """On their way when the run ended for that."""


def without_answers() -> Ended:
    finished = [each.event for each in read(RUN).events if isinstance(each.event, CallFinished)]
    return Ended(
        Counter(each.key for each in finished if each.error.startswith("the answers in ")),
        Counter(each.key for each in finished if each.error == "cancelled"),
    )


def the_same_end_with_only_what_was_not_stored_asked_again(server: Loopback, before: Ended) -> None:
    again = Counter(bodies(server).values())
    assert len(before.lost) <= again[2] <= len(before.lost | before.cancelled)
    assert set(again) <= {1, 2}
    known = read(RUN)
    assert isinstance(known.events[-1].event, RunFinished)
    assert known.events[-1].event.calls.made == len(server.received)
    shutil.rmtree("answers", ignore_errors=True)
    assert run([*TRAIN[:-1], "whole"]) == 0
    assert known.facts == read(Path("whole")).facts


def test_a_quota_that_is_used_up_ends_the_run_and_what_was_lost_is_asked_again_when_there_is_more(
    server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    server.otherwise = wordy
    AnswerStore(Path("answers"), pytest.fail).close()
    with no_file_longer_than(150_000):
        ended = run(["train", "c.toml", "--ui", "json", "--run-dir", "r"])
    said = capsys.readouterr()
    end = events_of(said.out)[-1]
    assert (ended, end["status"], end["error"]["kind"]) == (1, "failed", "StorageError")
    error, hint = said.err.splitlines()[-2:]
    assert re.fullmatch(
        rf"error: the answers in {re.escape(str(Path('answers').absolute()))} cannot be used: .*", error
    )
    assert hint.startswith("hint: free some space there")
    left, missing = read(RUN), without_answers()
    assert (left.torn, sum(missing.lost.values()) >= 1) == (False, True)

    assert run(["resume", "r", "--ui", "none"]) == 0

    assert read(RUN).events[: len(left.events)] == left.events
    the_same_end_with_only_what_was_not_stored_asked_again(server, missing)


def test_whoever_evaluates_or_ablates_is_told_to_give_the_same_command_again(
    server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    server.otherwise = wordy
    AnswerStore(Path("answers"), pytest.fail).close()
    for command in (["eval", "c.toml", "--split", "test"], ["ablate", "c.toml", "--variants", "full"]):
        with no_file_longer_than(100_000 if command[0] == "eval" else 150_000):
            assert run(command) == 1
        hints = [line for line in capsys.readouterr().err.splitlines() if line.startswith("hint: free some space")]
        assert hints == [
            "hint: free some space there (or mend the disk), then give the same command again: only what could not be "
            "stored is asked again"
        ]


@pytest.mark.faults  # the quota is in every run of the tests
def test_a_disk_that_is_full_ends_the_run_and_what_was_lost_is_asked_again_when_there_is_room(server: Loopback) -> None:
    server.otherwise = wordy
    Path("small").mkdir()

    *_, trained, full, _, resumed = on_a_small_disk(
        Path("small"),
        [
            ["cache", "stats", "--cache-dir", "small/answers"],
            ["fill", "small/other", "3900000"],
            ["train", "c.toml", "--ui", "json", "--run-dir", "r", "--cache-dir", "small/answers"],
            ["resume", "r", "--ui", "none", "--cache-dir", "small/answers"],
            ["empty", "small/other"],
            ["resume", "r", "--ui", "none", "--cache-dir", "small/answers"],
        ],
    )

    for told in (trained, full):
        error, hint = told.err.splitlines()[-2:]
        assert told.code == 1
        assert error == "error: the answers in small/answers cannot be used: database or disk is full"
        assert hint.startswith("hint: free some space there")
    assert events_of(trained.out)[-1]["error"]["kind"] == "StorageError"
    assert resumed.code == 0
    the_same_end_with_only_what_was_not_stored_asked_again(server, without_answers())
