import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autodiff_engine.concurrency import close_all, in_order


def job(result: int, turns: int, cancelled: list[int] | None = None) -> Callable[[], Awaitable[int]]:
    async def run() -> int:
        try:
            for _ in range(turns):
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            if cancelled is not None:
                cancelled.append(result)
            raise
        return result

    return run


@settings(max_examples=50)
@given(st.lists(st.integers(0, 6), max_size=8), st.integers(0, 9))
async def test_results_and_reports_are_in_order_whatever_arrives_first(turns: list[int], enough: int) -> None:
    heard: list[tuple[int, int]] = []

    def on_result(index: int, result: int) -> bool:
        heard.append((index, result))
        return index == enough

    results = await in_order([job(i * 10, n) for i, n in enumerate(turns)], on_result=on_result)
    expected = [i * 10 for i in range(len(turns))][: enough + 1]
    assert results == expected
    assert heard == list(enumerate(expected))


async def test_enough_cancels_what_is_in_flight_and_waits_for_it() -> None:
    cancelled: list[int] = []
    jobs = [job(0, 1), job(1, 500, cancelled), job(2, 1, cancelled), job(3, 500, cancelled)]
    assert await in_order(jobs, on_result=lambda index, _: index == 0) == [0]
    assert sorted(cancelled) == [1, 3]


async def test_a_failure_surfaces_unwrapped_and_cancels_the_others() -> None:
    cancelled: list[int] = []
    error = ValueError("defect")

    async def fail() -> int:
        await asyncio.sleep(0)
        raise error

    with pytest.raises(ValueError, match="defect") as raised:
        await in_order([job(0, 500, cancelled), fail, job(2, 500, cancelled)])
    assert raised.value is error
    assert sorted(cancelled) == [0, 2]


async def test_a_failure_beyond_what_was_enough_is_nobodys() -> None:
    async def fail() -> int:
        raise ValueError("beyond")

    jobs = [job(0, 5), job(1, 3), fail]
    assert await in_order(jobs, on_result=lambda index, _: index == 1) == [0, 1]


async def test_what_stands_before_a_failure_is_reported_first() -> None:
    async def fail() -> int:
        raise ValueError("third")

    heard: list[int] = []
    with pytest.raises(ValueError, match="third"):
        await in_order([job(0, 5), job(1, 3), fail, job(3, 500)], on_result=lambda index, _: heard.append(index))
    assert heard == [0, 1]


async def test_of_several_failures_at_once_the_first_in_order_is_raised() -> None:
    def fail(name: str) -> Callable[[], Awaitable[int]]:
        async def run() -> int:
            raise ValueError(name)

        return run

    for _ in range(5):
        with pytest.raises(ValueError, match=r"^a$"):
            await in_order([fail("a"), fail("b"), fail("c")])


async def test_cancelling_it_cancels_every_job() -> None:
    cancelled: list[int] = []
    task = asyncio.create_task(in_order([job(i, 10_000, cancelled) for i in range(3)]))
    await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(cancelled) == [0, 1, 2]


async def test_nothing_to_do_is_done() -> None:
    assert await in_order([]) == []


async def test_everything_is_closed_whatever_fails_to_close() -> None:
    closed: list[str] = []

    def closing(name: str, error: BaseException | None = None) -> Callable[[], Awaitable[None]]:
        async def close() -> None:
            closed.append(name)
            if error is not None:
                raise error

        return close

    with pytest.raises(OSError, match=r"^a$"):
        await close_all([closing("a", OSError("a")), closing("b")])
    with pytest.raises(ExceptionGroup) as several:
        await close_all([closing("c", OSError("c")), closing("d", ValueError("d")), closing("e")])
    with pytest.raises(asyncio.CancelledError):
        await close_all([closing("f", asyncio.CancelledError()), closing("g")])

    assert closed == list("abcdefg")
    assert [str(each) for each in several.value.exceptions] == ["c", "d"]
