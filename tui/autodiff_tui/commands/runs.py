"""The commands for past runs: ``runs``, ``show`` and ``export``."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autodiff_tui.flags import RUNS_ROOT, Flags

from .completing import complete_run
from .helptext import GroupedCommand
from .options import output_options, ui_option, with_flags

if TYPE_CHECKING:
    from autodiff_tui.view import RunView


@click.command(cls=GroupedCommand, examples=("autodiff-tui runs", "autodiff-tui runs --ui json"))
@ui_option("plain", "json")
@output_options
@with_flags
def runs(flags: Flags) -> int:
    """List the runs of this folder, the newest last."""
    from autodiff_engine.errors import StorageError  # help must not wait for the engine
    from autodiff_engine.finding import goes_on, list_runs
    from autodiff_tui import report
    from autodiff_tui.exits import complain
    from autodiff_tui.headless import write_line

    rows: list[report.Row] = []
    for folder in list_runs(RUNS_ROOT):
        try:
            rows.append(report.row(_view(folder), str(folder), running=bool(goes_on(folder))))
        except StorageError as error:  # one broken journal must not hide the others
            complain(str(error), error.hint)
    if flags.ui == "json":
        for one in rows:
            sys.stdout.write(f"{json.dumps(asdict(one))}\n")
    elif rows:
        for line in report.table(rows):
            write_line(line, sys.stdout, ascii_only=flags.ascii)
    elif not flags.quiet:
        write_line(f"no runs in {RUNS_ROOT}/ yet; try: autodiff-tui demo", sys.stderr)
    return 0


@click.command(cls=GroupedCommand, examples=("autodiff-tui show latest", "autodiff-tui show runs/my-run"))
@click.argument("run", shell_complete=complete_run)
@output_options
@with_flags
def show(flags: Flags, run: str) -> int:
    """Show what RUN did and what came of it: scores, trained texts old and new, every proposal's fate.

    RUN is a folder, a run's id, a unique prefix of one, or latest.
    """
    from autodiff_engine.finding import find_run  # help must not wait for the engine
    from autodiff_tui import report
    from autodiff_tui.headless import write_line

    for line in report.whole(_view(find_run(run, RUNS_ROOT))):
        write_line(line, sys.stdout, ascii_only=flags.ascii)
    return 0


@click.command(
    cls=GroupedCommand,
    examples=(
        "autodiff-tui export latest",
        "autodiff-tui export my-run -o prompts/best.toml --force",
        "autodiff-tui export latest -o - | less",
    ),
)
@click.argument("run", shell_complete=complete_run)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, allow_dash=True),
    default=Path("best.toml"),
    show_default=True,
    metavar="FILE",
    help="Where to write them; - is stdout.",
)
@click.option("--force", is_flag=True, help="Overwrite FILE also if it is no older export.")
@output_options
@with_flags
def export(flags: Flags, run: str, output: Path, force: bool) -> int:
    """Write the best prompts of RUN to a file, with all that tells where they came from.

    RUN is a folder, a run's id, a unique prefix of one, or latest. The file is read back before success is said; eval
    --prompts and [prompts] file read it.
    """
    from autodiff_engine.finding import find_run  # help must not wait for the engine
    from autodiff_tui.exporting import best_of, copy_best
    from autodiff_tui.format import counted
    from autodiff_tui.headless import write_line
    from autodiff_tui.safe import one_line

    folder = find_run(run, RUNS_ROOT)
    if str(output) == "-":
        sys.stdout.buffer.write(best_of(folder)[0])
        return 0
    count = copy_best(folder, output, overwrite=force)
    if not flags.quiet:
        write_line(one_line(f"wrote {output}: {counted(count, 'trained text')} of {folder}"), sys.stderr)
    return 0


def _view(folder: Path) -> RunView:
    """Read a run's journal into the value that the app shows; says on stderr what could not be read."""
    from autodiff_engine.journal import read  # help must not wait for the engine
    from autodiff_tui.headless import write_line
    from autodiff_tui.view import RunView, reduce

    recorded = read(folder)
    if recorded.torn:
        write_line(f"{folder}: the last line of the journal was cut short and is left out", sys.stderr)
    if recorded.unknown:
        write_line(f"{folder}: {recorded.unknown} events of kinds unknown to this version are left out", sys.stderr)
    view = RunView()
    for stamped in recorded.standing:
        view = reduce(view, stamped)
    return view
