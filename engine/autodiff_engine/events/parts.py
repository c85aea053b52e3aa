"""The values that events hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

LATER: Final[Mapping[str, bool]] = MappingProxyType({"later": True})
"""Marks a field that came after the first version: a journal holds it where it has another value than its default."""


@dataclass(frozen=True, slots=True)
class TextInfo:
    """A trained text as the program declares it, with its start value; ``kind`` is ``prompt`` or ``demos``."""

    name: str
    role: str
    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """A node of the program's graph; ``calls`` is the largest time index seen for its name."""

    name: str
    kind: str
    role: str
    calls: int


@dataclass(frozen=True, slots=True)
class EdgeInfo:
    """Data flows from ``source`` to ``target``, both node names."""

    source: str
    target: str
    skip: bool


@dataclass(frozen=True, slots=True)
class LossInfo:
    """One of several losses (eq. 1): which metric is on which node, against which column (empty: the answer's)."""

    node: str
    metric: str
    description: str
    weight: float
    expected: str


@dataclass(frozen=True, slots=True)
class LossScore:
    """One of several losses on one example: ``score`` is the mean of ``calls``, the scores of its node's calls by t.

    Without calls the program did not come to that node, and the score is 0.
    """

    node: str
    metric: str
    score: float
    calls: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class LossMean:
    """One of several losses over a split."""

    node: str
    metric: str
    weight: float
    mean: float


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Which model plays a role."""

    role: str
    model: str


@dataclass(frozen=True, slots=True)
class TracedCall:
    """One LLM call of a forward pass, as sent and as answered; ``key`` finds it in the cache."""

    node: str
    t: int
    key: str
    prompt: str
    reply: str


@dataclass(frozen=True, slots=True)
class InputValue:
    """What an example gives the program under one name; ``value`` is its beginning where it is long."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class ExampleInputs:
    """An example by id, as the program is given it."""

    example: str
    inputs: tuple[InputValue, ...]


@dataclass(frozen=True, slots=True)
class TextValue:
    """A trained text by name, and what a person makes of it."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class TextChange:
    """One rewritten text of a proposal."""

    name: str
    value: str
    method: str
    reasoning: str
    asked_by: tuple[str, ...]
    """Ids of the examples whose feedback the optimizer was shown; of demos, the examples that the text shows."""
    left_out: int
    """Pieces of feedback that did not fit the optimizer's prompt, oldest first."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A candidate against the incumbent on the same examples.

    ``before`` and ``after`` are means over the ``n`` compared examples. A comparison that was stopped early has
    ``p`` None, ``stopped_after`` < ``n`` and ``at_most``, the highest mean still possible; ``after`` is then the
    mean of what was scored, and wins, losses and ties count only that.
    """

    split: str
    metric: str
    n: int
    before: float
    after: float | None
    wins: int
    losses: int
    ties: int
    p: float | None
    stopped_after: int | None = None
    at_most: float | None = None
    excluded: tuple[str, ...] = ()
    """Examples left out on both sides because a call failed for reasons of infrastructure, or a judge gave no grade."""
    quoted: tuple[str, ...] = ()
    """Examples left out on both sides because the candidate quotes them."""


@dataclass(frozen=True, slots=True)
class BudgetCaps:
    """What a run may take at most over its whole life; None is no cap."""

    usd: float | None = None
    tokens: int | None = None
    calls: int | None = None
    minutes: float | None = None


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """Why a run failed: the class of the error, its one line, and how to mend it."""

    kind: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class ProposalCounts:
    """How many proposals reached, and passed, each gate."""

    made: int = 0
    linted: int = 0
    minibatch_judged: int = 0
    minibatch_passed: int = 0
    validation_judged: int = 0
    validation_passed: int = 0


@dataclass(frozen=True, slots=True)
class ValScores:
    """Validation means of the start prompts and of the best ones, over ``n`` examples; None until scored."""

    start: float | None
    best: float | None
    n: int


@dataclass(frozen=True, slots=True)
class TestScores:
    """Test means of the start prompts and of the best ones over ``n`` examples, and the paired p."""

    start: float
    best: float
    n: int
    p: float | None


@dataclass(frozen=True, slots=True)
class CallCounts:
    """``made``: sent to a provider, retries included; ``cached``: answered without; ``failed``: sent, an error came.

    What an early stop cancelled is among ``made`` alone.
    """

    made: int = 0
    cached: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """Tokens that providers say were used now, and those that cached answers once cost."""

    prompt: int = 0
    completion: int = 0
    cached_prompt: int = 0
    cached_completion: int = 0


@dataclass(frozen=True, slots=True)
class AtMost:
    """The most that some calls can take or have taken; ``cost_usd`` None: a price is not known."""

    calls: int = 0
    prompt: int = 0
    completion: int = 0
    cost_usd: float | None = 0.0

    @property
    def tokens(self) -> int:
        """In and out together."""
        return self.prompt + self.completion

    def __add__(self, other: AtMost) -> AtMost:
        known = None if self.cost_usd is None or other.cost_usd is None else self.cost_usd + other.cost_usd
        return AtMost(self.calls + other.calls, self.prompt + other.prompt, self.completion + other.completion, known)


@dataclass(frozen=True, slots=True)
class Spent:
    """What was spent; ``cost_usd`` is None once any answer had no known price.

    ``unsettled`` is what nobody told us the end of, at its most: calls that were cut off (by an early stop, an abort, a
    deadline, a kill), whose provider may have worked for us, and answers that came without their usage. Its calls are
    among those made; its tokens and cost are in no other figure, and count in full against a budget.
    """

    calls: CallCounts = CallCounts()
    tokens: TokenCounts = TokenCounts()
    cost_usd: float | None = 0.0
    unsettled: AtMost = AtMost()

    @property
    def most_tokens(self) -> int:
        """Tokens in and out, what is unsettled included: what a budget counts."""
        return self.tokens.prompt + self.tokens.completion + self.unsettled.tokens

    @property
    def most_usd(self) -> float | None:
        """US dollars, what is unsettled included: what a budget counts."""
        if self.cost_usd is None or self.unsettled.cost_usd is None:
            return None
        return self.cost_usd + self.unsettled.cost_usd


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """SHA-256, in hex, of something that a run is made of: its config, its instructions, a file of the user's."""

    name: str
    sha256: str
