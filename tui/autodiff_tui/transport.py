"""Where on a tape one looks: at its end while it grows, or anywhere, still or moving."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from autodiff_engine.events import Stamped

from .tape import Tape
from .view import RunView

SLOWEST, FASTEST = 1 / 16, 4096.0
LONGEST_S = 2.0
"""What a pause of the run takes at most when it is shown again at speed 1: nobody watches a rate limit."""
WHOLE_S = 120.0
"""About how long a whole run takes at the speed that is chosen for it."""


class Transport:
    """One place on a tape; ``follows`` begins at its end and stays there, else it begins at the start and plays.

    ``tick`` is called a few times a second; all else is what a person presses.
    """

    def __init__(self, tape: Tape, clock: Callable[[], float], *, follows: bool, speed: float = 1.0) -> None:
        self._tape = tape
        self._clock = clock
        self._last = clock()
        self._saved = 0.0
        """Seconds of the run that were waited for since the event here."""
        self.speed = speed
        """How many times as fast as it happened."""
        self.follows = follows
        self.playing = not follows
        self.position = 0

    @property
    def view(self) -> RunView:
        """The run as it was here."""
        return self._tape.view_at(self.position)

    @property
    def at_end(self) -> bool:
        """Whether nothing comes after this place so far."""
        return self.position >= self._tape.end

    def begin(self) -> None:
        """Start the clock."""
        self._last = self._clock()

    def tick(self) -> None:
        """Move on as far as time has."""
        now = self._clock()
        passed, self._last = max(0.0, now - self._last), now
        if self.follows:
            self.position = self._tape.end
        elif self.playing:
            self._play(passed * self.speed)
        self.position = self._tape.clamped(self.position)

    def _play(self, seconds: float) -> None:
        self._saved += seconds
        while not self.at_end:
            pause = min(self._tape.pause_before(self.position), LONGEST_S)
            if pause > self._saved:
                return
            self._saved -= pause
            self.position += 1
        self._saved = 0.0

    def toggle(self) -> None:
        """Play or hold; at the end play from the start."""
        self.playing = not self.playing or self.at_end
        if self.playing and self.at_end:
            self.position = self._tape.start
        self._saved = 0.0

    def by_event(self, count: int) -> None:
        """Go ``count`` events on, or back when it is negative, and hold."""
        self._hold_at(self.position + count)

    def by_step(self, count: int) -> None:
        """Go to where the next step begins, or, negative, this or the one before; and hold."""
        move = self._tape.step_after if count > 0 else self._tape.step_before
        self._hold_at(move(self.position))

    def to_step(self, number: int) -> bool:
        """Go to where a step begins and hold; False when there is no such step."""
        position = self._tape.step(number)
        if position is not None:
            self._hold_at(position)
        return position is not None

    def to_end(self) -> None:
        """Go to the newest event, and stay with what comes."""
        self.position, self.playing, self.follows = self._tape.end, False, True

    def faster(self, factor: float) -> None:
        """Multiply the speed, within its bounds."""
        self.speed = max(SLOWEST, min(self.speed * factor, FASTEST))

    def _hold_at(self, position: int) -> None:
        self.playing, self.follows, self._saved = False, False, 0.0
        self.position = self._tape.clamped(position)


def fitting_speed(events: Iterable[Stamped]) -> float:
    """Return the power of two, at least 1, at which a run is shown again in two minutes or less."""
    whole, before = 0.0, 0.0
    for stamped in events:
        whole += min(max(0.0, stamped.t - before), LONGEST_S)
        before = stamped.t
    speed = 1.0
    while whole / speed > WHOLE_S:
        speed *= 2
    return speed
