from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from autodiff_engine.errors import ConfigError, EngineError, ModelUnavailable, StorageError
from autodiff_tui import cli
from autodiff_tui.cli import run
from autodiff_tui.commands import home

HEAVY = ("litellm", "textual", "pydantic", "jinja2", "rich", "diskcache", "asyncio")
COMMANDS = (
    "train",
    "ablate",
    "demo",
    "eval",
    "export",
    "runs",
    "show",
    "config",
    "cache",
    "compare",
    "init",
    "doctor",
    "completion",
    "resume",
    "replay",
    "watch",
    "pack",
)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("AUTODIFF_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def fails(monkeypatch: pytest.MonkeyPatch):
    """Make ``autodiff-tui runs`` fail with an error."""

    def with_error(error: BaseException) -> int:
        @click.command("runs")
        def broken() -> None:
            raise error

        entry = cli.root.get_command(click.Context(cli.root), "runs")
        assert entry is not None
        monkeypatch.setattr(cli.root, "get_command", lambda ctx, name: broken)
        return run(["runs"])

    return with_error


def loaded_by(*arguments: str) -> set[str]:
    """Which heavy libraries a fresh interpreter has loaded after a command."""
    script = f"import sys; from autodiff_tui.cli import run; code = run({list(arguments)!r}); print(); " + (
        f"print('LOADED', code, *[name for name in {HEAVY!r} if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    code, *heavy = said.stdout.splitlines()[-1].split()[1:]
    assert code == "0"
    return set(heavy)


@pytest.mark.parametrize("arguments", [(), ("--help",), ("--version",), *((name, "--help") for name in COMMANDS)])
def test_help_loads_nothing_heavy(arguments: tuple[str, ...]) -> None:
    assert loaded_by(*arguments) == set()


def test_looking_at_past_runs_loads_no_app_and_no_provider() -> None:
    assert loaded_by("runs") & {"litellm", "textual", "rich", "jinja2"} == set()


def test_help_lists_every_command_once_with_its_summary(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0

    out = capsys.readouterr().out
    assert [name for name in COMMANDS if len(re.findall(rf"^  {name}\s+[A-Z].*\.$", out, re.MULTILINE)) == 1] == [
        *COMMANDS
    ]


def test_alone_it_prints_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0

    assert capsys.readouterr().out.startswith("Usage: autodiff-tui")


def test_options_stand_in_groups_with_their_variables_and_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "--help"]) == 0

    out = capsys.readouterr().out
    headings = [line[:-1] for line in out.splitlines() if re.fullmatch(r"[A-Z].*:", line)]
    assert [heading.split()[0].rstrip(":(") for heading in headings] == [
        "This",
        "Budget",
        "Places",
        "Output",
        "Options",
        "Examples",
    ]
    assert "AUTODIFF_BUDGET_USD" in out
    assert "\n  autodiff-tui train my.toml --ui json > events.jsonl\n" in out


@pytest.mark.parametrize(
    ("arguments", "suggestion"),
    [
        pytest.param(["trian"], "'train'", id="a command"),
        pytest.param(["train", "c.toml", "--buget-usd", "1"], "--budget-usd", id="an option"),
        pytest.param(["train", "c.toml", "--ui", "jsn"], "'json'", id="a choice"),
        pytest.param(["config", "shwo"], "'show'", id="a command of a group"),
        pytest.param(["train"], "CONFIG", id="a missing argument"),
        pytest.param(["train", "c.toml", "--seed", "x"], "--seed", id="a wrong type"),
        pytest.param(["train", "c.toml", "--budget-calls", "x"], "'x' is not a whole number", id="a range of integers"),
        pytest.param(["demo", "--speed", "fast"], "'fast' is not a number", id="a range of numbers"),
        pytest.param(["demo", "--speed", "0"], "--speed", id="out of range"),
        pytest.param(["cache"], "cache needs a command: stats, clear, path", id="no command of a group"),
    ],
)
def test_wrong_usage_names_what_is_right_and_leaves_stdout_empty(
    arguments: list[str], suggestion: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2

    said = capsys.readouterr()
    error, hint = said.err.splitlines()
    assert said.out == ""
    assert error.startswith("error: ")
    assert suggestion in error
    assert hint.startswith("hint: see autodiff-tui")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(ConfigError("c.toml: [task] has no key `x`", "mend it"), 2, id="config"),
        pytest.param(ModelUnavailable("nobody answered", "try again"), 3, id="provider"),
        pytest.param(StorageError("the disk is full", "free some"), 1, id="storage"),
    ],
)
def test_an_error_of_the_engine_is_a_line_and_a_hint(
    error: EngineError, code: int, fails, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fails(error) == code

    assert capsys.readouterr().err == f"error: {error}\nhint: {error.hint}\n"


def test_several_mistakes_in_a_config_are_a_line_each(fails, capsys: pytest.CaptureFixture[str]) -> None:
    assert fails(ConfigError("c.toml: one\nc.toml: two")) == 2

    assert capsys.readouterr().err == "error: c.toml: one\nerror: c.toml: two\n"


def test_a_defect_is_one_line_without_secrets(
    fails, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EXAMPLE_API_KEY", "sk-very-secret")

    assert fails(ValueError("refused for key sk-very-secret\x1b[2J\nsecond line")) == 1

    said = capsys.readouterr()
    error, hint = said.err.splitlines()
    assert said.out == ""
    assert error == "error: a defect in autodiff-tui: ValueError: refused for key [secret]\u241b[2J␊second line"
    assert hint.startswith("hint: please report it")


def test_ctrl_c_before_a_run_began_is_130(fails, capsys: pytest.CaptureFixture[str]) -> None:
    assert fails(KeyboardInterrupt()) == 130

    assert capsys.readouterr().err == "error: interrupted\n"


def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    command = f"{sys.executable} -m autodiff_tui train --help | true; exit ${{PIPESTATUS[0]}}"

    said = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)

    assert (said.returncode, said.stderr) == (0, "")


def test_a_shell_can_ask_how_a_word_goes_on() -> None:
    environ = {
        **os.environ,
        "_AUTODIFF_TUI_COMPLETE": "bash_complete",
        "COMP_WORDS": "autodiff-tui tr",
        "COMP_CWORD": "1",
    }

    said = subprocess.run(
        [sys.executable, "-m", "autodiff_tui"], capture_output=True, text=True, check=False, env=environ
    )

    assert said.stdout.split() == ["plain,train"]


def test_every_command_has_a_page_of_help_without_heavy_libraries() -> None:
    assert sorted(COMMANDS) == sorted(cli.root.list_commands(click.Context(cli.root)))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_an_example_of_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    group = name in ("config", "cache")

    assert run([name, "--help"]) == 0

    page = capsys.readouterr().out
    assert ("\nExamples:\n  autodiff-tui " + name in page) is not group
    assert ("\nCommands:\n" in page) is group


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (PermissionError(13, "Permission denied", "locked/my.toml"), 2, "locked/my.toml: Permission denied"),
        (OSError(28, "No space left on device", "runs/r"), 1, "runs/r: No space left on device"),
        (OSError(28, "No space left on device"), 1, "the output cannot be written: No space left on device"),
        (OSError(9, "Bad file descriptor"), 1, "a defect in autodiff-tui: OSError: [Errno 9] Bad file descriptor"),
    ],
)
def test_what_the_system_refuses_is_no_defect(
    error: OSError, code: int, said: str, fails, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fails(error) == code

    assert capsys.readouterr().err.splitlines()[0] == f"error: {said}"


def test_a_name_that_no_file_can_have_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show", "x" * 300]) == 2

    assert capsys.readouterr().err.splitlines()[0].endswith("/journal.jsonl: File name too long")


def test_a_folder_that_was_deleted_around_us_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "gone").mkdir()
    os.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()

    assert run(["config", "path", "my.toml"]) == 2

    assert capsys.readouterr().err == "error: the folder that you are in is gone\nhint: go to one that is there\n"


@pytest.mark.parametrize(
    ("closed", "said"),
    [("<&-", "Usage: "), (">&-", "no runs"), ("2>&-", ""), ("> /dev/full", "error: the output cannot be written")],
)
def test_a_stream_that_is_closed_or_full_breaks_nothing(closed: str, said: str) -> None:
    words = {"<&-": "", "> /dev/full": "config path"}.get(closed, "runs")
    command = f"{sys.executable} -m autodiff_tui {words} {closed}"

    told = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)

    assert told.returncode == (1 if "full" in closed else 0)
    assert (told.stdout + told.stderr).startswith(said)
    assert len(told.stderr.splitlines()) <= 1


@pytest.mark.parametrize("words", [("--ascii", "demo"), ("demo", "--ascii")])
def test_how_it_looks_may_be_said_before_the_command_and_behind_it(
    words: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*words, "--ui", "plain", "--run-dir", "r"]) == 0

    out, err = capsys.readouterr()
    assert (out + err).isascii()
    assert "+1 -0" in out + err


def test_what_is_said_before_a_group_reaches_the_commands_in_it() -> None:
    context = click.Context(cli.root, info_name="autodiff-tui")
    context.invoked_subcommand = "config"

    assert cli._for(context, {"ascii": True})["config"]["validate"] == {"ascii": True}


@pytest.mark.parametrize(
    ("words", "environ", "look"),
    [
        ((), {}, home.Look()),
        (("--ascii", "--theme", "light"), {}, home.Look(ascii=True, theme="light")),
        (("--no-color",), {"AUTODIFF_ASCII": "1"}, home.Look(ascii=True, no_color=True)),
        ((), {"AUTODIFF_THEME": "ansi"}, home.Look(theme="ansi")),
    ],
)
def test_home_looks_as_the_command_line_and_the_environment_say(
    words: tuple[str, ...], environ: dict[str, str], look: home.Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[home.Look] = []

    def at_home(execute: object, known: object, look: home.Look) -> int:
        shown.append(look)
        return 0

    for name, value in {**environ, "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("CI", raising=False)
    for stream in ("stdin", "stderr"):
        monkeypatch.setattr(f"sys.{stream}.isatty", lambda: True)
    monkeypatch.setattr(home, "home", at_home)

    assert run(words) == 0
    assert shown == [look]
