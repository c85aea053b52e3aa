"""The network forbidden for as long as a run is executed again, and who wanted to use it all the same."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from .. import network
from ..errors import EngineError, NetworkForbidden
from ..user_error import raised_in


@contextmanager
def without_network() -> Generator[None]:
    """Forbid the network inside the block: to a program's own functions, metrics and imports as to readers of data.

    An error that comes out of the block because of that is told as what it is, with what was to be reached and by
    which line of the user's. Whoever gets on without what it wanted to reach is let: what it says is compared anyway.

    Raises:
        NetworkForbidden: Something wanted to connect, and that ended what was executed.
    """
    with network.forbidden() as refused:
        try:
            yield
        except EngineError as error:
            if not refused:
                raise
            refusal = _refusal(error)
            if refusal is not None:
                raise NetworkForbidden(f"{refusal}{raised_in(refusal)}", refusal.hint) from error
            wanted = f"something wanted to reach {refused[0]} meanwhile, which nothing may while a run is verified"
            error.hint = f"{wanted}; {error.hint}" if error.hint else wanted
            raise


def _refusal(error: BaseException) -> NetworkForbidden | None:
    """Return what an error was made from, however many libraries put their own in its place."""
    waiting: list[BaseException | None] = [error]
    seen: list[BaseException] = []
    while waiting:
        each = waiting.pop(0)
        if isinstance(each, NetworkForbidden):
            return each
        if each is not None and not any(each is other for other in seen):
            seen.append(each)
            waiting += [each.__cause__, each.__context__]
    return None
