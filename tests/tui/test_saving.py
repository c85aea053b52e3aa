from __future__ import annotations

from pathlib import Path

import pytest

from autodiff_engine.errors import ConfigError, StorageError
from autodiff_tui.saving import save


def test_a_file_is_put_there_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    save(tmp_path / "a.html", b"whole", option="--html", example="run.html")

    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("a.html", b"whole")]


def test_what_is_there_is_overwritten_only_where_that_was_asked_for(tmp_path: Path) -> None:
    target = tmp_path / "a.html"
    target.write_bytes(b"old")

    with pytest.raises(ConfigError, match="exists already"):
        save(target, b"new", option="--html", example="run.html")
    assert target.read_bytes() == b"old"
    save(target, b"new", option="--html", example="run.html", overwrite=True)
    assert target.read_bytes() == b"new"


def test_a_folder_is_refused_with_a_name_that_would_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        save(tmp_path, b"", option="--html", example="run.html")

    assert refused.value.hint == f"name a file, as in --html {tmp_path / 'run.html'}"


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.html"
    target.write_bytes(b"old")

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(StorageError, match="No space left"):
        save(target, b"new", option="--html", example="run.html", overwrite=True)

    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("a.html", b"old")]


def test_a_folder_that_does_not_exist_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be written: No such file"):
        save(tmp_path / "no" / "a.html", b"", option="--html", example="run.html")
