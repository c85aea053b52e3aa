"""The network as this process may use it: for as long as somebody forbids it, nothing connects."""

from __future__ import annotations

import ipaddress
import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import cast

from .errors import EngineError, NetworkForbidden, line

_LOOKED_FOR = "autodiff_engine.network"
"""The audit event by which the guard of this process is found again."""
_CONNECTING = ("socket.connect", "socket.sendto", "socket.sendmsg")
_RESOLVING = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo")
_UNIX = getattr(socket, "AF_UNIX", None)
_HINT = "a step that looks outside has to say so, by trace.apply(…, outside=True): then its result is stored"


@contextmanager
def forbidden() -> Generator[list[str]]:
    """Have every connection and every look-up of a name raise ``NetworkForbidden``, in all threads of this process.

    Loopback is a network, too: what listens there answers otherwise the next time. Sockets that reach no further than
    this machine by their nature (Unix sockets, pairs, pipes) are left alone, as are connections that are open already.
    Seen is what is asked of Python's ``socket``: neither a program that is started, nor a library that connects in C.

    Yields what was refused so far, as ``host:port``, in the order in which it was asked for; also where whoever asked
    did not let the error through.
    """
    guard = _guard()
    refused: list[str] = []
    guard.forbid(refused)
    try:
        yield refused
    finally:
        guard.allow(refused)


def is_forbidden() -> bool:
    """Return whether somebody forbids the network now: who has a way without it should take that."""
    guard = _found()
    return guard is not None and guard.forbids


class _Guard:
    """The audit hook of this process, and the owner of the switch.

    A hook of the interpreter, and no function put in the place of others: it hears of every socket, whatever module
    took ``connect`` or ``getaddrinfo`` under whichever name before. It can never be removed, so there is one in a
    process, made when it is first needed, which lets everything pass while nobody forbids anything. It is known to no
    global of ours: the interpreter holds it, and it answers to an event of its own.
    """

    def __init__(self) -> None:
        self._refused: tuple[list[str], ...] = ()

    @property
    def forbids(self) -> bool:
        return bool(self._refused)

    def forbid(self, refused: list[str]) -> None:
        self._refused = (*self._refused, refused)

    def allow(self, refused: list[str]) -> None:
        self._refused = tuple(each for each in self._refused if each is not refused)

    def __call__(self, event: str, args: tuple[object, ...]) -> None:
        if event == _LOOKED_FOR:
            cast("list[_Guard]", args[0]).append(self)
        elif self._refused and (target := _target(event, args)):
            for each in self._refused:
                each.append(target)
            if event == "socket.connect" and isinstance(args[0], socket.SocketType):
                args[0].close()  # whoever made it expects errors of the system only, and would leave it open
            raise NetworkForbidden(f"something wanted to reach {target}, and no network may be used now", _HINT)


def _guard() -> _Guard:
    if _found() is None:
        sys.addaudithook(_Guard())
    guard = _found()
    if guard is None:
        raise EngineError("the network cannot be forbidden: an audit hook of this process lets no other one in")
    return guard


def _found() -> _Guard | None:
    found: list[_Guard] = []
    sys.audit(_LOOKED_FOR, found)
    return found[0] if found else None


def _target(event: str, args: tuple[object, ...]) -> str:
    """Return what would be reached, empty where that is no network."""
    if event in _CONNECTING:
        sock, address = args[0], args[1]
        unix = isinstance(sock, socket.SocketType) and sock.family == _UNIX
        return "" if unix or address is None or _is_pair(address) else _shown(address)
    if event in _RESOLVING:
        if event in ("socket.getaddrinfo", "socket.gethostbyname") and _needs_nobody(args[0]):
            return ""
        return _shown(args[:2] if event == "socket.getaddrinfo" else args[0])
    return ""


def _is_pair(address: object) -> bool:
    """Return whether this is how Windows makes a pair of sockets, which every event loop needs: over loopback."""
    return sys.platform == "win32" and _shown(address).startswith(("127.0.0.1:", "[::1]:"))


def _needs_nobody(host: object) -> bool:
    """Return whether an address is a number already, or that of any interface."""
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if not text:
        return True
    try:
        ipaddress.ip_address(str(text).partition("%")[0])
    except ValueError:
        return False
    return True


def _shown(address: object) -> str:
    parts = cast("tuple[object, ...]", address) if isinstance(address, tuple) else (address,)
    host, *rest = (each.decode("ascii", "replace") if isinstance(each, bytes) else str(each) for each in parts[:2])
    host = f"[{host}]" if ":" in host else host
    port = rest[0] if rest and rest[0] not in ("None", "0") else ""
    return line(f"{host}:{port}" if port else host)
