"""Asking a model: the request, the reply, and the one-method protocol that everything here stands on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

KEY_VERSION = 1
"""Part of every cache key; raise it when the meaning of a stored answer changes."""

OUTSIDE = "outside/"
"""Begins the ``Request.model`` of a user's function that looks outside: no LLM, but it answers for the world too."""

Role = Literal["task", "backward", "optimizer", "teacher", "judge"]
JSONValue = str | int | float | bool | None | list["JSONValue"] | dict[str, "JSONValue"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat; ``role`` is system, user or assistant."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Request:
    """All that can change an answer, and nothing else: every field is part of the cache key."""

    model: str
    """A litellm name; for a model file ``local/sha256:…``, so that its path is not part of the key.

    ``outside/NAME`` for a step that runs a function of the user's: its inputs are the messages.
    """
    endpoint: str
    """The ``api_base``, or empty for the provider's own."""
    messages: tuple[Message, ...]
    params: Mapping[str, JSONValue]
    """Everything else that is sent: temperature, max_tokens, top_p, ….  Never a secret."""
    draw: int = 0
    """Tells repeated draws of one request apart (algorithm.md, "Draw index")."""

    @property
    def outside(self) -> bool:
        """Whether a function of the user's answers, and no LLM."""
        return self.model.startswith(OUTSIDE)

    @property
    def key(self) -> str:
        """SHA-256, in hex, of the canonical JSON of the whole request."""
        messages = [[message.role, message.content] for message in self.messages]
        payload = [KEY_VERSION, self.model, self.endpoint, messages, dict(self.params), self.draw]
        text = json.dumps(payload, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("ascii")).hexdigest()


@dataclass(frozen=True, slots=True)
class Call:
    """A request with who asks and where: for limits, ledgers and the screen, never for the cache key."""

    request: Request
    role: Role
    at: str
    """The structural id ``step/phase/example/node/t``; of a call in a branch ``t`` is its path (``scope.py``)."""
    function: Callable[[], Awaitable[str]] | None = field(default=None, compare=False, repr=False)
    """What answers in place of a model; given exactly when the request's model is ``outside/NAME``."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer, as the provider counted them; None where it did not say."""

    prompt: int | None
    completion: int | None


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer of a model, also an empty, refused or truncated one: its reader decides what it is worth."""

    text: str
    finish_reason: str
    """``stop``, ``length`` (truncated), ``content_filter``, … as the provider said it."""
    usage: Usage
    cost_usd: float | None = None
    """What this answer cost when it was paid for; None when the price is unknown. 0 for a local model."""
    seconds: float = 0.0
    """How long the provider took when it was asked."""
    cached: bool = False
    """True when it came from the store, or from an equal request in flight: nothing was paid now."""


class Model(Protocol):
    """Anything that answers a call; wrappers (cache, limits, meter, gate) are Models around a Model."""

    async def complete(self, call: Call) -> Reply:
        """Answer ``call``.

        Raises:
            ModelError: One of its four kinds (``errors.py``).
            BudgetExhausted: The call does not fit what is left.
            RunStopped: A person stopped the run.
        """
        ...
