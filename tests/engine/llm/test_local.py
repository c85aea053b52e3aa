"""A model file behind the protocol; what needs a real one is marked real_llm."""

import asyncio
import hashlib
import importlib.util
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.engine.llm.calls import Held, a_call

from autodiff_engine.errors import ConfigError, ModelRefused, ModelRejected
from autodiff_engine.llm import Reply
from autodiff_engine.llm.litellm_client import LiteLLMModel
from autodiff_engine.llm.local import LocalModel, LocalModels, LocalServer, check_local, sha256_of
from autodiff_engine.llm.metered import FREE, Caps, Meter, MeteredModel


@pytest.fixture
def smollm2() -> Path:
    path = os.environ.get("AUTODIFF_SMOLLM2")
    if not path:
        pytest.fail("set AUTODIFF_SMOLLM2 to the file that scripts/fetch_smollm2.py prints")
    return Path(path)


@pytest.fixture
async def client() -> AsyncIterator[LiteLLMModel]:
    client = LiteLLMModel()
    yield client
    await client.aclose()


@pytest.fixture
async def model(smollm2: Path, client: LiteLLMModel, tmp_path: Path) -> AsyncIterator[LocalModel]:
    model = LocalModel(smollm2, client, tmp_path / "debug.log", context_per_slot=512)
    yield model
    await model.aclose()


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=5) as response:
            return response.status == 200
    except (urllib.error.URLError, ConnectionError):
        return False


def test_a_file_is_known_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_bytes(b"GGUF" * 1000)

    assert sha256_of(tmp_path / "a.gguf") == hashlib.sha256(b"GGUF" * 1000).hexdigest()


def test_a_file_that_cannot_be_served_is_a_config_error_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "text.gguf").write_text("hello", encoding="utf-8")

    with pytest.raises(ConfigError, match=r"text\.gguf is not a GGUF file"):
        check_local(tmp_path / "text.gguf")
    with pytest.raises(ConfigError, match=r"none\.gguf cannot be read: No such file"):
        check_local(tmp_path / "none.gguf")


def test_without_xllamacpp_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)

    with pytest.raises(ConfigError, match="xllamacpp") as caught:
        check_local(tmp_path / "a.gguf")

    assert caught.value.hint == "pip install 'autodiff-tui[local]'"


async def test_a_broken_file_is_rejected_with_llama_cpps_own_reason_and_no_child_is_left(tmp_path: Path) -> None:
    (tmp_path / "broken.gguf").write_bytes(b"GGUF" + b"\xff" * 100)
    log = tmp_path / "debug.log"
    log.write_text("0.00 E an older error\n", encoding="utf-8")
    log.chmod(0o644)
    server = LocalServer(tmp_path / "broken.gguf", log)

    with pytest.raises(ModelRejected, match=r"broken\.gguf cannot be served by llama\.cpp: .*gguf") as caught:
        await server.address()

    assert "older" not in str(caught.value)
    assert str(log) in caught.value.hint
    assert log.stat().st_mode & 0o077 == 0 or sys.platform == "win32"
    assert server._process is None
    await server.aclose()


def test_all_that_llama_cpp_logged_is_written_before_its_process_ends() -> None:
    program = """
import ctypes, os
from autodiff_engine.llm.local_server import flush_log
import xllamacpp
library = xllamacpp.xllamacpp.__file__
log = ctypes.CDLL(library)
log._Z15common_log_mainv.restype = ctypes.c_void_p
add = log._Z14common_log_addP10common_log14ggml_log_levelPKcz
add.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p]
main = log._Z15common_log_mainv()
for number in range(50_000):
    add(main, 4, b"reason %d\\n", number)
flush_log(library)
os._exit(1)
"""

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].endswith("reason 49999")


def test_a_file_has_one_model_however_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    models = LocalModels(Held(), tmp_path / "debug.log")

    assert models.at(tmp_path / "a.gguf") is models.at(tmp_path / "folder" / ".." / "a.gguf")
    assert models.at(tmp_path / "a.gguf") is not models.at(tmp_path / "b.gguf")


@pytest.mark.real_llm
async def test_a_real_model_answers_for_nothing_and_its_path_is_not_in_the_answer(model: LocalModel) -> None:
    meter = Meter(Caps(usd=0.01), {"local/sha256:x": FREE})

    reply = await MeteredModel(model, meter).complete(
        a_call("Say hello.", model="local/sha256:x", temperature=0.0, max_tokens=20)
    )

    assert reply.text.strip()
    assert reply.finish_reason in ("stop", "length")
    assert reply.usage.prompt is not None
    assert reply.usage.prompt > 10
    assert reply.cost_usd == 0.0


@pytest.mark.real_llm
async def test_a_real_model_says_the_same_again_whatever_it_was_asked_before(model: LocalModel) -> None:
    async def ask(text: str, temperature: float) -> str:
        return (await model.complete(a_call(text, temperature=temperature, max_tokens=16))).text

    first = [await ask("Name some animals.", 0.0), await ask("Name some animals.", 1.0)]
    await asyncio.gather(*(ask(f"Name {n} plants and say why.", 0.0) for n in range(3)))
    again = [await ask("Name some animals.", 0.0), await ask("Name some animals.", 1.0)]

    assert first == again


@pytest.mark.real_llm
async def test_draws_at_a_temperature_differ(model: LocalModel) -> None:
    texts = [
        (await model.complete(a_call("Tell me a story.", draw=draw, temperature=1.0, max_tokens=12))).text
        for draw in range(3)
    ]

    assert len(set(texts)) == 3


@pytest.mark.real_llm
async def test_a_prompt_over_the_context_is_refused_not_cut(model: LocalModel) -> None:
    with pytest.raises(ModelRefused, match=r"too long.*512 tokens"):
        await model.complete(a_call("word " * 600, max_tokens=5))


@pytest.mark.real_llm
async def test_an_answer_that_fills_the_context_is_truncated_and_says_so(model: LocalModel) -> None:
    reply = await model.complete(a_call("word " * 430 + "Go on.", max_tokens=2000, temperature=0.0, ignore_eos=True))

    assert reply.finish_reason == "length"


@pytest.mark.real_llm
async def test_calls_at_once_share_one_server_which_starts_again_after_a_crash(
    smollm2: Path, client: LiteLLMModel, tmp_path: Path
) -> None:
    models = LocalModels(client, tmp_path / "debug.log", slots=2, context_per_slot=512)
    model = models.at(smollm2)

    async def ask(n: int) -> Reply:
        return await model.complete(a_call(str(n), max_tokens=5))

    await asyncio.gather(*(ask(n) for n in range(4)))
    server = model._server
    first = await server.address()
    assert server._process is not None
    server._process.kill()
    await server._process.wait()
    await ask(5)
    second = await server.address()
    await models.aclose()

    assert first != second
    assert not answers(second)
    log = (tmp_path / "debug.log").read_text(encoding="utf-8")
    assert log.count("model loaded") == 2


@pytest.mark.real_llm
async def test_a_cancelled_first_call_does_not_stop_the_loading(model: LocalModel) -> None:
    task = asyncio.create_task(model.complete(a_call()))
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert (await model.complete(a_call(max_tokens=5))).usage.completion is not None


@pytest.mark.real_llm
def test_the_server_dies_with_whoever_started_it_even_when_that_is_killed(smollm2: Path, tmp_path: Path) -> None:
    code = f"""
import asyncio
from pathlib import Path
from autodiff_engine.llm.local import LocalServer

async def main():
    server = LocalServer(Path({str(smollm2)!r}), Path({str(tmp_path / "debug.log")!r}), context_per_slot=512)
    print(await server.address(), flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as helper:
        assert helper.stdout is not None
        address = helper.stdout.readline().strip()
        assert answers(address)
        helper.send_signal(signal.SIGKILL)

    for _ in range(200):
        if not answers(address):
            return
    pytest.fail(f"{address} still answers")


@pytest.mark.real_llm
async def test_an_interrupt_of_the_terminal_does_not_reach_the_server(smollm2: Path, tmp_path: Path) -> None:
    server = LocalServer(smollm2, tmp_path / "debug.log", context_per_slot=512)
    address = await server.address()
    assert server._process is not None

    assert os.getpgid(server._process.pid) != os.getpgid(0)
    await server.aclose()
    assert not answers(address)
