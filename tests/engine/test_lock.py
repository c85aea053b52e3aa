from pathlib import Path

import pytest

from autodiff_engine.errors import ConfigError
from autodiff_engine.lock import Shared, held, locked


def test_a_folder_is_held_by_one_at_a_time_and_given_back(tmp_path: Path) -> None:
    with locked(tmp_path, "run"):
        with pytest.raises(ConfigError, match="another process executes this run"), locked(tmp_path, "run"):
            pytest.fail("held twice")
        with pytest.raises(ConfigError), locked(tmp_path):
            pytest.fail("one that was refused gave it back")
    with locked(tmp_path):
        assert (tmp_path / "lock").is_file()


def test_a_folder_that_is_not_there_cannot_be_held(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), locked(tmp_path / "nowhere"):
        pytest.fail("held")


def test_whether_a_folder_is_held_is_known_once_somebody_has_held_it(tmp_path: Path) -> None:
    assert held(tmp_path) is None
    assert not (tmp_path / "lock").exists()
    with locked(tmp_path):
        assert held(tmp_path) is True
    assert held(tmp_path) is False


def test_a_folder_that_many_use_is_nobodys_alone(tmp_path: Path) -> None:
    first, second = Shared(tmp_path), Shared(tmp_path)
    assert not first.alone()
    second.close()
    assert first.alone()
    with pytest.raises(ConfigError, match="another process deletes what is there"):
        Shared(tmp_path)
    first.close()
    Shared(tmp_path).close()
