"""The one module that knows litellm: every provider's API, prices and the names of keys."""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import sys
import time
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from ..characters import whole
from ..errors import ModelUnavailable
from .budget import FREE, Price
from .faults import Asked, translate
from .handover import HandoverExecutor, handover
from .model import Call, Reply, Request, Usage
from .redact import received, redacted
from .referred import key_name, resolved

LOGGER = "autodiff.litellm"
"""The only logger that litellm's records reach; give it a handler to see them."""

_THEIR_LOGGERS = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy", "LiteLLM Proxy.stdout")

_MODE = "LITELLM_MODE"
"""Anything but DEV, its default, lets no file of variables be read."""

_A_DAY_S = 86_400.0
"""Their timeouts are off in effect: ours is kept by ``DeadlineModel``."""

_PLACEHOLDER_KEY = "unset"
"""Servers of one's own want no key, but client libraries do not send without one."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Tokens that a model takes in one prompt and gives in one answer, where litellm's list says it."""

    context: int | None
    answer: int | None


class LiteLLMModel:
    """Any model that litellm can reach, whatever the role; one object serves all of them.

    The first call imports litellm, in a thread, which takes seconds. Close it on the loop that used it.
    """

    def __init__(self) -> None:
        self._litellm: Any = None
        self._loading: asyncio.Task[Any] | None = None
        self._keys: dict[tuple[str, str], str | None] = {}

    async def complete(self, call: Call) -> Reply:
        """Ask once, without a deadline or retries of its own; nothing is ever cut from the prompt.

        Raises:
            ModelRefused, ModelUnavailable, ModelRejected: As ``faults`` sorts them.
        """
        request = call.request
        if self._litellm is None:
            asyncio.get_running_loop().set_default_executor(HandoverExecutor())  # litellm prepares calls in it
            self._litellm = await self._loaded()
        params = resolved(request.params)
        key = None if "api_key" in params else await self._placeholder(request)
        started = time.monotonic()
        try:
            with handover():  # a call that is cancelled as it begins
                answer: Any = await self._litellm.acompletion(
                    model=request.model,
                    messages=[
                        {"role": message.role, "content": whole(message.content)} for message in request.messages
                    ],
                    **({"api_base": request.endpoint} if request.endpoint else {}),
                    **({"api_key": key} if key else {}),
                    **params,
                    num_retries=0,
                    max_retries=0,
                    timeout=_A_DAY_S,
                    drop_params=False,
                )
        except Exception as error:  # noqa: BLE001 - a stranger's code; all that it raises is translated
            # The cause is left out on purpose: its text may quote the key, and tracebacks are written to a file.
            raise translate(error, _asked(request)) from None
        return _reply(answer, request, time.monotonic() - started)

    async def aclose(self) -> None:
        """Close the connections; nothing may be in flight."""
        if self._litellm is not None:
            await self._litellm.close_litellm_async_clients()
            self._litellm.in_memory_llm_clients_cache.flush_cache()  # else a later client would get a closed one

    async def _loaded(self) -> Any:  # noqa: ANN401 - as ``_load``
        """Load once for all first calls: filters of warnings, which loading sets, are not to be set by two threads."""
        if self._loading is None:
            self._loading = asyncio.create_task(asyncio.to_thread(_load))
        return await asyncio.shield(self._loading)

    async def _placeholder(self, request: Request) -> str | None:
        if not request.endpoint:
            return None
        name = (request.model, request.endpoint)
        if name not in self._keys:
            missing = await asyncio.to_thread(missing_key, request.model)
            self._keys[name] = _PLACEHOLDER_KEY if missing else None
        return self._keys[name]


def missing_key(model: str) -> str | None:
    """Return the environment variable that ``model`` needs and that is not set, or None. Imports litellm: seconds.

    Raises:
        ModelRejected: The name has no provider that litellm knows.
    """
    if model.startswith("local/"):
        return None
    litellm = _load()
    try:
        _, provider, _, _ = litellm.get_llm_provider(model=model)
        missing: list[str] = litellm.validate_environment(model=model)["missing_keys"]
    except litellm.exceptions.BadRequestError as error:
        raise translate(error, Asked(model, "", "")) from None
    if provider == "ollama":  # litellm asks for the address, which has a default
        return None
    return ", ".join(missing) or None


def limits(model: str) -> Limits | None:
    """Return what litellm's own list says, None if the model is not on it. Imports litellm: seconds."""
    entry = _listed(model)
    if not entry:
        return None
    context, answer = entry.get("max_input_tokens"), entry.get("max_output_tokens")
    return Limits(context if isinstance(context, int) else None, answer if isinstance(answer, int) else None)


def nearest(model: str) -> str:
    """Return the listed model of a name much like ``model``, or empty. Imports litellm: seconds."""
    return next(iter(get_close_matches(model, _alike(model), 1, 0.8)), "")


def _alike(model: str) -> list[str]:
    """Return the names on the list that belong to the model's provider, written as ``model`` is."""
    provider, slash, _ = model.partition("/")
    entries: dict[str, dict[str, Any]] = _load().model_cost
    if not slash:
        return [name for name in entries if "/" not in name]
    of_provider = [name for name, entry in entries.items() if entry.get("litellm_provider") == provider]
    return [name if name.startswith(f"{provider}/") else f"{provider}/{name}" for name in of_provider]


def price(model: str) -> Price | None:
    """Return what litellm's own list says, None if it does not know. Imports litellm: seconds."""
    if model.startswith("local/"):
        return FREE
    entry = _listed(model)
    asked, answered = entry.get("input_cost_per_token"), entry.get("output_cost_per_token")
    if not isinstance(asked, int | float) or not isinstance(answered, int | float):
        return None
    return Price(float(asked), float(answered))


def _listed(model: str) -> dict[str, Any]:
    """The list's entry; read directly, because litellm's own functions may ask a server."""
    entries: dict[str, dict[str, Any]] = _load().model_cost
    provider, _, name = model.partition("/")
    bare = entries.get(name, {})
    return entries.get(model) or (bare if bare.get("litellm_provider") == provider else {})


def _asked(request: Request) -> Asked:
    provider = request.model.partition("/")[0] if "/" in request.model else "openai"
    usual = f"{provider.upper().replace('-', '_')}_API_KEY"
    return Asked(request.model, request.endpoint, key_name(request.params) or usual)


def _reply(answer: Any, request: Request, seconds: float) -> Reply:  # noqa: ANN401 - litellm's object comes in here
    if not answer.choices:
        raise ModelUnavailable(f"{_asked(request).place} sent an answer without choices")
    choice = answer.choices[0]
    usage = getattr(answer, "usage", None)
    prompt = getattr(usage, "prompt_tokens", None) or None  # litellm writes 0 where the provider said nothing
    completion = getattr(usage, "completion_tokens", None) if prompt else None
    text = received(choice.message.content or "")
    return Reply(text, received(str(choice.finish_reason or "stop")), Usage(prompt, completion), None, seconds)


class _Forward(logging.Handler):
    """Hands litellm's records to our logger, and so to the run's debug.log instead of the terminal."""

    def emit(self, record: logging.LogRecord) -> None:
        """Pass the record on, without secrets."""
        text = redacted(record.getMessage())
        ours = logging.LogRecord(
            LOGGER, record.levelno, record.pathname, record.lineno, text, None, None, record.funcName
        )
        logging.getLogger(LOGGER).handle(ours)


def _load() -> Any:  # noqa: ANN401 - litellm's types are of no use to a strict checker
    """Import litellm so that it asks no network and prints nothing; cheap from the second time on."""
    if _is_quiet():
        return sys.modules["litellm"]
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else the import downloads a price list
    with warnings.catch_warnings(), _without_env_file():
        warnings.simplefilter("ignore")  # of its data classes; nothing that our user could mend
        litellm: Any = importlib.import_module("litellm")
        litellm.ModelResponse()  # built at its first use only, and warns then
    litellm.suppress_debug_info = True
    litellm.turn_off_message_logging = True
    litellm.telemetry = False
    _quieten()
    return litellm


@contextmanager
def _without_env_file() -> Generator[None]:
    """Let litellm read no ``.env``, whose keys it would send: it asks this variable at its import only.

    The variable is for those that come after us as it was.
    """
    before = os.environ.get(_MODE)
    os.environ[_MODE] = "PRODUCTION"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_MODE]
        else:
            os.environ[_MODE] = before


def _is_quiet() -> bool:
    """Whether all of ``_load`` was done: quietening is its last step."""
    handlers = logging.getLogger(_THEIR_LOGGERS[-1]).handlers
    return any(isinstance(handler, _Forward) for handler in handlers)


def _quieten() -> None:
    ours = logging.getLogger(LOGGER)
    if not ours.handlers:
        ours.addHandler(logging.NullHandler())  # else Python prints warnings of a logger without handlers
    for name in _THEIR_LOGGERS:
        theirs = logging.getLogger(name)
        theirs.handlers[:] = [_Forward()]
        theirs.propagate = False
        theirs.setLevel(logging.WARNING)  # below that it logs whole requests
