"""The command that follows a run of another process: ``watch``."""

from __future__ import annotations

import click

from autodiff_tui.flags import RUNS_ROOT, Flags

from .completing import complete_run
from .helptext import GroupedCommand
from .options import output_options, theme_option, ui_option, with_flags


@click.command(
    cls=GroupedCommand,
    examples=("autodiff-tui watch latest", "autodiff-tui watch runs/my-run --ui plain"),
)
@click.argument("run", shell_complete=complete_run)
@ui_option("auto", "tui", "plain", "json", "none")
@output_options
@theme_option
@with_flags
def watch(flags: Flags, run: str) -> int:
    """Follow RUN while another process executes it; it is only read, and goes on when you leave.

    RUN is a folder, a run's id, a unique prefix of one, or latest. Outside the app it ends when the run does, with exit
    code 0 however the run ended; where its process died before that it says so, with exit code 1.
    """
    from autodiff_engine.finding import find_run  # help must not wait for the engine
    from autodiff_tui.front import look
    from autodiff_tui.sources import WatchedSource

    folder = find_run(run, RUNS_ROOT)
    return look(WatchedSource(folder), folder, flags, "watch")
