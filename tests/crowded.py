"""A provider on loopback that makes four answers at once and turns away what comes meanwhile; what it noticed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from typing import Any

import pytest

from autodiff_engine.build import models
from autodiff_engine.llm.limited import LimitedModel

from .faulty import Provider, healthy, key_of
from .loopback import Turn, ok, rate_limited

AT_ONCE, IN_FLIGHT = 4, 32
"""What the provider takes, and what the run is allowed."""
ANSWER_S = 0.02
"""How long an answer takes: more than a client needs to send four requests."""
TOKENS = 18
"""What the provider bills for an answer."""
_HURRY = 100
"""How many times faster than for people the seconds between two attempts go by."""


@dataclass
class Crowded(Provider):
    """Says 429 to whatever comes while four answers are being made, by turns with each of ``headers``."""

    headers: tuple[str | None, ...] = (None,)
    limit: Callable[[], int] = lambda: IN_FLIGHT
    """How many calls the run allows itself at the moment."""
    open: int = 0
    requests: list[tuple[bool, int]] = field(default_factory=list[tuple[bool, int]])
    """Of each request whether it was turned away, and the run's own limit at that time."""
    billed: Counter[str] = field(default_factory=Counter[str])

    def __post_init__(self) -> None:
        self._headers = cycle(self.headers)

    def __call__(self, body: dict[str, Any]) -> Turn:
        full = self.open >= AT_ONCE
        self.requests.append((full, self.limit()))
        if full:
            self.met += 1
            return rate_limited(next(self._headers))
        self.open += 1
        self.answered += 1
        self.billed[key_of(body)] += 1
        asyncio.get_running_loop().call_later(ANSWER_S, self._leave)
        return ok(healthy(body), delay_s=ANSWER_S)

    def _leave(self) -> None:
        self.open -= 1

    @property
    def tokens(self) -> int:
        """All that was billed."""
        return TOKENS * self.billed.total()

    @property
    def settled(self) -> int:
        """The number of requests until the run first allowed itself no more than the provider takes."""
        return next((place for place, (_, limit) in enumerate(self.requests) if limit <= AT_ONCE), len(self.requests))

    def figures(self) -> dict[str, object]:
        """What is to be printed."""
        before, after = self.requests[: self.settled], self.requests[self.settled :]
        limits = Counter(limit for _, limit in after)
        return {
            "requests": len(self.requests), "turned away": self.met, "until it settled": len(before),
            "share until then": share(before), "share afterwards": share(after),
            "limit afterwards: mean": round(sum(size * n for size, n in limits.items()) / max(1, limits.total()), 1),
            "of 100": {str(size): round(100 * n / limits.total()) for size, n in sorted(limits.items())},
        }  # fmt: skip


def share(requests: list[tuple[bool, int]]) -> float:
    """How much of these was turned away."""
    return round(sum(full for full, _ in requests) / max(1, len(requests)), 3)


@contextmanager
def hurried(provider: Crowded, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Let the seconds between attempts go by faster, and the provider see the run's limit; yields the waits."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(seconds / _HURRY)

    def limited(*arguments: Any, **named: Any) -> LimitedModel:
        model = LimitedModel(*arguments, sleep=sleep, **named)
        provider.limit = partial(LimitedModel.in_flight_limit.__get__, model)
        return model

    with monkeypatch.context() as patch:
        patch.setattr(models, "LimitedModel", limited)
        yield waits
