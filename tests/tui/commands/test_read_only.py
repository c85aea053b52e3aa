"""A run and its answers where nobody may write: shown, verified and packed as ever; a training is refused at once."""

from __future__ import annotations

import errno
import shutil
import sqlite3
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from autodiff_engine.journal import read
from autodiff_engine.llm.store import AnswerStore, database
from autodiff_tui.cli import run

from ...commanded import Said, on_a_read_only_mount, without_the_right_to_write
from ...loopback import Loopback

pytestmark = [
    pytest.mark.usefixtures("counting"),
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform != "linux", reason="mounts and the rights of root are Linux's"),
]

Execute = Callable[[Path, Sequence[Sequence[str]]], list[Said]]
HELD = Path("held")


@pytest.fixture
def kept() -> None:
    """In ``held`` a run, and its answers: closed well, as a killed process leaves them, and so without their index."""
    HELD.mkdir()
    AnswerStore(HELD / "killed", pytest.fail).close()
    beside = sqlite3.connect(database(HELD / "killed")[0])  # while somebody reads, the log is not put into the database
    beside.execute("SELECT count(*) FROM Cache").fetchone()
    ended = run(["train", "c.toml", "--ui", "none", "--run-dir", "held/r", "--cache-dir", "held/killed"])
    shutil.copytree(HELD / "killed", HELD / "copied")
    beside.close()
    shutil.rmtree(HELD / "killed")
    (HELD / "copied").rename(HELD / "killed")
    shutil.copytree(HELD / "killed", HELD / "bare")
    file, log, index = database(HELD / "bare")
    index.unlink()
    assert log.stat().st_size > file.stat().st_size
    shutil.copytree(HELD / "killed", HELD / "closed")
    sqlite3.connect(database(HELD / "closed")[0]).execute("SELECT count(*) FROM Cache").connection.close()
    assert [path.exists() for path in database(HELD / "closed")] == [True, False, False]
    assert ended == 0


@pytest.mark.parametrize(
    "execute",
    [
        pytest.param(on_a_read_only_mount, id="a read-only mount", marks=pytest.mark.faults),  # not all let us mount
        pytest.param(without_the_right_to_write, id="modes"),
    ],
)
def test_where_nobody_may_write_a_run_is_shown_verified_and_packed_and_none_begins(
    execute: Execute, kept: None, server: Loopback
) -> None:
    modes = execute is without_the_right_to_write
    facts, asked = len(read(HELD / "r").facts), len(server.received)
    shutil.copytree(HELD / "closed", "open")
    database(Path("open"))[0].chmod(0o400)
    before = {path: path.read_bytes() for path in HELD.rglob("*") if path.is_file()}
    verify = ["replay", "held/r", "--verify", "--cache-dir"]

    write, shown, *verified, packed, trained, old, database_alone, resumed = execute(
        HELD,
        [
            ["write", "held/answers"],
            ["show", "held/r"],
            [*verify, "held/closed"],
            [*verify, "held/killed"],
            [*verify, "held/bare"],
            ["pack", "held/r", "-o", "x.zip", "--cache-dir", "held/closed"],
            ["train", "c.toml", "--run-dir", "new", "--cache-dir", "held/new"],
            ["train", "c.toml", "--run-dir", "new", "--cache-dir", "held/closed"],
            ["train", "c.toml", "--run-dir", "new", "--cache-dir", "open" if modes else "held/closed"],
            ["resume", "held/r", "--cache-dir", "held/closed"],
        ],
    )

    assert write.code == (errno.EACCES if modes else errno.EROFS)
    assert (shown.code, "Count carefully." in shown.out) == (0, True)
    assert verified == [Said(0, f"{facts} facts equal, 0 calls\n", "")] * 3
    assert (packed.code, packed.err.splitlines()[0].startswith(f"wrote x.zip: {facts} facts")) == (0, True)
    alone = "open/cache.db" if modes else "held/closed"
    for told, place in ((trained, "held/new"), (old, "held/closed"), (database_alone, alone)):
        error, hint = told.err.splitlines()[-2:]
        assert (told.code, told.out) == (2, "")
        assert error.startswith(f"error: {place}: cannot be written")
        assert hint == "hint: choose another folder with --cache-dir"
    assert (resumed.code, len(resumed.err.splitlines())) == (1, 2)
    assert not Path("new").exists()
    assert {path: path.read_bytes() for path in HELD.rglob("*") if path.is_file()} == before
    assert len(server.received) == asked
    assert run(["replay", "x.zip", "--verify", "--ui", "none"]) == 0
