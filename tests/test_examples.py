"""examples/support and docs/your-program.md: what they say is what happens, over a provider that is played."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import stat
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autodiff_tui.cli import run

from .loopback import Loopback
from .support import EXAMPLE, WRITTEN, served
from .test_docs import command

TUTORIAL = (EXAMPLE.parents[1] / "docs" / "your-program.md").read_text(encoding="utf-8")
MISTAKES = [
    ("program.py", "async def answer(trace: Trace, ticket: str)", "async def answer(trace: Trace, tickt: str)", 2),
    ("faq.py", "(topic == article[1])", "(topic == article[3])", 1),
    ("program.py", "    return await trace.generate(", "    await trace.generate(", 1),
    ("train.toml", "[budget]", '[prompts]\n"query.tsk" = "Write key words."\n\n[budget]', 2),
    ("program.py", "Write a search query for our help articles.", "Write a query for {{ ticket }}.", 2),
]
"""File, what stands in it, what a mistake makes of it, and the exit code."""
ALONE = ("--set", "data.val=1")
"""For runs that fail: litellm complains of calls that are cancelled just when they begin, so there are no others."""


@pytest.fixture(scope="module")
def server() -> Iterator[Loopback]:
    with served() as loopback:
        yield loopback


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    """A copy of the example in a folder of its own; what its modules leave behind in this process goes."""
    path, modules = list(sys.path), set(sys.modules)
    shutil.copytree(EXAMPLE, tmp_path / "support", ignore=shutil.ignore_patterns("__pycache__", "runs"))
    monkeypatch.chdir(tmp_path / "support")
    for name in [name for name in os.environ if name.startswith("AUTODIFF_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-loopback-0123456789abcdef")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("AUTODIFF_CACHE_DIR", str(tmp_path / "answers"))
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if str(tmp_path) in (getattr(sys.modules[name], "__file__", None) or ""):
            del sys.modules[name]


def ours(server: Loopback, *words: str) -> list[str]:
    """A command on the example, sent to the played provider."""
    roles = ("task", "backward", "optimizer")
    settings = [f"models.{role}.api_base={server.url}" for role in roles]
    settings += [f"models.{role}.price={{prompt = 0.15, completion = 0.6}}" for role in roles]
    return [*words, *(part for setting in settings for part in ("--set", setting))]


def mended(file: str, before: str, after: str) -> None:
    text = Path(file).read_text(encoding="utf-8")
    assert text.count(before) == 1
    Path(file).write_text(text.replace(before, after), encoding="utf-8")


def events_of(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def blocks(language: str) -> list[str]:
    return [block for kind, block in re.findall(r"```(\w+)\n(.*?)\n```", TUTORIAL, re.DOTALL) if kind == language]


def without_what_varies(text: str) -> list[str]:
    """The lines without run ids, seconds and the folder of this test."""
    text = re.sub(r"\d{8}-\d{6}-program-[0-9a-f]{4}", "RUN", text)
    return [re.sub(r"\d+:\d\d$", "0:00", line.rstrip()) for line in text.splitlines()]


def test_training_finds_the_text_that_is_to_blame(capsys: pytest.CaptureFixture[str], server: Loopback) -> None:
    assert run(ours(server, "train", "train.toml", "--ui", "json", "--max-steps", "1")) == 0

    events = events_of(capsys.readouterr().out)
    end = events[-1]
    assert (end["status"], end["accepted"], end["val"]["best"], end["test"]["best"]) == ("done", 1, 1.0, 1.0)
    blamed = {e["target"] for e in events if e["type"] == "FeedbackGiven" and e["on_text"] and e["to_blame"]}
    heard = {e["target"] for e in events if e["type"] == "FeedbackGiven" and e["on_text"]}
    assert blamed == {"query.task"}
    assert heard == {"query.task", "answer.task", "answer.format"}  # nobody blames the call `classify`: it is not asked
    assert {e["how"] for e in events if e["type"] == "FeedbackGiven" and e["source"] == "look_up"} == {"attribution"}
    best = tomllib.loads(Path(end["best"]).read_text(encoding="utf-8"))["prompts"]
    assert best["query.task"] == WRITTEN
    kinds = {node["name"]: node["kind"] for e in events if e["type"] == "GraphGrew" for node in e["nodes"]}
    assert (kinds["look_up"], kinds["k"], kinds["classify"]) == ("retrieved", "hyperparameter", "answer")

    assert run(ours(server, "eval", "train.toml", "--prompts", end["best"], "--ui", "json")) == 0
    assert json.loads(capsys.readouterr().out)["mean"] == 1.0


def test_the_tutorial_shows_the_files_as_they_are() -> None:
    for language, names in (("python", ("faq.py", "before.py", "program.py")), ("toml", ("train.toml",))):
        for name in names:
            assert (EXAMPLE / name).read_text(encoding="utf-8").strip() in blocks(language), name
    (rows,) = blocks("csv")
    assert (EXAMPLE / "tickets.csv").read_text(encoding="utf-8").startswith(f"{rows}\n")


def test_the_tutorials_screen_is_what_the_command_says(
    capsys: pytest.CaptureFixture[str], server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)  # progress words are for who waits at a terminal
    assert run(ours(server, "config", "validate", "train.toml")) == 0
    assert capsys.readouterr().out == "train.toml: valid\n"
    assert run(ours(server, "train", "train.toml", "--ui", "plain", "--max-steps", "1")) == 0
    said = capsys.readouterr()

    shown = next(block for block in blocks("text") if block.startswith("checking train.toml"))

    assert without_what_varies(f"{said.err}{said.out}") == without_what_varies(shown)


@pytest.mark.parametrize("line", [line for block in blocks("sh") for line in block.splitlines()])
def test_a_command_of_the_tutorial_is_one_that_we_have(line: str) -> None:
    words = shlex.split(line)
    if words[0] == "autodiff-tui":
        assert command(words[1:])
    else:
        assert words[0] in ("cd", "python")


@pytest.mark.parametrize("number", range(len(MISTAKES)))
def test_a_mistake_is_told_as_the_tutorial_says(
    number: int, capsys: pytest.CaptureFixture[str], server: Loopback
) -> None:
    file, before, after, code = MISTAKES[number]
    mended(file, before, after)

    assert run(ours(server, "train", "train.toml", "--ui", "none", *ALONE)) == code

    told = without_what_varies(capsys.readouterr().err)
    assert "\n".join(told) in [block for block in blocks("text") if block.startswith("error: ")]


def test_the_users_own_frames_are_shown_and_kept_when_asked_for(
    capsys: pytest.CaptureFixture[str], server: Loopback
) -> None:
    file, before, after, _ = MISTAKES[1]
    mended(file, before, after)
    command = ours(server, "train", "train.toml", "--ui", "json", "--run-dir", "broken", *ALONE)

    assert run([*command, "--verbose"]) == 1

    said = capsys.readouterr()
    assert events_of(said.out)[-1]["error"]["kind"] == "ProgramError"
    kept = Path("broken/crash.txt")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    frames = kept.read_text(encoding="utf-8")
    assert said.err.startswith(frames)
    assert frames.splitlines()[0] == "Traceback (most recent call last):"
    assert frames.splitlines()[-1].startswith("IndexError")
    assert "in look_up" in frames
    assert "[secret]" not in frames
    assert "autodiff_engine" not in frames


def test_an_evaluation_shows_the_users_own_frames_too(capsys: pytest.CaptureFixture[str], server: Loopback) -> None:
    file, before, after, _ = MISTAKES[1]
    mended(file, before, after)
    assert run(ours(server, "eval", "train.toml", "--quiet", "--verbose", *ALONE)) == 1
    said = capsys.readouterr().err
    assert said.startswith("Traceback (most recent call last):\n")
    assert "error: step look_up on example" in said


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("import no_such_library\n", "ModuleNotFoundError: No module named 'no_such_library'"),
        ("def answer(:\n", "SyntaxError: invalid syntax (program.py, line 1)"),
        ("import sys\nsys.exit('bye')\n", "SystemExit: bye"),
    ],
)
def test_a_file_that_cannot_be_imported_is_2_and_creates_nothing(
    capsys: pytest.CaptureFixture[str], server: Loopback, source: str, says: str
) -> None:
    Path("program.py").write_text(source, encoding="utf-8")
    before = sorted(Path().rglob("*"))

    assert run(ours(server, "config", "validate", "train.toml")) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[0] == f"error: task.pipeline: program.py cannot be imported: {says}"
    assert len(said.err.splitlines()) == 2
    assert run(ours(server, "train", "train.toml", "--ui", "none", "--verbose")) == 2
    frames, told, _ = capsys.readouterr().err.partition(f"error: task.pipeline: program.py cannot be imported: {says}")
    assert told
    assert 'program.py", line ' in frames
    assert "autodiff_engine" not in frames
    assert [path for path in sorted(Path().rglob("*")) if "__pycache__" not in path.parts] == before


def test_a_metric_of_ones_own_decides(capsys: pytest.CaptureFixture[str], server: Loopback) -> None:
    Path("my_metrics.py").write_text(
        'def topic(answer, expected):\n    """Articles of one topic have neighbouring numbers."""\n'
        "    return (int(answer[1:]) + 1) // 2 == (int(expected[1:]) + 1) // 2, 'same topic or not'\n",
        encoding="utf-8",
    )
    mended("train.toml", '"exact_match"', '"my_metrics.py:topic"')
    assert run(ours(server, "eval", "train.toml", "--ui", "json")) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["metric"], report["mean"]) == ("my_metrics.py:topic", 0.875)

    Path("broken_metrics.py").write_text("def topic(answer, expected):\n    return answer - 1\n", encoding="utf-8")
    mended("train.toml", "my_metrics", "broken_metrics")
    assert run(ours(server, "train", "train.toml", "--ui", "none", "--run-dir", "broken", *ALONE)) == 1
    said = capsys.readouterr().err
    assert re.match(r"error: metric broken_metrics.py:topic on example \d+: TypeError: unsupported operand", said)
    assert "(broken_metrics.py, line 2, in topic)" in said
    assert "return answer - 1" in Path("broken/crash.txt").read_text(encoding="utf-8")


def test_an_offline_run_over_the_same_answers_is_equal(capsys: pytest.CaptureFixture[str], server: Loopback) -> None:
    ends: list[dict[str, Any]] = []
    for more in ([], ["--offline"]):
        assert run([*ours(server, "train", "train.toml", "--ui", "json", "--max-steps", "1"), *more]) == 0
        ends.append(events_of(capsys.readouterr().out)[-1])
    assert ends[0]["val"] == ends[1]["val"]
    assert ends[1]["calls"]["made"] == 0
