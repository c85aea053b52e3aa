"""A proposal while it is judged: what a decision can still do to it, and what becomes of it then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

from .candidate import Candidate
from .errors import EngineError
from .events import TextChange, TextValue
from .proposal import Proposal
from .validation import Judging, Verdict

WRITTEN = "written by a person"
EDITED = "edited by a person"
"""Methods of changes that no LLM made."""

Begin = Callable[[Proposal, bool], Judging]
"""Begins to judge a proposal; True leaves the minibatch out."""


class JudgingInterrupted(EngineError):
    """A decision ends, or begins again, how a proposal is judged."""


class Judgement:
    """One proposal from the fact that it was made, number ``made``, to its verdict; changed by its steering alone."""

    def __init__(self, proposal: Proposal, made: int) -> None:
        self.proposal = proposal
        self.made = made
        self.interrupted = False
        self._direct = False
        self._ended: tuple[Literal["skipped", "vetoed"], str] | None = None
        self._judging: Judging | None = None
        self._task: asyncio.Task[Verdict] | None = None

    @property
    def open(self) -> bool:
        """Whether nobody has ended it."""
        return self._ended is None

    @property
    def may_go_direct(self) -> bool:
        """Whether there may be a minibatch before it that it has not passed yet."""
        return self.open and not self._direct and not (self._judging is not None and self._judging.past_minibatch)

    def is_of(self, step: int, k: int) -> bool:
        """Whether it is about proposal ``k`` of ``step``."""
        return (self.proposal.step, self.proposal.k) == (step, k)

    def end(self, fate: Literal["skipped", "vetoed"], reason: str) -> None:
        """Judge no further; the first end stands."""
        if self._ended is None:
            self._ended = fate, reason
            self._interrupt()

    def go_direct(self) -> None:
        """Leave the minibatch out."""
        self._direct = True
        self._interrupt()

    def edit(self, text: str, value: str) -> None:
        """Judge another value of a text than the one that was proposed."""
        self.proposal = edited(self.proposal, text, value)
        self._interrupt()

    def leave_if_interrupted(self) -> None:
        """Leave the work of judging, from inside.

        Raises:
            JudgingInterrupted: A decision wants it.
        """
        if self.interrupted:
            raise JudgingInterrupted("a decision came in between")

    async def verdict(self, begin: Begin, refused: Callable[[str], str | None]) -> Verdict:
        """Judge until the verdict, again after each edit; what ``refused`` gives a reason for, by id, is not judged."""
        while True:
            if self._ended is not None:
                return self._judging.cut(*self._ended) if self._judging is not None else Verdict(*self._ended)
            why = refused(self.proposal.candidate.id)
            if why is not None:
                return Verdict("vetoed", why)
            verdict = await self._judged(begin)
            if verdict is not None:
                return verdict

    async def _judged(self, begin: Begin) -> Verdict | None:
        """Judge to the end, or return None when a decision came in between."""
        self.interrupted = False
        self._judging = begin(self.proposal, self._direct)
        self._task = asyncio.ensure_future(self._judging.verdict())
        try:
            verdict = await self._task
        except JudgingInterrupted:
            return None
        except asyncio.CancelledError:
            here = asyncio.current_task()
            if not self.interrupted or (here is not None and here.cancelling()):
                raise
            return None
        finally:
            self._task = None
        return None if self.interrupted else verdict

    def _interrupt(self) -> None:
        """Let go what is in flight; a fact that is told inside the work itself leaves by ``leave_if_interrupted``."""
        self.interrupted = True
        if self._task is not None and asyncio.current_task() is not self._task:
            self._task.cancel()


def edited(proposal: Proposal, text: str, value: str) -> Proposal:
    """Return ``proposal`` with a person's value for one text, and nothing wrong with it any more."""
    known = {change.name: change for change in proposal.changes} if not proposal.problem else {}
    before = known.get(text)
    reasoning, asked_by = (before.reasoning, before.asked_by) if before else ("", ())
    changes = {**known, text: TextChange(text, value, EDITED, reasoning, asked_by, 0)}
    candidate = proposal.parent.with_texts({name: change.value for name, change in changes.items()})
    return replace(proposal, candidate=candidate, changes=tuple(changes.values()), problem="")


def written(step: int, k: int, parent: Candidate, texts: Sequence[TextValue]) -> Proposal:
    """Return a person's proposal: ``parent`` with ``texts`` in place."""
    changes = tuple(TextChange(each.name, each.value, WRITTEN, "", (), 0) for each in texts)
    return Proposal(step, k, parent, parent.with_texts({each.name: each.value for each in texts}), changes)
