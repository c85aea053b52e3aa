"""Runs for tests of what shows them: a source that is scripted, and the events of a small whole run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from autodiff_engine.events import (
    FACT_TYPES,
    CallCounts,
    CandidateScored,
    Comparison,
    DataLoaded,
    ErrorInfo,
    Event,
    ExampleScored,
    FeedbackGiven,
    LossInfo,
    LossMean,
    ModelInfo,
    ProgramDescribed,
    ProposalCounts,
    ProposalJudged,
    ProposalMade,
    RunFinished,
    RunOpened,
    Stamped,
    StepFinished,
    StepStarted,
    TestScores,
    TextChange,
    TextInfo,
    TokenCounts,
    ValScores,
)


def finished(
    status: str = "done", *, error: ErrorInfo | None = None, run_dir: str = "runs/r1", cost_usd: float | None = 0.0123
) -> RunFinished:
    return RunFinished(
        run_id="r1",
        run_dir=run_dir,
        status=status,  # type: ignore[arg-type]
        steps=1,
        accepted=1,
        proposals=ProposalCounts(2, 1, 1, 1, 1, 1),
        minibatch_pass_rate=1.0,
        validation_pass_rate=1.0,
        val=ValScores(0.5, 0.75, 4),
        test=TestScores(0.25, 0.75, 4, 0.5),
        calls=CallCounts(20, 3, 1),
        tokens=TokenCounts(1000, 200, 30, 3),
        cost_usd=cost_usd,
        seconds=2.0,
        best=f"{run_dir}/best.toml",
        error=error,
    )


def small_run(run_dir: str = "runs/r1", answer: str = "7") -> list[Event]:
    """One step: two of four right, a proposal refused by lint, a second one accepted."""
    gate = Comparison("train", "exact_match", 4, 0.5, 0.75, 1, 0, 3, 1.0)
    whole = Comparison("val", "exact_match", 4, 0.5, 0.75, 2, 1, 1, 0.625)
    rewrite = TextChange("task", "Count with care.", "rephrase", "it miscounts", ("e3",), 0)
    return [
        RunOpened("r1", run_dir, "", "0.1.0", "2026-11-22T08:00:00Z", False),
        ProgramDescribed(
            "prompt",
            (TextInfo("task", "what to do", "prompt", "Count."),),
            "exact_match",
            "the answers are equal",
            "exact_match",
            (ModelInfo("task", "small"), ModelInfo("optimizer", "large")),
            3,
            4,
        ),
        DataLoaded("q.csv", 8, 4, 4, 1, "f"),
        CandidateScored(0, "start", "c0", "val", "exact_match", 0.5, 4, 0.15, 0.85, 1),
        StepStarted(1, ("e1", "e2", "e3", "e4"), ()),
        *(
            ExampleScored(1, "forward", "train", f"e{i}", "exact_match", i % 2, answer, "8", "", ())
            for i in (1, 2, 3, 4)
        ),
        FeedbackGiven(1, "e2", "loss", "task", 1, True, "say how to count", True, "llm"),
        ProposalMade(1, 1, "c1", "c0", (rewrite,)),
        ProposalJudged(1, 1, "c1", "lint", "equal to a failed one", lint="repeat"),
        ProposalMade(1, 2, "c2", "c0", (rewrite,)),
        ProposalJudged(1, 2, "c2", "accepted", "", minibatch=gate, validation=whole),
        StepFinished(1, "accepted", 2, "c2", 0.75),
        CandidateScored(1, "best", "c2", "val", "exact_match", 0.75, 4, 0.3, 0.95, 0),
        finished(run_dir=run_dir),
    ]


def stamped(events: Iterable[Event]) -> list[Stamped]:
    """The events with the places that a journal would give them."""
    facts = 0
    placed: list[Stamped] = []
    for number, event in enumerate(events, 1):
        facts += isinstance(event, FACT_TYPES)
        placed.append(Stamped(number, number / 10, facts if isinstance(event, FACT_TYPES) else None, event))
    return placed


class ScriptedSource:
    """Hands out its events in portions; an abort ends it with ``interrupted``, as the engine does."""

    def __init__(self, events: Iterable[Event], *, portion: int = 5, on_drain: Callable[[int], None] | None = None):
        self._waiting = stamped(events)
        self._portion = portion
        self._on_drain = on_drain
        self._drained = 0
        self.aborted: list[str] = []

    @property
    def abandoned(self) -> bool:
        return False

    @property
    def ended(self) -> bool:
        return not self._waiting

    @property
    def error(self) -> BaseException | None:
        return None

    def start(self) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def step(self, stride: str = "step") -> None: ...
    def decide(self, decision: object) -> None: ...
    def stop(self) -> None: ...
    def join(self, timeout_s: float | None = None) -> None: ...

    def drain(self, limit: int = 2000) -> list[Stamped]:
        self._drained += 1
        if self._on_drain is not None:
            self._on_drain(self._drained)
        taken, self._waiting = self._waiting[: self._portion], self._waiting[self._portion :]
        return taken

    def abort(self, reason: str) -> None:
        self.aborted.append(reason)
        self._waiting = stamped([finished("interrupted")])


def losses_run() -> list[Event]:
    """The small run with two losses: what is retrieved, of half the weight, and the answer."""

    def changed(event: Event) -> Event:
        if isinstance(event, ProgramDescribed):
            infos = (
                LossInfo("retrieve", "recall@4", "titles", 0.5, "gold"), LossInfo("answer", "f1", "words", 1.0, "")
            )  # fmt: skip
            return replace(event, metric="f1", losses=infos)
        if isinstance(event, CandidateScored):
            low, high = (0.75, 0.375) if event.which == "start" else (0.9, 0.675)
            means = (LossMean("retrieve", "recall@4", 0.5, low), LossMean("answer", "f1", 1.0, high))
            return replace(event, metric="objective", losses=means, on_answer=high)
        return event

    return [changed(event) for event in small_run()]
