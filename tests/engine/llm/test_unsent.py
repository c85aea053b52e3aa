"""What the client library cannot make a request of, through the real one."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests import loopback as lb
from tests.engine.llm.calls import a_call

from autodiff_engine.errors import ModelRejected, ModelUnavailable
from autodiff_engine.llm.limited import LimitedModel
from autodiff_engine.llm.litellm_client import LiteLLMModel
from autodiff_engine.llm.metered import Caps, Meter, MeteredModel

pytestmark = pytest.mark.timeout(300)  # the first one imports litellm, which takes long on a busy machine


@pytest.fixture
async def client() -> AsyncIterator[LiteLLMModel]:
    client = LiteLLMModel()
    yield client
    await client.aclose()


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"num_retries": 2}, "multiple values for keyword argument 'num_retries'"),
        ({"messages": []}, "multiple values for keyword argument 'messages'"),
        ({"extra_headers": {"a": 5}}, "Header value must be str or bytes"),
        ({"extra_headers": "x"}, "dictionary update sequence"),
        ({"extra_body": "x"}, "dictionary update sequence"),
        ({"response_format": "json"}, "Unsupported response_format type"),
        ({"metadata": 5}, "'int' object has no attribute 'get'"),
    ],
)
async def test_what_no_request_can_be_made_of_is_said_at_once_and_is_no_call(
    client: LiteLLMModel, monkeypatch: pytest.MonkeyPatch, params: dict[str, Any], says: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
    meter = Meter(Caps(calls=1), {})
    async with lb.loopback() as server:
        model = LimitedModel(MeteredModel(client, meter))
        with pytest.raises(ModelRejected, match=says) as caught:
            await model.complete(a_call(endpoint=server.url, **params))

        assert type(caught.value) is ModelRejected
        assert "no request to openai/loopback can be made of its parameters" in str(caught.value)
        assert "check the parameters" in caught.value.hint
        assert server.received == []
        assert (meter.totals.spent.calls.made, meter.reserved.calls, meter.totals.spent.unsettled.calls) == (0, 0, 0)
        await model.complete(a_call(endpoint=server.url))  # the one call that is allowed was not used up


@pytest.mark.parametrize(
    "body",
    [
        "null", "[]", "{}", '{"choices": null}', '{"choices": [5]}', '{"choices": [{}]}',
        '{"choices": [{"message": 5}]}', '{"choices": [], "usage": 5}',
    ],
)  # fmt: skip
async def test_what_no_answer_can_be_read_of_was_sent_and_may_have_been_billed(client: LiteLLMModel, body: str) -> None:
    for model in ("openai/loopback", "groq/loopback", "anthropic/loopback"):
        meter = Meter(Caps(), {})
        async with lb.loopback(lb.Turn(body=body)) as server:
            with pytest.raises(ModelUnavailable):
                await MeteredModel(client, meter).complete(a_call(model=model, endpoint=server.url))

            assert len(server.received) == 1
        assert meter.totals.spent.unsettled.calls == 1, model
