"""How a run ended: its one last line, from how far its training came and what it spent."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from .events import ErrorInfo, RunFinished, Spent, TestScores, ValScores
from .progress import Progress

Status = Literal["done", "stopped", "failed", "budget", "interrupted"]
BEST = "best.toml"


def finished(
    run_id: str, folder: Path, status: Status, error: ErrorInfo | None, progress: Progress, spent: Spent, *,
    seconds: float,
) -> RunFinished:  # fmt: skip
    """Return the last event of a run; ``seconds`` are those of all its executions."""
    counts = progress.counts
    best = folder / BEST
    return RunFinished(
        run_id=run_id,
        run_dir=str(folder),
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
        seconds=round(seconds, 3),
        best=str(best) if best.is_file() else "",
        error=error,
        unsettled=spent.unsettled,
    )


def _val(progress: Progress) -> ValScores:
    start, best = progress.start, progress.best
    if start is None or best is None:
        return ValScores(None, None, 0)
    return ValScores(start.mean, best.mean, start.n)


def _test(progress: Progress) -> TestScores | None:
    test = progress.test
    if test is None or test.after is None:
        return None
    return TestScores(test.before, test.after, test.n, test.p)


def _rate(passed: int, judged: int) -> float | None:
    return passed / judged if judged else None
