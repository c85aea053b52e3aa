"""The command that makes a run one file, which can be looked at and executed again anywhere: ``pack``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from autodiff_tui.flags import RUNS_ROOT, Flags

from .completing import complete_run
from .helptext import GroupedCommand
from .loading import run_options
from .options import cache_dir_option, output_options, with_flags

_SUFFIX = ".zip"


@click.command(
    cls=GroupedCommand,
    examples=("autodiff-tui pack latest", "autodiff-tui pack my-run -o run.zip --force"),
)
@click.argument("run", shell_complete=complete_run)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE.zip",
    help="Where to write it; otherwise RUN.zip here, by the name of the run's folder.",
)
@click.option("--force", is_flag=True, help="Overwrite FILE.")
@click.option("--anyway", is_flag=True, help="Pack it though something that it was made of has changed since.")
@cache_dir_option
@output_options
@with_flags
def pack(flags: Flags, run: str, output: Path | None, force: bool, anyway: bool) -> int:
    """Put RUN into one file with every answer that it needs: replay shows it and executes it again anywhere.

    RUN is a folder, a run's id, a unique prefix of one, or latest. It is executed again first, without any network, so
    that the file holds what is needed and nothing is missing: its journal, config, instructions, examples, corpus,
    answers, best prompts, and program files of your own. It holds no key, no log, and nothing that lies elsewhere.
    """
    from autodiff_engine import build  # help must not wait for the engine
    from autodiff_engine.errors import ConfigError
    from autodiff_engine.finding import find_run
    from autodiff_tui.format import counted
    from autodiff_tui.headless import write_line
    from autodiff_tui.interruptible import run as run_until_signal
    from autodiff_tui.safe import one_line
    from autodiff_tui.saving import check, save

    folder = find_run(run, RUNS_ROOT)
    target = output or Path(f"{folder.resolve().name}{_SUFFIX}")
    if target.suffix.lower() != _SUFFIX:
        raise ConfigError(f"{target}: must end in {_SUFFIX}", f"replay knows a pack by that: -o {target}{_SUFFIX}")
    check(target, option="-o", example=f"run{_SUFFIX}", overwrite=force)  # before the work, not after it
    packed, number = run_until_signal(build.packing(folder, run_options(flags), anyway=anyway).execute)
    if packed is None:
        return 128 + number
    save(target, packed.content, option="-o", example=f"run{_SUFFIX}", overwrite=force)
    if not flags.quiet:
        size = f"{len(packed.content) / 1000:,.0f} kB"
        what = f"{counted(packed.facts, 'fact')} and {counted(packed.answers, 'answer')} of {folder}"
        write_line(one_line(f"wrote {target}: {what}, {size}"), sys.stderr)
        if packed.program:
            write_line(one_line(f"it holds program files of yours: {', '.join(packed.program)}"), sys.stderr)
        if packed.changed:
            changed = " and ".join(packed.changed)
            write_line(one_line(f"{changed} changed since the run began: packed as it is now"), sys.stderr)
    return 0
