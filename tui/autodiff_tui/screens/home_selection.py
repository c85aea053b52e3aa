"""What is selected at home: what is said of it, what can be done with it, and what the keys for that are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from autodiff_tui import summary
from autodiff_tui.found import RunFound
from autodiff_tui.found_configs import ConfigFound
from autodiff_tui.widgets.paint import BAD, MUTED, PLAIN, Line, label

_ID = "id         "
"""As wide as the names of a summary's lines."""


@dataclass(frozen=True, slots=True)
class Selection:
    """A config, a run, the demo, or nothing at all; ``marked`` are the names of the runs to compare."""

    config: ConfigFound | None = None
    run: RunFound | None = None
    demo: bool = False
    marked: tuple[str, ...] = ()

    def lines(self, keys: Mapping[str, str]) -> tuple[Line, ...]:
        """Return it in a few lines; ``keys`` has the key of each action by its id."""
        if self.run is not None:
            return _of_run(self.run)
        if self.config is not None:
            return _of_config(self.config, keys)
        if self.demo:
            return (
                (("A training of 90 seconds, executed again from its recorded answers.", PLAIN),),
                ((f"{keys['train']} plays it: nothing is asked, nothing is paid", MUTED),),
            )
        return ()

    @property
    def copyable(self) -> str:
        """What commands take for it: a run's id, a config's path."""
        return self.run.name if self.run is not None else self.config.name if self.config is not None else ""

    def copying(self, keys: Mapping[str, str]) -> str:
        """Return which key copies that; empty where there is nothing."""
        what = "id" if self.run is not None else "path"
        return f"{keys['copy_name']} copies its {what}" if self.copyable else ""

    @property
    def able(self) -> frozenset[str]:
        """The ids of what can be done with it."""
        able = ["filter"]
        if (run := self.run) is not None:
            able += ["mark"] if run.problem else ["open", "replay", "mark"]
            able += ["resume"] if not run.problem and not run.not_to_resume else []
            able += ["compare"] if any(name != run.name for name in self.marked) else []
            able += ["delete"] if not run.running else []
        else:
            able += ["open", "train", "check"] if self.config else ["train"] if self.demo else []
        return frozenset(able)

    @property
    def names(self) -> Mapping[str, str]:
        """What actions are called that do something else than usually with it; by id."""
        if (run := self.run) is None:
            return {"train": "Play", "open": "Play"} if self.demo else {}
        watched = {"replay": "Watch"} if run.running else {}
        return watched | ({"mark": "Unmark"} if run.name in self.marked else {})


def searched(run: RunFound) -> str:
    """Return the words that the filter finds a run by."""
    program = run.view.program.pipeline if run.view and run.view.program else ""
    config = run.view.opened.config if run.view and run.view.opened else ""
    return f"{run.name} {run.state} {program} {config}"


def _of_config(config: ConfigFound, keys: Mapping[str, str]) -> tuple[Line, ...]:
    if config.problem:
        return ((label(f"cannot be read: {config.problem}", BAD),),)
    models = ", ".join(f"{role}: {model}" for role, model in config.models)
    first = ((label(config.about),),) if config.about else ()
    return (
        *first,
        (("models  ", MUTED), label(models)),
        ((f"{keys['train']} trains it, {keys['check']} says what is missing", MUTED),),
    )


def _of_run(run: RunFound) -> tuple[Line, ...]:
    """Return what came of it, below the name that commands know it by."""
    told = [run.problem or "not read yet"] if run.view is None else summary.lines(run.view)
    known = run.view is not None and run.view.opened is not None and run.view.opened.run_id == run.name
    named = () if known else (((_ID, PLAIN), label(run.name)),)
    return (*named, *((label(line),) for line in told))
