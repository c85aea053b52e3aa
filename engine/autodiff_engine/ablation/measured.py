"""What a run's journal says that it came to: its end, its test scores by example, what it paid and what it used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from ..events import (
    AtMost,
    CallFinished,
    DataLoaded,
    ExampleScored,
    Fingerprint,
    LedgerUpdated,
    ProgramDescribed,
    RunFinished,
    RunOpened,
    Spent,
    Stamped,
)
from ..journal import Recorded


@dataclass(frozen=True, slots=True)
class Used:
    """Calls and their tokens."""

    calls: int = 0
    prompt: int = 0
    completion: int = 0

    def __add__(self, other: Used) -> Used:
        return Used(self.calls + other.calls, self.prompt + other.prompt, self.completion + other.completion)


@dataclass(frozen=True, slots=True)
class Paid:
    """What was sent to a provider, failed and cancelled calls included; ``cost_usd`` None: a price is not known."""

    used: Used = field(default_factory=Used)
    cost_usd: float | None = 0.0
    seconds: float = 0.0
    unsettled: AtMost = field(default_factory=AtMost)
    """What nobody told us the end of, at its most; in none of the other figures but the number of calls."""

    def __add__(self, other: Paid) -> Paid:
        known = None if self.cost_usd is None or other.cost_usd is None else self.cost_usd + other.cost_usd
        unsettled = self.unsettled + other.unsettled
        return Paid(self.used + other.used, known, self.seconds + other.seconds, unsettled)


@dataclass(frozen=True, slots=True)
class Measured:
    """One execution of a run, as far as its journal goes."""

    last: Stamped | None
    """Its ``RunFinished``; None when the process was killed before it."""
    paid: Paid
    whole: Used
    """Every different request that was answered, once, whoever paid for it: the run's own size, whatever was stored."""
    test_start: Mapping[str, float]
    """Score by test example, of the start prompts; empty when the test split was not scored."""
    test_best: Mapping[str, float]
    texts: tuple[tuple[str, str], ...]
    """The start texts by name."""
    data: str
    """The fingerprint of the splits."""
    corpus: str = ""
    """The fingerprint of what the program looks things up in; empty for one that does not."""
    parts: tuple[Fingerprint, ...] = ()
    """What the run was made of besides its data; journals of earlier versions say nothing of it."""

    @property
    def finished(self) -> RunFinished | None:
        """The last event."""
        return self.last.event if self.last is not None and isinstance(self.last.event, RunFinished) else None

    @property
    def done(self) -> bool:
        """Whether the run came to its own end, so that it may stand in a table."""
        return self.finished is not None and self.finished.status == "done"


@dataclass(frozen=True, slots=True)
class Executions:
    """All executions of one run of the grid: the one that is done, if one is, and what all of them paid."""

    done: Measured | None = None
    paid: Paid = field(default_factory=Paid)
    begun: Measured | None = None
    """The newest of them, done or cut short; what it was made of is what the next one has to be made of."""


def measure(recorded: Recorded) -> Measured:
    """Fold the journal of one execution.

    Of a process that was killed, what it paid for is known as far as the journal reached the disk.
    """
    last: Stamped | None = None
    spent = Spent()
    program: ProgramDescribed | None = None
    parts: tuple[Fingerprint, ...] = ()
    data, corpus, answered = "", "", dict[str, Used]()
    tests: dict[str, dict[str, float]] = {"start.test": {}, "best.test": {}}
    for stamped in recorded.standing:
        match stamped.event:
            case RunOpened():
                parts = stamped.event.parts
            case RunFinished():
                last = stamped
                spent = stamped.event.spent
            case LedgerUpdated():
                spent = stamped.event.committed
            case ProgramDescribed():
                program = stamped.event
            case DataLoaded():
                data, corpus = stamped.event.fingerprint, stamped.event.corpus
            case CallFinished() as call if not call.error:
                answered[call.key] = Used(1, call.prompt_tokens or 0, call.completion_tokens or 0)
            case ExampleScored(phase="start.test" | "best.test") as scored:
                tests[scored.phase][scored.example] = scored.score
            case _:
                pass
    seconds = recorded.events[-1].t if recorded.events else 0.0
    return Measured(
        last,
        _paid(spent, seconds),
        sum(answered.values(), Used()),
        MappingProxyType(tests["start.test"]),
        MappingProxyType(tests["best.test"] or tests["start.test"]),  # nothing accepted: the start prompts are the best
        tuple((text.name, text.value) for text in program.texts) if program else (),
        data,
        corpus,
        parts,
    )


def executions_of(journals: Sequence[Measured]) -> Executions:
    """Return what the executions of one run came to; only the last can be done."""
    paid = sum((each.paid for each in journals), Paid())
    newest = journals[-1] if journals else None
    return Executions(newest if newest is not None and newest.done else None, paid, newest)


def _paid(spent: Spent, seconds: float) -> Paid:
    used = Used(spent.calls.made, spent.tokens.prompt, spent.tokens.completion)
    return Paid(used, spent.cost_usd, seconds, spent.unsettled)
