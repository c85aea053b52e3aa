"""An OpenAI-shaped HTTP server on loopback that answers, stalls and breaks as a test's script says."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Turn:
    """What the server does with one request; ``body`` is sent as it is."""

    status: int = 200
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    then: Literal["send", "hang", "reset", "cut"] = "send"
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it arrived."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]


def ok(text: str | None = "fine", *, finish_reason: str = "stop", usage: bool = True, delay_s: float = 0.0) -> Turn:
    """A complete answer; ``finish_reason="length"`` for a truncated one, ``text=None`` for a null content."""
    payload: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "loopback",
        "choices": [{"index": 0, "finish_reason": finish_reason, "message": {"role": "assistant", "content": text}}],
    }
    if usage:
        payload["usage"] = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    return Turn(body=json.dumps(payload), delay_s=delay_s)


def error(status: int, message: str, *, kind: str = "", code: str | int | None = None, **headers: str) -> Turn:
    """An error in OpenAI's shape; header names are written with underscores."""
    payload = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return Turn(status, json.dumps(payload), {name.replace("_", "-"): value for name, value in headers.items()})


def rate_limited(retry_after: str | None = None) -> Turn:
    """429, with or without Retry-After."""
    headers = {} if retry_after is None else {"retry_after": retry_after}
    return error(429, "Rate limit reached for requests", kind="requests", code="rate_limit_exceeded", **headers)


def no_quota() -> Turn:
    """429 that no waiting mends: the account is empty."""
    text = "You exceeded your current quota, please check your plan and billing details."
    return error(429, text, kind="insufficient_quota", code="insufficient_quota")


def server_error(status: int = 500) -> Turn:
    """5xx."""
    return error(status, "The server had an error", kind="server_error")


def hang() -> Turn:
    """Reads the request and never answers."""
    return Turn(then="hang")


def reset() -> Turn:
    """Closes the connection instead of answering."""
    return Turn(then="reset")


def cut(text: str = "fine") -> Turn:
    """A complete answer of which the first half arrives, and then the connection is closed."""
    return Turn(body=ok(text).body, then="cut")


def malformed() -> Turn:
    """200 with a body that is no JSON."""
    return Turn(body='{"id": "chatcmpl-1", "choices": [{"ind')


def no_choices() -> Turn:
    """200 with JSON that holds no answer."""
    return Turn(body='{"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "choices": []}')


def context_too_long() -> Turn:
    """400 as OpenAI says it."""
    text = "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."
    return error(400, text, kind="invalid_request_error", code="context_length_exceeded")


def llama_context_too_long() -> Turn:
    """400 as llama.cpp says it."""
    text = "request (4531 tokens) exceeds the available context size (4096 tokens), try increasing it"
    return error(400, text, kind="exceed_context_size_error", code=400)


def content_filter() -> Turn:
    """400 for what the prompt says."""
    text = "Your request was rejected as a result of our safety system."
    return error(400, text, kind="invalid_request_error", code="content_policy_violation")


def unauthorized(key: str = "nothing") -> Turn:
    """401 that quotes the key, as OpenAI does."""
    return error(401, f"Incorrect API key provided: {key}.", kind="invalid_request_error", code="invalid_api_key")


def unknown_model() -> Turn:
    """404."""
    text = "The model `loopback` does not exist or you do not have access to it."
    return error(404, text, kind="invalid_request_error", code="model_not_found")


_REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests"}


class Loopback:
    """Plays ``script``, one turn a request as they arrive, then ``otherwise`` (a turn, or one made of the body)."""

    def __init__(self, *script: Turn, otherwise: Turn | Callable[[dict[str, Any]], Turn] | None = None) -> None:
        self.script = list(script)
        self.otherwise = otherwise if otherwise is not None else ok()
        self.received: list[Received] = []
        self.gone = asyncio.Event()
        """Set once a client has left while the server hung."""
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()
        self._busy: set[asyncio.Task[None]] = set()
        self._port = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def url(self) -> str:
        """What to give as ``api_base``."""
        assert self._port
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def listens(self) -> bool:
        """Whether connections are accepted; where not, they are refused."""
        return self._server is not None and self._server.is_serving()

    async def start(self) -> None:
        """Listen: on a free port at first, then on the same one again."""
        self._loop = asyncio.get_running_loop()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    def leave(self) -> None:
        """Refuse connections from now on; requests that are here are answered, then their connections are closed."""
        assert self._server is not None
        self._server.close()
        for task in self._open - self._busy:
            task.cancel()

    def listen(self, yes: bool) -> None:
        """Leave or begin again, from another thread."""

        async def done() -> None:
            await self.start() if yes else self.leave()

        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(done(), self._loop).result()

    async def stop(self) -> None:
        """Close every connection and stop listening."""
        assert self._server is not None
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            while (received := await self._read(reader)) is not None:
                self.received.append(received)
                self._busy.add(task)
                if not await self._play(self._next(received), reader, writer) or not self.listens:
                    return
                self._busy.discard(task)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return  # the client left, or the test is over
        finally:
            self._open.discard(task)
            self._busy.discard(task)
            writer.close()

    def _next(self, received: Received) -> Turn:
        if self.script:
            return self.script.pop(0)
        return self.otherwise if isinstance(self.otherwise, Turn) else self.otherwise(received.body)

    @staticmethod
    async def _read(reader: asyncio.StreamReader) -> Received | None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        except asyncio.IncompleteReadError:
            return None
        pairs = (line.split(":", 1) for line in head[1:] if ":" in line)
        headers = {name.strip().lower(): value.strip() for name, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Received(head[0].split(" ")[1], headers, json.loads(body) if body else {})

    async def _play(self, turn: Turn, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Act; return whether the connection stays open."""
        if turn.then == "reset":
            writer.transport.abort()
            return False
        if turn.then == "hang":
            await reader.read()
            self.gone.set()
            return False
        await asyncio.sleep(turn.delay_s)
        body = turn.body.encode()
        headers = {"content-type": "application/json", "content-length": str(len(body)), **turn.headers}
        lines = [f"HTTP/1.1 {turn.status} {_REASONS.get(turn.status, 'Status')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        sent = body[: len(body) // 2] if turn.then == "cut" else body
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + sent)
        await writer.drain()
        return turn.then == "send"


@contextlib.asynccontextmanager
async def loopback(
    *script: Turn, otherwise: Turn | Callable[[dict[str, Any]], Turn] | None = None
) -> AsyncIterator[Loopback]:
    """A running server for the length of a ``with`` block."""
    server = Loopback(*script, otherwise=otherwise)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@contextlib.contextmanager
def beside(otherwise: Turn | Callable[[dict[str, Any]], Turn]) -> Generator[Loopback]:
    """A running server in a thread of its own, for commands: they own the main one."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = Loopback(otherwise=otherwise)
    asyncio.run_coroutine_threadsafe(server.start(), loop).result()
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextlib.asynccontextmanager
async def not_tls() -> AsyncIterator[str]:
    """The https address of a server that answers a TLS greeting with something else."""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    try:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        server.close()
