"""The commands for stored answers: ``cache stats``, ``clear`` and ``path``."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from autodiff_tui.flags import RUNS_ROOT, Flags

from .helptext import Entry, GroupedCommand, LazyGroup
from .options import cache_dir_option, output_options, ui_option, with_flags

if TYPE_CHECKING:
    from autodiff_engine.llm.store import AnswerStore


@click.command(cls=GroupedCommand, examples=("autodiff-tui cache stats",))
@cache_dir_option
@ui_option("plain", "json")
@with_flags
def stats(flags: Flags) -> int:
    """Say how many answers are stored and how much room they take."""
    store = _store(flags)
    counted = store.stats()
    store.close()
    if flags.ui == "json":
        told = {"answers": counted.entries, "bytes": counted.bytes, "path": str(store.folder)}
        sys.stdout.write(f"{json.dumps(told)}\n")
    else:
        sys.stdout.write(f"{counted.entries:,} answers, {counted.bytes / 1e6:.1f} MB, in {store.folder}\n")
    return 0


@click.command(cls=GroupedCommand, examples=("autodiff-tui cache clear", "autodiff-tui cache clear --all"))
@click.option("--all", "everything", is_flag=True, help="Delete also the answers that runs here need.")
@cache_dir_option
@output_options
@with_flags
def clear(flags: Flags, everything: bool) -> int:
    """Delete stored answers but for those that the runs of this folder need to be resumed or replayed."""
    from autodiff_tui.format import cost, counted  # help must not wait for the engine

    runs, keys, paid_usd = _needed()
    store = _store(flags)
    gone = store.clear(frozenset() if everything else keys)
    kept = store.stats().entries
    store.close()
    sys.stdout.write(f"{counted(gone, 'answer')} deleted, {kept:,} kept\n")
    if not flags.quiet:
        sys.stderr.write("a run that asks a deleted question again pays for it again\n")
    if everything and runs and not flags.quiet:
        sys.stderr.write(f"{counted(runs, 'run')} here would pay again to be resumed: {cost(paid_usd)} so far\n")
    return 0


@click.command(cls=GroupedCommand, examples=("autodiff-tui cache path",))
@cache_dir_option
@with_flags
def path(flags: Flags) -> int:
    """Print the folder of the stored answers."""
    store = _store(flags)
    store.close()
    sys.stdout.write(f"{store.folder}\n")
    return 0


@click.group(
    cls=LazyGroup,
    entries={
        "Commands": (
            Entry("stats", "Say how many answers are stored.", lambda: stats),
            Entry("clear", "Delete answers that no run here needs.", lambda: clear),
            Entry("path", "Print the folder of the stored answers.", lambda: path),
        )
    },
)
def cache() -> None:
    """Look at or clear the stored answers."""


def _store(flags: Flags) -> AnswerStore:
    from autodiff_engine import build  # help must not wait for the engine

    return build.store(flags.cache_dir)


def _needed() -> tuple[int, frozenset[str], float | None]:
    """Return how many runs are here, the keys of all answers that they used, and what they paid (None: unknown).

    Raises:
        StorageError: A journal cannot be read; nothing is deleted on a guess.
    """
    from autodiff_engine.events import CallFinished, ExampleScored, LedgerUpdated
    from autodiff_engine.finding import list_runs
    from autodiff_engine.journal import read

    keys: set[str] = set()
    paid_usd: float | None = 0.0
    folders = list_runs(RUNS_ROOT)
    for folder in folders:
        ledger: LedgerUpdated | None = None
        for stamped in read(folder).events:
            match stamped.event:
                case CallFinished(key=key):
                    keys.add(key)
                case ExampleScored():
                    keys.update(stamped.event.keys)
                case LedgerUpdated():
                    ledger = stamped.event
                case _:
                    pass
        spent = ledger.cost_usd if ledger is not None else 0.0
        paid_usd = None if paid_usd is None or spent is None else paid_usd + spent
    return len(folders), frozenset(keys), paid_usd
