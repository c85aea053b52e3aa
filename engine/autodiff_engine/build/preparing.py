"""A training that could begin, and what it would cost: said before it does, of one and the same plan."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..config import Loaded
from ..control import Decided
from ..glimpse import Patience
from ..run import Run
from .coarse import foretold_within
from .forecasting import Forecast, foretold
from .models import Place
from .options import RunOptions
from .plan import Plan
from .training import checked, run_of


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run of which everything was checked that can be known before money is spent; nothing of it is made."""

    run: Run
    plan: Plan
    answers: Path
    offline: bool

    async def forecast(self, patience_s: float | None = None) -> Forecast:
        """Rehearse the run with made-up replies; asks nobody, writes nothing, starts nothing.

        After ``patience_s`` the range is a coarse one, of what has been seen of the program by then.

        Raises:
            StorageError: The stored answers cannot be read.
        """
        if patience_s is None:
            return await foretold(self.plan, self.answers, offline=self.offline)
        return await foretold_within(self.plan, self.answers, Patience(patience_s), offline=self.offline)


def training(loaded: Loaded, options: RunOptions, decided: Decided = Decided()) -> Run:  # noqa: B008 - frozen
    """Return the run alone of what ``prepared`` checks."""
    return prepared(loaded, options, decided).run


def prepared(loaded: Loaded, options: RunOptions, decided: Decided = Decided()) -> Prepared:  # noqa: B008 - frozen
    """Check everything that can be known before money is spent; creates nothing.

    ``decided`` are decisions of an earlier execution of the same run, which are taken again after the same facts.

    Raises:
        ConfigError: Something cannot be run; one line for each thing.
    """
    plan, run_id, folder, answers = checked(loaded, options)
    place = Place(run_id, answers, folder / "debug.log", options.offline)
    run = run_of(plan, loaded, run_id, folder, place, decided, register=options.register)
    return Prepared(run, plan, answers, options.offline)


async def forecast(loaded: Loaded, options: RunOptions) -> Forecast:
    """Check what ``prepared`` checks, and return what the run would cost.

    Raises:
        ConfigError: As ``prepared``.
        StorageError: The stored answers cannot be read.
    """
    return await prepared(loaded, options).forecast()
