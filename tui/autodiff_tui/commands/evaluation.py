"""The command that scores prompts: ``eval``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from autodiff_tui.flags import Flags

from .helptext import GroupedCommand, GroupedOption
from .loading import load_config, run_options
from .options import cache_dir_option, config_options, offline_option, output_options, ui_option, with_flags

if TYPE_CHECKING:
    from autodiff_engine.build import EvalReport

_SHORT = 20
"""Examples below which only the end is told."""


@click.command(
    "eval",
    cls=GroupedCommand,
    examples=("autodiff-tui eval my.toml", "autodiff-tui eval my.toml --prompts best.toml --split test"),
)
@click.argument("config", type=click.Path(path_type=Path))
@click.option(
    "--prompts",
    cls=GroupedOption,
    heading="What is scored",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The prompts of this file, as export writes it; otherwise the config's own.",
)
@click.option(
    "--split",
    cls=GroupedOption,
    heading="What is scored",
    type=click.Choice(["val", "test"]),
    default="val",
    show_default=True,
    help="The split that they are scored on.",
)
@config_options
@cache_dir_option
@offline_option
@ui_option("plain", "json")
@output_options
@with_flags
def evaluate(flags: Flags, config: Path, prompts: Path | None, split: Literal["val", "test"]) -> int:
    """Score prompts on a split of CONFIG's data: the mean, n, its 95 % interval and what it cost."""
    from autodiff_engine import build  # help must not wait for the engine
    from autodiff_engine.control import Control
    from autodiff_tui import forecasting
    from autodiff_tui.headless import write_line
    from autodiff_tui.interruptible import run
    from autodiff_tui.safe import one_line

    evaluating = build.evaluation(load_config(config, flags), run_options(flags), prompts=prompts, split=split)
    for warning in () if flags.quiet else evaluating.plan.warnings:
        write_line(one_line(f"warning: {warning}"), sys.stderr, ascii_only=flags.ascii)
    if flags.ui == "plain" and not flags.quiet:
        told, number = forecasting.within_patience(evaluating.forecast)
        if told is None:
            return 128 + number
        forecasting.say(told, flags, in_full="")
    report, number = run(lambda: evaluating.execute(Control(), _progress(flags)))
    if report is None:
        sys.stderr.write("error: interrupted; the answers so far are stored\n")
        return 128 + number
    _say(report, flags)
    return 0


def _say(report: EvalReport, flags: Flags) -> None:
    from autodiff_tui import summary
    from autodiff_tui.format import losses, score
    from autodiff_tui.headless import write_line
    from autodiff_tui.narration import wrong_format

    if flags.ui == "json":
        sys.stdout.write(f"{json.dumps(asdict(report))}\n")
        return
    interval = f"95 % interval {score(report.low)} to {score(report.high)}"
    left_out = f", {report.excluded} left out because nobody answered" if report.excluded else ""
    spent = [f"{name} {told}" for name, told in summary.spending(report.spent)]
    mean = f"{report.split} {report.metric} {score(report.mean, report.n)}, {interval}"
    apart = losses(report.losses, report.on_answer, report.answer_metric)
    lines = (f"{mean}{wrong_format(report.wrong_format)}{left_out}", *([f"losses: {apart}"] if apart else []), *spent)
    for line in lines:
        write_line(line, sys.stdout, ascii_only=flags.ascii)


def _progress(flags: Flags) -> Callable[[int, int], None]:
    """Return what says each tenth of the way on stderr, or each example; of a short way only the end."""

    def say(done: int, total: int) -> None:
        every = 1 if flags.verbose else total if total < _SHORT else total // 10
        if flags.ui == "plain" and not flags.quiet and (done % every == 0 or done == total):
            sys.stderr.write(f"{done}/{total}\n")
            sys.stderr.flush()

    return say
