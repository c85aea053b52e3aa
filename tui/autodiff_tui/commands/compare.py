"""The command that holds two runs against each other: ``compare``."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import click

from autodiff_tui.flags import RUNS_ROOT, Flags

from .completing import complete_run
from .helptext import GroupedCommand
from .options import output_options, ui_option, with_flags


@click.command(
    cls=GroupedCommand,
    examples=("autodiff-tui compare my-run latest", "autodiff-tui compare a b --ui json"),
)
@click.argument("left", metavar="RUN", shell_complete=complete_run)
@click.argument("right", metavar="RUN", shell_complete=complete_run)
@ui_option("plain", "json")
@output_options
@with_flags
def compare(flags: Flags, left: str, right: str) -> int:
    """Compare two runs: settings, scores, spending, and the word diff of each trained text.

    RUN is a folder, a run's id, a unique prefix of one, or latest. Scores are compared only where both runs had the
    same data and metric; the best prompts then by test example, with the paired p.
    """
    from autodiff_engine.finding import find_run  # help must not wait for the engine
    from autodiff_tui import comparing
    from autodiff_tui.headless import write_line
    from autodiff_tui.toned import spelled

    compared = comparing.compare(find_run(left, RUNS_ROOT), find_run(right, RUNS_ROOT))
    if flags.ui == "json":
        sys.stdout.write(f"{json.dumps(asdict(compared), default=str)}\n")
        return 0
    for toned in comparing.lines(compared):
        write_line(spelled(toned).rstrip(), sys.stdout, ascii_only=flags.ascii)
    return 0
