"""``pack``, and ``replay`` of packs, over the real engine with a provider on loopback."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from autodiff_engine import build
from autodiff_engine.events import ExampleScored, Warned
from autodiff_engine.journal import FILE, read
from autodiff_engine.lock import locked
from autodiff_tui.cli import run
from autodiff_tui.interruptible import run as run_until_signal
from autodiff_tui.interruptible import unwinding

from ...counting import SECRET, provider
from ...loopback import Loopback, Turn, content_filter
from ...packs import changed, everything_below, member, packed

RUN = Path("r")
TRAIN = ["train", "c.toml", "--ui", "none", "--run-dir", "r"]
PROGRAM = """
from helper import counted

from autodiff_engine.program import Node, Prompt, Trace

COUNT = Prompt(system="{{ task }}", user="{{ question }}")


async def answer(trace: Trace, question: str) -> Node:
    asked = trace.input("question", question)
    return await trace.generate("answer", template=COUNT, prompts=["task"], question=asked, parse=counted)
"""


@pytest.fixture(autouse=True)
def temporary(counting: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of temporary files, which has to be empty when a test is over."""
    folder = counting / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield folder
    assert everything_below(folder) == []


def edit(old: str, new: str) -> None:
    text = Path("c.toml").read_text(encoding="utf-8")
    assert old in text
    Path("c.toml").write_text(text.replace(old, new), encoding="utf-8")


def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Path:
    """Leave of all that there is the pack alone, on a machine without a key and without a network."""
    content = Path("x.zip").read_bytes()
    for path in Path().iterdir():
        if path.name != "tmp":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    Path("there").mkdir()
    (Path("there") / "x.zip").write_bytes(content)
    monkeypatch.chdir("there")
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.delenv("AUTODIFF_CACHE_DIR")

    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    return Path("x.zip")


def test_a_pack_is_shown_and_executed_where_nothing_else_of_the_run_is(
    monkeypatch: pytest.MonkeyPatch, server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(TRAIN) == 0
    journal, facts, asked = (RUN / FILE).read_text(encoding="utf-8"), len(read(RUN).facts), len(server.received)
    before = {path: path.read_bytes() for path in RUN.rglob("*") if path.is_file()}

    assert run(["pack", "r", "-o", "x.zip"]) == 0

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"wrote x.zip: {facts} facts and ")
    assert {path: path.read_bytes() for path in RUN.rglob("*") if path.is_file()} == before
    content = Path("x.zip").read_bytes()
    elsewhere(monkeypatch)
    assert run(["replay", "x.zip", "--verify", "--ui", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["facts"], told["ended"], told["calls"]) == (facts, True, 0)
    assert run(["replay", "x.zip", "--ui", "json"]) == 0
    assert capsys.readouterr().out == journal
    assert run(["replay", "x.zip", "--ui", "plain"]) == 0
    assert "proposal 1" in capsys.readouterr().err
    assert everything_below(Path()) == ["x.zip"]
    assert Path("x.zip").read_bytes() == content
    assert len(server.received) == asked
    assert str(Path.cwd().parent) not in member(content, "config.toml").decode()


def test_two_packs_of_one_run_are_the_same_bytes_and_no_file_is_overwritten_unasked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(TRAIN) == 0
    assert run(["pack", "r"]) == 0
    assert run(["pack", "r", "-o", "y.zip", "--quiet"]) == 0

    assert Path("r.zip").read_bytes() == Path("y.zip").read_bytes()
    capsys.readouterr()
    assert run(["pack", "r"]) == 2
    assert "r.zip: exists already" in capsys.readouterr().err
    assert run(["pack", "r", "--force", "--quiet"]) == 0
    assert run(["pack", "r", "-o", "y.tar"]) == 2
    assert "y.tar: must end in .zip" in capsys.readouterr().err
    assert run(["show", "r.zip"]) == 2
    assert "a pack is no run's folder" in capsys.readouterr().err


def test_a_run_whose_answers_are_gone_is_refused_with_how_many_and_whose(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(TRAIN) == 0
    shutil.copytree("answers", "kept")
    shutil.rmtree("answers")
    assert run(["pack", "r"]) == 2
    said = capsys.readouterr().err
    gone, whole = (int(word) for word in said.removeprefix("error: r: ").split(" answers")[0].split(" of the "))
    assert gone == whole > 10
    by_role = [part.split(" of the role ") for part in said.splitlines()[0].split("stored here: ")[1].split(", ")]
    assert [role for _, role in by_role] == ["backward", "optimizer", "task"]
    assert sum(int(count) for count, _ in by_role) == gone
    assert "--cache-dir" in said
    assert not Path("r.zip").exists()
    assert run(["pack", "r", "--cache-dir", "kept", "--quiet"]) == 0


@pytest.mark.parametrize("mode", ["off", "refresh"])
def test_answers_of_the_runs_own_part_are_packed_too(
    mode: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    edit("[trainer]", f'[cache]\nmode = "{mode}"\ndir = "answers"\n\n[trainer]')
    assert run(TRAIN) == 0
    assert run(["pack", "r", "-o", "x.zip"]) == 0
    elsewhere(monkeypatch)
    assert run(["replay", "x.zip", "--verify"]) == 0


def test_what_failed_fails_again_in_a_pack(
    monkeypatch: pytest.MonkeyPatch, server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(body: dict[str, Any]) -> Turn:
        last = body["messages"][-1]["content"]
        if body["model"] == "worker" and " 3 " in last:
            return content_filter()
        return provider(body)

    server.otherwise = failing
    assert run(TRAIN) == 0
    scored = [each.event for each in read(RUN).events if isinstance(each.event, ExampleScored)]
    assert any(each.why.startswith("refused: ") for each in scored)
    assert run(["pack", "r", "-o", "x.zip"]) == 0
    elsewhere(monkeypatch)
    assert run(["replay", "x.zip", "--verify"]) == 0


def test_a_run_that_was_cut_short_can_be_packed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(TRAIN) == 0
    lines = (RUN / FILE).read_text(encoding="utf-8").splitlines(keepends=True)
    half = next(place for place, line in enumerate(lines) if '"ProposalMade"' in line)
    (RUN / FILE).write_text("".join(lines[:half]) + lines[half][:40], encoding="utf-8")
    assert run(["pack", "r", "-o", "x.zip"]) == 0
    elsewhere(monkeypatch)
    capsys.readouterr()
    assert run(["replay", "x.zip", "--verify"]) == 0
    assert "the run has not come to its end" in capsys.readouterr().out
    assert run(["replay", "x.zip", "--ui", "none"]) == 0
    assert capsys.readouterr().err == "x.zip: the last line of the journal was cut short and is left out\n"


def test_a_run_that_somebody_executes_or_that_changed_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(TRAIN) == 0
    with locked(RUN):
        assert run(["pack", "r"]) == 2
    assert "a process executes this run now" in capsys.readouterr().err

    Path("questions.csv").write_text("question,answer\n" + "How many?,1\nWhy?,2\n" * 20, encoding="utf-8")
    assert run(["pack", "r"]) == 2
    Path("questions.csv").write_text(
        "question,answer\n" + "".join(f"How many are {n} bees?,{n}\n" for n in range(20)), encoding="utf-8"
    )
    capsys.readouterr()
    for anyway, number in (([], 2), (["--anyway"], 1)):
        assert run(["pack", "r", *anyway]) == number
        assert "the data (questions.csv) changed since the run began" in capsys.readouterr().err
    assert not Path("r.zip").exists()


def own_program(monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("mine", "theirs"):
        Path(folder).mkdir()
    Path("mine/packed_program.py").write_text(PROGRAM, encoding="utf-8")
    Path("mine/helper.py").write_text(
        "from pathlib import Path\n\nPath('executed').touch()\n\n\n"
        "def counted(text):\n    return text.rpartition('Answer: ')[2]\n",
        encoding="utf-8",
    )
    Path("theirs/packed_metric.py").write_text(
        "def score(answer, expected):\n    from late_helper import same\n    return same(answer, expected)\n",
        encoding="utf-8",
    )
    Path("theirs/late_helper.py").write_text(
        "def same(answer, expected):\n    return 1.0 if answer == expected else 0.0\n", encoding="utf-8"
    )
    edit('pipeline = "prompt"\nmetric = "exact_match"', 'pipeline = "mine/packed_program.py:answer"\n'
         'metric = "theirs/packed_metric.py:score"')  # fmt: skip
    text = Path("c.toml").read_text(encoding="utf-8")
    start, end = text.index("[program]"), text.index("[prompts]")
    Path("c.toml").write_text(text[:start] + text[end:], encoding="utf-8")


def test_program_files_are_packed_and_executed_only_by_who_trusts_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own_program(monkeypatch)
    ours = [sys.executable, "-m", "autodiff_tui"]  # modules stay imported: each command in a process of its own
    subprocess.run([*ours, *TRAIN], check=True, timeout=50)
    facts = len(read(RUN).facts)
    packing = subprocess.run(
        [*ours, "pack", "r", "-o", "x.zip"], check=True, timeout=50, capture_output=True, text=True
    )
    assert packing.stderr.splitlines()[1] == (
        "it holds program files of yours: program/1/helper.py, program/1/packed_program.py, program/2/late_helper.py, "
        "program/2/packed_metric.py"
    )
    Path("executed").unlink()
    elsewhere(monkeypatch)

    assert run(["replay", "x.zip", "--ui", "none"]) == 0
    assert run(["replay", "x.zip", "--verify"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: x.zip: holds program files, which --verify would execute: program/1/helper.py, ")
    assert "--trust" in said.splitlines()[1]
    assert not Path("executed").exists()

    asked: list[str] = []

    def confirm(text: str, **_: object) -> bool:
        asked.append(text)
        return False

    for stream in (sys.stdin, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr(click, "confirm", confirm)
    assert run(["replay", "x.zip", "--verify"]) == 2
    assert asked == ["Execute them, with all that you may do on this machine?"]
    assert "  program/1/packed_program.py, " in capsys.readouterr().err
    assert not Path("executed").exists()

    trusted = [*ours, "replay", "x.zip", "--verify", "--trust"]
    assert subprocess.run(trusted, check=True, timeout=50, capture_output=True, text=True).stdout == (
        f"{facts} facts equal, 0 calls\n"
    )
    assert Path("executed").exists()


def test_a_pack_whose_program_or_instructions_are_not_the_runs_is_executed_only_anyway(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What differs in them changes no fact: only their hashes tell, which the journal has."""
    own_program(monkeypatch)
    ours = [sys.executable, "-m", "autodiff_tui"]
    subprocess.run([*ours, *TRAIN], check=True, timeout=50)
    facts = len(read(RUN).facts)
    subprocess.run([*ours, "pack", "r", "-o", "x.zip"], check=True, timeout=50, capture_output=True)
    metric = Path("theirs/packed_metric.py")
    metric.write_text(metric.read_text(encoding="utf-8") + "\n# a comment\n", encoding="utf-8")
    refused = subprocess.run([*ours, "pack", "r", "-o", "y.zip"], timeout=50, capture_output=True, text=True)
    assert (refused.returncode, Path("y.zip").exists()) == (2, False)
    assert "error: r: packed_metric.py changed since the run began\n" in refused.stderr
    later = subprocess.run(
        [*ours, "pack", "r", "-o", "y.zip", "--anyway"], check=True, timeout=50, capture_output=True, text=True
    )
    assert "packed_metric.py changed since the run began: packed as it is now" in later.stderr

    whole = Path("x.zip").read_bytes()
    loss = next(name for name in json.loads(member(whole, "manifest.json"))["members"] if name.endswith("loss.user.j2"))
    with_space = member(whole, loss) + b" "
    Path("z.zip").write_bytes(changed(whole, **{loss.replace("/", "__").replace(".", "_dot_"): with_space}))
    for name in ("mine", "theirs", "c.toml", "questions.csv"):
        Path(name).rename(f"{name}.gone")
    for pack, named in (("y.zip", "packed_metric.py"), ("z.zip", "its instructions to LLMs")):
        verify = [*ours, "replay", pack, "--verify", "--trust"]
        refused = subprocess.run(verify, timeout=50, capture_output=True, text=True)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert f"error: {pack}: {named} changed since the run began: " in refused.stderr
    taken = subprocess.run([*ours, "replay", "y.zip", "--verify", "--trust", "--anyway"], timeout=50,
                           check=True, capture_output=True, text=True)  # fmt: skip
    assert taken.stdout == f"{facts} facts equal, 0 calls; packed_metric.py changed since the run began\n"


def test_a_program_that_searches_takes_its_corpus_along(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    edit('pipeline = "prompt"', 'pipeline = "vanilla_rag"')
    edit('source = "questions.csv"', 'source = "generated:two_hop"')
    text = Path("c.toml").read_text(encoding="utf-8")
    start, end = text.index("[program]"), text.index("[models.task]")
    Path("c.toml").write_text(text[:start] + text[end:].replace("max_steps = 3", "max_steps = 1"), encoding="utf-8")
    assert run(TRAIN) == 0
    assert run(["pack", "r", "-o", "x.zip"]) == 0
    assert b'{"title": ' in member(Path("x.zip").read_bytes(), "corpus.jsonl")
    elsewhere(monkeypatch)
    assert run(["replay", "x.zip", "--verify"]) == 0


def test_no_key_and_no_header_of_the_environment_is_in_a_pack(
    monkeypatch: pytest.MonkeyPatch, server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    canaries = ["canary-one-0123456789", "canary-two-0123456789", SECRET]
    monkeypatch.setenv("MY_SERVICE_TOKEN", canaries[0])
    monkeypatch.setenv("OPENAI_ORGANIZATION_SECRET", canaries[1])
    assert run(TRAIN) == 0
    (RUN / "debug.log").write_text("\n".join(canaries), encoding="utf-8")
    (RUN / "crash.txt").write_text("\n".join(canaries), encoding="utf-8")
    assert any(SECRET in value for value in server.received[0].headers.values())
    assert run(["pack", "r", "-o", "x.zip"]) == 0
    content = Path("x.zip").read_bytes()
    for name in json.loads(member(content, "manifest.json"))["members"]:
        assert not any(canary in member(content, name).decode() for canary in canaries)
        assert not name.endswith((".log", ".txt"))

    answer = json.loads(member(content, "answers.jsonl").splitlines()[0])["text"]
    monkeypatch.setenv("LEAKED_KEY", answer if len(answer) >= 8 else "Count carefully.")
    capsys.readouterr()
    assert run(["pack", "r", "-o", "y.zip"]) == 2
    assert "holds the value of LEAKED_KEY, and a pack holds no secret" in capsys.readouterr().err
    assert not Path("y.zip").exists()


@pytest.mark.parametrize(
    ("spoil", "why", "verified"),
    [
        (lambda c: c[:-9], "is no pack, or was cut short or added to", 1),
        (lambda c: c.replace(b"splits.json", b"splits.jsom"), "splits.jsom", 1),
        (lambda c: packed({"x": b""}), "holds 'x', which no pack holds", 1),
        (lambda c: changed(c, journal_dot_jsonl=b"{}\n"), "journal.jsonl: line 1: not an event of ours", 1),
        (lambda c: changed(c, journal_dot_jsonl=b"[" * 99999 + b"\n"), "journal.jsonl: line 1: not an event", 1),
    ],
)
def test_a_damaged_pack_is_one_line_for_whoever_looks_at_it_or_executes_it(
    spoil: Callable[[bytes], bytes], why: str, verified: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(TRAIN) == 0
    assert run(["pack", "r", "-o", "x.zip", "--quiet"]) == 0
    Path("x.zip").write_bytes(spoil(Path("x.zip").read_bytes()))
    capsys.readouterr()
    for options in (["--ui", "plain"], ["--verify"]):
        assert run(["replay", "x.zip", *options]) == verified
        said = capsys.readouterr()
        assert said.out == ""
        errors = [line for line in said.err.splitlines() if not line.startswith("hint: ")]
        assert len(errors) == 1
        assert errors[0].startswith("error: x.zip: ")
        assert why in errors[0]
        assert "/tmp/" not in said.err


def test_a_pack_that_was_changed_with_care_does_no_harm_and_is_found_out(
    temporary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(TRAIN) == 0
    assert run(["pack", "r", "-o", "x.zip", "--quiet"]) == 0
    content = Path("x.zip").read_bytes()
    config, answers = member(content, "config.toml").decode(), member(content, "answers.jsonl")
    Path("evil.py").write_text("from pathlib import Path\nPath('executed').touch()\n", encoding="utf-8")

    def verified(**members: bytes) -> str:
        Path("x.zip").write_bytes(changed(content, **members))
        capsys.readouterr()
        assert run(["replay", "x.zip", "--verify", "--trust"]) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert str(temporary) not in said.err
        return said.err.splitlines()[0]

    evil = config.replace('pipeline = "prompt"', f'pipeline = "{Path("evil.py").resolve()}:x"').replace(
        "[program]", "[x]"
    )
    evil = evil[: evil.index("[x]")] + evil[evil.index("[program.answer" if "[program.answer" in evil else "[x]") :]
    assert "config.toml" in verified(config_dot_toml=evil.encode())
    metric = config.replace('metric = "exact_match"', f'metric = "{Path("evil.py").resolve()}:x"')
    assert "which it does not hold" in verified(config_dot_toml=metric.encode())
    assert "config.toml: not TOML" in verified(config_dot_toml=b"\x00")
    assert "nested too deeply" in verified(config_dot_toml=b"a = " + b"[" * 50_000)
    assert "splits.json: holds no splits" in verified(splits_dot_json=b"[]")
    assert "answers.jsonl: line 1: not a recorded answer" in verified(answers_dot_jsonl=b"[]\n")
    assert "cannot be said again: no recorded answer" in verified(answers_dot_jsonl=b"")
    wrong = answers.replace(b"Answer: ", b"Answer: 9")
    assert "differs: ExampleScored" in verified(answers_dot_jsonl=wrong)
    assert not Path("executed").exists()


@pytest.mark.parametrize(
    ("old", "new"), [('source = "questions.csv"', 'source = "passwd"'), ('metric = "exact_match"', 'metric = "f1"')]
)
def test_a_pack_whose_config_is_not_the_runs_is_executed_only_anyway(
    old: str, new: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(TRAIN) == 0
    assert run(["pack", "r", "-o", "x.zip", "--quiet"]) == 0
    content = Path("x.zip").read_bytes()
    config = member(content, "config.toml").decode()
    assert old in config
    Path("x.zip").write_bytes(changed(content, config_dot_toml=config.encode()))
    assert run(["replay", "x.zip", "--verify"]) == 0

    Path("x.zip").write_bytes(changed(content, config_dot_toml=config.replace(old, new).encode()))
    capsys.readouterr()
    assert run(["replay", "x.zip", "--verify"]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.splitlines()[0]) == (
        "",
        "error: x.zip: its config.toml changed since the run began: it is packed as it was later, or somebody changed "
        "the pack",
    )
    assert run(["replay", "x.zip", "--verify", "--anyway"]) in (0, 1)

    outside = config.replace('source = "questions.csv"', 'source = "/etc/passwd"')
    Path("x.zip").write_bytes(changed(content, config_dot_toml=outside.encode()))
    assert run(["replay", "x.zip", "--verify", "--anyway"]) == 1
    assert "x.zip: its config.toml names '/etc/passwd', data.source, in a folder" in capsys.readouterr().err


def test_best_prompts_that_nobody_can_read_are_not_packed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(TRAIN) == 0
    (RUN / "best.toml").write_text("garbage = [", encoding="utf-8")
    assert run(["pack", "r", "-o", "x.zip"]) == 2
    error, hint = capsys.readouterr().err.splitlines()
    assert error.startswith("error: r/best.toml: cannot be read as prompts, so it is not packed: not TOML: ")
    assert hint == "hint: delete it: the journal has all prompts, and export --step writes them anew"
    assert not Path("x.zip").exists()
    (RUN / "best.toml").unlink()
    assert run(["pack", "r", "-o", "x.zip", "--quiet"]) == 0


LATE = """
import importlib

from autodiff_engine.program import Node, Prompt, Trace

COUNT = Prompt(system="{{ task }}", user="{{ question }}")


def clean(text):
    return importlib.import_module("la" + "ter").clean(text)


async def answer(trace: Trace, question: str) -> Node:
    asked = await trace.apply("clean", clean, trace.input("question", question))
    return await trace.generate("answer", template=COUNT, prompts=["task"], question=asked)
"""


def test_a_module_that_a_program_imports_by_a_computed_name_is_told_once_packed_and_blamed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("mine").mkdir()
    Path("mine/late_program.py").write_text(LATE, encoding="utf-8")
    Path("mine/later.py").write_text("def clean(text):\n    return text\n", encoding="utf-8")
    edit('pipeline = "prompt"', 'pipeline = "mine/late_program.py:answer"')
    text = Path("c.toml").read_text(encoding="utf-8")
    start, end = text.index("[program]"), text.index("[prompts]")
    Path("c.toml").write_text(text[:start] + text[end:], encoding="utf-8")
    warning = "later.py was imported by a name that the program computes: resume and replay do not notice"

    assert run([*TRAIN, "--budget-calls", "8"]) == 4
    assert run(["resume", "r", "--ui", "none", "--budget-calls", "500"]) == 0
    told = [each.event.message for each in read(RUN).events if isinstance(each.event, Warned)]
    assert [each.startswith(warning) for each in told] == [True]

    capsys.readouterr()
    assert run(["pack", "r", "-o", "x.zip"]) == 0
    names = "program/1/late_program.py, program/1/later.py"
    assert capsys.readouterr().err.splitlines()[1] == f"it holds program files of yours: {names}"
    facts = len(read(RUN).facts)

    Path("mine/later.py").write_text("def clean(text):\n    return text + ' '\n", encoding="utf-8")
    for command in (["pack", "r", "-o", "y.zip"], ["replay", "r", "--verify"]):
        assert run(command) == 1
        error, hint = capsys.readouterr().err.splitlines()
        assert error.startswith("error: fact ")
        assert hint.startswith("hint: later.py was imported by a name that the program computes, and not compared")
    elsewhere(monkeypatch)
    assert run(["replay", "x.zip", "--verify", "--trust"]) == 0
    assert capsys.readouterr().out == f"{facts} facts equal, 0 calls\n"


def test_an_unknown_pack_and_answers_of_another_form_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["replay", "nowhere.zip"]) == 2
    assert "nowhere.zip: no such file" in capsys.readouterr().err
    assert run(TRAIN) == 0
    assert run(["pack", "r", "-o", "x.zip", "--quiet"]) == 0
    content = Path("x.zip").read_bytes()
    names = json.loads(member(content, "manifest.json"))["members"]
    Path("x.zip").write_bytes(packed({name: member(content, name) for name in names}, answers="9.9"))
    assert run(["replay", "x.zip", "--verify"]) == 1
    assert "its answers are of form '9.9', this version reads 1.1" in capsys.readouterr().err
    assert run(["replay", "x.zip", "--ui", "none"]) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_what_was_unpacked_is_gone_after_a_signal_also_behind_an_event_loop(
    number: int, temporary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(TRAIN) == 0
    assert run(["pack", "r", "-o", "x.zip", "--quiet"]) == 0
    before = signal.getsignal(number)

    async def nothing() -> None:
        await asyncio.sleep(0)

    def opened() -> None:
        with unwinding() as again, build.opened(Path("x.zip"), whole=True):
            assert everything_below(temporary) != []
            run_until_signal(nothing)
            again()
            os.kill(os.getpid(), number)
            time.sleep(10)

    with pytest.raises(SystemExit) as ended:
        opened()
    assert ended.value.code == 128 + number
    assert signal.getsignal(number) is before
