"""What a user's program, data or provider says with a secret of this environment in it, and what is kept of that."""

from __future__ import annotations

import json
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autodiff_tui.cli import run

from .counting import placed, provider
from .faulty import no_waits
from .loopback import Loopback, Turn, beside
from .test_secrets import contents

VALUE = "k3yk3yk3y-plainvalue-77"
PROGRAM = """
import os

from autodiff_engine.program import Node, Prompt, Text, Trace, last_number, program

COUNT = Prompt(system="{{ task }}", user="{{ question }}")


def clean(question: str) -> str:
    return os.environ["MY_TOKEN"] + " " + question


@program(texts=[Text("task", role="says what to do", value="Count.")])
async def answer(trace: Trace, question: str) -> Node:
    asked = trace.input("question", question)
    cleaned = await trace.apply("clean", clean, asked, role="cleaned")
    return await trace.generate("answer", template=COUNT, prompts=["task"], question=cleaned, parse=last_number())
"""


pytestmark = pytest.mark.timeout(300)  # the first one imports litellm, which takes long on a busy machine


@pytest.fixture
def server() -> Iterator[Loopback]:
    with beside(provider) as loopback:
        yield loopback


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Loopback) -> Iterator[None]:
    placed(tmp_path, monkeypatch, server.url)
    monkeypatch.setenv("MY_TOKEN", VALUE)
    with no_waits(monkeypatch):
        yield


def changed(before: str, after: str) -> None:
    text = Path("c.toml").read_text(encoding="utf-8")
    assert before in text
    Path("c.toml").write_text(text.replace(before, after), encoding="utf-8")


def holding(value: str, *but: str) -> list[str]:
    """Every file of ours that holds a value, in whatever it is packed."""
    files = [path for path in Path().rglob("*") if path.is_file() and path.name not in but]
    return [where for path in files for where, content in contents(path) if value.encode() in content]


def trained(folder: str = "r") -> None:
    assert run(["train", "c.toml", "--ui", "none", "--run-dir", folder]) == 0


def test_what_a_program_reads_from_the_environment_is_in_nothing_that_is_kept(
    server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("p.py").write_text(PROGRAM, encoding="utf-8")
    text = Path("c.toml").read_text(encoding="utf-8")
    text = text[: text.index("[program]")] + text[text.index("[models.task]") :]
    Path("c.toml").write_text(text.replace('"prompt"', '"p.py:answer"'), encoding="utf-8")

    trained()
    assert any(VALUE in json.dumps(request.body) for request in server.received)  # what is sent is the user's business
    assert "[secret] How many" in Path("r/journal.jsonl").read_text(encoding="utf-8")
    for words in (
        "replay r --verify", "replay r --ui plain", "replay r --ui json", "show r", "show r --html r.html",
        "export r -o r.toml", "pack r -o r.zip", "replay r.zip --verify --trust", "eval c.toml", "resume r",
    ):  # fmt: skip
        assert run(words.split()) == 0, words
    shown = capsys.readouterr()
    assert VALUE not in shown.out + shown.err
    assert holding(VALUE) == []


def test_a_journal_that_does_not_say_a_secret_verifies_wherever_the_data_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "\n".join(f"Of {VALUE} and w0rdw0rd99 how many are {number} things?,{number}" for number in range(1, 17))
    Path("questions.csv").write_text(f"question,answer\n{rows}\n", encoding="utf-8")
    changed('answer = "last_number"', 'answer = "last_number"\ndemos = ["shots"]')
    changed("{{ task }}", "{{ task }} {{ shots }}")
    changed("max_steps = 3", "demos = {start = 2}\nmax_steps = 3")

    trained()
    best = tomllib.loads(Path("r/best.toml").read_text(encoding="utf-8"))
    assert "Of [secret] and w0rdw0rd99" in best["prompts"]["shots"]
    assert holding(VALUE, "questions.csv") == []
    assert run(["replay", "r", "--verify"]) == 0
    assert run(["pack", "r", "-o", "r.zip"]) == 2
    said = capsys.readouterr().err
    assert "splits.json (the examples of the run) holds the value of MY_TOKEN, and a pack holds no secret" in said
    assert "take it out of the data and train anew; if it is none, unset MY_TOKEN and pack again" in said
    monkeypatch.setenv("MY_TOKEN", "w0rdw0rd99")
    assert run(["replay", "r", "--verify"]) == 0
    monkeypatch.delenv("MY_TOKEN")
    assert run(["replay", "r", "--verify"]) == 0

    journal = Path("r/journal.jsonl")
    told = journal.read_text(encoding="utf-8").splitlines(keepends=True)
    told = [line.replace("[secret] and", "[secret] or") if '"ExampleScored"' in line else line for line in told]
    journal.write_text("".join(told), encoding="utf-8")
    assert run(["replay", "r", "--verify"]) == 1  # the mark stands for the secret alone


KEY = "CANhdr9f8e7d6c5b4a"
REFUSED = [
    f'extra_headers = {{"X-Gateway" = "{KEY}"}}', f'extra_headers = {{"X-Gateway" = "Bearer {KEY[:7]}"}}',
    f'extra_headers = {{"Ocp-Apim-Subscription-Key" = "{KEY}"}}', 'extra_headers = {"X-Auth" = "CANCAN"}',
    'extra_headers = {"X-License" = "CANlic7777"}',
    'extra_headers = {"X-Id-Of" = "0f8fad5b-d9cb-469f-a165-70867728950e"}',
    'headers = {"X-Token" = "CANCAN"}', 'token = "CANCAN"', 'bearer = "CANCAN"', 'pat = "CANCAN"', 'jwt = "CANCAN"',
    'aws_bearer = "CANCAN"', 'auth = {user = "CAN", value = "CANCAN"}', 'azure_ad_token_value = "CANCAN"',
    'extra_query = {key = "CANCAN"}', 'extra_query = {sig = "CANCAN"}', 'extra_body = {subscription_key = "CANCAN"}',
    'extra_body = {a = [{token = "CANCAN"}]}', f'extra_body = {{a = [{{b = "{KEY}"}}]}}', f'stop = ["{KEY}"]',
    'base_url = "h:1/v1?key=CANCAN"', 'base_url = "http://h/v1?token=CANCAN"', 'base_url = "me:CANCAN@h/v1"',
    f'base_url = "http://h/v1/{KEY}"', f'base_url = "h/v1/{KEY}/x"', f'base_url = "http://h/v1?x={KEY}"',
]  # fmt: skip


@pytest.mark.parametrize("line", REFUSED)
def test_a_key_by_whatever_name_is_refused_and_never_shown(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    changed("[models.task]\n", f"[models.task]\n{line}\n")

    assert run(["config", "validate", "c.toml"]) == 2
    said = capsys.readouterr().err
    assert "come from the environment only" in said
    assert '"os.environ/NAME"' in said  # what to do
    assert "CAN" not in said
    assert run(["train", "c.toml", "--run-dir", "r"]) == 2
    assert not Path("r").exists()


GATEWAY = (
    "https://gateway.ai.cloudflare.com/v1/0123456789abcdef0123456789abcdef/my-gateway/openai?api-version=2024-10-21"
)
ALLOWED = """
stop_token = "</s>"
organization = "org-AbC1dEf2GhI3jKl4MnO5pQr6"
model_id = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6"
aws_region_name = "us-east-1"
aws_session_name = "run-7"
prompt_cache_key = "run2024AbC1dEf2GhI3jKl4"
api_version = "2024-02-15-preview"
user = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
extra_query = {api-version = "2024-02-15-preview"}
extra_body = {deployment = "6f1c2d3e-1234-4abc-8def-0123456789ab", token_type = "x", order = ["DeepInfra", "Together"]}
response_format = {json_schema = {name = "f", schema = {properties = {token = {type = "string"}}}}}
[models.task.extra_headers]
X-Title = "My App"
HTTP-Referer = "https://example.com/app?x=1"
anthropic-beta = "prompt-caching-2024-07-31"
User-Agent = "MyApp/1.0.2 (Macintosh; Intel Mac OS X 10_15)"
Accept = "application/json; charset=utf-8"
OpenAI-Organization = "org-AbC1dEf2GhI3jKl4MnO5pQr6"
x-portkey-provider = "openai"
cf-aig-cache-ttl = "3600"
x-model = "gpt-4o-mini"
"""


def test_ids_versions_names_and_plain_headers_are_no_keys() -> None:
    changed("[models.backward]", f"{ALLOWED}\n[models.backward]")
    changed('api_base = "', f'api_base = "{GATEWAY}" # ')

    assert run(["config", "validate", "c.toml"]) == 0


REFERENCES = """
api_key = "os.environ/GATEWAY_KEY"
extra_headers = {X-Gateway = "os.environ/GATEWAY_AUTH", X-Title = "mine"}
extra_query = {zone = "os.environ/GATEWAY_ZONE_TOKEN"}
extra_body = {routing = [{hint = "os.environ/GATEWAY_SECRET_HINT"}]}
"""
HELD = {
    "GATEWAY_KEY": "login-canary-0a1b2c", "GATEWAY_AUTH": "Bearer header-canary-3d4e5f",
    "GATEWAY_ZONE_TOKEN": "zone-canary-6a7b8c", "GATEWAY_SECRET_HINT": "hint-canary-9d0e1f",
}  # fmt: skip


def quoting(server: Loopback) -> Any:
    def turn(body: dict[str, Any]) -> Turn:
        told = provider({**body, "messages": body["messages"]})
        if body["model"] != "worker":
            return told
        request = server.received[-1]
        payload = json.loads(told.body)
        payload["choices"][0]["message"]["content"] += f" {request.path} {json.dumps(dict(request.headers))} {body}"
        payload["choices"][0]["message"]["content"] += " Answer: 3"
        return Turn(told.status, json.dumps(payload), told.headers)

    return turn


def test_a_key_that_a_config_names_by_its_variable_is_sent_and_nowhere_kept(
    server: Loopback, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in HELD.items():
        monkeypatch.setenv(name, value)
    server.otherwise = quoting(server)
    changed('[models.task]\nmodel = "openai/worker"\n', f'[models.task]\nmodel = "openai/worker"{REFERENCES}')

    trained()
    sent = next(request for request in server.received if request.body["model"] == "worker")
    assert sent.headers["authorization"] == f"Bearer {HELD['GATEWAY_KEY']}"
    assert sent.headers["x-gateway"] == HELD["GATEWAY_AUTH"]
    assert sent.body["routing"] == [{"hint": HELD["GATEWAY_SECRET_HINT"]}]
    assert '"os.environ/GATEWAY_KEY"' in Path("r/config.toml").read_text(encoding="utf-8")
    asked = len(server.received)
    for words in ("pack r -o r.zip", "show r --html r.html", "eval c.toml --split test", "doctor c.toml", "resume r"):
        assert run(words.split()) == 0, words
    told = capsys.readouterr()
    for value in (*HELD.values(), "header-canary-3d4e5f"):
        assert value not in told.out + told.err
        assert holding(value) == []

    for name, value in HELD.items():  # another key opens the same answers
        monkeypatch.setenv(name, value[::-1])
    asked = len(server.received)
    assert run(["train", "c.toml", "--ui", "none", "--run-dir", "again", "--offline"]) == 0
    for name in HELD:
        monkeypatch.delenv(name)
    assert run(["replay", "r", "--verify"]) == 0
    assert run(["replay", "r.zip", "--verify"]) == 0
    assert run(["config", "validate", "c.toml"]) == 0
    assert run(["config", "show", "c.toml"]) == 0
    assert len(server.received) == asked
    with zipfile.ZipFile("r.zip") as pack:
        assert b"os.environ/GATEWAY_KEY" in pack.read("config.toml")


@pytest.mark.parametrize("command", ["train", "eval"])
def test_a_variable_that_is_not_set_is_named_before_anything_is_asked(
    command: str, server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    changed("[models.task]\n", '[models.task]\nextra_headers = {X-Gateway = "os.environ/NOBODY_SET_THIS_KEY"}\n')

    assert run([command, "c.toml"]) == 2
    said = capsys.readouterr().err
    assert "models.task: its config names NOBODY_SET_THIS_KEY, which is not set in the environment" in said
    assert "hint: export NOBODY_SET_THIS_KEY=…" in said
    assert server.received == []
    assert run(["doctor", "c.toml"]) != 0
    assert "needs NOBODY_SET_THIS_KEY, which is not set" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('api_key = "os.environ/a-b"', 'api_key names no variable: write "os.environ/NAME"'),
        ('base_url = "os.environ/"', 'base_url names no variable: write "os.environ/NAME"'),
        (
            'api_key = "os.environ/LOGIN"',
            "api_key names LOGIN, whose value would be kept: call it a key, as in LOGIN_KEY",
        ),
        ('sha256 = "os.environ/X"', "sha256 cannot be a variable's: write it out"),
    ],
)
def test_what_names_no_variable_or_cannot_be_one_is_said(
    line: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    changed("[models.task]\n", f"[models.task]\n{line}\n")

    assert run(["config", "validate", "c.toml"]) == 2
    assert said in capsys.readouterr().err
