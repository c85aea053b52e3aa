"""The commands that train: ``train`` and ``demo``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autodiff_tui.flags import Flags

from .helptext import GroupedCommand, GroupedOption
from .loading import load_config, run_options
from .options import (
    cache_dir_option,
    config_options,
    dry_run_option,
    offline_option,
    output_options,
    run_dir_option,
    theme_option,
    ui_option,
    with_flags,
)

if TYPE_CHECKING:
    from autodiff_engine.build import Forecast, Prepared


@click.command(
    cls=GroupedCommand,
    examples=(
        "autodiff-tui train my.toml",
        "autodiff-tui train my.toml --set trainer.batch_size=8 --budget-usd 2",
        "autodiff-tui train my.toml --ui json > events.jsonl",
        "autodiff-tui train my.toml --dry-run",
    ),
)
@click.argument("config", type=click.Path(path_type=Path))
@config_options
@dry_run_option
@run_dir_option
@cache_dir_option
@offline_option
@ui_option("auto", "tui", "plain", "json", "none")
@output_options
@theme_option
@with_flags
def train(flags: Flags, config: Path, dry_run: bool) -> int:
    """Train the prompts of the program that CONFIG describes.

    In a terminal the run is shown live and can be paused, stepped and stopped; the best prompts so far are always in
    the run's folder as best.toml.
    """
    from autodiff_engine import build  # help must not wait for the engine
    from autodiff_tui import forecasting
    from autodiff_tui.front import choose, show
    from autodiff_tui.headless import say_meanwhile

    front = choose(flags.ui)
    if front in ("tui", "plain"):  # to look up the models takes seconds
        say_meanwhile(f"checking {config}, its data and its models, and what it will take; ctrl+c leaves", flags)
    prepared = build.prepared(load_config(config, flags), run_options(flags))
    if not dry_run and front in ("json", "none"):
        return show(prepared.run.execute, prepared.run.run_dir, flags)
    if dry_run:
        return _dry_run(prepared, flags)
    told, number = forecasting.within_patience(prepared.forecast)
    if told is None:
        return 128 + number
    if front == "plain":
        forecasting.say(told, flags)
    return show(prepared.run.execute, prepared.run.run_dir, flags, foretold=forecasting.in_short(told))


def _dry_run(prepared: Prepared, flags: Flags) -> int:
    from autodiff_tui.interruptible import run

    told, number = run(prepared.forecast)
    if told is None:
        sys.stderr.write("error: interrupted; nothing was written\n")
        return 128 + number
    return _write_forecast(told, flags)


def _write_forecast(told: Forecast, flags: Flags) -> int:
    """Say what the run would cost, on stdout; with ``--ui none`` it was only checked that it could begin."""
    import json
    from dataclasses import asdict

    from autodiff_tui import forecasting

    if flags.ui == "json":
        sys.stdout.write(f"{json.dumps({'v': 1, 'type': 'Forecast', **asdict(told)})}\n")
    elif flags.ui != "none":
        forecasting.write(told, flags)
    return 0


@click.command(
    cls=GroupedCommand,
    examples=("autodiff-tui demo", "autodiff-tui demo --speed 4", "autodiff-tui demo --ui plain"),
)
@click.option(
    "--speed",
    cls=GroupedOption,
    heading="Demo",
    type=click.FloatRange(min=0, min_open=True),
    metavar="X",
    envvar="AUTODIFF_SPEED",
    show_envvar=True,
    help="X times as fast as the app shows it (in a minute and a half); without it all but the app runs at once.",
)
@run_dir_option
@cache_dir_option
@ui_option("auto", "tui", "plain", "json", "none")
@output_options
@theme_option
@with_flags
def demo(flags: Flags, speed: float | None) -> int:
    """Execute a recorded training run again from its recorded answers.

    Needs no key and no network, and costs nothing.
    """
    from autodiff_engine import build  # help must not wait for the engine
    from autodiff_tui.front import choose, show

    if speed is None and choose(flags.ui) == "tui":
        speed = 1.0
    run = build.demo(run_options(flags), speed=speed)
    return show(run.execute, run.opening.folder, flags)
