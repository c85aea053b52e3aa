"""The terminal under the app: noticing that it is gone."""

from __future__ import annotations

import os

from .driver import let_go


class Terminal:
    """The standard streams that were a terminal when the app began.

    A closed window or a dead connection makes every write to them fail; nothing else tells of it where the signal for
    it does not come.
    """

    def __init__(self) -> None:
        self._streams = tuple(fd for fd in (0, 1, 2) if os.isatty(fd))

    @property
    def lost(self) -> bool:
        """Whether a stream that was a terminal is none any more; costs three system calls."""
        return any(not os.isatty(fd) for fd in self._streams)

    def let_go(self) -> None:
        """Send what is still written, also after the app, to nowhere; what never was a terminal is left alone."""
        let_go(*self._streams)
        self._streams = ()
