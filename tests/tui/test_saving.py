from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from autodiff_engine.errors import ConfigError, StorageError
from autodiff_tui.saving import check, save

TOLD: Any = {"option": "--html", "example": "run.html", "overwrite": True}


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
    with pytest.raises(ConfigError, match=f"there is no folder {tmp_path / 'no'}"):
        save(tmp_path / "no" / "a.html", b"", option="--html", example="run.html")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("f/a.html", "there is no folder"),
        ("x" * 300, "cannot be written: File name too long"),
        ("/dev/null", "is a device or a pipe, no file"),
        ("/proc/a.html", "cannot be written"),
    ],
)
def test_a_place_where_nothing_can_be_written_is_refused_before_anything_is_done(
    tmp_path: Path, name: str, says: str
) -> None:
    (tmp_path / "f").touch()

    for put in (lambda: check(tmp_path / name, **TOLD), lambda: save(tmp_path / name, b"", **TOLD)):
        with pytest.raises(ConfigError, match=says) as refused:
            put()
        assert "with --html" in refused.value.hint

    assert [each.name for each in tmp_path.iterdir()] == ["f"]


def test_a_name_as_long_as_names_may_be_can_be_written(tmp_path: Path) -> None:
    save(tmp_path / ("x" * 255), b"whole", **TOLD)

    assert [each.read_bytes() for each in tmp_path.iterdir()] == [b"whole"]


def test_where_no_flag_could_say_so_nobody_is_told_to_overwrite(tmp_path: Path) -> None:
    (tmp_path / "a.md").touch()

    with pytest.raises(ConfigError, match="no table of ours") as refused:
        save(tmp_path / "a.md", b"", option="-o", example="t.md", overwrite=None, ours=lambda _: False, what="table")

    assert refused.value.hint == "name another file with -o"
