"""While the network is forbidden nothing connects, from any thread and by whichever name; before and after all does."""

from __future__ import annotations

import _socket
import asyncio
import http.client
import logging.handlers
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from socket import create_connection, getaddrinfo

import pytest

from autodiff_engine import network
from autodiff_engine.errors import NetworkForbidden


@pytest.fixture
def listening() -> Iterator[int]:
    """The port of somebody who takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def by_address(port: int) -> None:
    with socket.socket() as mine:
        mine.connect(("127.0.0.1", port))


def by_number(port: int) -> None:
    with socket.socket() as mine:
        assert mine.connect_ex(("127.0.0.1", port)) == 0


def beneath(port: int) -> None:
    mine = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    try:
        mine.connect(("127.0.0.1", port))
    finally:
        mine.close()


def by_a_name_taken_before(port: int) -> None:
    create_connection(("127.0.0.1", port)).close()


def by_packet(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mine:
        mine.sendto(b"x", ("127.0.0.1", port))


def by_message(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mine:
        mine.sendmsg([b"x"], [], 0, ("127.0.0.1", port))


def in_a_thread(port: int) -> None:
    """As a plain function that looks outside is called."""
    asyncio.run(asyncio.wait_for(asyncio.to_thread(by_address, port), 60))


def in_a_thread_of_its_own(port: int) -> None:
    came: list[NetworkForbidden] = []

    def body() -> None:
        try:
            by_address(port)
        except NetworkForbidden as error:
            came.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    if came:
        raise came[0]


def on_a_loop(port: int) -> None:
    async def open_and_close() -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        await writer.wait_closed()

    asyncio.run(open_and_close())


WAYS = [
    by_address, by_number, beneath, by_a_name_taken_before, by_packet, by_message, in_a_thread, in_a_thread_of_its_own,
    on_a_loop,
]  # fmt: skip


@pytest.mark.parametrize("connect", WAYS)
def test_every_way_to_connect_is_refused_with_what_was_to_be_reached(
    connect: Callable[[int], None], listening: int
) -> None:
    connect(listening)
    with network.forbidden() as refused, pytest.raises(NetworkForbidden, match=rf"127\.0\.0\.1:{listening},"):
        connect(listening)
    assert refused == [f"127.0.0.1:{listening}"]
    connect(listening)


@pytest.mark.parametrize(
    ("look_up", "shown"),
    [
        (lambda: socket.getaddrinfo("example.org", 443), "example.org:443"),
        (lambda: getaddrinfo("example.org", None), "example.org"),
        (lambda: socket.gethostbyname("example.org"), "example.org"),
        (lambda: socket.gethostbyaddr("192.0.2.1"), "192.0.2.1"),
        (lambda: socket.getnameinfo(("192.0.2.1", 80), 0), "192.0.2.1:80"),
        (lambda: urllib.request.urlopen("http://example.org/x"), "example.org:80"),
        (lambda: http.client.HTTPSConnection("example.org").connect(), "example.org:443"),
        (lambda: socket.create_connection(("::1", 80)), "[::1]:80"),
    ],
)
def test_a_name_is_looked_up_nowhere_and_no_library_takes_the_refusal_for_a_failure(
    look_up: Callable[[], object], shown: str
) -> None:
    with network.forbidden() as refused, pytest.raises(NetworkForbidden) as raised:
        look_up()
    assert refused == [shown]
    assert f"wanted to reach {shown}, " in str(raised.value)
    assert "outside=True" in raised.value.hint


def test_what_stays_within_this_machine_by_its_nature_is_let_be(tmp_path: Path) -> None:
    before = socket.create_server(("127.0.0.1", 0))
    mine = socket.create_connection(before.getsockname())
    theirs, _ = before.accept()
    with network.forbidden() as refused:
        one, other = socket.socketpair()
        one.sendall(b"x")
        assert other.recv(1) == b"x"
        asyncio.run(asyncio.sleep(0))  # a loop has such a pair
        with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
            server.bind(str(tmp_path / "s"))
            server.listen()
            client.connect(str(tmp_path / "s"))
        assert getaddrinfo("127.0.0.1", 80)[0][4] == ("127.0.0.1", 80)
        assert subprocess.run([sys.executable, "-c", "print(8)"], capture_output=True, check=True).stdout == b"8\n"
        mine.sendall(b"y")  # a connection that was open before
        assert theirs.recv(1) == b"y"
    for each in (one, other, mine, theirs, before):
        each.close()
    assert refused == []


def test_it_stays_forbidden_until_the_last_who_forbids_it_is_gone(listening: int) -> None:
    assert not network.is_forbidden()
    with network.forbidden() as outer:
        with network.forbidden() as inner, pytest.raises(NetworkForbidden):
            by_address(listening)
        assert network.is_forbidden()
        with pytest.raises(NetworkForbidden):
            by_address(listening)
    assert (len(inner), len(outer)) == (1, 2)
    assert not network.is_forbidden()
    with pytest.raises(ZeroDivisionError), network.forbidden():
        raise ZeroDivisionError
    assert not network.is_forbidden()


def test_there_is_one_guard_in_a_process_and_none_before_it_is_needed() -> None:
    code = """
import sys
added = []
sys.addaudithook(lambda event, args: added.append(event) if event == "sys.addaudithook" else None)
from autodiff_engine import network
assert not network.is_forbidden() and added == [], added
for _ in range(3):
    with network.forbidden():
        pass
assert added == ["sys.addaudithook"], added
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_who_swallows_the_refusal_is_remembered() -> None:
    with network.forbidden() as refused:
        handler = logging.handlers.SysLogHandler(address=("127.0.0.1", 514))  # raises nothing that it is not asked to
        handler.handleError = lambda record: None  # type: ignore[method-assign]
        handler.emit(logging.makeLogRecord({"msg": "x"}))
        handler.close()
    assert refused == ["127.0.0.1:514"]
