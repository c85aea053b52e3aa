import asyncio
import json
from collections.abc import Callable

import pytest

from autodiff_engine.errors import EngineError, ModelUnavailable, ProgramError
from autodiff_engine.trace import Trace
from autodiff_engine.user_error import frames_of, place_of, user_error


def raised(function: Callable[..., object], *arguments: object) -> Exception:
    try:
        function(*arguments)
    except Exception as error:  # noqa: BLE001 - whatever it is
        return error
    raise AssertionError


def reading(text: str) -> object:
    return json.loads(text)


def meaning(text: str) -> object:
    try:
        return reading(text)
    except ValueError as error:
        raise KeyError("the answer") from error


def test_the_place_is_the_users_own_though_a_library_raised() -> None:
    error = user_error("step read on example 3", raised(reading, "{"))

    assert isinstance(error, ProgramError)
    assert str(error).startswith("step read on example 3: JSONDecodeError: Expecting property name")
    assert str(error).endswith("in reading)")
    assert "(test_user_error.py, line " in str(error)


def test_the_frames_are_the_users_and_what_they_called_with_causes_and_without_ours() -> None:
    frames = frames_of(raised(meaning, "{"))

    assert frames.index("in reading") < frames.index("direct cause") < frames.index("KeyError: 'the answer'")
    assert "decoder.py" in frames
    ours = frames_of(raised(Trace.input, object(), "name", 3))
    assert "step.py" not in ours
    assert "trace.py" not in ours


def test_a_long_message_of_many_lines_is_one_line_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEARCH_API_KEY", "hidden-value-1")

    def ask() -> None:
        raise ValueError("no\n" * 500 + "key")

    def leak() -> None:
        raise ValueError("https://host/?key=abc said hidden-value-1")

    said = str(user_error("step", raised(ask)))
    assert "\n" not in said
    assert len(said) < 400
    error = user_error("step", raised(leak))
    assert isinstance(error, ProgramError)
    assert "hidden-value-1" not in str(error) + error.traceback
    assert "abc" not in str(error) + error.traceback


async def test_an_error_of_ours_comes_out_of_a_task_group_as_it_is() -> None:
    async def asking() -> None:
        raise ModelUnavailable("nobody")

    async def program() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(asking())

    with pytest.raises(ExceptionGroup) as caught:
        await program()
    error: EngineError = user_error("answer on example 3", caught.value)
    assert isinstance(error, ModelUnavailable)
    assert str(error) == "nobody"


def test_what_is_not_written_in_python_has_no_place() -> None:
    assert place_of(len) == ""
    assert place_of(reading).startswith(" (test_user_error.py, line ")
