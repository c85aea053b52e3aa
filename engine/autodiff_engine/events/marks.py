"""Marks and telemetry: what comes as it happens and is never compared."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from .parts import (
    LATER,
    AtMost,
    BudgetCaps,
    CallCounts,
    ErrorInfo,
    ExampleInputs,
    Fingerprint,
    ProposalCounts,
    Spent,
    TestScores,
    TokenCounts,
    ValScores,
)


@dataclass(frozen=True, slots=True)
class RunOpened:
    """A process began to execute the run; ``started`` is UTC in ISO 8601."""

    run_id: str
    run_dir: str
    config: str
    version: str
    started: str
    recorded: bool
    """True when every answer comes from a record (the demo): nothing is paid."""
    budget: BudgetCaps | None = field(default=None, metadata=LATER)
    """None when nothing is capped."""
    parts: tuple[Fingerprint, ...] = field(default=(), metadata=LATER)
    """What the run is made of besides its data: compared before it is executed again."""


@dataclass(frozen=True, slots=True)
class RunResumed:
    """The run goes on in a new process: facts up to ``after`` stand; those behind it, and a stop, were taken back.

    It follows ``RunOpened``; where an execution says something else than the journal and is to go on all the same,
    it comes once more, with the ``reason``. New facts are numbered from ``after`` + 1.
    """

    after: int
    taken_back: int = 0
    """How many facts no longer stand."""
    tested: bool = False
    """Whether the test split was scored among them: it will be scored again at the run's new end."""
    torn: bool = False
    """Whether the journal's last line was cut short, and is dropped."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ControlChanged:
    """The run is now running, pausing (calls in flight), paused or stopping, and why."""

    state: Literal["running", "pausing", "paused", "stopping"]
    reason: str
    in_flight: int
    trouble: ErrorInfo | None = field(default=None, metadata=LATER)
    """The error that it pauses for, where it is one: a person mends that, then resumes."""


@dataclass(frozen=True, slots=True)
class PhaseStarted:
    """What the run does now, for the status line: ``total`` examples or calls, 0 when unknown."""

    step: int
    phase: str
    total: int


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that a person should know and that changes no score."""

    message: str


@dataclass(frozen=True, slots=True)
class BudgetEnded:
    """The next call did not fit the budget."""

    message: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The run was cut short by a signal or a person."""

    reason: str


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The run ended; always the last event. Rates are None when nothing was judged at that gate."""

    run_id: str
    run_dir: str
    status: Literal["done", "stopped", "failed", "budget", "interrupted"]
    steps: int
    accepted: int
    proposals: ProposalCounts
    minibatch_pass_rate: float | None
    validation_pass_rate: float | None
    val: ValScores
    test: TestScores | None
    calls: CallCounts
    tokens: TokenCounts
    cost_usd: float | None
    seconds: float
    best: str
    error: ErrorInfo | None
    unsettled: AtMost = field(default=AtMost(), metadata=LATER)

    @property
    def spent(self) -> Spent:
        """What all executions of the run have taken."""
        return Spent(self.calls, self.tokens, self.cost_usd, self.unsettled)


@dataclass(frozen=True, slots=True)
class ExamplesShown:
    """What the examples of a split ask, for people who read about them by id; the data itself is in no event."""

    split: str
    examples: tuple[ExampleInputs, ...]


Mark = (
    RunOpened
    | RunResumed
    | ControlChanged
    | PhaseStarted
    | Warned
    | BudgetEnded
    | Interrupted
    | ExamplesShown
    | RunFinished
)


@dataclass(frozen=True, slots=True)
class CallStarted:
    """A call passed the gate; ``at`` is its structural id, ``node`` the node or part that asks."""

    at: str
    role: str
    node: str
    in_flight: int


@dataclass(frozen=True, slots=True)
class CallFinished:
    """A call was answered or failed; tokens and cost are None where the provider did not say."""

    at: str
    role: str
    node: str
    model: str
    key: str
    seconds: float
    prompt_tokens: int | None
    completion_tokens: int | None
    cost_usd: float | None
    cached: bool
    error: str
    in_flight: int


@dataclass(frozen=True, slots=True)
class LedgerUpdated:
    """Totals so far; ``cost_usd`` is None once any paid answer had no known price.

    With something ``reserved`` it is on disk before the call is sent: a process that is killed may have spent that.
    """

    calls: CallCounts
    tokens: TokenCounts
    cost_usd: float | None
    reserved: AtMost = field(default=AtMost(), metadata=LATER)
    unsettled: AtMost = field(default=AtMost(), metadata=LATER)

    @property
    def spent(self) -> Spent:
        """The totals, without the calls in flight."""
        return Spent(self.calls, self.tokens, self.cost_usd, self.unsettled)

    @property
    def committed(self) -> Spent:
        """The totals if nothing more is ever heard of the calls in flight: they are unsettled then."""
        calls = replace(self.calls, made=self.calls.made + self.reserved.calls)
        return Spent(calls, self.tokens, self.cost_usd, self.unsettled + self.reserved)


Telemetry = CallStarted | CallFinished | LedgerUpdated
