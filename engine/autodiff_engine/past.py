"""What the journal of a run tells whoever executes it again: what stands, what failed, what was spent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import StorageError
from .events import (
    DECISION_TYPES,
    CallFinished,
    ExampleExcluded,
    ExampleScored,
    FeedbackGiven,
    FeedbackMissing,
    Fingerprint,
    LedgerUpdated,
    ProposalMade,
    RunFinished,
    RunOpened,
    Spent,
    Stamped,
    StopChosen,
    TestCompared,
    Worked,
)
from .journal import Recorded, read
from .judge import NO_GRADE
from .llm.metered import Totals
from .llm.repeated import Failures

BEAT_S = 2.0
"""Seconds: while calls are open a run tells its ledger so often, that it may not go on unheard of for longer."""
_REFUSED = "refused: "
_OPTIMIZER_REFUSED = "the optimizer refused: "


@dataclass(frozen=True, slots=True)
class Past:
    """A run's journal as far as it goes; ``opened`` is its first opening, ``said`` its standing facts and decisions."""

    folder: Path
    recorded: Recorded
    opened: RunOpened
    said: tuple[Stamped, ...]

    @property
    def finished(self) -> RunFinished | None:
        """How the last execution ended; None when its process was killed."""
        last = self.recorded.events[-1].event
        return last if isinstance(last, RunFinished) else None

    @property
    def parts(self) -> tuple[Fingerprint, ...]:
        """What it was made of when it was executed last: a person may have gone on with something that had changed."""
        openings = (each.event for each in reversed(self.recorded.events) if isinstance(each.event, RunOpened))
        return next(openings, self.opened).parts

    @property
    def told_all(self) -> bool:
        """Whether the run came to its own end, so that no further fact may follow."""
        ended = self.finished
        if ended is None or not self.said:
            return False
        return ended.status == "done" or (ended.status == "stopped" and isinstance(self.said[-1].event, TestCompared))

    @property
    def going_on(self) -> tuple[Stamped, ...]:
        """The facts and decisions that a resumed run builds on.

        A stop is taken back, and the final report with it. So is a failure that nothing has been built on yet, with
        what was told after it: it is asked again. A decision counts as built on what a person could see by then.
        """
        stops = (place for place, each in enumerate(self.said) if isinstance(each.event, StopChosen))
        said = self.said[: next(stops, None)]
        return said[: _used(said)]

    @property
    def totals(self) -> Totals:
        """What all executions spent: of calls that were open when a process was killed, the most, and of their time.

        The seconds are without pauses.
        """
        spent, open_calls = Spent(), 0
        seconds, worked = 0.0, Worked()
        for stamped in self.recorded.events:
            if isinstance(stamped.event, RunOpened):
                seconds, open_calls = seconds + _most(worked.seconds, open_calls), 0
            worked = worked.heard(stamped.t, stamped.event)
            if isinstance(stamped.event, LedgerUpdated):
                spent, open_calls = stamped.event.committed, stamped.event.reserved.calls
            elif isinstance(stamped.event, RunFinished):
                spent, open_calls = stamped.event.spent, 0
        return Totals(spent, seconds + _most(worked.seconds, open_calls))

    def failures(self, facts: Sequence[Stamped]) -> Failures:
        """Return what has to fail again so that ``facts`` are said again."""
        keys: dict[str, set[str]] = defaultdict(set)
        for stamped in self.recorded.events:
            if isinstance(stamped.event, CallFinished) and stamped.event.error:
                keys[stamped.event.error].add(stamped.event.key)
        unavailable: dict[str, str] = {}
        refused: dict[str, str] = {}
        ungraded: dict[str, str] = {}
        for stamped in facts:
            match stamped.event:
                case ExampleExcluded(step, phase, example, error):
                    lost = ungraded if error.startswith(NO_GRADE) else unavailable
                    lost[f"{step}/{phase}/{example}"] = error
                case FeedbackMissing(step, example, error):
                    (refused if error in keys else unavailable)[f"{step}/backward/{example}"] = error
                case ExampleScored(step=step, phase=phase, example=example, why=why) if why.startswith(_REFUSED):
                    refused[f"{step}/{phase}/{example}"] = why.removeprefix(_REFUSED)
                case ProposalMade(step=step, k=k, problem=problem) if problem.startswith(_OPTIMIZER_REFUSED):
                    refused[f"{step}/optimizer/p{k}"] = problem.removeprefix(_OPTIMIZER_REFUSED)
                case _:
                    pass
        known = {message: frozenset(keys[message]) for message in refused.values()}
        return Failures(unavailable, refused, known, ungraded)

    def answered(self) -> Mapping[str, str]:
        """Return who gave each answer that standing facts were made from, or that a call was told to have got, by key.

        Whoever executes the run again needs them, or pays for them again.
        """
        scored = (each.event for each in self.said if isinstance(each.event, ExampleScored))
        used = (key for each in scored if not each.why.startswith(_REFUSED) for key in each.keys)
        calls = (each.event for each in self.recorded.events if isinstance(each.event, CallFinished))
        return dict.fromkeys(used, "task") | {each.key: each.role for each in calls if not each.error}


def past_of(folder: Path) -> Past:
    """Read what there is of a run.

    Raises:
        StorageError: There is no journal, it was damaged, or it ends before it says which run it is of.
    """
    recorded = read(folder)
    opened = next((each.event for each in recorded.events if isinstance(each.event, RunOpened)), None)
    if opened is None:
        raise StorageError(
            f"{folder}: its journal ends before it says what it is of", "nothing was spent in it: train anew"
        )
    told = (each for each in recorded.standing if each.fact is not None or isinstance(each.event, DECISION_TYPES))
    return Past(folder, recorded, opened, tuple(told))


def _most(worked: float, open_calls: int) -> float:
    """Return the seconds of an execution that may have gone on with open calls after it was last heard of."""
    return worked + BEAT_S if open_calls else worked


def _used(said: Sequence[Stamped]) -> int:
    """Return how many facts and decisions stand before the first failure that nothing later was made from."""
    count = len(said)
    group = _group(said[-1]) if said else None
    for place in range(len(said) - 1, -1, -1):
        if group is None or _group(said[place]) != group:
            break
        if isinstance(said[place].event, ExampleExcluded | FeedbackMissing):
            count = place
    return count


def _group(stamped: Stamped) -> tuple[int, str] | None:
    """Return what a fact was told with: those of one batch, or of one batch's feedback, are not made from another."""
    match stamped.event:
        case ExampleScored(step=step, phase=phase) | ExampleExcluded(step=step, phase=phase):
            return step, phase
        case FeedbackGiven(step=step) | FeedbackMissing(step=step):
            return step, "backward"
        case _:
            return None
