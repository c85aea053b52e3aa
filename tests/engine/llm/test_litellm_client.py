"""The real litellm against a server on loopback."""

import asyncio
import gc
import logging
import re
import socket
import subprocess
import sys
import traceback
import warnings
from collections.abc import AsyncIterator

import pytest
from tests import loopback as lb
from tests.engine.llm.calls import a_call

from autodiff_engine.errors import ModelError, ModelRefused, ModelRejected, ModelUnavailable
from autodiff_engine.llm import Reply, Usage
from autodiff_engine.llm.budget import FREE, most_tokens
from autodiff_engine.llm.deadline import DeadlineModel
from autodiff_engine.llm.limited import LimitedModel
from autodiff_engine.llm.litellm_client import LOGGER, LiteLLMModel, missing_key, price
from autodiff_engine.llm.metered import Caps, Meter, MeteredModel, Price
from autodiff_engine.llm.unavailable import NotBilled, RateLimited

CANARY = "sk-canary-0123456789abcdef"


@pytest.fixture
async def client() -> AsyncIterator[LiteLLMModel]:
    client = LiteLLMModel()
    yield client
    await client.aclose()


async def answer_to(client: LiteLLMModel, turn: lb.Turn) -> Reply:
    async with lb.loopback(turn) as server:
        return await client.complete(a_call(endpoint=server.url))


async def error_of(client: LiteLLMModel, turn: lb.Turn) -> ModelError:
    async with lb.loopback(turn) as server:
        with pytest.raises(ModelError) as caught:
            await client.complete(a_call(endpoint=server.url))
        assert len(server.received) == 1, "litellm must not retry by itself"
    assert "\n" not in str(caught.value)
    return caught.value


async def test_what_is_sent_is_the_request_and_nothing_is_cut(client: LiteLLMModel) -> None:
    text = "word 🙂 {x} \n" * 20_000
    async with lb.loopback() as server:
        call = a_call(text, endpoint=server.url, temperature=0.0, top_p=0.99, seed=7)
        await client.complete(call)

    body = server.received[0].body
    assert body.pop("messages") == [{"role": "system", "content": "Count."}, {"role": "user", "content": text}]
    assert body == {"model": "loopback", "max_tokens": 50, "temperature": 0.0, "top_p": 0.99, "seed": 7}
    assert server.received[0].path == "/v1/chat/completions"


async def test_halves_of_characters_are_neither_sent_nor_received(client: LiteLLMModel) -> None:
    async with lb.loopback(lb.ok("an \ud83d and \ud83d\ude00")) as server:
        reply = await client.complete(a_call("so \udc00 so", endpoint=server.url))

    assert server.received[0].body["messages"][1]["content"] == "so \ufffd so"
    assert reply.text == "an \ufffd and 😀"


async def test_an_answer_that_quotes_our_key_is_an_answer_without_it(
    client: LiteLLMModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "canary-of-sixteen-and-more")

    reply = await answer_to(client, lb.ok("error: the key canary-of-sixteen-and-more is not known here"))

    assert reply.text == "error: the key [secret] is not known here"


async def test_an_answer_has_its_text_usage_and_time(client: LiteLLMModel) -> None:
    reply = await answer_to(client, lb.ok("It is 8.", delay_s=0.01))

    assert (reply.text, reply.finish_reason, reply.usage) == ("It is 8.", "stop", Usage(11, 7))
    assert reply.seconds >= 0.01
    assert not reply.cached


@pytest.mark.parametrize(
    ("turn", "text", "reason"),
    [
        pytest.param(lb.ok(""), "", "stop", id="empty"),
        pytest.param(lb.ok(None), "", "stop", id="null"),
        pytest.param(lb.ok("half an", finish_reason="length"), "half an", "length", id="truncated"),
        pytest.param(lb.ok("", finish_reason="content_filter"), "", "content_filter", id="filtered"),
    ],
)
async def test_every_complete_answer_is_a_reply(client: LiteLLMModel, turn: lb.Turn, text: str, reason: str) -> None:
    reply = await answer_to(client, turn)

    assert (reply.text, reply.finish_reason) == (text, reason)


async def test_usage_that_the_provider_did_not_give_is_unknown_not_zero(client: LiteLLMModel) -> None:
    assert (await answer_to(client, lb.ok(usage=False))).usage == Usage(None, None)


@pytest.mark.parametrize(
    ("turn", "kind", "says"),
    [
        pytest.param(lb.rate_limited(), RateLimited, "limits the rate", id="429"),
        pytest.param(lb.server_error(500), NotBilled, "status 500", id="500"),
        pytest.param(lb.server_error(502), NotBilled, "status 502", id="502"),
        pytest.param(lb.server_error(503), NotBilled, "status 503", id="503"),
        pytest.param(lb.server_error(529), NotBilled, "status 529", id="529"),
        pytest.param(lb.server_error(504), ModelUnavailable, "status 504", id="504"),
        pytest.param(lb.reset(), ModelUnavailable, "broke off", id="reset"),
        pytest.param(lb.malformed(), ModelUnavailable, "no JSON", id="malformed"),
        pytest.param(lb.no_choices(), ModelUnavailable, "without choices", id="no choices"),
        pytest.param(lb.context_too_long(), ModelRefused, "too long.*8192 tokens", id="context"),
        pytest.param(lb.llama_context_too_long(), ModelRefused, "too long.*4096 tokens", id="llama context"),
        pytest.param(lb.content_filter(), ModelRefused, "filtered", id="content filter"),
        pytest.param(lb.error(400, "no", kind="invalid_request_error"), ModelRefused, "refused", id="400"),
        pytest.param(lb.error(422, "no", kind="x"), ModelRefused, "refused", id="422"),
        pytest.param(lb.error(400, "the rate limit of 429", kind="x"), ModelRefused, "refused", id="400 on rates"),
        pytest.param(lb.error(403, "flagged by moderation"), ModelRefused, "filtered", id="403 moderation"),
        pytest.param(lb.unauthorized(), ModelRejected, "status 401", id="401"),
        pytest.param(lb.error(401, "no", kind="invalid_request_error"), ModelRejected, "status 401", id="401 as 400"),
        pytest.param(lb.error(403, "not for you"), ModelRejected, "status 403", id="403"),
        pytest.param(lb.error(402, "pay"), ModelRejected, "status 402", id="402"),
        pytest.param(lb.unknown_model(), ModelRejected, "status 404.*does not exist", id="404"),
        pytest.param(lb.Turn(404, "<html>nope</html>"), ModelRejected, "status 404", id="404 page"),
        pytest.param(lb.no_quota(), ModelRejected, "exceeded your current quota", id="no quota"),
        pytest.param(
            lb.error(400, "Unsupported parameter: 'max_tokens'", code="unsupported_parameter"),
            ModelRejected,
            "Unsupported parameter",
            id="400 parameter",
        ),
    ],
)
async def test_each_fault_is_the_kind_that_says_what_to_do_next(
    client: LiteLLMModel, turn: lb.Turn, kind: type[ModelError], says: str
) -> None:
    error = await error_of(client, turn)

    assert type(error) is kind
    assert re.search(says, str(error))


@pytest.mark.parametrize("asked", ["2", "2.5", "Wed, 21 Oct 2015 07:28:00 GMT"])
async def test_the_wait_that_was_asked_for_is_read_as_seconds_or_as_a_date(client: LiteLLMModel, asked: str) -> None:
    error = await error_of(client, lb.rate_limited(asked))

    assert isinstance(error, RateLimited)
    assert error.retry_after_s == (float(asked) if asked[0].isdigit() else 0.0)


async def test_a_rate_limit_without_a_wait_asks_for_none(client: LiteLLMModel) -> None:
    error = await error_of(client, lb.rate_limited())

    assert isinstance(error, RateLimited)
    assert error.retry_after_s is None


async def test_after_a_rate_limit_the_call_is_sent_again_and_answered(client: LiteLLMModel) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async with lb.loopback(lb.rate_limited("7"), lb.server_error(), lb.malformed(), lb.ok("8")) as server:
        reply = await LimitedModel(client, sleep=sleep).complete(a_call(endpoint=server.url))

    assert reply.text == "8"
    assert len(server.received) == 4
    assert 7.0 <= slept[0] <= 8.0


async def test_a_server_that_hangs_is_left_at_our_deadline(client: LiteLLMModel) -> None:
    async with lb.loopback(lb.hang()) as server:
        with pytest.raises(ModelUnavailable, match=r"no answer within 0\.2 s"):
            await DeadlineModel(client, 0.2).complete(a_call(endpoint=server.url))
        await server.gone.wait()


async def test_where_nothing_listens_the_address_is_named(client: LiteLLMModel) -> None:
    async with lb.loopback() as server:
        url = server.url

    with pytest.raises(NotBilled, match=f"nothing answers at {url}") as caught:
        await client.complete(a_call(endpoint=url))

    assert "start the server" in caught.value.hint


async def test_a_server_of_ones_own_needs_no_key(client: LiteLLMModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    assert (await answer_to(client, lb.ok("8"))).text == "8"


async def test_a_key_in_the_environment_is_sent(client: LiteLLMModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    async with lb.loopback() as server:
        await client.complete(a_call(endpoint=server.url))

    assert server.received[0].headers["authorization"] == f"Bearer {CANARY}"


@pytest.mark.parametrize("turn", [lb.unauthorized(CANARY), lb.server_error(), lb.reset(), lb.malformed()])
async def test_no_error_shows_the_key_not_even_in_its_traceback(
    client: LiteLLMModel, monkeypatch: pytest.MonkeyPatch, turn: lb.Turn
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)

    error = await error_of(client, turn)

    assert "canary" not in "".join(traceback.format_exception(error)) + error.hint


async def test_a_model_without_a_key_is_rejected_with_the_variables_name(
    client: LiteLLMModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    for model, name in (("openai/gpt-4o-mini", "OPENAI_API_KEY"), ("anthropic/claude-x", "ANTHROPIC_API_KEY")):
        monkeypatch.delenv(name, raising=False)
        with pytest.raises(ModelRejected, match=f"there is no API key for {model}") as caught:
            await client.complete(a_call(model=model))

        assert name in caught.value.hint


async def test_a_name_without_a_provider_is_rejected_in_one_line(client: LiteLLMModel) -> None:
    with pytest.raises(ModelRejected, match=r"^nonsense names no provider that litellm knows$") as caught:
        await client.complete(a_call(model="nonsense"))

    assert "openai/NAME" in caught.value.hint


async def test_nothing_is_printed_and_records_reach_our_logger_alone_without_secrets(
    client: LiteLLMModel,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ODD_API_KEY", "canary of no known shape")
    for turn in (lb.ok(), lb.server_error(), lb.unauthorized(CANARY), lb.reset()):
        async with lb.loopback(turn) as server:
            await asyncio.gather(client.complete(a_call(endpoint=server.url)), return_exceptions=True)
    theirs = logging.getLogger("LiteLLM")
    theirs.warning("the key is %s", "canary of no known shape")

    assert capfd.readouterr() == ("", "")
    assert not theirs.propagate
    assert [record.getMessage() for record in caplog.records if record.name == LOGGER] == ["the key is [secret]"]


async def test_a_client_can_be_closed_and_another_used(client: LiteLLMModel) -> None:
    await answer_to(client, lb.ok())
    await client.aclose()

    assert (await answer_to(LiteLLMModel(), lb.ok("8"))).text == "8"


def test_event_loops_one_after_another_can_be_used() -> None:
    async def once() -> str:
        client = LiteLLMModel()
        reply = await answer_to(client, lb.ok("8"))
        await client.aclose()
        return reply.text

    assert [asyncio.run(once()) for _ in range(2)] == ["8", "8"]


def test_a_missing_key_is_named_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("GROQ_API_KEY", "x")

    assert missing_key("openai/gpt-4o-mini") == "OPENAI_API_KEY"
    assert missing_key("groq/llama-3.1-8b-instant") is None
    assert missing_key("ollama/llama3") is None
    assert missing_key("local/file.gguf") is None
    with pytest.raises(ModelRejected, match="nonsense names no provider"):
        missing_key("nonsense")


def test_prices_come_from_litellms_own_list_and_unknown_is_none() -> None:
    known = price("openai/gpt-4o-mini")

    assert known is not None
    assert 0 < known.input_usd_per_token < known.output_usd_per_token < 1e-4
    assert price("gpt-4o-mini") == known
    assert price("openai/no-such-model") is None
    assert price("local/file.gguf") == FREE


def test_importing_the_llm_layer_imports_no_litellm() -> None:
    modules = "gated cached limited metered litellm_client local local_server routed deadline store"
    code = "import sys\n" + "\n".join(f"import autodiff_engine.llm.{name}" for name in modules.split())
    code += "\nprint([name for name in ('litellm', 'openai', 'xllamacpp', 'httpx') if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


async def test_a_call_that_is_cancelled_as_it_begins_leaves_no_coroutine_behind(client: LiteLLMModel) -> None:
    """litellm prepares a call in a thread: cancelled at any turn of the loop meanwhile, nothing is left unawaited."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        async with lb.loopback() as server:
            await client.complete(a_call(endpoint=server.url))
            for turns in range(40):
                task = asyncio.create_task(client.complete(a_call(f"n{turns}", endpoint=server.url)))
                for _ in range(turns):
                    await asyncio.sleep(0 if turns % 2 else 0.0005)
                task.cancel()
                await asyncio.wait({task})
            await asyncio.get_running_loop().shutdown_default_executor()
        gc.collect()

    assert [str(each.message) for each in caught if "never awaited" in str(each.message)] == []


async def test_what_reached_nobody_costs_nothing_and_what_broke_off_counts_at_its_most(client: LiteLLMModel) -> None:
    async with lb.loopback() as server:
        refused = server.url
    async with lb.not_tls() as plain, lb.loopback(lb.reset()) as resets:
        for url, kind in ((refused, NotBilled), (plain, NotBilled), (resets.url, ModelUnavailable)):
            meter = Meter(Caps(), {"openai/loopback": Price(0.001, 0.01)})
            with pytest.raises(ModelUnavailable) as caught:
                await MeteredModel(client, meter).complete(a_call(endpoint=url))

            most = most_tokens(a_call(endpoint=url).request)
            assert most is not None
            left = meter.totals.spent.unsettled
            assert type(caught.value) is kind, url
            assert (left.prompt, left.completion) == ((0, 0) if kind is NotBilled else (most.prompt, most.completion))
            assert (meter.totals.spent.most_usd == 0) == (kind is NotBilled)
            assert (meter.totals.spent.calls.made, meter.totals.spent.calls.failed) == (1, 1)


@pytest.mark.parametrize("name", ["openai", "anthropic", "gemini", "groq"])
async def test_a_name_that_nobody_knows_costs_nothing_whatever_the_provider(
    client: LiteLLMModel, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    async def unknown(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    monkeypatch.setenv(f"{name.upper()}_API_KEY", "x")

    with pytest.raises(NotBilled, match=r"nothing answers at http://nobody\.test/v1"):
        await client.complete(a_call(model=f"{name}/any", endpoint="http://nobody.test/v1"))
