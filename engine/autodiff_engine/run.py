"""One execution of a run: its folder, its journal, its training, and the one last line that tells how it ended."""

from __future__ import annotations

import asyncio
import os
import traceback
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from .control import Control, State
from .ending import Status, finished
from .errors import BudgetExhausted, EngineError, ProgramError, RunStopped, StorageError
from .events import (
    BudgetEnded,
    ControlChanged,
    ErrorInfo,
    Event,
    Interrupted,
    RunFinished,
    RunOpened,
    RunResumed,
    Spent,
    Stamped,
    TestCompared,
    Warned,
)
from .journal import Journal
from .llm.redact import redacted
from .progress import Progress
from .rerun import Rerun
from .run_folder import Opening, log_to, open_again, open_folder, registered_or_why_not
from .trainer import Trainer

CRASH = "crash.txt"


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
    """Executes one run; ``make`` builds what it needs on the engine's event loop.

    With ``rerun`` it goes on in the folder of its earlier executions.
    """

    def __init__(self, opening: Opening, make: Make, rerun: Rerun | None = None) -> None:
        self.opening = opening
        self._make = make
        self._rerun = rerun

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
            ConfigError: Another process executes it.
            StorageError: The run's folder cannot be made; nothing is left of it.
        """
        opening, rerun = self.opening, self._rerun
        with ExitStack() as held:
            if rerun is None:
                journal = open_folder(opening, listener, held)
            else:
                journal = open_again(opening, rerun.past.recorded, listener, held)
            held.enter_context(log_to(opening.folder))
            return await self._executed(control, journal)

    async def _executed(self, control: Control, journal: Journal) -> RunFinished:
        opening, rerun = self.opening, self._rerun
        began = control.worked()

        def emit(event: Event) -> None:
            for told in [event] if rerun is None else rerun.heard(event):
                journal.append(told)

        def changed(state: State, reason: str) -> None:
            halted = control.halted_by if state in ("pausing", "paused") else None
            emit(ControlChanged(state, reason, control.in_flight, _told(halted) if halted else None))

        machine: Machine | None = None
        status: Status = "failed"
        error: ErrorInfo | None = None
        try:
            _open(opening, rerun, journal)
            control.on_change = changed
            machine = await self._make(control, emit)
            status, error = await _trained(machine, control, emit)
        except asyncio.CancelledError as cancelled:
            status = _interrupted(emit, cancelled)
        except EngineError as failure:
            if isinstance(failure, ProgramError) and failure.traceback:
                _write_crash(opening.folder, failure.traceback)
            error = _told(failure)
        except Exception as defect:  # noqa: BLE001 - a defect of ours must not take the journal with it
            error = _crashed(opening.folder, defect)
        finally:
            control.on_change = control.on_decision = None
        progress = machine.trainer.progress if machine else Progress()
        spent = machine.spent() if machine else _spent_before(rerun)
        seconds = control.worked() - began + (rerun.before.seconds if rerun else 0.0)
        last = finished(opening.run_id, opening.folder, status, error, progress, spent, seconds=seconds)
        try:
            if machine is not None:
                await machine.aclose()
        finally:  # a server that will not end, or a second Ctrl-C, must not take the last line
            last = _closed(journal, last)
        return last


async def train(machine: Machine, control: Control) -> Status:
    """Tell what is trained, train, and make the final report.

    Raises:
        BudgetExhausted, ModelError: Of ``Trainer.fit``; also what the run paused for, if it is stopped before any
            prompts were scored.
    """
    trainer = machine.trainer
    status: Status = "done"
    try:
        with suppress(RunStopped):
            for fact in machine.opening_facts():
                trainer.tell(fact)
            await trainer.fit()
        if control.halted_by is not None and trainer.progress.start is None:  # the stop has nothing to keep
            raise control.halted_by
        if control.state == "stopping":  # also when it was asked for so late that the training ended by itself
            status = "stopped"
            trainer.tell_stopped(control.ended_by)
            control.reporting()
        await trainer.report_test()
    except RunStopped:  # stopped once more, during the final report: it is left out
        trainer.tell_stopped(control.ended_by)
        return "stopped"
    return status


async def _trained(
    machine: Machine, control: Control, emit: Callable[[Event], object]
) -> tuple[Status, ErrorInfo | None]:
    try:
        return await train(machine, control), None
    except BudgetExhausted as spent:
        emit(BudgetEnded(str(spent)))
        return "budget", _told(spent)


def _open(opening: Opening, rerun: Rerun | None, journal: Journal) -> None:
    journal.append(
        RunOpened(
            opening.run_id, str(opening.folder), opening.config, opening.version,
            datetime.now(UTC).isoformat(timespec="seconds"), opening.recorded, opening.budget, opening.parts,
        )
    )  # fmt: skip
    if rerun is not None:
        before = [each for each in rerun.past.said if each.fact is not None]
        lost = before[rerun.expected :]
        tested = any(isinstance(each.event, TestCompared) for each in lost)
        journal.append(RunResumed(rerun.expected, len(lost), tested, rerun.past.recorded.torn))
    for warning in (*opening.warnings, *registered_or_why_not(opening)):
        journal.append(Warned(warning))


def _spent_before(rerun: Rerun | None) -> Spent:
    if rerun is None:
        return Spent()
    return rerun.before.spent


def _closed(journal: Journal, last: RunFinished) -> RunFinished:
    """Write the last line; where the disk cannot hold it, let whoever listens hear it, and why."""
    try:
        journal.append(last)
        journal.close()
    except StorageError as error:
        with suppress(StorageError):
            journal.close()
        if last.error is None:
            last = replace(last, status="failed", error=_told(error))
        journal.tell(last)
    return last


def _interrupted(emit: Callable[[Event], object], cancelled: asyncio.CancelledError) -> Status:
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()
    with suppress(StorageError):  # a full disk must not take the last event
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
