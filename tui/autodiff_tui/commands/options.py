"""The flags that commands share, as options and as a value."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

import click
from click.core import ParameterSource

from autodiff_engine.errors import ProgramError
from autodiff_tui.exits import show_frames
from autodiff_tui.flags import UI, Flags

from .completing import complete_theme
from .helptext import GroupedOption

_RUN = "This run (each beats the config)"
_BUDGET = "Budget: hard caps over all roles, whatever is in flight"
_PLACES = "Places"
_OUTPUT = "Output"

Command = Callable[..., int]


def with_flags(command: Command) -> Command:
    """Hand ``command`` its shared flags as one ``Flags``, first, and its own parameters as they are."""
    shared = {field.name for field in fields(Flags)} - {"from_environment"}

    @functools.wraps(command)
    def collect(**values: object) -> int:
        given = {name: value for name, value in values.items() if name in shared}
        own = {name: value for name, value in values.items() if name not in shared}
        context = click.get_current_context()
        by_variable = (name for name in given if context.get_parameter_source(name) is ParameterSource.ENVIRONMENT)
        flags = Flags(**cast("Mapping[str, Any]", given), from_environment=frozenset(by_variable))
        try:
            return command(flags, **own)
        except ProgramError as error:  # before a run began: a run keeps the frames in its folder
            if flags.verbose:
                show_frames(error.traceback)
            raise

    return collect


def _option(*names: str, heading: str, envvar: str | None = None, **rest: Any) -> Callable[[Command], Command]:  # noqa: ANN401 - click's own
    return click.option(*names, cls=GroupedOption, heading=heading, envvar=envvar, show_envvar=bool(envvar), **rest)


def _stack(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def add(command: Command) -> Command:
        for option in reversed(options):  # decorators apply from the inside out; help lists them as written here
            command = option(command)
        return command

    return add


def config_options(command: Command) -> Command:
    """Add the options that override the config."""
    return _stack(
        _option(
            "--set",
            "settings",
            multiple=True,
            metavar="TABLE.KEY=VALUE",
            heading=_RUN,
            help="Override a key of the config; may be repeated.",
        ),
        _option("--seed", type=int, heading=_RUN, envvar="AUTODIFF_SEED", help="trainer.seed; the splits stay."),
        _option(
            "--max-steps",
            type=click.IntRange(min=0),
            heading=_RUN,
            envvar="AUTODIFF_MAX_STEPS",
            help="trainer.max_steps.",
        ),
        _budget("usd", click.FloatRange(min=0), "US dollars."),
        _budget("tokens", click.IntRange(min=0), "Tokens, of prompts and answers."),
        _budget("calls", click.IntRange(min=0), "Calls to a provider."),
        _budget("minutes", click.FloatRange(min=0), "Minutes of running time, without pauses."),
    )(command)


def dry_run_option(command: Command) -> Command:
    """Add ``--dry-run``."""
    return _option(
        "--dry-run",
        is_flag=True,
        heading=_RUN,
        help="Say what the run would cost, from the least to the most, and end: nobody is asked, nothing is written.",
    )(command)


def run_dir_option(command: Command) -> Command:
    """Add ``--run-dir``."""
    return _option(
        "--run-dir",
        type=click.Path(path_type=Path),
        metavar="DIR",
        heading=_PLACES,
        envvar="AUTODIFF_RUN_DIR",
        help="DIR becomes this run's folder; otherwise a new one under runs/ here.",
    )(command)


def cache_dir_option(command: Command) -> Command:
    """Add ``--cache-dir``."""
    return _option(
        "--cache-dir",
        type=click.Path(path_type=Path),
        metavar="DIR",
        heading=_PLACES,
        envvar="AUTODIFF_CACHE_DIR",
        help="Where answers are kept; otherwise the user's cache folder.",
    )(command)


def offline_option(command: Command) -> Command:
    """Add ``--offline``."""
    return _option(
        "--offline",
        is_flag=True,
        heading=_PLACES,
        envvar="AUTODIFF_OFFLINE",
        help="A call that the cache cannot answer is an error.",
    )(command)


def ui_option(*choices: UI) -> Callable[[Command], Command]:
    """Add ``--ui`` with the front ends that the command has."""
    meaning = "auto: the app in a terminal, else plain. " if "tui" in choices else ""
    return _option(
        "--ui",
        type=click.Choice(choices),
        default=choices[0],
        show_default=True,
        heading=_OUTPUT,
        envvar="AUTODIFF_UI" if "tui" in choices else None,
        help=f"{meaning}json: one object a line on stdout, nothing else there.",
    )


def output_options(command: Command) -> Command:
    """Add the options for how much is said, and in which characters."""
    return _stack(
        _option("--verbose", is_flag=True, heading=_OUTPUT, envvar="AUTODIFF_VERBOSE", help="Say more."),
        _option("--quiet", is_flag=True, heading=_OUTPUT, envvar="AUTODIFF_QUIET", help="Say only errors and results."),
        *_looks(),
    )(command)


def theme_option(command: Command) -> Command:
    """Add ``--theme``, for commands that have the app."""
    return _option(
        "--theme",
        default="",
        metavar="NAME",
        heading=_OUTPUT,
        envvar="AUTODIFF_THEME",
        shell_complete=complete_theme,
        help="The app's colours: dark, light, ansi (the terminal's own), or a name from its palette.",
    )(command)


def look_options(command: Command) -> Command:
    """Add what says how the app looks."""
    return _stack(*_looks(), theme_option)(command)


def _looks() -> tuple[Callable[[Command], Command], ...]:
    return (
        _option(
            "--no-color",
            is_flag=True,
            heading=_OUTPUT,
            envvar="AUTODIFF_NO_COLOR",
            help="Use no colour; NO_COLOR in the environment says the same.",
        ),
        _option(
            "--ascii",
            is_flag=True,
            heading=_OUTPUT,
            envvar="AUTODIFF_ASCII",
            help="Use no character beyond ASCII.",
        ),
    )


def _budget(unit: str, kind: click.ParamType[Any], help_text: str) -> Callable[[Command], Command]:
    return _option(
        f"--budget-{unit}", type=kind, heading=_BUDGET, envvar=f"AUTODIFF_BUDGET_{unit.upper()}", help=help_text
    )
