from __future__ import annotations

from pathlib import Path

import pytest

from autodiff_tui.html_report import Setting, settings_of


def test_numbers_and_switches_are_shown_and_nothing_that_names_a_place(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        '[data]\nsource = "/home/me/q.csv"\ntrain = 5\n[models.task]\nmodel = "x"\ntemperature = 0.5\n'
        'api_base = "http://me@host"\n[trainer]\nseed = 0\nupdate = "joint"\ncarry = true\n'
        '[trainer.demos]\nraw = 2\n[cache]\nmode = "off"\ndir = "/home/me/cache"\n',
        encoding="utf-8",
    )

    assert settings_of(tmp_path) == (
        Setting("data.train", "5"), Setting("models.task.temperature", "0.5"), Setting("trainer.seed", "0"),
        Setting("trainer.update", "joint"), Setting("trainer.carry", "true"), Setting("trainer.demos.raw", "2"),
        Setting("cache.mode", "off"),
    )  # fmt: skip


@pytest.mark.parametrize("content", [None, b"not = toml = at all", b"\xff"])
def test_a_lost_or_broken_config_is_no_settings(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "config.toml").write_bytes(content)

    assert settings_of(tmp_path) == ()
