"""The list of commands; each is imported when it is asked for: ``--help`` must not wait for an engine."""

from __future__ import annotations

from collections.abc import Mapping

import click

from .helptext import Entry


def _train() -> click.Command:
    from .training import train

    return train


def _demo() -> click.Command:
    from .training import demo

    return demo


def _resume() -> click.Command:
    from .resuming import resume

    return resume


def _ablate() -> click.Command:
    from .ablate import ablate

    return ablate


def _eval() -> click.Command:
    from .evaluation import evaluate

    return evaluate


def _export() -> click.Command:
    from .runs import export

    return export


def _runs() -> click.Command:
    from .runs import runs

    return runs


def _show() -> click.Command:
    from .runs import show

    return show


def _config() -> click.Command:
    from .config import config

    return config


def _cache() -> click.Command:
    from .cache import cache

    return cache


def _replay() -> click.Command:
    from .replay import replay

    return replay


def _watch() -> click.Command:
    from .watch import watch

    return watch


def _compare() -> click.Command:
    from .compare import compare

    return compare


def _init() -> click.Command:
    from .init import init

    return init


def _doctor() -> click.Command:
    from .doctor import doctor

    return doctor


def _pack() -> click.Command:
    from .pack import pack

    return pack


def _completion() -> click.Command:
    from .completion import completion

    return completion


COMMANDS: Mapping[str, tuple[Entry, ...]] = {
    "Train": (
        Entry("train", "Train the prompts of a program.", _train),
        Entry("resume", "Go on with a run after a stop, a crash or a spent budget.", _resume),
        Entry("ablate", "Compare variants of the method over seeds, in one table.", _ablate),
        Entry("demo", "Execute a recorded training run again: no key, no network.", _demo),
    ),
    "Use what was trained": (
        Entry("eval", "Score prompts on a split of the data.", _eval),
        Entry("export", "Write the best prompts of a run to a file.", _export),
        Entry("pack", "Put a run into one file that can be replayed anywhere.", _pack),
    ),
    "Look back": (
        Entry("runs", "List the runs of this folder.", _runs),
        Entry("show", "Show what a run did and what came of it.", _show),
        Entry("replay", "Show a run again as it happened, or execute it again to compare.", _replay),
        Entry("watch", "Follow a run that another process executes.", _watch),
        Entry("compare", "Hold two runs against each other.", _compare),
    ),
    "Set up": (
        Entry("init", "Make a working project to edit.", _init),
        Entry("doctor", "Say what would fail before money is spent.", _doctor),
        Entry("config", "Show, check and describe configs.", _config),
        Entry("cache", "Look at or clear the stored answers.", _cache),
        Entry("completion", "Let a shell complete commands, runs and files.", _completion),
    ),
}
"""By what they are for, in the order of the help page."""
