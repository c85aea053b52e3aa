"""What an optimizer knows and what it writes: evidence, history, proposals, as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .candidate import Candidate
from .events import TextChange


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of what asks for a rewrite: the example it comes from, and how it is shown (eq. 6)."""

    example: str
    shown: str


@dataclass(frozen=True, slots=True)
class Version:
    """An accepted candidate, its validation score in words, and by text name the method that brought it (SH)."""

    candidate: Candidate
    score: str
    method: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Failed:
    """A proposal of this step that was rejected (CH); ``result`` has both gate scores and the reason."""

    proposal: Proposal
    result: str


@dataclass(frozen=True, slots=True)
class Situation:
    """All that is known when proposal ``k`` of ``step`` is written.

    ``evidence`` is by text name, in the order of examples, then of t; ``peers`` has, by text name, the names of those
    sent in the same call, which ``show_peers`` lets the LLM see; ``forms`` what is read from the replies of its calls.
    ``stale`` counts steps since the last acceptance; ``frozen`` names texts that are to stay as they are.
    """

    step: int
    k: int
    parent: Candidate
    evidence: Mapping[str, Sequence[Evidence]]
    peers: Mapping[str, Sequence[str]]
    forms: Mapping[str, Sequence[str]]
    right: int
    total: int
    accepted: Sequence[Version]
    failed: Sequence[Failed]
    stale: int
    show_peers: bool = True
    frozen: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A rewrite of some texts of ``parent``; with a ``problem`` there is nothing to judge.

    ``tried`` are the problems with the replies before the last.
    """

    step: int
    k: int
    parent: Candidate
    candidate: Candidate
    changes: tuple[TextChange, ...]
    problem: str = ""
    tried: tuple[str, ...] = ()
