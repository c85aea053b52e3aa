"""Many things at once, with results in the order of the inputs: the one way to do it here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


async def close_all(closes: Sequence[Callable[[], Awaitable[object]]]) -> None:
    """Close everything, in order: what fails to close, or is cancelled, keeps nothing else open.

    Raises:
        Exception: What a single one raised; an ``ExceptionGroup`` when several did.
    """
    errors: list[Exception] = []
    cancelled: asyncio.CancelledError | None = None
    for close in closes:
        try:
            await close()
        except asyncio.CancelledError as error:
            cancelled = error
        except Exception as error:  # noqa: BLE001 - raised below, when the others are closed
            errors.append(error)
    if cancelled is not None:
        raise cancelled
    if len(errors) > 1:
        raise ExceptionGroup("several things could not be closed", errors)
    if errors:
        raise errors[0]


async def in_order(
    jobs: Sequence[Callable[[], Awaitable[T]]],
    *,
    on_result: Callable[[int, T], bool | None] | None = None,
) -> list[T]:
    """Run all ``jobs`` at once; return their results in the order of ``jobs``.

    ``on_result(index, result)`` is called for the in-order prefix as it grows, so it sees indexes 0, 1, 2, … in that
    order whatever arrives first. When it returns True the jobs that have not been reported are cancelled and awaited,
    and only the reported prefix is returned. How many calls are really in flight is limited where calls are made.

    A failure counts, with ``on_result``, only when all before it has been reported: what an early stop would have
    cancelled cannot fail a run, whenever it arrives.

    Raises:
        Exception: A job's failure, unwrapped, with ``on_result`` the first in order; the others are cancelled and
            awaited.
    """
    tasks = [asyncio.ensure_future(job()) for job in jobs]
    waiting = set(tasks)
    reported = 0
    try:
        while reported < len(tasks):
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:  # in job order: of several failures at once the same one is raised every time
                if task in done and on_result is None:
                    task.result()
            while reported < len(tasks) and tasks[reported].done():
                stop = on_result(reported, tasks[reported].result()) if on_result else None
                reported += 1
                if stop:
                    return [task.result() for task in tasks[:reported]]
        return [task.result() for task in tasks]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
