"""The command that compares variants of the method: ``ablate``."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
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
    ui_option,
    with_flags,
)

if TYPE_CHECKING:
    from autodiff_engine.build import Ablation

_WHAT = "What is compared"


class _Listed(click.ParamType[tuple[str, ...]]):
    """Words with commas between them."""

    name = "list"

    def convert(
        self, value: str | tuple[str, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        words = tuple(word.strip() for word in value.split(",")) if isinstance(value, str) else value
        if not all(words):
            self.fail(f"{value!r} has an empty word; write a,b,c", param, ctx)
        return words


class _Seeds(click.ParamType[tuple[int, ...]]):
    """Whole numbers with commas between them, each once."""

    name = "seeds"

    def convert(
        self, value: str | tuple[int, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        if not isinstance(value, str):
            return value
        try:
            seeds = tuple(int(word) for word in value.split(","))
        except ValueError:
            self.fail(f"{value!r} is no list of whole numbers; write 1,2,3", param, ctx)
        if len(set(seeds)) < len(seeds):
            self.fail(f"{value!r} names a seed twice", param, ctx)
        return seeds


@click.command(
    cls=GroupedCommand,
    examples=(
        "autodiff-tui ablate my.toml --seeds 1,2,3 -o table.md",
        "autodiff-tui ablate my.toml --variants full,opro-data,textgrad --max-steps 4 --budget-usd 5",
        "autodiff-tui ablate my.toml --dry-run",
    ),
)
@click.argument("config", type=click.Path(path_type=Path))
@click.option(
    "--variants",
    cls=GroupedOption,
    heading=_WHAT,
    type=_Listed(),
    default=(),
    metavar="A,B",
    help="The variants above that are run, in this order; by default all but few-shot.",
)
@click.option(
    "--seeds",
    cls=GroupedOption,
    heading=_WHAT,
    type=_Seeds(),
    default=(),
    metavar="1,2,3",
    help="A run of each variant for each of these trainer.seed; by default the config's. The splits stay.",
)
@click.option(
    "-o",
    "--output",
    cls=GroupedOption,
    heading=_WHAT,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the table to FILE.md or FILE.csv besides.",
)
@config_options
@dry_run_option
@run_dir_option
@cache_dir_option
@offline_option
@ui_option("plain", "json", "none")
@output_options
@with_flags
def ablate(
    flags: Flags,
    config: Path,
    variants: tuple[str, ...],
    seeds: tuple[int, ...],
    output: Path | None,
    dry_run: bool,
) -> int:
    """Train CONFIG once for each variant of the method and seed, and compare them in one table.

    The runs are executed one after another, each in a folder of its own in the ablation's, and share the stored
    answers; a budget is over all of them. The same command, given again, goes on where it was ended. Variants:

    \b
    full           the config as it is
    opro           the optimizer sees scores alone
    opro-data      the optimizer sees failed examples in place of feedback
    no-techniques  no prompt engineering techniques in the optimizer's prompt
    no-history     the optimizer sees neither best nor failed versions
    no-selective   examples that are right get feedback too
    one-stage      no minibatch gate: all proposals go to validation
    no-peers       a backward call for each text, the others not shown
    textgrad       no-selective, one-stage, fresh batches, one proposal

    Run where it is named alone, as it needs a text of kind demos:

    \b
    few-shot       the start prompts with 12 random examples, not trained
    """  # noqa: D301 - click reads the character itself: what follows it is not wrapped
    from autodiff_engine import build  # help must not wait for the engine
    from autodiff_tui.ablating import check_output, execute
    from autodiff_tui.headless import say_meanwhile

    check_output(output)
    if flags.ui == "plain":  # to look up the models takes seconds
        say_meanwhile(f"checking {config}, its data and its models", flags)
    ablation = build.ablation(load_config(config, flags), run_options(flags), variants=variants, seeds=seeds)
    if dry_run:
        return _forecast(ablation, flags)
    if number := _say_forecast(ablation, flags):
        return 128 + number
    return execute(ablation, flags, output)


def _say_forecast(ablation: Ablation, flags: Flags) -> int:
    """Say in short what the runs that are left will cost together; return the number of a signal that came, else 0."""
    from autodiff_engine import build
    from autodiff_tui import forecasting

    if flags.ui != "plain" or flags.quiet:
        return 0
    told, number = forecasting.within_patience(lambda seconds: build.ablation_forecast(ablation, seconds))
    if told is not None and told.left is not None:
        forecasting.say(told.left, flags)
    return number


def _forecast(ablation: Ablation, flags: Flags) -> int:
    """Say what the runs that are left would cost, on stdout; with ``--ui none`` only check that they could begin."""
    from autodiff_engine import build
    from autodiff_tui import forecasting
    from autodiff_tui.format import counted
    from autodiff_tui.headless import write_line
    from autodiff_tui.interruptible import run

    told, number = run(lambda: build.ablation_forecast(ablation))
    if told is None:
        sys.stderr.write("error: interrupted; nothing was written\n")
        return 128 + number
    counts = {"runs": told.runs, "done": told.done}
    if flags.ui == "json":
        left = asdict(told.left) if told.left is not None else {}
        sys.stdout.write(f"{json.dumps({'v': 1, 'type': 'Forecast', **counts, **left})}\n")
    elif flags.ui == "plain":
        left = f"what the other {told.runs - told.done} take together" if told.left is not None else "nothing is left"
        done = f", {told.done} of them done: {left}" if told.done else ", together"
        write_line(f"{counted(told.runs, 'run')}{done}", sys.stdout, ascii_only=flags.ascii)
        if told.left is not None:
            forecasting.write(told.left, flags)
    return 0
