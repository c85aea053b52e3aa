"""``ablate --dry-run``: one range for all runs that are left, which holds what they then take; nothing is done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from autodiff_engine.journal import read
from autodiff_tui.cli import run

from ...counting import CONFIG
from ...loopback import Loopback
from .test_ablate import ABLATE
from .test_dry_run import files

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(autouse=True)
def _wide(counting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def said(capsys: pytest.CaptureFixture[str], *flags: str) -> dict[str, Any]:
    assert run([*ABLATE, "--dry-run", "--ui", "json", *flags]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    told: dict[str, Any] = json.loads(line)
    assert (told["v"], told["type"]) == (1, "Forecast")
    return told


def made(folder: Path) -> int:
    """Calls that all runs of an ablation made."""
    last = [read(each.parent).events[-1].event for each in folder.glob("*/journal.jsonl")]
    return sum(each.calls.made for each in last)  # type: ignore[union-attr]


def test_what_an_ablation_takes_lies_in_the_range_and_what_is_done_is_left_out(
    capsys: pytest.CaptureFixture[str],
    server: Loopback,
    tmp_path: Path,
) -> None:
    before = files(tmp_path)
    told = said(capsys, "--run-dir", "a")
    assert server.received == []
    assert files(tmp_path) == before
    assert (told["runs"], told["done"]) == (4, 0)

    assert run([*ABLATE, "--ui", "none", "--run-dir", "a"]) == 0
    calls = told["total"]["calls"]
    assert calls["least"] <= made(Path("a")) <= calls["most"]

    asked = len(server.received)
    rest = said(capsys, "--run-dir", "a")
    assert (rest["runs"], rest["done"]) == (4, 4)
    assert "total" not in rest
    assert len(server.received) == asked


def test_the_start_prompts_are_asked_once_for_all_runs_where_these_share_their_answers(
    capsys: pytest.CaptureFixture[str],
    server: Loopback,
) -> None:
    told = said(capsys)
    alone = said(capsys, "--variants", "full", "--seeds", "1")
    refreshed = said(capsys, "--set", "cache.mode=refresh")
    assert alone["total"]["calls"]["least"] == told["total"]["calls"]["least"] == 10
    assert refreshed["total"]["calls"]["least"] == 4 * 10
    assert told["total"]["calls"]["most"] == refreshed["total"]["calls"]["most"] - 3 * 10

    warm = CONFIG.format(url=server.url).replace("[models.task]", "[models.task]\ntemperature = 1.0", 1)
    Path("c.toml").write_text(warm, encoding="utf-8")
    assert said(capsys)["total"]["calls"]["least"] == 2 * 10  # each seed draws answers of its own


def test_in_words_it_says_how_many_runs_and_holds_the_whole_against_the_budget(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run([*ABLATE, "--dry-run", "--budget-calls", "9"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "4 runs, together"
    assert lines[1].split()[:2] == ["role", "calls"]
    assert "budget.calls = 9: too small: the run cannot come to its end" in lines
