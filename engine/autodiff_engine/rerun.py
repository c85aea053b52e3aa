"""A run that is executed again: what it says is checked against what its journal holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, cast

from .control import Decided
from .encoding import placeless, texts_without_secrets, without_secrets
from .errors import RunDiffers
from .events import (
    DECISION_TYPES,
    FACT_TYPES,
    Event,
    ExamplesShown,
    PhaseStarted,
    RunResumed,
    Stamped,
    StopChosen,
    Warned,
)
from .journal import decided
from .llm.metered import Totals
from .llm.repeated import Failures
from .past import Past
from .secret import MARK, KnownSecrets

_EXCERPT = 80


class Rerun:
    """Knows what was said, and how far it has been said again; owned by the execution that it is made for.

    ``said`` are the facts and decisions that are expected, of ``past``. ``anyway``: at the first difference the run is
    live from there on. A ``replay`` is never live, and writes nothing.
    """

    def __init__(
        self,
        past: Past,
        said: Sequence[Stamped],
        *,
        before: Totals,
        anyway: bool = False,
        replay: bool = False,
    ) -> None:
        self.replay = replay
        self.past = past
        self.before = before
        """What earlier executions spent."""
        self.failures: Failures = past.failures(said)
        self._said = said
        self._secrets = KnownSecrets.now()
        self._anyway = anyway
        self._place = 0
        self._cut = False
        self.facts = 0
        """The number of the last fact that was said again."""
        self._phase: PhaseStarted | None = None
        self._when_live: list[Callable[[], object]] = []

    @property
    def checking(self) -> bool:
        """Whether the run still says again what it has said."""
        return not self._cut and self._place < len(self._said)

    @property
    def decided(self) -> Decided:
        """The decisions that are expected: whoever executes the run takes them again after the same facts."""
        return decided(self._said)

    @property
    def expected(self) -> int:
        """How many facts have to be said again."""
        return sum(each.fact is not None for each in self._said)

    @property
    def next(self) -> Event | None:
        """The fact or decision that has to come next; None where all is said."""
        return self._said[self._place].event if self.checking else None

    def when_live(self, do: Callable[[], object]) -> None:
        """Have ``do`` called once all is said again and the run is live."""
        self._when_live.append(do)

    def heard(self, event: Event) -> list[Event]:
        """Return what has to be written of ``event``: nothing of what is in the journal already.

        Raises:
            RunDiffers: Something else has to come here.
        """
        if not self.checking:
            return [event]
        if isinstance(event, PhaseStarted):
            self._phase = event
            return []
        if isinstance(event, Warned | ExamplesShown):
            return [] if self._is_told(event) else [event]
        if not isinstance(event, (*FACT_TYPES, *DECISION_TYPES)):
            return [event]
        difference = self._difference(event)
        if not difference:
            self._place += 1
            self.facts += isinstance(event, FACT_TYPES)
            return [] if self.checking else self._live([])
        live = self._anyway or isinstance(event, StopChosen)  # history has none here: a person stops it now
        if self.replay or not live:
            raise RunDiffers(
                difference,
                "an answer, or what the program computes, has changed; --anyway goes on from here, live",
            )
        after, self._cut = self.facts, True
        told = [RunResumed(after, self.expected - after, reason=difference)]
        return self._live([*told, event])

    def _is_told(self, event: Event) -> bool:
        """Return whether the journal has ``event``, which is no fact, as this environment lets it be told."""
        kept = without_secrets(event, self._secrets)
        told = (each.event for each in self.past.recorded.events if type(each.event) is type(event))
        return any(kept in (each, without_secrets(each, self._secrets)) for each in told)

    def _live(self, events: list[Event]) -> list[Event]:
        if self.replay:
            return events
        for do in self._when_live:
            do()
        phases = [each.event for each in self.past.recorded.events if isinstance(each.event, PhaseStarted)]
        phase = [self._phase] if self._phase is not None and self._phase != (phases or [None])[-1] else []
        return [*phase, *events] if not events else [events[0], *phase, *events[1:]]

    def _difference(self, event: Event) -> str:
        """Return how ``event`` differs from what was said here, empty when it does not."""
        expected = self._said[self._place]
        is_fact = isinstance(event, FACT_TYPES)
        came = Stamped(0, 0.0, self.facts + 1 if is_fact else None, event)
        before, now = placeless(expected), placeless(came)
        if before == now:
            return ""
        kept, told = _without_secrets(before, self._secrets), _without_secrets(now, self._secrets)
        if _fits(kept, told):
            return ""
        number = self.facts + 1 if is_fact else self.facts
        return f"fact {number} differs: {_told(kept, told)}"


class Verifier:
    """Takes a run's events in the place of its journal, and compares; writes nothing.

    ``Done`` is raised when all was said of a run that has no end.
    """

    class Done(Exception):
        """All that the journal holds was said again."""

    def __init__(self, rerun: Rerun) -> None:
        self._rerun = rerun

    @property
    def facts(self) -> int:
        """The number of the last fact that was equal."""
        return self._rerun.facts

    def append(self, event: Event) -> None:
        """Compare a fact or a decision; let all else go.

        Raises:
            RunDiffers: It is not what the journal holds.
            Verifier.Done: It is, and nothing more is in the journal of a run that was cut short.
        """
        if not isinstance(event, (*FACT_TYPES, *DECISION_TYPES)):
            return
        if not self._rerun.checking:
            if not self._rerun.past.told_all:
                raise Verifier.Done
            raise RunDiffers(f"fact {self.facts + 1} differs: the journal ends before it, now comes {_line(event)}")
        self._rerun.heard(event)
        if not self._rerun.checking and not self._rerun.past.told_all:
            raise Verifier.Done

    def ended(self) -> None:
        """Say that the execution came to its end.

        Raises:
            RunDiffers: The journal has more.
        """
        if self._rerun.next is not None:
            missing = _line(self._rerun.next)
            raise RunDiffers(f"fact {self.facts + 1} differs: the journal has {missing}, now the run ends before it")


def differing(kept: Event, told: Event) -> list[str]:
    """Return the fields in which an event is another than the journal has it, but for secrets that are in neither."""
    known = KnownSecrets.now()
    before, now = (_without_secrets(placeless(Stamped(0, 0.0, None, each)), known) for each in (kept, told))
    return [name for name in dict.fromkeys((*before, *now)) if not _fits(before.get(name), now.get(name))]


def _without_secrets(line: str, known: KnownSecrets) -> dict[str, Any]:
    return cast("dict[str, Any]", texts_without_secrets(json.loads(line), known))


def _fits(kept: object, told: object) -> bool:
    """Return whether two values of JSON are equal, but for what the journal does not say because it was a secret."""
    if isinstance(kept, str) and isinstance(told, str):
        return _text_fits(kept, told)
    if isinstance(kept, list) and isinstance(told, list):
        both = (cast("list[object]", kept), cast("list[object]", told))
        return len(both[0]) == len(both[1]) and all(map(_fits, *both))
    if isinstance(kept, dict) and isinstance(told, dict):
        mine, theirs = cast("dict[str, object]", kept), cast("dict[str, object]", told)
        return mine.keys() == theirs.keys() and all(_fits(mine[name], theirs[name]) for name in mine)
    return kept == told


def _text_fits(kept: str, told: str) -> bool:
    first, *rest = kept.split(MARK)
    if not rest:
        return kept == told
    place, last = len(first), rest.pop()
    for part in rest:
        found = told.find(part, place + 1)
        if found < 0:
            return False
        place = found + len(part)
    return told.startswith(first) and told.endswith(last) and len(told) - len(last) > place


def _line(event: Event) -> str:
    return _named(json.loads(placeless(Stamped(0, 0.0, None, event))))


def _named(told: dict[str, Any]) -> str:
    return f"{told['type']} {_short({key: value for key, value in told.items() if key not in ('type', 'fact')})}"


def _told(before: dict[str, Any], now: dict[str, Any]) -> str:
    if before["type"] != now["type"]:
        return f"the journal has {_named(before)}, now comes {_named(now)}"
    place = "/".join(str(now[key]) for key in ("step", "phase", "example", "k") if key in now)
    fields = [key for key in dict.fromkeys((*before, *now)) if before.get(key) != now.get(key)]
    pairs = [f"{key} was {_short(before.get(key))} and is {_short(now.get(key))}" for key in fields]
    return f"{now['type']}{f' {place}' if place else ''}: {'; '.join(pairs)}"


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…"
