"""What a call can cost at most, what it did cost, and the caps on the sum."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from .model import JSONValue, Request, Usage

_MESSAGE_TOKENS = 16
_TEMPLATE_TOKENS = 64
"""What a chat template adds to a message and to a chat that we did not write (a role, a default system prompt)."""
_TABLE_TOKENS = 600
"""What providers write around a schema beside the messages: the longest that one of them documents is 530."""
_BOUNDS = ("max_tokens", "max_completion_tokens")


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for one token; both 0 for a model on this machine."""

    input_usd_per_token: float
    output_usd_per_token: float

    def of(self, tokens: Tokens) -> float:
        """Return what so many tokens cost, in US dollars."""
        return tokens.prompt * self.input_usd_per_token + tokens.completion * self.output_usd_per_token


FREE = Price(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Caps:
    """Hard caps over all roles and the run's whole life; None is no cap."""

    usd: float | None = None
    tokens: int | None = None
    calls: int | None = None
    minutes: float | None = None


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of one call."""

    prompt: int
    completion: int

    @property
    def total(self) -> int:
        """Both together."""
        return self.prompt + self.completion


def most_tokens(request: Request) -> Tokens | None:
    """Return an upper bound of the tokens that ``request`` can take; None when it sets no bound on the answer.

    A user's function takes none.

    No tokenizer makes more tokens of a text than it has UTF-8 bytes. What is sent beside the messages counts, too, as
    far as it can be part of a prompt: lists, tables and long texts.
    """
    if request.outside:
        return Tokens(0, 0)
    bounds = [bound for name in _BOUNDS if isinstance(bound := request.params.get(name), int)]
    if not bounds:
        return None
    prompt = sum(len(message.content.encode("utf-8", "surrogatepass")) for message in request.messages)
    around = _MESSAGE_TOKENS * len(request.messages) + _TEMPLATE_TOKENS
    return Tokens(prompt + around + _beside(request.params), max(bounds))


def _beside(params: Mapping[str, JSONValue]) -> int:
    """Return the most tokens of the params that can be part of a prompt; 0 where all of them are numbers and words."""
    told = {name: value for name, value in params.items() if not _is_setting(value)}
    if not told:
        return 0
    tables = any("{" in json.dumps(value) for value in told.values())
    return len(json.dumps(told, indent=4)) + _TABLE_TOKENS * tables  # no provider writes it longer than this


def _is_setting(value: JSONValue) -> bool:
    if isinstance(value, str):
        return len(value.encode("utf-8", "surrogatepass")) <= _TEMPLATE_TOKENS
    return not isinstance(value, list | dict)


def settled(usage: Usage, most: Tokens | None) -> tuple[Tokens, Tokens]:
    """Return the tokens that the provider said, and the bound (0 without one) of those that it did not say."""
    bound = most or Tokens(0, 0)
    said = Tokens(usage.prompt or 0, usage.completion or 0)
    unsaid = Tokens(
        bound.prompt if usage.prompt is None else 0,
        bound.completion if usage.completion is None else 0,
    )
    return said, unsaid
