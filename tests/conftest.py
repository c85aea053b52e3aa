"""What holds for every test: no connection leaves this machine."""

from __future__ import annotations

import ipaddress
import os
import socket
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("here", deadline=None)  # no test asserts seconds
settings.register_profile("ci", deadline=None, derandomize=True)  # a merge must not depend on a draw
settings.load_profile("ci" if os.environ.get("CI") else "here")


class NetworkForbidden(RuntimeError):
    """A test tried to reach something that is not this machine."""


def _is_here(address: Any) -> bool:
    if not isinstance(address, tuple):  # a path of a unix socket
        return True
    host = str(address[0])
    if host in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def refuse(self: socket.socket, address: Any) -> None:
        if not _is_here(address):
            self.close()  # its owner expects errors of the system only, and would leave it open
            raise NetworkForbidden(f"a test may connect to loopback only, not to {address!r}")

    def guarded(self: socket.socket, address: Any) -> None:
        refuse(self, address)
        connect(self, address)

    def guarded_ex(self: socket.socket, address: Any) -> int:
        refuse(self, address)
        return connect_ex(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_ex)
