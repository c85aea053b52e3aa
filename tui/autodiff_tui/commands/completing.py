"""How a word goes on: run ids for the shell, read from the names of folders alone."""

from __future__ import annotations

import click

from autodiff_tui.flags import RUNS_ROOT


def complete_run(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the runs of this folder that begin so, and ``latest``; no journal is opened."""
    from autodiff_engine.finding import named_runs  # completion of other words must not wait for the engine

    runs = [*reversed(named_runs(RUNS_ROOT))]
    return [name for name in (*(["latest"] if runs else []), *runs) if name.startswith(incomplete)]
