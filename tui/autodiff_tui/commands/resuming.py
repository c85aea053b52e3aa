"""The command that goes on with a past run: ``resume``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autodiff_tui.flags import RUNS_ROOT, Flags

from .completing import complete_run
from .helptext import GroupedCommand, GroupedOption
from .loading import run_options
from .options import (
    cache_dir_option,
    config_options,
    offline_option,
    output_options,
    theme_option,
    ui_option,
    with_flags,
)

if TYPE_CHECKING:
    from autodiff_engine.config import Loaded


@click.command(
    cls=GroupedCommand,
    examples=("autodiff-tui resume latest", "autodiff-tui resume my-run --budget-usd 5"),
)
@click.argument("run", shell_complete=complete_run)
@click.option(
    "--anyway",
    cls=GroupedOption,
    heading="What is done again",
    is_flag=True,
    help="Go on although something has changed since, live from the first fact that then differs, or although answers "
    "are gone: these are asked, and paid for, again.",
)
@config_options
@cache_dir_option
@offline_option
@ui_option("auto", "tui", "plain", "json", "none")
@output_options
@theme_option
@with_flags
def resume(flags: Flags, run: str, anyway: bool) -> int:
    """Go on with RUN after a stop, a crash, a failure or a spent budget, to its original number of steps.

    RUN is a folder, a run's id, a unique prefix of one, or latest. It is executed again over its stored answers, which
    cost nothing, and is live where its journal ends. A budget is over the whole of its life: name a larger one to go on
    with a run that has spent it.
    """
    from autodiff_engine import build  # help must not wait for the engine
    from autodiff_engine.encoding import encode
    from autodiff_engine.finding import find_run
    from autodiff_engine.journal import read
    from autodiff_tui.front import show
    from autodiff_tui.headless import write_line
    from autodiff_tui.safe import one_line

    folder = find_run(run, RUNS_ROOT)
    resumed = build.resumption(_loaded(folder, flags), run_options(flags), anyway=anyway)
    if resumed.run is None:
        write_line(one_line(f"nothing to resume: {folder} is {resumed.why}"), sys.stderr)
        if flags.ui == "json":  # the last line of a run is its end, also of one that ended before
            sys.stdout.write(f"{encode(read(folder).events[-1])}\n")
        return 0
    return show(resumed.run.execute, folder, flags, history=resumed.history)


def _loaded(folder: Path, flags: Flags) -> Loaded:
    """Read the run's own config; of what is said now only flags count, and of the environment only budgets."""
    from autodiff_engine import config

    budgets = {name: value for name, value in _budgets(flags).items() if value is not None}
    given = {**flags.for_config, **budgets, "cache_dir": None}
    return config.load(folder / "config.toml", flags.settings, flags=given)


def _budgets(flags: Flags) -> dict[str, object]:
    return {
        "budget_usd": flags.budget_usd,
        "budget_tokens": flags.budget_tokens,
        "budget_calls": flags.budget_calls,
        "budget_minutes": flags.budget_minutes,
    }
