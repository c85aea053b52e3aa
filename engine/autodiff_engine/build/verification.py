"""A run executed again without asking anybody: is what it says what its journal holds?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..config import load
from ..control import Control
from ..errors import AnswerMissing, RunDiffers
from ..llm.metered import Totals
from ..llm.noted import Note
from ..past import Past, past_of
from ..rerun import Rerun, Verifier
from ..run import train
from .models import Place, Record
from .options import RunOptions
from .resuming import changes, plan_again, record_of
from .sealed import without_network
from .training import Plan, machine_of


@dataclass(frozen=True, slots=True)
class Verified:
    """So many facts were said again as the journal has them; ``ended``: and the run came to its end there."""

    run_id: str
    facts: int
    ended: bool


@dataclass(frozen=True, slots=True)
class Verifying:
    """A run and what it takes to execute it again; writes nothing into its folder."""

    past: Past
    plan: Plan
    answers: Path
    why: Callable[[], str]
    """Says, where something differs, what has changed since; empty where nothing has."""
    record: Record | None = None
    """Answers in the place of the stored ones."""

    async def execute(self, note: Note | None = None) -> Verified:
        """Execute it over its stored answers alone, as fast as it goes; ``note`` hears of each answer that it gets.

        Raises:
            NetworkForbidden: Its own code wanted to connect.
            RunDiffers: It says something else than its journal, or an answer is missing.
        """
        with without_network():
            return await self._executed(note)

    async def _executed(self, note: Note | None) -> Verified:
        past, control = self.past, Control()
        rerun = Rerun(past, past.said, before=Totals(), replay=True)
        verifier = Verifier(rerun)
        run_id = past.opened.run_id
        place = Place(run_id, self.answers, past.folder / "debug.log", True, self.record, rerun, note)
        make = machine_of(self.plan, run_id, past.folder, place, rerun.decided)
        machine = await make(control, verifier.append)
        try:
            await train(machine, control)
            verifier.ended()
        except Verifier.Done:
            pass
        except AnswerMissing as missing:
            raise RunDiffers(
                f"fact {verifier.facts + 1} cannot be said again: {missing}", self.why() or missing.hint
            ) from missing
        except RunDiffers as different:
            raise RunDiffers(str(different), self.why()) from different
        finally:
            await machine.aclose()
        return Verified(run_id, verifier.facts, past.told_all)


def verification(folder: Path, options: RunOptions) -> Verifying:
    """Read a run and check that it can be executed again; neither a key nor a model's file is needed.

    Raises:
        ConfigError: The program or the data are not there any more.
        NetworkForbidden: The user's own file wanted to connect when it was imported.
        StorageError: The folder is not whole.
    """
    past, loaded = past_of(folder), load(folder / "config.toml")
    with without_network():
        plan = plan_again(past, loaded, offline=True)

    def why() -> str:
        changed = " and ".join(changes(past, plan, loaded))
        return f"{changed} changed since the run began" if changed else ""

    return Verifying(past, plan, options.answers(loaded.config, loaded.base), why, record_of(past))
