import asyncio

import pytest
from tests.engine.llm.calls import Held, a_call

from autodiff_engine.errors import ModelUnavailable
from autodiff_engine.llm import Call, ScriptedModel
from autodiff_engine.llm.deadline import DeadlineModel


async def test_a_model_that_hangs_is_given_up_and_cancelled() -> None:
    held = Held()

    with pytest.raises(ModelUnavailable, match=r"openai/loopback gave no answer within 0\.01 s"):
        await DeadlineModel(held, 0.01).complete(a_call())

    assert held.open == 0


async def test_an_answer_in_time_is_returned() -> None:
    assert (await DeadlineModel(ScriptedModel(lambda _: "8"), 30).complete(a_call())).text == "8"


async def test_a_timeout_of_the_model_itself_is_not_taken_for_ours() -> None:
    def late(_: Call) -> str:
        raise TimeoutError("theirs")

    with pytest.raises(TimeoutError, match="theirs"):
        await DeadlineModel(ScriptedModel(late), 30).complete(a_call())


async def test_a_cancelled_call_stays_cancelled() -> None:
    task = asyncio.create_task(DeadlineModel(Held(), 30).complete(a_call()))
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
