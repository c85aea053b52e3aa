"""Every test is one that a run of the tests finds: pytest passes over folders by their names."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

import pytest

TESTS = Path(__file__).parent


def test_no_folder_of_tests_is_passed_over(pytestconfig: pytest.Config) -> None:
    patterns = pytestconfig.getini("norecursedirs")
    folders = {parent for file in TESTS.rglob("test_*.py") for parent in file.relative_to(TESTS).parents if parent.name}
    assert len(folders) > 5
    assert [folder for folder in folders for pattern in patterns if fnmatch(folder.name, pattern)] == []
