"""The writer of a terminal that may stop reading, or go away."""

import os
from collections.abc import Iterator
from typing import IO

import pytest

from autodiff_tui.driver import SteadyWriter

Ends = tuple[int, IO[str]]


@pytest.fixture
def ends() -> Iterator[Ends]:
    """A pipe: where it is read, and where the writer writes."""
    reading, writing = os.pipe()
    file = os.fdopen(writing, "w")
    yield reading, file
    os.close(reading)
    file.close()


def started(file: IO[str]) -> SteadyWriter:
    writer = SteadyWriter(file)
    writer.start()
    return writer


def read(fd: int, most: int) -> bytes:
    got = b""
    while len(got) < most:
        got += os.read(fd, most - len(got))
    return got


def test_what_is_written_arrives_in_order_and_stopping_waits_for_it(ends: Ends) -> None:
    writer = started(ends[1])
    for i in range(20):
        writer.write(f"{i},é ")
    writer.stop()
    expected = "".join(f"{i},é " for i in range(20)).encode()
    assert os.read(ends[0], 65536) == expected
    assert not writer.is_alive()
    assert not writer.caught_up()


def test_writing_never_waits_and_what_was_skipped_is_told_once_it_reads_again(ends: Ends) -> None:
    writer = started(ends[1])
    for _ in range(200):
        writer.write("x" * 10_000)  # two million bytes into a pipe that holds 65,536
    assert not writer.caught_up()
    read(ends[0], 300_000)
    while not writer.caught_up():
        read(ends[0], 1_000)
    assert not writer.caught_up()
    writer.write("and on")
    while b"and on" not in os.read(ends[0], 65536):
        pass
    writer.stop()
    assert not writer.is_alive()


def test_stopping_waits_for_no_terminal_that_does_not_read(ends: Ends) -> None:
    writer = started(ends[1])
    for _ in range(200):
        writer.write("x" * 10_000)
    writer.stop()
    assert writer.is_alive()
    os.set_blocking(ends[0], False)
    while writer.is_alive():
        try:
            os.read(ends[0], 65536)
        except BlockingIOError:
            writer.join(0.01)
            writer._queue.put(None) if writer._queue.empty() else None  # pyright: ignore[reportPrivateUsage]


def test_what_comes_after_the_terminal_is_gone_is_dropped() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as file:
        os.close(reading)
        writer = started(file)
        for _ in range(100):
            writer.write("lost")
        writer.stop()
        assert not writer.is_alive()
