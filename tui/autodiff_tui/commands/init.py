"""The command that makes a project to edit: ``init``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import click

from autodiff_tui.flags import Flags

from .helptext import GroupedCommand, GroupedOption
from .options import output_options, with_flags


@click.command(
    cls=GroupedCommand,
    examples=("autodiff-tui init my-prompts", "autodiff-tui init my-program --pipeline program"),
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--pipeline",
    cls=GroupedOption,
    heading="Project",
    type=click.Choice(["prompt", "program"]),
    default="prompt",
    show_default=True,
    help="prompt: one call, from the config alone; program: two calls, in a Python file.",
)
@click.option("--force", is_flag=True, cls=GroupedOption, heading="Project", help="Also into a DIR that is not empty.")
@output_options
@with_flags
def init(flags: Flags, folder: Path, pipeline: Literal["prompt", "program"], force: bool) -> int:
    """Make a working project in DIR: a config with comments, rows of data, and what to edit.

    All files are written or none.
    """
    from autodiff_tui import starter  # help must not wait for the engine
    from autodiff_tui.headless import write_line
    from autodiff_tui.safe import one_line

    for path in starter.write(folder, pipeline, overwrite=force):
        sys.stdout.write(f"{one_line(str(path))}\n")
    if not flags.quiet:
        config = one_line(str(folder / "train.toml"))
        for said in (
            f"a key must be in the environment: {config} names openai models",
            f"next: autodiff-tui doctor {config}",
            f"then: autodiff-tui train {config}",
        ):
            write_line(said, sys.stderr, ascii_only=flags.ascii)
    return 0
