from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from autodiff_tui.cli import run

from ..home import add_run


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    add_run(Path("runs"), "20310504-one")
    add_run(Path("runs"), "20320504-two")


def completed(words: str, place: int) -> list[str]:
    environ = {**os.environ, "_AUTODIFF_TUI_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(place)}
    command = [sys.executable, "-m", "autodiff_tui"]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environ).stdout.split()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_what_a_shell_needs_names_our_command_and_variable(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0

    script = capsys.readouterr().out
    assert "autodiff-tui" in script
    assert f"_AUTODIFF_TUI_COMPLETE={shell}_complete" in script


def test_another_shell_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", "tcsh"]) == 2

    assert "'bash'" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["show", "export", "compare", "resume", "replay", "watch", "pack"])
def test_a_run_is_completed_to_its_id(command: str) -> None:
    assert completed(f"autodiff-tui {command} 2031", 2) == ["plain,20310504-one"]


def test_the_second_run_of_a_comparison_is_completed_too() -> None:
    assert completed("autodiff-tui compare latest ", 3) == ["plain,latest", "plain,20320504-two", "plain,20310504-one"]


def test_what_is_no_run_is_completed_to_a_file_where_a_pack_may_be_named() -> None:
    assert completed("autodiff-tui replay pa", 2) == ["file,pa"]


def test_a_theme_is_completed_to_its_short_name() -> None:
    assert completed("autodiff-tui demo --theme l", 3) == ["plain,light"]


def test_a_config_is_completed_to_a_file() -> None:
    assert completed("autodiff-tui train c", 2) == ["file,c"]
