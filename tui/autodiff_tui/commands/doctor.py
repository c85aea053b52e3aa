"""The command that says what would fail before money is spent: ``doctor``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autodiff_tui.flags import Flags

from .helptext import GroupedCommand, GroupedOption
from .loading import load_config, run_options
from .options import cache_dir_option, config_options, output_options, ui_option, with_flags

if TYPE_CHECKING:
    from autodiff_engine.build import Finding
    from autodiff_engine.config import Loaded


@click.command(
    cls=GroupedCommand,
    examples=("autodiff-tui doctor", "autodiff-tui doctor my.toml", "autodiff-tui doctor my.toml --call"),
)
@click.argument("config", type=click.Path(path_type=Path), required=False)
@click.option(
    "--call",
    is_flag=True,
    cls=GroupedOption,
    heading="What is asked",
    help="Ask the model of each role for one word, and say what that cost; without it nobody is asked.",
)
@config_options
@cache_dir_option
@ui_option("plain", "json")
@output_options
@with_flags
def doctor(flags: Flags, config: Path | None, call: bool) -> int:
    """Say what would fail before money is spent: this machine, this terminal and, if named, CONFIG part by part.

    A line is ok, a warning or a problem, with the fix below; exit code 1 when there is a problem.
    """
    from autodiff_tui import checkup  # help must not wait for the engine
    from autodiff_tui.format import counted
    from autodiff_tui.headless import write_line
    from autodiff_tui.toned import spelled

    found: list[Finding] = []
    for finding in _findings(flags, config, call=call):
        found.append(finding)
        if flags.ui == "json":
            sys.stdout.write(f"{json.dumps(asdict(finding))}\n")
        elif finding.level != "ok" or not flags.quiet:
            for toned in checkup.lines([finding]):
                write_line(spelled(toned).rstrip(), sys.stdout, ascii_only=flags.ascii)
    if flags.ui != "json" and not flags.quiet:
        counts = {level: sum(each.level == level for each in found) for level in ("problem", "warning")}
        write_line(f"{counted(counts['problem'], 'problem')}, {counted(counts['warning'], 'warning')}", sys.stderr)
    return 1 if checkup.worst(found) else 0


def _findings(flags: Flags, config: Path | None, *, call: bool) -> Iterator[Finding]:
    from autodiff_engine import build
    from autodiff_engine.errors import ConfigError
    from autodiff_tui import checkup

    if call and config is None:
        raise click.UsageError("--call needs a CONFIG, which names the models", click.get_current_context())
    loaded: Loaded | None = None
    try:
        loaded = load_config(config, flags) if config is not None else None
    except ConfigError as error:
        yield from checkup.findings(None, run_options(flags))
        for line in str(error).splitlines():
            yield build.Finding("problem", "config", line, error.hint)
        return
    bad = False
    for finding in checkup.findings(loaded, run_options(flags)):
        bad = bad or finding.level == "problem"
        yield finding
    if loaded is not None and call:
        yield from _called(loaded, skip=bad)


def _called(loaded: Loaded, *, skip: bool) -> Iterator[Finding]:
    from autodiff_engine import build
    from autodiff_engine.errors import EngineError
    from autodiff_tui.interruptible import run

    if skip:
        yield build.Finding("warning", "call", "nobody was asked, as there are problems", "mend them first")
        return
    try:
        answered, _ = run(lambda: build.ask_each(loaded, build.roles(loaded)))
    except EngineError as error:
        yield build.refused("call", error)
        return
    if answered is None:
        raise KeyboardInterrupt
    yield from answered
