"""What is executed from home: one command after the other, and what home says of each."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from autodiff_tui import home_app
from autodiff_tui.commands import home
from autodiff_tui.found import Shelf


class Home:
    """In the place of the app, which needs a terminal: chooses what is scripted, and remembers what it was told."""

    script: tuple[tuple[str, ...] | None, ...] = ()
    told: list[tuple[str, bool, str]]
    looked: list[bool]

    def __init__(self, here: Path, shelf: Shelf, **options: object) -> None:
        Home.told.append((str(options["notice"]), bool(options["severe"]), str(options["selected"])))
        Home.looked.append(bool(options["ascii_only"]))
        self.return_code: int | None = None
        self.theme = "textual-dark"

    def wear(self, theme: str) -> None:
        self.theme = theme or self.theme

    def run(self) -> tuple[str, ...] | None:
        chosen, *Home.script = Home.script  # type: ignore[assignment]
        return chosen


def at_home(
    monkeypatch: pytest.MonkeyPatch, *script: tuple[str, ...] | None, code: int = 0, said: str = "",
    look: home.Look = home.USUAL, executed: list[Sequence[str]] | None = None,
) -> int:  # fmt: skip
    def execute(arguments: Sequence[str]) -> int:
        if executed is not None:
            executed.append(arguments)
        sys.stderr.write(said)
        return code

    Home.script, Home.told, Home.looked = script, [], []
    monkeypatch.setattr(home_app, "HomeApp", Home)
    return home.home(execute, ("train",), look)


def test_what_is_begun_from_home_looks_as_home_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    executed: list[Sequence[str]] = []
    look = home.Look(ascii=True, no_color=True, theme="light")

    assert at_home(monkeypatch, ("train", "a.toml"), None, look=look, executed=executed) == 0

    assert executed == [("train", "a.toml", "--ascii", "--no-color", "--theme", "light")]
    assert Home.looked == [True, True]
    assert os.environ["NO_COLOR"] == "1"


def test_after_a_command_home_is_there_again_at_what_was_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert at_home(monkeypatch, ("train", "a.toml"), ("resume", "runs/r1"), None) == 0

    assert Home.told == [("", False, ""), ("", False, "a.toml"), ("", False, "r1")]


def test_why_a_command_failed_is_said_at_home_and_stays_on_stderr(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = "checking\nerror: no key\nhint: set it\n"

    assert at_home(monkeypatch, ("train", "a.toml"), None, code=2, said=said) == 0

    assert Home.told[-1] == ("train a.toml ended with code 2: error: no key · hint: set it", True, "a.toml")
    assert capsys.readouterr().err == said


def test_that_nothing_was_to_be_resumed_is_said_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "nothing to resume: runs/r1 is stopped after the last of 3 steps\n"

    assert at_home(monkeypatch, ("resume", "runs/r1"), None, said=said) == 0

    assert Home.told[-1] == (said.strip(), False, "r1")


@pytest.mark.parametrize("code", [129, 143])
def test_who_is_told_to_end_during_a_command_does_not_come_home(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert at_home(monkeypatch, ("train", "a.toml"), None, code=code) == code

    assert len(Home.told) == 1


def test_an_interrupted_command_comes_home(monkeypatch: pytest.MonkeyPatch) -> None:
    assert at_home(monkeypatch, ("demo",), None, code=130) == 0

    assert Home.told[-1][0] == "demo: interrupted; what was answered is kept"


@pytest.mark.parametrize(
    ("ui", "term", "expected"),
    [("", "xterm", True), ("tui", "xterm", True), ("plain", "xterm", False), ("", "dumb", False)],
)
def test_home_is_for_a_person_at_a_usable_terminal(
    ui: str, term: str, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", term)
    monkeypatch.delenv("CI", raising=False)
    if ui:
        monkeypatch.setenv("AUTODIFF_UI", ui)
    else:
        monkeypatch.delenv("AUTODIFF_UI", raising=False)

    assert home.wanted() is expected
