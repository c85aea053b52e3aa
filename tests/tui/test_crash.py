from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from autodiff_tui import crash


def failure() -> BaseException:
    try:
        ask("local-secret-value")
    except ValueError as error:
        return error
    raise AssertionError


def ask(in_a_local: str) -> None:
    raise ValueError(f"bad key {os.environ['SOME_API_KEY']}, {len(in_a_local)}")


def test_a_crash_is_written_for_its_owner_alone_with_frames_and_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "env-secret-value")
    (tmp_path / "crash.txt").write_text("an older one", encoding="utf-8")
    (tmp_path / "crash.txt").chmod(0o644)

    path = crash.write(tmp_path, failure())

    assert path == tmp_path / "crash.txt"
    text = path.read_text(encoding="utf-8")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "in ask" in text
    assert "ValueError: bad key [secret]" in text
    assert "env-secret-value" not in text
    assert "in_a_local = " not in text


def test_without_a_run_folder_nothing_is_created(tmp_path: Path) -> None:
    assert crash.write(tmp_path / "none", ValueError()) is None
    assert list(tmp_path.iterdir()) == []
