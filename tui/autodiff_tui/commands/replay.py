"""The command that shows a recorded run again, or executes it again to compare: ``replay``."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autodiff_tui.flags import RUNS_ROOT, Flags

from .completing import complete_run_or_pack
from .helptext import GroupedCommand, GroupedOption
from .loading import run_options
from .options import cache_dir_option, output_options, theme_option, ui_option, with_flags

if TYPE_CHECKING:
    from autodiff_engine.build import OpenedPack, Verified
    from autodiff_engine.journal import Recorded

PACK = ".zip"
_TORN = "the last line of the journal was cut short and is left out"


@click.command(
    cls=GroupedCommand,
    examples=(
        "autodiff-tui replay latest",
        "autodiff-tui replay my-run --speed 8",
        "autodiff-tui replay latest --ui plain",
        "autodiff-tui replay latest --verify",
        "autodiff-tui replay run.zip --verify",
    ),
)
@click.argument("run", metavar="RUN|FILE.zip", shell_complete=complete_run_or_pack)
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
@click.option(
    "--verify",
    cls=GroupedOption,
    is_flag=True,
    help="Execute it from its stored answers, without any network, and compare each fact with the journal.",
)
@click.option(
    "--trust",
    cls=GroupedOption,
    is_flag=True,
    help="Let --verify execute the program files that a pack holds, without asking.",
)
@click.option(
    "--anyway",
    cls=GroupedOption,
    is_flag=True,
    help="Let --verify execute it though something that it was made of has changed since.",
)
@cache_dir_option
@ui_option("auto", "tui", "plain", "json", "none")
@output_options
@theme_option
@with_flags
def replay(flags: Flags, run: str, speed: float | None, verify: bool, trust: bool, anyway: bool) -> int:
    """Show RUN again from its journal; nothing is executed and nothing is written.

    RUN is a folder, a run's id, a unique prefix of one, or latest. In the app p plays and holds, comma and full stop
    go by events, < and > by steps, - and + change the speed, g goes to a step. Elsewhere all of it is told at once.

    With --verify it is executed again, offline, and nothing is shown but what came of it; the exit code is 1 at the
    first fact that differs from the journal, and 2 where its config, data, metric, program or instructions are not
    what they were: each is named, and --anyway executes it all the same.

    FILE.zip is what pack wrote: it is shown from its journal, and --verify executes it from the answers in it, here or
    anywhere. Of a pack with program files of somebody's own it asks first, and refuses where nobody can be asked.
    """
    from autodiff_engine.finding import find_run  # help must not wait for the engine

    if run.lower().endswith(PACK):
        return _packed(Path(run), flags, speed, verify=verify, trust=trust, anyway=anyway)
    folder = find_run(run, RUNS_ROOT)
    if verify:
        from autodiff_engine import build

        return _verify(build.verification(folder, run_options(flags), anyway=anyway).execute, folder, flags)
    from autodiff_engine.journal import read

    return _show(read(folder), str(folder), folder, flags, speed)


def _packed(path: Path, flags: Flags, speed: float | None, *, verify: bool, trust: bool, anyway: bool) -> int:
    from autodiff_engine import build
    from autodiff_tui.interruptible import unwinding

    with unwinding() as again, build.opened(path, whole=verify) as pack:
        try:
            if not verify:
                return _show(pack.recorded(), str(path), pack.folder, flags, speed)
            trusted = trust or _trusted(pack)
            return _verify(build.verification_of(pack, trusted=trusted, anyway=anyway).execute, path, flags)
        finally:
            again()


def _trusted(pack: OpenedPack) -> bool:
    """Ask whether a pack's program files may be executed, where there are some and somebody can answer."""
    from autodiff_tui.safe import one_line

    if not pack.program or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    sys.stderr.write(one_line(f"{pack.path} holds program files of whoever packed it:") + "\n")
    for name in pack.program:
        sys.stderr.write(one_line(f"  {name}, {pack.manifest.members[name].bytes:,} bytes") + "\n")
    return click.confirm("Execute them, with all that you may do on this machine?", default=False, err=True)


def _show(recorded: Recorded, name: str, folder: Path, flags: Flags, speed: float | None) -> int:
    from autodiff_tui.front import look
    from autodiff_tui.headless import write_line
    from autodiff_tui.sources import RecordedSource
    from autodiff_tui.transport import fitting_speed

    if recorded.torn:
        write_line(f"{name}: {_TORN}", sys.stderr)
    if recorded.unknown:
        write_line(f"{name}: {recorded.unknown} events of kinds unknown to this version are left out", sys.stderr)
    events = recorded.events if flags.ui == "json" else recorded.standing
    chosen = speed if speed is not None else fitting_speed(events)
    return look(RecordedSource(events), folder, flags, "replay", speed=chosen)


def _verify(execute: Callable[[], Awaitable[Verified]], name: Path, flags: Flags) -> int:
    from autodiff_tui.format import counted
    from autodiff_tui.headless import write_line
    from autodiff_tui.interruptible import run as run_until_signal
    from autodiff_tui.safe import one_line

    verified, number = run_until_signal(execute)
    if verified is None:
        return 128 + number
    if verified.torn:
        write_line(one_line(f"{name}: {_TORN}"), sys.stderr)
    if flags.ui == "json":
        sys.stdout.write(f"{json.dumps({**asdict(verified), 'calls': 0})}\n")
    elif flags.ui != "none":
        open_end = "" if verified.ended else "; the run has not come to its end"
        changed = f"; {' and '.join(verified.changed)} changed since the run began" if verified.changed else ""
        sys.stdout.write(one_line(f"{counted(verified.facts, 'fact')} equal, 0 calls{open_end}{changed}") + "\n")
    return 0
