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


@click.command(
    cls=GroupedCommand,
    examples=(
        "autodiff-tui show latest",
        "autodiff-tui show runs/my-run",
        "autodiff-tui show latest --html run.html",
    ),
)
@click.argument("run", shell_complete=complete_run)
@click.option(
    "--html",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    help="Write it as one HTML page instead, with charts and diffs; - is stdout. It opens without a network.",
)
@click.option("--force", is_flag=True, help="Overwrite FILE.")
@output_options
@with_flags
def show(flags: Flags, run: str, html: Path | None, force: bool) -> int:
    """Show what RUN did and what came of it: scores, trained texts old and new, every proposal's fate.

    RUN is a folder, a run's id, a unique prefix of one, or latest. It may be running still.
    """
    from autodiff_engine.finding import find_run  # help must not wait for the engine
    from autodiff_tui import report
    from autodiff_tui.headless import write_line

    folder = find_run(run, RUNS_ROOT)
    if html is not None:
        return _write_page(flags, folder, html, overwrite=force)
    for line in report.whole(_view(folder)):
        write_line(line, sys.stdout, ascii_only=flags.ascii)
    return 0


def _write_page(flags: Flags, folder: Path, target: Path, *, overwrite: bool) -> int:
    """Write the page to ``target``, - for stdout; what of the journal could not be read is said in it, too."""
    from autodiff_engine.secret import NO_WORD, without_values
    from autodiff_tui.headless import write_line  # help must not wait for the engine
    from autodiff_tui.html_report import page, settings_of
    from autodiff_tui.safe import one_line
    from autodiff_tui.saving import save

    view, notes = _read(folder)
    for note in notes:
        write_line(f"{folder}: {note}", sys.stderr)
    content = without_values(page(view, settings_of(folder), notes), NO_WORD).encode("utf-8")
    if str(target) == "-":
        sys.stdout.buffer.write(content)
        return 0
    save(target, content, option="--html", example="run.html", overwrite=overwrite)
    if not flags.quiet:
        write_line(one_line(f"wrote {target}: all of {folder}, {len(content) / 1000:,.0f} kB"), sys.stderr)
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
    if run == "latest":
        _refuse_without_best(folder)
    if str(output) == "-":
        sys.stdout.buffer.write(best_of(folder)[0])
        return 0
    count = copy_best(folder, output, overwrite=force)
    if not flags.quiet:
        write_line(one_line(f"wrote {output}: {counted(count, 'trained text')} of {folder}"), sys.stderr)
    return 0


def _refuse_without_best(latest: Path) -> None:
    """Name an older run where the latest one, which may have failed at its first call, has nothing to export."""
    from autodiff_engine.errors import ConfigError  # help must not wait for the engine
    from autodiff_engine.finding import list_runs
    from autodiff_tui.exporting import BEST

    if (latest / BEST).is_file():
        return
    older = [folder for folder in list_runs(RUNS_ROOT) if (folder / BEST).is_file()]
    if older:
        raise ConfigError(f"{latest}: has no {BEST} yet", f"of an older run: autodiff-tui export {older[-1]}")


def _view(folder: Path) -> RunView:
    """Read a run's journal into the value that the app shows; says on stderr what could not be read."""
    from autodiff_tui.headless import write_line  # help must not wait for the engine

    view, notes = _read(folder)
    for note in notes:
        write_line(f"{folder}: {note}", sys.stderr)
    return view


def _read(folder: Path) -> tuple[RunView, tuple[str, ...]]:
    """Read a run's journal, and say in words what of it could not be read."""
    from autodiff_engine.journal import read  # help must not wait for the engine
    from autodiff_tui.view import RunView, reduce

    recorded = read(folder)
    notes: list[str] = []
    if recorded.torn:
        notes.append("the last line of the journal was cut short and is left out")
    if recorded.unknown:
        notes.append(f"{recorded.unknown} events of kinds unknown to this version are left out")
    view = RunView()
    for stamped in recorded.standing:
        view = reduce(view, stamped)
    return view, tuple(notes)
