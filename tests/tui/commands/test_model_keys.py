"""Keys of a model's table through whole commands: what is refused, what is sent, and what becomes of the budget."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autodiff_tui.cli import run

from ...counting import events_of, provider
from ...loopback import Loopback, Turn

pytestmark = pytest.mark.timeout(300)  # the first one imports litellm, which takes long on a busy machine

TRAIN = ["train", "c.toml", "--ui", "json", "--run-dir", "r"]


@pytest.fixture(autouse=True)
def _short_answers(counting: Path) -> None:
    del counting
    put("max_tokens = 64")


def put(keys: str) -> None:
    """Write keys into the table of the task's model."""
    told = Path("c.toml").read_text(encoding="utf-8")
    Path("c.toml").write_text(told.replace("[models.task]\n", f"[models.task]\n{keys}\n"), "utf-8")


def billing(prompt: int, completion: int) -> Callable[[dict[str, Any]], Turn]:
    """Return the task's provider, with a bill of its own making for whoever answers the questions."""

    def turn(body: dict[str, Any]) -> Turn:
        made = provider(body)
        payload = json.loads(made.body)
        if body["model"] == "worker":
            payload["usage"] = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": 0}
        return replace(made, body=json.dumps(payload))

    return turn


def spent(end: dict[str, Any]) -> int:
    assert "unsettled" not in end
    return int(end["tokens"]["prompt"] + end["tokens"]["completion"])


@pytest.mark.parametrize(
    "keys",
    [
        "n = 5",
        "extra_body = {max_tokens = 5000}",
        'fallbacks = ["openai/sage"]',
        "num_retries = 3",
        "max_retries = 3",
        "timeout = 3",
        "drop_params = true",
        "messages = []",
        "stream = true",
        "mock_timeout = true",
    ],
)
def test_a_key_that_would_break_the_ledger_is_refused_before_anything_is_sent(
    server: Loopback, capsys: pytest.CaptureFixture[str], keys: str
) -> None:
    put(keys)

    for command in (["config", "validate", "c.toml"], TRAIN, ["eval", "c.toml"]):
        assert run(command) == 2
        told = capsys.readouterr()
        (line,) = [each for each in (told.out + told.err).splitlines() if "is refused" in each]
        assert "c.toml: [models.task" in line

    assert server.received == []
    assert not Path("r").exists()


def test_it_is_refused_on_the_command_line_and_for_every_variant_of_an_ablation(
    server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["config", "validate", "c.toml", "--set", "models.task.stream=true"]) == 2
    assert "--set models.task.stream: [models.task] stream is refused" in capsys.readouterr().err
    assert run(["ablate", "c.toml", "--run-dir", "a", "--set", "models.optimizer.n=2"]) == 2
    assert "[models.optimizer] n is refused" in capsys.readouterr().err
    assert server.received == []


def test_what_is_sent_is_sent_as_it_was(server: Loopback, capsys: pytest.CaptureFixture[str]) -> None:
    put('top_p = 0.5\nseed = 7\nstop = ["x"]\nmin_p = 0.1')
    put("extra_body = {top_k = 3, guided_json = {properties = {n = {}}}}")

    assert run([*TRAIN, "--budget-calls", "5"]) == 4
    assert events_of(capsys.readouterr().out)[-1]["calls"]["made"] == len(server.received) == 5
    body = dict(server.received[0].body)
    del body["messages"]
    assert body == {
        "model": "worker", "temperature": 0.0, "max_tokens": 64, "top_p": 0.5, "seed": 7, "stop": ["x"],
        "top_k": 3, "guided_json": {"properties": {"n": {}}}, "min_p": 0.1,
    }  # fmt: skip


def test_a_schema_beside_the_messages_is_set_aside_and_the_bill_keeps_to_the_budget(
    server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    schema = json.dumps("d " * 3000)
    put(
        'response_format = {type = "json_schema", json_schema = '
        f'{{name = "x", schema = {{type = "object", description = {schema}}}}}}}'
    )
    server.otherwise = billing(3100, 7)

    assert run([*TRAIN, "--budget-tokens", "2000"]) == 4
    end = events_of(capsys.readouterr().out)[-1]
    assert (len(server.received), spent(end)) == (0, 0)

    assert run(["resume", "r", "--ui", "json", "--budget-tokens", "20000"]) == 4
    end = events_of(capsys.readouterr().out)[-1]
    assert len(server.received) > 1
    assert spent(end) == 3107 * len(server.received) <= 20_000


def test_a_provider_that_does_not_keep_to_max_tokens_overshoots_once_and_it_is_said_once(
    server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    server.otherwise = billing(60, 900)

    assert run([*TRAIN, "--budget-tokens", "3000", "--set", "limits.in_flight=1"]) == 4
    events = events_of(capsys.readouterr().out)
    (warned,) = [each["message"] for each in events if each["type"] == "Warned" and "of answer" in each["message"]]
    assert "openai/worker says that one call used 60 tokens of prompt and 900 of answer, where " in warned
    assert " and 64 are the most that it may" in warned
    assert spent(events[-1]) == 960 * len(server.received) <= 3000
    assert len(server.received) >= 2
    assert "the next call may take up to 1" in events[-1]["error"]["message"]


def test_what_no_request_can_be_made_of_ends_the_run_at_once_and_is_no_call(
    server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    put("extra_headers = {X-Number = 5}")

    assert run([*TRAIN, "--budget-calls", "12"]) == 3
    end = events_of(capsys.readouterr().out)[-1]
    assert "Header value must be str or bytes" in end["error"]["message"]
    assert end["error"]["kind"] == "ModelRejected"
    assert end["calls"]["made"] == end["calls"]["failed"] == spent(end) == 0
    assert server.received == []


def test_where_a_provider_takes_other_prices_a_budget_in_dollars_needs_them(
    server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    told = Path("c.toml").read_text(encoding="utf-8").replace("price =", "# price =")
    told = told.replace("api_base", "# api_base").replace("openai/worker", "openai/gpt-4o-mini")
    told = told.replace("openai/critic", "openai/gpt-4o").replace("openai/writer", "openai/gpt-4o")
    Path("c.toml").write_text(told, encoding="utf-8")
    assert run(["train", "c.toml", "--dry-run", "--budget-usd", "1"]) == 0
    capsys.readouterr()

    put('service_tier = "priority"')

    assert run(["train", "c.toml", "--dry-run", "--budget-usd", "1"]) == 2
    assert "the price of openai/gpt-4o-mini is not known, so budget.usd cannot be kept" in capsys.readouterr().err
    assert server.received == []


def test_a_run_of_before_that_has_such_a_key_is_shown_and_is_not_gone_on_with(
    server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*TRAIN, "--budget-calls", "3"]) == 4
    told = Path("r/config.toml").read_text(encoding="utf-8")
    Path("r/config.toml").write_text(told.replace("[models.task]\n", "[models.task]\nnum_retries = 2\n"), "utf-8")
    capsys.readouterr()

    assert run(["show", "r"]) == 0
    assert run(["resume", "r", "--budget-calls", "9"]) == 2
    assert "r/config.toml: [models.task] num_retries is refused" in capsys.readouterr().err
    assert len(server.received) == 3
