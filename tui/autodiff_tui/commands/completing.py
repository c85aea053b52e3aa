"""How a word goes on: run ids for the shell, read from the names of folders alone."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from autodiff_tui.flags import RUNS_ROOT


def complete_run(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the runs of this folder that begin so, and ``latest``; no journal is opened."""
    from autodiff_engine.finding import named_runs  # completion of other words must not wait for the engine

    runs = [*reversed(named_runs(RUNS_ROOT))]
    return [name for name in (*(["latest"] if runs else []), *runs) if name.startswith(incomplete)]


def complete_run_or_pack(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the runs that begin so; where none does, have the shell complete a file: a pack, or a run elsewhere."""
    runs = complete_run(context, parameter, incomplete)
    return [CompletionItem(name) for name in runs] or [CompletionItem(incomplete, type="file")]


def complete_theme(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the themes with short names that begin so; the palette has more."""
    return [name for name in ("dark", "light", "ansi") if name.startswith(incomplete)]
