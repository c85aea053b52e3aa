"""A run that is killed at any moment and resumed comes to the same end; nothing that was answered is asked again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="a process is killed in forks of another")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in memory where there is one: what outlives a process does not depend on the disk, only its speed."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as name:
        yield Path(name)


def killed(folder: Path, *, first: int, step: int, twice: bool) -> dict[str, Any]:
    """Kill a run at every ``step``th of its events, and resume it; twice: and kill that, too."""
    arguments = [str(folder), str(first), str(step), str(int(twice))]
    said = subprocess.run(
        [sys.executable, "-m", "tests.killing", *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    print(said.stdout)  # noqa: T201
    told: dict[str, Any] = json.loads(said.stdout)
    return told


@pytest.mark.timeout(600)
@pytest.mark.parametrize("twice", [False, True], ids=["once", "and again while it is resumed"])
def test_killed_at_some_of_its_events_a_run_comes_to_the_same_end(folder: Path, twice: bool) -> None:
    told = killed(folder, first=3 if twice else 1, step=61, twice=twice)

    assert told["wrong"] == {}
    assert told["ended"]["SIGKILL"] >= 4
    assert told["facts"] > 40


@pytest.mark.every_event
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("twice", [False, True], ids=["once", "and again while it is resumed"])
def test_killed_at_every_event_a_run_comes_to_the_same_end(folder: Path, twice: bool) -> None:
    told = killed(folder, first=1, step=1, twice=twice)

    assert told["wrong"] == {}
    assert told["ended"]["SIGKILL"] >= told["events"] - 1
