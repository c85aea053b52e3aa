"""Every config that comes with the project loads and says what it is for."""

from __future__ import annotations

from pathlib import Path

import pytest

from autodiff_engine.config import load

CONFIGS = sorted((Path(__file__).parents[1] / "configs").glob("*.toml"))


def test_there_are_configs() -> None:
    assert CONFIGS


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_config_loads(path: Path) -> None:
    loaded = load(path)

    assert loaded.path == path
    assert "task" in loaded.config.models


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_config_says_first_what_it_is_for(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("# ")
