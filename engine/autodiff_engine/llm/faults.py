"""What an error of a provider, or of a client library, means for us: one of the kinds of ModelError.

Client libraries sort errors by words in their text (a prompt about rate limits becomes a 429) and turn broken
connections into status 500, so the status that the provider sent is looked up at the bottom of the chain of causes.
Nothing is imported for that: classes are known by their names.
"""

from __future__ import annotations

import email.utils
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ModelError, ModelRefused, ModelRejected, ModelUnavailable
from .redact import one_line
from .unavailable import NotBilled, NotSent, RateLimited
from .unsent import is_unsent

_TRANSPORTS = ("httpx", "openai", "aiohttp", "requests")
_DEAD = {
    "ConnectError", "ConnectTimeout", "ClientConnectorError", "ConnectionTimeoutError", "ConnectionRefusedError",
    "gaierror", "NewConnectionError", "ConnectTimeoutError", "EndpointConnectionError", "SSLCertVerificationError",
}  # fmt: skip
"""There was no connection (TLS included), so nothing was sent: as httpx, aiohttp, urllib3 and botocore call it."""
_LOST = {"TransportError", "APIConnectionError", "ClientError", "ConnectionError", "Timeout"}
_MALFORMED = {"JSONDecodeError", "APIResponseValidationError"}
_OURS_TO_MEND = {"AuthenticationError", "PermissionDeniedError", "NotFoundError", "BadRequestError"}
_UNKNOWN_RESULT = (408, 504)
"""The provider, or a gateway before it, gave up waiting: the answer may have been made and billed."""

_NO_KEY = re.compile(r"missing credentials|api_key client option|missing .{0,40}api key|no api.?key", re.IGNORECASE)
_BAD_KEY = re.compile(r"api key not valid|invalid.api.key|incorrect api key", re.IGNORECASE)
_NO_PROVIDER = re.compile(r"LLM Provider NOT provided|Unmapped LLM provider", re.IGNORECASE)
_NO_MODEL = re.compile(r"model_not_found|model .{0,80}(does not exist|not found)|no such model", re.IGNORECASE)
_NO_MONEY = re.compile(r"insufficient_quota|credit balance", re.IGNORECASE)
_BAD_PARAM = re.compile(
    r"unsupported_(parameter|value)|unknown_parameter|UnsupportedParams|unrecognized request argument", re.IGNORECASE
)
_TOO_LONG = re.compile(
    r"context|too long|too large|maximum.{0,20}(length|tokens)|exceeds? .{0,30}tokens", re.IGNORECASE
)
_FILTERED = re.compile(r"content.?(policy|filter|management)|safety|moderat|flagged|usage policy", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom we asked, for messages."""

    model: str
    endpoint: str
    key_name: str
    """The environment variable that should hold the key."""

    @property
    def place(self) -> str:
        """Where the answer was to come from."""
        return one_line(self.endpoint) if self.endpoint else f"the provider of {self.model}"


@dataclass(frozen=True, slots=True)
class _Fault:
    """What is known about an error: the provider's own status and words, and the names of all classes involved."""

    status: int | None
    headers: Mapping[str, str]
    words: str
    said: str
    names: frozenset[str]
    unsent: str = ""
    """What the client library could not make a request of."""


def translate(error: Exception, asked: Asked) -> ModelError:
    """Return the error of ours that ``error`` means; its text is one line without secrets."""
    fault = _look(error)
    early = _without_an_answer(fault, asked)
    if early is not None:
        return early
    status = fault.status
    if status == 429:
        return _too_many(fault, asked)
    if status is not None and (status >= 500 or status in (408, 409, 425)):
        kind = ModelUnavailable if status in _UNKNOWN_RESULT else NotBilled
        return kind(f"{asked.place} failed with status {status}: {fault.said}", retry_after_s=_retry_after_s(fault))
    if status in (400, 413, 422) or (status == 403 and _FILTERED.search(fault.words)):
        return _bad_request(fault, asked)
    return _rejected(fault, asked)


def _look(error: Exception) -> _Fault:
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    names = frozenset(kind.__name__ for link in chain for kind in type(link).__mro__)
    words = " ".join([str(link) for link in chain] + [type(error).__name__])
    for link in reversed(chain):
        response: Any = getattr(link, "response", None)
        status = getattr(response, "status_code", None)
        if type(link).__module__.split(".")[0] in _TRANSPORTS and isinstance(status, int):
            return _Fault(status, response.headers, words, _said(chain), names)
    unsent = one_line(f"{type(chain[-1]).__name__}: {chain[-1]}") if is_unsent(chain[-1]) else ""
    return _Fault(None, {}, words, _said(chain), names, unsent)


def _said(chain: list[BaseException]) -> str:
    """The provider's own words where a client library kept them, else the outermost text without class names."""
    for link in chain:
        body: Any = getattr(link, "body", None)
        if isinstance(body, dict) and isinstance(body.get("message"), str):  # pyright: ignore[reportUnknownMemberType] - a stranger's JSON
            return one_line(str(body["message"]))  # pyright: ignore[reportUnknownArgumentType] - as above
    text = re.sub(r"(litellm\.)?\b\w+(Error|Exception)( -|:) ", "", str(chain[0]))
    return one_line(text) or type(chain[0]).__name__


def _without_an_answer(fault: _Fault, asked: Asked) -> ModelError | None:
    """Errors that are not a provider's answer: our set-up, or the connection."""
    if fault.status is not None:
        return None
    if _NO_PROVIDER.search(fault.words):
        hint = "write it with its provider: openai/NAME, anthropic/NAME, … or local/FILE.gguf"
        return ModelRejected(f"{asked.model} names no provider that litellm knows", hint)
    if _NO_KEY.search(fault.words):
        return ModelRejected(f"there is no API key for {asked.model}", f"set {asked.key_name} in the environment")
    if fault.names & _DEAD:
        hint = "start the server, or mend api_base" if asked.endpoint else "check the network, then run it again"
        return NotBilled(f"nothing answers at {asked.place}", hint)
    if fault.names & _MALFORMED:
        return ModelUnavailable(f"{asked.place} sent an answer that is no JSON of a chat completion")
    return _by_class(fault, asked)


def _by_class(fault: _Fault, asked: Asked) -> ModelError:
    """No status and no connection error: all that is left is what the client library made of it."""
    if fault.names & {"ContextWindowExceededError", "ContentPolicyViolationError"}:
        return _bad_request(fault, asked)
    if "RateLimitError" in fault.names:
        return _too_many(fault, asked)
    if fault.names & _OURS_TO_MEND:
        return _rejected(fault, asked)
    if fault.unsent:
        hint = f"check the parameters of {asked.model} in the config"
        return NotSent(f"no request to {asked.model} can be made of its parameters ({fault.unsent})", hint)
    if fault.names & _LOST:
        return ModelUnavailable(f"the connection to {asked.place} broke off before the answer was complete")
    return ModelUnavailable(f"asking {asked.place} failed: {fault.said}")


def _too_many(fault: _Fault, asked: Asked) -> ModelError:
    if _NO_MONEY.search(fault.words):
        return ModelRejected(f"{asked.place}: {fault.said}", "check the plan and the billing of this account")
    message = f"{asked.place} limits the rate: {fault.said}"
    return RateLimited(message, "lower limits.in_flight", retry_after_s=_retry_after_s(fault))


def _bad_request(fault: _Fault, asked: Asked) -> ModelError:
    ours = (_BAD_PARAM, _NO_MODEL, _BAD_KEY, _NO_MONEY)
    if any(pattern.search(_kind_words(fault)) for pattern in ours):
        return _rejected(fault, asked)
    if _TOO_LONG.search(fault.said):
        return ModelRefused(f"the request is too long for {asked.model}: {fault.said}", "shorten the prompt")
    if _FILTERED.search(_kind_words(fault)):
        return ModelRefused(f"{asked.place} filtered the request: {fault.said}")
    return ModelRefused(f"{asked.place} refused the request: {fault.said}")


def _kind_words(fault: _Fault) -> str:
    """What sorts a refusal: the provider's words and the names of classes."""
    return " ".join([fault.words, *sorted(fault.names)])


def _rejected(fault: _Fault, asked: Asked) -> ModelRejected:
    words, status = fault.words, fault.status
    if status == 402 or _NO_MONEY.search(words):
        hint = "check the plan and the billing of this account"
    elif status in (401, 403) or _BAD_KEY.search(words) or "AuthenticationError" in fault.names:
        hint = f"check the key in {asked.key_name}, and that it may use {asked.model}"
    elif status == 404 or _NO_MODEL.search(words):
        hint = "check the model's name" + (" and api_base (it usually ends in /v1)" if asked.endpoint else "")
    else:
        hint = f"check the parameters of {asked.model} in the config"
    said = f"status {status}: {fault.said}" if status else fault.said
    return ModelRejected(f"{asked.place} rejects {asked.model} ({said})", hint)


def _retry_after_s(fault: _Fault) -> float | None:
    """Seconds from Retry-After, which holds seconds or a date; None without one that can be read."""
    milliseconds, value = fault.headers.get("retry-after-ms"), fault.headers.get("retry-after")
    try:
        if milliseconds is not None:
            return max(0.0, float(milliseconds) / 1000)
        return None if value is None else max(0.0, float(value))
    except ValueError:
        parsed = email.utils.parsedate_tz(value or "")
        return None if parsed is None else max(0.0, email.utils.mktime_tz(parsed) - time.time())
