"""Commands of ours, one after another, in a process of their own on a disk that a test made: read-only, or small.

``python -m tests.commanded`` reads a list of argument lists as JSON and writes what came of each, a line each.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
_READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
_SMALL = 'mount -t tmpfs -o size=4m tmpfs "$0" && exec "$@"'
_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE = 24, 1


class Said(NamedTuple):
    """What came of one command."""

    code: int
    out: str
    err: str


def on_a_read_only_mount(folder: Path, commands: Sequence[Sequence[str]]) -> list[Said]:
    """Execute ``commands`` where ``folder`` is mounted so that nobody may write in it; fails who may not mount."""
    return _executed(["unshare", "-rm", "sh", "-c", _READ_ONLY, str(folder.absolute())], commands)


def on_a_small_disk(folder: Path, commands: Sequence[Sequence[str]]) -> list[Said]:
    """Execute ``commands`` where ``folder`` is an empty disk of 4 MB; fails who may not mount."""
    return _executed(["unshare", "-rm", "sh", "-c", _SMALL, str(folder.absolute())], commands)


def without_the_right_to_write(folder: Path, commands: Sequence[Sequence[str]]) -> list[Said]:
    """Execute ``commands`` where modes let nobody write in ``folder``, by a process that obeys them also as root."""
    paths = [folder, *folder.rglob("*")]
    for path in paths:
        path.chmod(path.stat().st_mode & 0o555)
    try:
        return _executed([], commands, before=_obey_modes)
    finally:
        for path in paths:
            path.chmod(path.stat().st_mode | 0o200)


def _obey_modes() -> None:
    """Give up, for what is executed from here, what lets root write where modes do not; others have no such right."""
    ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, 0, 0, 0)


def _executed(
    prefix: Sequence[str], commands: Sequence[Sequence[str]], before: Callable[[], None] | None = None
) -> list[Said]:
    done = subprocess.run(
        [*prefix, sys.executable, "-m", "tests.commanded"],
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=before,
    )
    assert done.returncode == 0, done.stderr
    return [Said(*json.loads(line)) for line in done.stdout.splitlines()]


def _one(command: Sequence[str]) -> int:
    from autodiff_tui.cli import run

    match command:
        case ["fill", name, size]:
            return Path(name).write_bytes(bytes(int(size)))
        case ["empty", name]:
            Path(name).unlink()
            return 0
        case ["write", name]:
            try:
                Path(name).write_text("x", encoding="utf-8")
            except OSError as error:
                return error.errno or 1
            return 0
        case _:
            return run(list(command))


def main() -> None:
    for command in json.load(sys.stdin):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = _one(command)
        sys.stdout.write(json.dumps([code, out.getvalue(), err.getvalue()]) + "\n")


if __name__ == "__main__":
    main()
