"""``replay --verify`` and ``pack`` with a program that connects by itself: refused, named, and nobody is reached."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import datasets
import pytest

from autodiff_engine.journal import FILE
from autodiff_tui.cli import run

from ...loopback import Loopback
from .test_pack import edit

pytestmark = pytest.mark.usefixtures("counting")

RUN = Path("r")
TRAIN = ["train", "c.toml", "--ui", "none", "--max-steps", "0", "--run-dir", "r"]
PROGRAM = """
import os
import socket
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from autodiff_engine.program import Node, Prompt, Trace, last_number

COUNT = Prompt(system="{{ task }}", user="{{ question }}")
with open("port") as told:
    HERE = ("127.0.0.1", int(told.read()))


def connect(text=""):
    if not os.path.exists("quiet"):
        socket.create_connection(HERE).close()
    return text


def in_a_thread(text):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(connect, text).result()


def fetch(text):
    try:
        connect()
    except Exception as error:
        raise ValueError("nothing came of it") from error
    return text


def guess(text):
    try:
        connect()
    except Exception:
        return "8"
    return text


def stay(text):
    try:
        connect()
    except Exception:
        pass
    return text


def score(answer, expected):
    "The numbers are equal."
    connect()
    return float(answer == expected)


async def answer(trace: Trace, question: str) -> Node:
    asked = trace.input("question", question)
    said = await trace.generate("answer", template=COUNT, prompts=["task"], question=asked, parse=last_number())
    return await trace.apply("look", LOOK, said, outside=OUTSIDE)
"""


@pytest.fixture(autouse=True)
def _as_outside_of_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the tests' own guard, which would be the last line that connects; nobody but loopback is reached here."""
    for name in ("connect", "connect_ex"):
        monkeypatch.delattr(socket.socket, name)


@pytest.fixture
def reached() -> Iterator[Callable[[], int]]:
    """Says how many connections came in since it was asked last, at the port that the file says."""
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as server:
        Path("port").write_text(str(server.getsockname()[1]), encoding="utf-8")
        server.settimeout(0.05)

        def count() -> int:
            came = 0
            while True:
                try:
                    server.accept()[0].close()
                except TimeoutError:
                    return came
                came += 1

        yield count


def placed(look: str, *, outside: bool = False, metric: str = "exact_match", more: str = "") -> None:
    Path("mine.py").write_text(f"{PROGRAM}\nLOOK, OUTSIDE = {look}, {outside}\n{more}", encoding="utf-8")
    config = Path("c.toml").read_text(encoding="utf-8")
    before, after = config.index("[program]"), config.index("[prompts]")
    Path("c.toml").write_text(config[:before] + config[after:], encoding="utf-8")
    edit('"prompt"', '"mine.py:answer"')
    edit('"exact_match"', f'"{metric}"')


@pytest.mark.parametrize(
    ("look", "metric", "more", "command"),
    [
        pytest.param("connect", "exact_match", "", "replay r --verify", id="a step"),
        pytest.param("connect", "exact_match", "", "pack r -o x.zip", id="a step, packed"),
        pytest.param("in_a_thread", "exact_match", "", "replay r --verify", id="a thread"),
        pytest.param("fetch", "exact_match", "", "replay r --verify", id="told as another error"),
        pytest.param("str", "mine.py:score", "", "replay r --verify", id="a metric"),
        pytest.param("str", "exact_match", "connect()", "replay r --verify", id="an import"),
    ],
)
def test_a_program_that_connects_by_itself_is_refused_with_what_it_wanted_to_reach(
    look: str, metric: str, more: str, command: str, reached: Callable[[], int], server: Loopback,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    placed(look, metric=metric, more=more)
    assert run(TRAIN) == 0
    assert reached() > 0
    journal, asked = (RUN / FILE).read_bytes(), len(server.received)
    capsys.readouterr()

    assert run(command.split()) == 1

    said = capsys.readouterr()
    port = Path("port").read_text(encoding="utf-8")
    error, hint = said.err.splitlines()
    assert said.out == ""
    assert error.startswith(
        f"error: something wanted to reach 127.0.0.1:{port}, and no network may be used now (mine.py"
    )
    assert error.endswith("in connect)")
    assert "outside=True" in hint
    assert (reached(), len(server.received)) == (0, asked)
    assert (RUN / FILE).read_bytes() == journal
    assert not Path("x.zip").exists()


def test_what_a_program_makes_of_a_refusal_is_compared_and_named_where_it_differs(
    reached: Callable[[], int], capsys: pytest.CaptureFixture[str]
) -> None:
    placed("guess")
    assert run(TRAIN) == 0
    capsys.readouterr()
    assert run(["replay", "r", "--verify"]) == 1
    said = capsys.readouterr().err
    assert "differs" in said
    assert f"wanted to reach 127.0.0.1:{Path('port').read_text(encoding='utf-8')} meanwhile" in said

    shutil.rmtree(RUN)
    placed_again = Path("mine.py").read_text(encoding="utf-8").replace("LOOK, OUTSIDE = guess", "LOOK, OUTSIDE = stay")
    Path("mine.py").write_text(placed_again, encoding="utf-8")
    assert run(TRAIN) == 0
    assert reached() > 0
    assert run(["replay", "r", "--verify", "--ui", "none"]) == 0  # it says the same without
    assert reached() == 0


def test_a_step_that_is_declared_to_look_outside_is_verified_from_what_it_said(
    reached: Callable[[], int], capsys: pytest.CaptureFixture[str]
) -> None:
    placed("connect", outside=True)
    assert run(TRAIN) == 0
    assert reached() > 0
    assert run(["replay", "r", "--verify"]) == 0
    assert capsys.readouterr().out.endswith("facts equal, 0 calls\n")
    assert run(["pack", "r", "-o", "x.zip"]) == 0
    assert run(["replay", "x.zip", "--verify", "--trust", "--ui", "none"]) == 0
    assert reached() == 0


def test_the_program_of_a_pack_connects_to_nobody_either(
    reached: Callable[[], int], capsys: pytest.CaptureFixture[str]
) -> None:
    placed("connect")
    Path("quiet").touch()
    assert run(TRAIN) == 0
    assert run(["pack", "r", "-o", "x.zip"]) == 0
    Path("quiet").unlink()
    capsys.readouterr()

    assert run(["replay", "x.zip", "--verify", "--trust"]) == 1

    assert "wanted to reach 127.0.0.1:" in capsys.readouterr().err
    assert reached() == 0


def test_a_run_that_is_resumed_may_connect_for_it_may_ask_too(reached: Callable[[], int]) -> None:
    placed("connect")
    assert run([*TRAIN, "--budget-calls", "4"]) == 4
    assert reached() > 0
    assert run(["resume", "r", "--ui", "none", "--budget-calls", "1000"]) == 0
    assert reached() > 0


def test_after_a_verification_the_network_is_there_again(server: Loopback) -> None:
    assert run(TRAIN) == 0
    assert run(["replay", "r", "--verify", "--ui", "none"]) == 0
    asked = len(server.received)
    shutil.rmtree("answers")
    assert run([*TRAIN[:-1], "again"]) == 0
    assert len(server.received) > asked


def test_data_of_the_hub_are_read_from_its_cache_or_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from ...engine.test_hub import kept

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    rows = [{"question": f"How many are {number} things?", "answer": str(number)} for number in range(1, 17)]
    kept(tmp_path, "owner/set", rows)
    edit('"questions.csv"', '"hf:owner/set#small:train"')
    with monkeypatch.context() as loaded:  # as when it was downloaded a moment ago
        loaded.setattr(datasets.config, "HF_HUB_OFFLINE", True)
        assert run(TRAIN) == 0

    assert run(["replay", "r", "--verify"]) == 0
    assert capsys.readouterr().out.endswith("facts equal, 0 calls\n")

    shutil.rmtree(tmp_path / "cache")
    assert run(["replay", "r", "--verify"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(
        f'error: "hf:owner/set#small:train": is not in the cache of datasets in {tmp_path}/cache: '
    )
    assert len(said.err.splitlines()) == 2
