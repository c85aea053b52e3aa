"""The provider of the counting task, and a folder with that task."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ...counting import placed, provider
from ...loopback import Loopback, beside


@pytest.fixture
def server() -> Iterator[Loopback]:
    """The task's provider, until a test says otherwise."""
    with beside(provider) as loopback:
        yield loopback


@pytest.fixture
def counting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Loopback) -> Path:
    """The folder that commands are run in: a config, its data, and nothing else."""
    placed(tmp_path, monkeypatch, server.url)
    return tmp_path
