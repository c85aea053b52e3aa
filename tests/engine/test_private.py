import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from autodiff_engine.private import keep_private, make_folder, opened, replace_text, write_text


@pytest.fixture(autouse=True, params=[0o000, 0o022, 0o177], ids=oct)
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_is_its_owners_whatever_the_umask(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "one\r\ntwo \ud800")
    with opened(tmp_path / "b", "a") as file:
        file.write("x")

    assert mode(tmp_path / "a") == mode(tmp_path / "b") == 0o600
    assert (tmp_path / "a").read_bytes() == b"one\r\ntwo \\ud800"


def test_a_folder_is_its_owners_also_one_that_was_there(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old").chmod(0o755)

    make_folder(tmp_path / "old")
    make_folder(tmp_path / "new")

    assert mode(tmp_path / "old") == mode(tmp_path / "new") == 0o700


def test_parents_that_had_to_be_made_are_their_owners_too_and_others_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there").chmod(0o755)

    make_folder(tmp_path / "there" / "runs" / "1" / "2")

    assert [mode(tmp_path / "there" / each) for each in (".", "runs", "runs/1", "runs/1/2")] == [0o755, *[0o700] * 3]


def test_a_file_is_replaced_whole_or_stays_as_it_was(tmp_path: Path) -> None:
    def refuse(new: Path) -> None:
        assert new.read_text(encoding="utf-8") == "newer"
        raise ValueError("it is not what it should be")

    (tmp_path / "a").write_text("old", encoding="utf-8")
    replace_text(tmp_path / "a", "new")
    with pytest.raises(ValueError, match="not what it should be"):
        replace_text(tmp_path / "a", "newer", refuse)

    assert {each.name: each.read_text(encoding="utf-8") for each in tmp_path.iterdir()} == {"a": "new"}
    assert mode(tmp_path / "a") == 0o600


def test_a_file_that_a_library_goes_on_to_write_is_its_owners_also_one_that_was_open_to_others(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("kept", encoding="utf-8")
    (tmp_path / "old").chmod(0o644)
    (tmp_path / "still").touch()
    (tmp_path / "still").chmod(0o400)

    for name in ("old", "new", "still"):
        keep_private(tmp_path / name)

    assert [mode(tmp_path / name) for name in ("old", "new", "still")] == [0o600, 0o600, 0o400]
    assert (tmp_path / "old").read_text(encoding="utf-8") == "kept"
    assert (tmp_path / "new").read_bytes() == b""
