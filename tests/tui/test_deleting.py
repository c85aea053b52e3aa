from __future__ import annotations

import os
from pathlib import Path

import pytest

from autodiff_engine.errors import ConfigError
from autodiff_engine.journal import FILE
from autodiff_engine.lock import locked
from autodiff_tui.deleting import delete

from .home import add_run
from .runs import small_run


def test_a_deleted_run_leaves_nothing(tmp_path: Path) -> None:
    folder = add_run(tmp_path, "r")

    assert delete(folder) == ()

    assert not folder.exists()


def test_what_a_run_did_not_write_stays_and_is_named(tmp_path: Path) -> None:
    folder = add_run(tmp_path, "r")
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    (folder / "answers").mkdir()
    (folder / "answers" / "cache.db").write_text("paid", encoding="utf-8")

    assert delete(folder) == ("answers", "notes.txt")

    assert (folder / "answers" / "cache.db").read_text(encoding="utf-8") == "paid"


def test_a_run_that_may_be_going_on_is_not_deleted(tmp_path: Path) -> None:
    folder = add_run(tmp_path, "r", events=small_run()[:5])

    with pytest.raises(ConfigError, match="another process"):
        delete(folder)
    assert (folder / "best.toml").exists()

    os.utime(folder / FILE, (0, 0))
    assert delete(folder) == ()


def test_where_a_lock_tells_it_tells_alone_and_goes_with_the_run(tmp_path: Path) -> None:
    folder = add_run(tmp_path, "r", events=small_run()[:5])
    with locked(folder):
        os.utime(folder / FILE, (0, 0))
        with pytest.raises(ConfigError, match="another process"):
            delete(folder)
    os.utime(folder / FILE)

    assert delete(folder) == ()

    assert not folder.exists()


def test_a_folder_that_is_no_run_and_a_link_to_one_are_refused(tmp_path: Path) -> None:
    folder = add_run(tmp_path, "r")
    (tmp_path / "link").symlink_to(folder)

    for wrong in (tmp_path, tmp_path / "link"):
        with pytest.raises(ConfigError, match="not the folder of a run"):
            delete(wrong)
    assert (folder / FILE).exists()
