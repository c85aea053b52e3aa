"""The command that shows a recorded run again: ``replay``."""

from __future__ import annotations

import sys

import click

from autodiff_tui.flags import RUNS_ROOT, Flags

from .helptext import GroupedCommand, GroupedOption
from .options import output_options, ui_option, with_flags


@click.command(
    cls=GroupedCommand,
    examples=(
        "autodiff-tui replay latest",
        "autodiff-tui replay my-run --speed 8",
        "autodiff-tui replay latest --ui plain",
    ),
)
@click.argument("run")
@click.option(
    "--speed",
    cls=GroupedOption,
    heading="Replay",
    type=click.FloatRange(min=0, min_open=True),
    metavar="X",
    envvar="AUTODIFF_SPEED",
    show_envvar=True,
    help="In the app X times as fast as it happened; without it the whole run in two minutes or less.",
)
@ui_option("auto", "tui", "plain", "json", "none")
@output_options
@with_flags
def replay(flags: Flags, run: str, speed: float | None) -> int:
    """Show RUN again from its journal; nothing is executed and nothing is written.

    RUN is a folder, a run's id, a unique prefix of one, or latest. In the app p plays and holds, comma and full stop
    go by events, < and > by steps, - and + change the speed, g goes to a step. Elsewhere all of it is told at once.
    """
    from autodiff_engine.journal import find_run, read  # help must not wait for the engine
    from autodiff_tui.front import look
    from autodiff_tui.headless import write_line
    from autodiff_tui.sources import RecordedSource
    from autodiff_tui.transport import fitting_speed

    folder = find_run(run, RUNS_ROOT)
    recorded = read(folder)
    if recorded.torn:
        write_line(f"{folder}: the last line of the journal was cut short and is left out", sys.stderr)
    if recorded.unknown:
        write_line(f"{folder}: {recorded.unknown} events of kinds unknown to this version are left out", sys.stderr)
    chosen = speed if speed is not None else fitting_speed(recorded.events)
    return look(RecordedSource(recorded.events), folder, flags, "replay", speed=chosen)
