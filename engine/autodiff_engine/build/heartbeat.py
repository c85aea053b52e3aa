"""Something that is done again and again while a run goes on, from its event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ..errors import StorageError


class Heartbeat:
    """Does ``beat`` every ``every_s`` seconds until it is closed; a disk that is full ends it, too."""

    def __init__(self, every_s: float, beat: Callable[[], object]) -> None:
        self._task = asyncio.create_task(_beating(every_s, beat))

    async def aclose(self) -> None:
        """End it."""
        self._task.cancel()
        await asyncio.wait({self._task})


async def _beating(every_s: float, beat: Callable[[], object]) -> None:
    while True:
        await asyncio.sleep(every_s)
        try:
            beat()
        except StorageError:
            return  # the run hears the same of its next event, which ends it
