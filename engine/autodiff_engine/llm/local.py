"""A model file on this machine, served by llama.cpp in a child process, behind the same protocol as any other."""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import os
import sys
from dataclasses import replace
from pathlib import Path

from ..concurrency import close_all
from ..errors import ConfigError, ModelRejected
from ..private import keep_private
from .model import Call, JSONValue, Model, Reply, Request
from .redact import one_line
from .slots import Slots
from .unavailable import NotBilled

DEFAULT_CONTEXT = 4096
"""Tokens of prompt and answer together, for one call; a longer prompt is refused."""

_LOADING_S = 600.0
_ENDING_S = 5.0
_STANDARD = {
    "temperature", "top_p", "max_tokens", "stop", "seed", "frequency_penalty", "presence_penalty", "response_format",
}  # fmt: skip


def sha256_of(path: Path) -> str:
    """Return the hash of a file's content, in hex; reads all of it, so call it in a thread."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_local(path: Path) -> None:
    """See that ``path`` can be served, before anything is started.

    Raises:
        ConfigError: There is no such file, it is no GGUF file, or xllamacpp is not installed.
    """
    if importlib.util.find_spec("xllamacpp") is None:
        raise ConfigError("local/ models need xllamacpp, which is not installed", "pip install 'autodiff-tui[local]'")
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ConfigError(f"the model file {path} cannot be read: {error.strerror}", "mend models.*.model") from error
    if magic != b"GGUF":
        raise ConfigError(f"{path} is not a GGUF file", "give a model in llama.cpp's format")


class LocalServer:
    """One child process that serves one file; started when its address is first asked for, and again if it died.

    It dies with us however we end: its stdin is a pipe of ours, and Linux is asked to kill it as well. Its log is
    appended to ``log``. Used on one event loop.
    """

    def __init__(self, path: Path, log: Path, *, slots: int = 1, context_per_slot: int = DEFAULT_CONTEXT) -> None:
        self._path = path
        self._log = log
        self._slots = slots
        self._context_per_slot = context_per_slot
        self._process: asyncio.subprocess.Process | None = None
        self._starting: asyncio.Task[str] | None = None

    async def address(self) -> str:
        """Return ``http://127.0.0.1:PORT``, once the model is loaded; a cancelled caller does not stop the loading.

        Raises:
            ConfigError: As ``check_local``.
            ModelRejected: The server ended while it loaded; the message quotes the reason from its log.
            NotBilled: It was still loading after ten minutes.
        """
        if self._starting is None or self._is_over(self._starting):
            self._starting = asyncio.create_task(self._start())
        return await asyncio.shield(self._starting)

    async def aclose(self) -> None:
        """End the process and wait for its end."""
        starting, self._starting = self._starting, None
        if starting is not None:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
        await self._end()

    def _is_over(self, starting: asyncio.Task[str]) -> bool:
        if not starting.done():
            return False
        failed = starting.cancelled() or starting.exception() is not None
        return failed or self._process is None or self._process.returncode is not None

    async def _start(self) -> str:
        await asyncio.to_thread(check_local, self._path)
        await self._end()
        before = await self._spawn()
        try:
            async with asyncio.timeout(_LOADING_S):
                line = await self._first_line()
        except TimeoutError as late:
            await self._end()
            raise NotBilled(f"{self._path.name} was not loaded within {_LOADING_S:g} s") from late
        except asyncio.CancelledError:
            await self._end()
            raise
        if not line:
            await self._end()
            reason = await asyncio.to_thread(self._reason, before)
            raise ModelRejected(f"{self._path.name} cannot be served by llama.cpp: {reason}", f"see {self._log}")
        return line

    async def _spawn(self) -> int:
        """Start the process; return how long its log was before."""
        await asyncio.to_thread(keep_private, self._log)
        log = await asyncio.to_thread(self._log.open, "ab")
        with log:
            before = log.tell()
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", f"{__package__}.local_server", str(self._path.resolve())),
                *("--slots", str(self._slots)),
                *("--context-per-slot", str(self._context_per_slot)),
                *("--threads", str(_cores())),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # a Ctrl-C in our terminal is for us: calls in flight are to finish
            )
        return before

    async def _first_line(self) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        return (await self._process.stdout.readline()).decode("ascii", "replace").strip()

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(_ENDING_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    def _reason(self, before: int) -> str:
        """The first error in the log since byte ``before``, which says most; else the last line."""
        with self._log.open("rb") as log:
            log.seek(before)
            lines = [line for line in log.read().decode("utf-8", "replace").splitlines() if line.strip()]
        errors = [line for line in lines if " E " in line]
        return one_line((errors or lines[-1:] or ["it said nothing"])[0])


class LocalModel:
    """Answers from the file at ``path``; at most ``slots`` calls at once, the others wait their turn.

    ``client`` asks an OpenAI-shaped endpoint, and keeps the deadline: neither loading nor waiting for a turn counts.
    One slot answers equally whatever else is asked; with several, and with the prompt of the call before reused, the
    rounding of llama.cpp depends on what it computes besides. Both are worth it: calls share most of their prompt, and
    that a run can be repeated rests on stored answers, not on rounding. ``cache_prompt = false`` turns reuse off.
    """

    def __init__(
        self, path: Path, client: Model, log: Path, *, slots: int = 1, context_per_slot: int = DEFAULT_CONTEXT
    ) -> None:
        self.context_per_slot = context_per_slot
        self._name = f"openai/{path.name}"
        self._client = client
        self._server = LocalServer(path, log, slots=slots, context_per_slot=context_per_slot)
        self._slots = Slots(slots)

    async def complete(self, call: Call) -> Reply:
        """Ask, starting the server if it does not run.

        Raises:
            ModelError: As the server or the client raises it; a prompt longer than the context is ``ModelRefused``.
        """
        await self._slots.take()
        try:
            address = await self._server.address()
            return await self._client.complete(replace(call, request=_sent(call.request, self._name, address)))
        finally:
            self._slots.give()

    async def aclose(self) -> None:
        """End the server."""
        await self._server.aclose()


class LocalModels:
    """The model files of a run, each served once however many roles use it."""

    def __init__(self, client: Model, log: Path, *, slots: int = 1, context_per_slot: int = DEFAULT_CONTEXT) -> None:
        self._client = client
        self._log = log
        self._slots = slots
        self._context_per_slot = context_per_slot
        self._models: dict[Path, LocalModel] = {}

    def at(self, path: Path) -> LocalModel:
        """Return the model of a file; nothing is started before its first call."""
        resolved = path.resolve()
        if resolved not in self._models:
            self._models[resolved] = LocalModel(
                resolved, self._client, self._log, slots=self._slots, context_per_slot=self._context_per_slot
            )
        return self._models[resolved]

    async def aclose(self) -> None:
        """End all servers."""
        await close_all([model.aclose for model in self._models.values()])


def _cores() -> int:
    """Return the cores that we may use: llama.cpp's threads wait for one another, and one too many stops them all."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _sent(request: Request, name: str, address: str) -> Request:
    """Return what goes to the server: the same for the same request, its seed included."""
    params: dict[str, JSONValue] = {key: value for key, value in request.params.items() if key in _STANDARD}
    own: dict[str, JSONValue] = {key: value for key, value in request.params.items() if key not in _STANDARD}
    params.setdefault("seed", int(request.key[:7], 16))
    return replace(
        request, model=name, endpoint=f"{address}/v1", params={**params, "extra_body": {"cache_prompt": True, **own}}
    )
