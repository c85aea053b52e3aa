"""Coroutines that a client library makes in a thread for its caller: none is lost when the caller is cancelled.

litellm prepares a call in the event loop's default executor and gets the coroutine that sends it. A caller that is
cancelled before it awaits that coroutine drops it, and Python then warns of a coroutine that nobody awaited.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")


class _Handover:
    """What threads made for one caller; closed as soon as the caller has left, whichever comes first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: list[Coroutine[Any, Any, Any]] = []
        self._left = False

    def watch(self, function: Callable[P, T]) -> Callable[P, T]:
        """Return ``function`` so that a coroutine it returns is remembered, or closed when the caller has left."""

        def watched(*args: P.args, **kwargs: P.kwargs) -> T:
            result = function(*args, **kwargs)
            if inspect.iscoroutine(result):
                with self._lock:
                    self._made.append(cast("Coroutine[Any, Any, Any]", result))
                    if self._left:
                        self._close()
            return result

        return watched

    def leave(self) -> None:
        """Close what was made and never begun; what was begun is its awaiter's."""
        with self._lock:
            self._left = True
            self._close()

    def _close(self) -> None:
        for each in self._made:
            if inspect.getcoroutinestate(each) == inspect.CORO_CREATED:
                each.close()


_CALLER: ContextVar[_Handover] = ContextVar("caller")
"""Whose call it is that a task prepares in a thread."""


class HandoverExecutor(ThreadPoolExecutor):
    """An event loop's default executor that knows for whom a coroutine was made; all else is as it was."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run ``fn`` in a thread."""
        caller = _CALLER.get(None)
        return super().submit(fn if caller is None else caller.watch(fn), *args, **kwargs)


@contextmanager
def handover() -> Generator[None]:
    """Close, at the end of the block, every coroutine that a thread made for it and that nobody has begun to await.

    Holds for what the block hands to a ``HandoverExecutor`` in its own task.
    """
    caller = _Handover()
    token = _CALLER.set(caller)
    try:
        yield
    finally:
        _CALLER.reset(token)
        caller.leave()
