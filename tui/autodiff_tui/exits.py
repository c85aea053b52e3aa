"""Exit codes, and errors as one line and a hint on stderr."""

from __future__ import annotations

import sys
from enum import IntEnum

from autodiff_engine.errors import (
    BudgetExhausted,
    ConfigError,
    EngineError,
    GraphError,
    ModelRejected,
    ModelUnavailable,
    RunStopped,
    TemplateError,
)
from autodiff_engine.events import ErrorInfo, RunFinished
from autodiff_engine.secret import without_values

from .safe import one_line


class Exit(IntEnum):
    """What the process says to its caller; part of the contract, never renumbered."""

    DONE = 0
    """Done, or stopped by a person who keeps the best."""
    FAILED = 1
    USAGE = 2
    """Usage or config: nothing was created, nothing was spent."""
    PROVIDER = 3
    """Provider or network: try again."""
    BUDGET = 4
    HANGUP = 129
    INTERRUPTED = 130
    TERMINATED = 143


_BY_KIND: dict[str, Exit] = {
    RunStopped.__name__: Exit.DONE,
    ModelUnavailable.__name__: Exit.PROVIDER,
    ModelRejected.__name__: Exit.PROVIDER,
    BudgetExhausted.__name__: Exit.BUDGET,
}


def of_run(finished: RunFinished, signal_number: int | None = None) -> Exit:
    """Return the exit code for how a run ended; ``signal_number`` is the signal that interrupted it, if one did."""
    match finished.status:
        case "done" | "stopped":
            return Exit.DONE
        case "budget":
            return Exit.BUDGET
        case "interrupted":
            return Exit(128 + signal_number) if signal_number is not None else Exit.INTERRUPTED
        case "failed":
            return Exit.FAILED if finished.error is None else _of_kind(finished.error.kind)


def of_error(error: EngineError) -> Exit:
    """Return the exit code for an error raised before a run began: what the user wrote is then a usage error."""
    if isinstance(error, ConfigError | TemplateError | GraphError):
        return Exit.USAGE
    return _of_kind(type(error).__name__)


def complain(message: str, hint: str = "") -> None:
    """Write an ``error:`` line to stderr for each line of ``message``, and a ``hint:`` line below if there is one.

    Values of this environment's secrets are left out: an error may quote data, an answer or what was typed.
    """
    for line in without_values(message).splitlines() or [""]:
        sys.stderr.write(f"error: {one_line(line)}\n")
    if hint:
        sys.stderr.write(f"hint: {one_line(without_values(hint))}\n")
    sys.stderr.flush()


def complain_about(error: EngineError | ErrorInfo) -> None:
    """Write an error of the engine, raised or recorded."""
    if isinstance(error, ErrorInfo):
        complain(error.message, error.hint)
    else:
        complain(str(error), error.hint)


def show_frames(traceback: str) -> None:
    """Write the frames of a user's own code to stderr, as Python would."""
    for line in traceback.splitlines():
        sys.stderr.write(f"{one_line(line)}\n")


def _of_kind(kind: str) -> Exit:
    return _BY_KIND.get(kind, Exit.FAILED)
