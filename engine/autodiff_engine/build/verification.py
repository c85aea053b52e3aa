"""A run executed again without asking anybody: is what it says what its journal holds?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..config import load
from ..control import Control
from ..errors import AnswerMissing, ConfigError, RunDiffers
from ..llm.metered import Totals
from ..llm.noted import Note
from ..past import Past, past_of
from ..rerun import Rerun, Verifier
from ..run import train
from .changes import FILE, changes, plan_again, since
from .late_imports import late_imports, not_compared
from .lost import lost_answers
from .models import Place, Record
from .options import RunOptions
from .plan import Plan
from .resuming import record_of
from .sealed import without_network
from .training import machine_of

_BACK = "change that back; or --anyway takes it as it is now, and says whether a fact differs"
_ASKED_OTHERWISE = (
    "all answers that it got are stored, so something else is asked now: what the program reads or computes has changed"
)
ELSEWHERE = "name the --cache-dir that holds the answers of this run"


@dataclass(frozen=True, slots=True)
class Verified:
    """So many facts were said again as the journal has them; ``ended``: and the run came to its end there.

    ``changed`` names what is not what the run was made of: somebody knew, and none of its facts tells.
    """

    run_id: str
    facts: int
    ended: bool
    changed: tuple[str, ...] = ()
    torn: bool = False
    """Whether the journal's last line was cut short, and so left out."""


@dataclass(frozen=True, slots=True)
class Verifying:
    """A run and what it takes to execute it again; writes nothing into its folder."""

    past: Past
    plan: Plan
    answers: Path
    changed: tuple[str, ...] = ()
    """What it was made of and is another now, by name."""
    hint: str = ""
    """What else may be why a fact differs."""
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
            why = self._why() or self.why_missing()
            raise RunDiffers(f"fact {verifier.facts + 1} cannot be said again: {missing}", why) from missing
        except RunDiffers as different:
            raise RunDiffers(str(different), self._why()) from different
        finally:
            await machine.aclose()
        return Verified(run_id, verifier.facts, past.told_all, self.changed, past.recorded.torn)

    def _why(self) -> str:
        return since(self.changed) if self.changed else self.hint or not_compared(late_imports(self.plan.files))

    def lost(self) -> str:
        """Say how many of the run's answers are not stored, empty where all are.

        Raises:
            StorageError: What is there cannot be read.
        """
        return lost_answers(self.past, self.answers, self.plan.config.cache.mode)

    def why_missing(self) -> str:
        """Return why an answer may be missing: that it is not stored, or another was asked for."""
        return ELSEWHERE if self.lost() else _ASKED_OTHERWISE


def verification(folder: Path, options: RunOptions, *, anyway: bool = False) -> Verifying:
    """Read a run and check that it can be executed again; neither a key nor a model's file is needed.

    Raises:
        ConfigError: Something that it was made of has changed, whether a fact tells or not (``anyway``: it is executed
            as it is now), or its program or its data are not there any more.
        NetworkForbidden: The user's own file wanted to connect when it was imported.
        StorageError: The folder is not whole.
    """
    past, loaded = past_of(folder), load(folder / FILE)
    with without_network():
        plan = plan_again(past, loaded, offline=True)
    differ = tuple(changes(past, plan, loaded))
    if differ and not anyway:
        raise ConfigError(f"{folder}: {since(differ)}", _BACK)
    return Verifying(past, plan, options.answers(loaded.config, loaded.base), differ, record=record_of(past))
