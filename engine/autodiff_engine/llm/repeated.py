"""Failures that a run has had, said again when it is executed again: what later facts built on must not change."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ..errors import ModelRefused, ModelUnavailable, ModelUnreadable
from .model import Call, Model, Reply

_PARTS = 3


@dataclass(frozen=True, slots=True)
class Failures:
    """What failed, by the first three parts of a call's id (``step/phase/example``), with the error's message.

    ``unavailable``: nobody answered, so the whole example got no answer. ``refused``: one request was refused for what
    it says; which one it was, ``keys`` knows by the message. ``ungraded``: a judge's replies held no grade.
    """

    unavailable: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    refused: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    keys: Mapping[str, Collection[str]] = field(default_factory=lambda: MappingProxyType({}))
    ungraded: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


class RepeatedModel:
    """Fails where ``failures`` say so, whatever is stored by now, and passes all other calls to ``inner``."""

    def __init__(self, inner: Model, failures: Failures) -> None:
        self._inner = inner
        self._failures = failures

    async def complete(self, call: Call) -> Reply:
        """Ask ``inner``, or fail as once before.

        Raises:
            ModelUnavailable, ModelUnreadable, ModelRefused: As the journal says.
        """
        failures, place = self._failures, "/".join(call.at.split("/")[:_PARTS])
        if place in failures.unavailable:
            raise ModelUnavailable(failures.unavailable[place])
        if place in failures.ungraded:
            raise ModelUnreadable(failures.ungraded[place])
        refused = failures.refused.get(place)
        if refused is not None and call.request.key in failures.keys.get(refused, ()):
            raise ModelRefused(refused)
        return await self._inner.complete(call)
