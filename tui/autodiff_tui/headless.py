"""A run without the app: its events as plain lines, as JSON lines or as nothing; signals end it cleanly."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Literal, TextIO

from autodiff_engine.events import Stamped

from .flags import Flags
from .glyphs import to_ascii
from .narration import Narrator
from .rewinding import Past
from .safe import one_line
from .session import Source
from .view import RunView, reduce

Reader = Callable[[Stamped], None]
_DRAIN_EVERY_S = 0.05
_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")


@dataclass(slots=True)
class Followed:
    """A run that was followed to its end, and the signal that ended it early, if one did."""

    view: RunView = field(default_factory=RunView)
    signal: int | None = None
    broke: bool = False
    """Whether what showed the run failed, so that the run was ended for no reason of its own."""


def follow(source: Source, reader: Reader, past: Past | None = None) -> Followed:
    """Start the run, hand every event to ``reader`` in order, and wait for the end.

    ``past`` knows what the run said, where it may take facts back.

    The first SIGINT, SIGTERM or SIGHUP aborts the run and waits for its last events; a second one ends the wait.
    When ``reader`` cannot write any more (``| head``), the run is aborted and nothing more is said.

    Raises:
        KeyboardInterrupt: A second signal came.
    """
    followed = Followed()
    with _signals_abort(source, followed):
        source.start()
        if followed.signal is not None:  # it came before there was anything to abort
            source.abort(signal.Signals(followed.signal).name)
        while not source.ended:
            source.join(_DRAIN_EVERY_S)
            for stamped in source.drain():
                before = past.before(followed.view, stamped) if past is not None else followed.view
                followed.view = reduce(before, stamped)
                try:
                    reader(stamped)
                except BrokenPipeError:
                    fall_silent()
                    source.abort("nobody reads the output any more")
    return followed


def fall_silent() -> None:
    """Send what would still be written to a closed pipe or a full disk nowhere, also what Python flushes at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def reader_for(ui: Literal["plain", "json", "none"], flags: Flags, *, known: int = 0) -> Reader:
    """Return what shows each event: ``plain`` narrates on stderr, ``json`` writes all of them to stdout.

    The first ``known`` events were shown by an earlier execution: they are read and not shown.
    """
    left = known

    def old() -> bool:
        nonlocal left
        left -= 1
        return left >= 0

    if ui == "json":
        return lambda stamped: None if old() else _write_json(stamped)
    if ui == "none" or flags.quiet:
        return _say_nothing
    narrator = Narrator(verbose=flags.verbose)

    def narrate(stamped: Stamped) -> None:
        lines = narrator.lines(stamped.event)
        for line in () if old() else lines:
            write_line(line, sys.stderr, ascii_only=flags.ascii)

    return narrate


def write_line(line: str, stream: TextIO, *, ascii_only: bool = False) -> None:
    """Write one line and flush it; ``ascii_only`` spells what ASCII does not have."""
    stream.write(f"{to_ascii(line) if ascii_only else line}\n")
    stream.flush()


def say_meanwhile(line: str, flags: Flags) -> None:
    """Tell who waits at a terminal what is being done; a log, which nobody waits for, is not told."""
    if sys.stderr.isatty() and not flags.quiet:
        write_line(one_line(line), sys.stderr, ascii_only=flags.ascii)


def _write_json(stamped: Stamped) -> None:
    from autodiff_engine.encoding import encode  # not needed by the other front ends

    sys.stdout.write(f"{encode(stamped).rstrip()}\n")
    sys.stdout.flush()


def _say_nothing(_: Stamped) -> None:
    """Read an event and show nothing."""


@contextmanager
def _signals_abort(source: Source, followed: Followed) -> Generator[None]:
    def abort(number: int, _: FrameType | None) -> None:
        if followed.signal is not None:
            raise KeyboardInterrupt
        followed.signal = number
        source.abort(signal.Signals(number).name)

    present = [getattr(signal, name) for name in _ENDING if hasattr(signal, name)]  # Windows has no SIGHUP
    before = {number: signal.getsignal(number) for number in present}
    # An ignored signal stays ignored: under nohup the user wants the run to outlive the terminal.
    before = {number: handler for number, handler in before.items() if handler not in (None, signal.SIG_IGN)}
    for number in before:
        signal.signal(number, abort)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
