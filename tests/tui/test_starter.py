from __future__ import annotations

from pathlib import Path

import pytest

from autodiff_engine.errors import ConfigError, StorageError
from autodiff_tui.starter import Kind, write


@pytest.mark.parametrize(
    ("kind", "files"),
    [
        ("prompt", ["README.md", "messages.csv", "train.toml"]),
        ("program", ["README.md", "messages.csv", "program.py", "train.toml"]),
    ],
)
def test_a_project_is_in_a_new_folder_with_all_its_files(kind: Kind, files: list[str], tmp_path: Path) -> None:
    written = write(tmp_path / "a" / "b", kind)

    assert sorted(path.name for path in written) == files
    assert sorted(path.name for path in (tmp_path / "a" / "b").iterdir()) == files


def test_a_folder_that_is_not_empty_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x", encoding="utf-8")

    with pytest.raises(ConfigError, match="not empty"):
        write(tmp_path, "prompt")

    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_by_force_only_files_of_the_same_names_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x", encoding="utf-8")
    (tmp_path / "train.toml").write_text("old", encoding="utf-8")

    write(tmp_path, "prompt", overwrite=True)

    assert (tmp_path / "mine.txt").read_text(encoding="utf-8") == "x"
    assert (tmp_path / "train.toml").read_text(encoding="utf-8").startswith("# Which desk")


def test_nothing_is_left_of_a_project_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_bytes, wrote = Path.write_bytes, list[str]()

    def full_at_the_second(path: Path, content: bytes) -> int:
        wrote.append(path.name)
        if len(wrote) == 2:
            raise OSError(28, "No space left on device")
        return write_bytes(path, content)

    monkeypatch.setattr(Path, "write_bytes", full_at_the_second)

    with pytest.raises(StorageError, match="No space left"):
        write(tmp_path / "a" / "b", "program")

    assert len(wrote) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x", encoding="utf-8")

    with pytest.raises(ConfigError, match="is a file"):
        write(tmp_path / "f", "prompt", overwrite=True)


@pytest.mark.parametrize("name", ["/proc/project", "f/project", "x" * 300])
def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "f").touch()

    with pytest.raises(ConfigError, match="cannot be written") as refused:
        write(tmp_path / name, "prompt")

    assert refused.value.hint == "name another folder"
    assert [each.name for each in tmp_path.iterdir()] == ["f"]
