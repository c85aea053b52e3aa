"""One execution of a run: its folder, its journal, its training, and the one last line that tells how it ended."""

from __future__ import annotations

import asyncio
import logging
import os
import traceback
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

from .control import Control, State
from .errors import BudgetExhausted, EngineError, ProgramError, RunStopped
from .events import (
    BudgetEnded,
    CallCounts,
    ControlChanged,
    ErrorInfo,
    Event,
    Interrupted,
    RunFinished,
    RunOpened,
    Stamped,
    StopChosen,
    TestScores,
    TokenCounts,
    ValScores,
    Warned,
)
from .journal import Journal
from .llm.redact import redacted
from .progress import Progress
from .run_folder import Opening, log_to, open_folder, registered_or_why_not
from .trainer import Trainer

Status = Literal["done", "stopped", "failed", "budget", "interrupted"]
BEST = "best.toml"
CRASH = "crash.txt"


@dataclass(frozen=True, slots=True)
class Spent:
    """What a run has cost so far."""

    calls: CallCounts
    tokens: TokenCounts
    cost_usd: float | None


class Machine(Protocol):
    """A trainer with the models around it; ``build`` makes one when the run begins."""

    trainer: Trainer

    def opening_facts(self) -> tuple[Event, ...]:
        """What is trained and on which data."""
        ...

    def spent(self) -> Spent:
        """The ledger."""
        ...

    async def aclose(self) -> None:
        """End servers and sessions."""
        ...


Make = Callable[[Control, Callable[[Event], object]], Awaitable[Machine]]


class Run:
    """Executes one run; ``make`` builds what it needs on the engine's event loop."""

    def __init__(self, opening: Opening, make: Make) -> None:
        self.opening = opening
        self._make = make

    @property
    def run_id(self) -> str:
        """What the run is called."""
        return self.opening.run_id

    @property
    def run_dir(self) -> Path:
        """Its folder, which exists once it is executed."""
        return self.opening.folder

    async def execute(self, control: Control, listener: Callable[[Stamped], None]) -> RunFinished:
        """Train, report, and return the last event; whatever goes wrong is told in it, once the folder exists.

        Cancelling the task interrupts the run: it ends with status ``interrupted`` and all files whole.

        Raises:
            StorageError: The run's folder cannot be made; nothing is left of it.
        """
        opening = self.opening
        journal = open_folder(opening, listener)
        log = log_to(opening.folder)
        emit = journal.append

        def changed(state: State, reason: str) -> None:
            emit(ControlChanged(state, reason, control.in_flight))

        control.on_change = changed
        emit(
            RunOpened(
                opening.run_id, str(opening.folder), opening.config, opening.version,
                datetime.now(UTC).isoformat(timespec="seconds"), opening.recorded,
            )
        )  # fmt: skip
        for warning in (*opening.warnings, *registered_or_why_not(opening)):
            emit(Warned(warning))
        machine: Machine | None = None
        try:
            machine = await self._make(control, emit)
            status, error = await _train(machine, control, journal)
        except asyncio.CancelledError as cancelled:
            status, error = _interrupted(emit, cancelled), None
        except EngineError as failure:
            if isinstance(failure, ProgramError) and failure.traceback:
                _write_crash(opening.folder, failure.traceback)
            status, error = "failed", _told(failure)
        except Exception as defect:  # noqa: BLE001 - a defect of ours must not take the journal with it
            status, error = "failed", _crashed(opening.folder, defect)
        finally:
            control.on_change = None
        try:
            finished = _finished(opening, status, error, machine, journal)
            try:
                if machine is not None:
                    await machine.aclose()
            finally:  # a server that will not end, or a second Ctrl-C, must not take the last line
                emit(finished)
        finally:
            journal.close()
            logging.getLogger("autodiff").removeHandler(log)
            log.close()
        return finished


async def _train(machine: Machine, control: Control, journal: Journal) -> tuple[Status, ErrorInfo | None]:
    for fact in machine.opening_facts():
        journal.append(fact)
    status: Status = "done"
    try:
        with suppress(RunStopped):
            await machine.trainer.fit()
        if control.state == "stopping":  # also when it was asked for so late that the training ended by itself
            status = "stopped"
            journal.append(StopChosen(journal.facts))
            control.reporting()
        await machine.trainer.report_test()
    except RunStopped:  # stopped once more, during the final report: it is left out
        return "stopped", None
    except BudgetExhausted as spent:
        journal.append(BudgetEnded(str(spent)))
        return "budget", _told(spent)
    return status, None


def _interrupted(emit: Callable[[Event], object], cancelled: asyncio.CancelledError) -> Status:
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()
    emit(Interrupted(str(cancelled) or "cancelled"))
    return "interrupted"


def _told(error: EngineError) -> ErrorInfo:
    return ErrorInfo(type(error).__name__, str(error), error.hint)


def _crashed(folder: Path, defect: Exception) -> ErrorInfo:
    """Keep the traceback, which names no local values, for a report to us."""
    _write_crash(folder, redacted("".join(traceback.format_exception(defect))))
    return ErrorInfo(type(defect).__name__, redacted(f"a defect of autodiff-tui: {defect}"), f"please report {CRASH}")


def _write_crash(folder: Path, text: str) -> None:
    with suppress(OSError):  # the disk may be what failed; the error itself is told all the same
        descriptor = os.open(folder / CRASH, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)


def _finished(
    opening: Opening, status: Status, error: ErrorInfo | None, machine: Machine | None, journal: Journal
) -> RunFinished:
    progress = machine.trainer.progress if machine else Progress()
    spent = machine.spent() if machine else Spent(CallCounts(), TokenCounts(), 0.0)
    counts = progress.counts
    best = opening.folder / BEST
    return RunFinished(
        run_id=opening.run_id,
        run_dir=str(opening.folder),
        status=status,
        steps=progress.steps,
        accepted=counts.validation_passed,
        proposals=counts,
        minibatch_pass_rate=_rate(counts.minibatch_passed, counts.minibatch_judged),
        validation_pass_rate=_rate(counts.validation_passed, counts.validation_judged),
        val=_val(progress),
        test=_test(progress),
        calls=spent.calls,
        tokens=spent.tokens,
        cost_usd=spent.cost_usd,
        seconds=round(journal.elapsed, 3),
        best=str(best) if best.is_file() else "",
        error=error,
    )


def _val(progress: Progress) -> ValScores:
    start, best = progress.start, progress.best
    if start is None or best is None:
        return ValScores(None, None, 0)
    return ValScores(start.mean, best.mean, len(start.outcomes))


def _test(progress: Progress) -> TestScores | None:
    test = progress.test
    if test is None or test.after is None:
        return None
    return TestScores(test.before, test.after, test.n, test.p)


def _rate(passed: int, judged: int) -> float | None:
    return passed / judged if judged else None
