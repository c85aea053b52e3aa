"""How many calls may be in flight: a semaphore whose size gives way to rate limits and grows back."""

from __future__ import annotations

import asyncio
from collections import deque


class Slots:
    """First come, first served; lives on one event loop and is its own only writer."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = float(most)
        self._taken = 0
        self._era = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def size(self) -> int:
        """How many may be taken at once now, from 1 to the number that was asked for."""
        return int(self._size)

    @property
    def taken(self) -> int:
        """How many are taken now; above ``size`` for a while after it shrank."""
        return self._taken

    async def take(self) -> int:
        """Wait for a slot and take it; give the returned number to ``shrink``."""
        if self._taken < self.size and not self._waiting:
            self._taken += 1
            return self._era
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled():  # the slot was handed over just before the caller was cancelled: pass it on
                self.give()
            raise
        return self._era

    def give(self) -> None:
        """Give a slot back."""
        self._taken -= 1
        self._hand_out()

    def shrink(self, era: int) -> None:
        """Halve the size, once for all the calls that were sent before it was last halved."""
        if era == self._era:
            self._era += 1
            self._size = max(1.0, self._size / 2)

    def grow(self) -> None:
        """Take note of a success, its slot given back: about ``size`` of them win one slot, where all were in use.

        Successes of fewer calls at once say nothing of more: after a quiet phase the next burst would be turned away.
        """
        if self._waiting or self._taken + 1 >= self.size:
            self._size = min(float(self._most), self._size + 1 / self._size)
        self._hand_out()

    def _hand_out(self) -> None:
        while self._waiting and self._taken < self.size:
            waiter = self._waiting.popleft()
            if not waiter.done():  # a cancelled one stays in the queue until its turn
                self._taken += 1
                waiter.set_result(None)
