"""Whole commands over the real engine, with a provider on loopback."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

import pytest

from autodiff_engine.errors import ConfigError
from autodiff_tui.cli import run
from autodiff_tui.exporting import copy_best

from ...counting import SECRET, events_of
from ...loopback import Loopback, error, hang, unauthorized

pytestmark = pytest.mark.usefixtures("counting")


def test_from_training_to_the_score_of_what_was_exported(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["train", "c.toml", "--ui", "json"]) == 0
    said = capsys.readouterr()
    events = events_of(said.out)
    end = events[-1]
    assert said.err == ""
    assert "budget" not in events[0]
    assert end["type"] == "RunFinished"
    assert (end["status"], end["val"]["best"], end["test"]["best"]) == ("done", 1.0, 1.0)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events == events_of((Path(end["run_dir"]) / "journal.jsonl").read_text(encoding="utf-8"))

    assert run(["export", "latest"]) == 0
    assert Path("best.toml").read_bytes() == Path(end["best"]).read_bytes()
    best = tomllib.loads(Path("best.toml").read_text(encoding="utf-8"))
    scores = best["scores"]
    (origin,) = best["provenance"]
    assert " ".join(origin["sentences"]).split() == best["prompts"]["task"].split()
    assert [(each["which"], each["split"]) for each in scores] == [
        ("start", "val"), ("best", "val"), ("start", "test"), ("best", "test"),
    ]  # fmt: skip
    assert capsys.readouterr().out == ""

    assert run(["eval", "c.toml", "--prompts", "best.toml", "--split", "test", "--ui", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["split"], report["mean"], report["n"], report["calls"]["made"]) == ("test", 1.0, 4, 0)

    assert run(["show", "latest"]) == 0
    assert "  + Count carefully." in capsys.readouterr().out.splitlines()

    assert run(["cache", "stats", "--ui", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["answers"] == end["calls"]["made"]

    assert run(["cache", "clear"]) == 0
    assert capsys.readouterr().out == f"0 answers deleted, {end['calls']['made']} kept\n"

    assert run(["cache", "clear", "--all"]) == 0
    assert capsys.readouterr().out == f"{end['calls']['made']} answers deleted, 0 kept\n"

    assert run(["cache", "path"]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'answers'}\n"


def test_a_run_elsewhere_is_listed_found_and_keeps_its_answers(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    place = tmp_path / "far" / "away"
    assert run(["train", "c.toml", "--ui", "json", "--run-dir", str(place)]) == 0
    end = events_of(capsys.readouterr().out)[-1]

    assert run(["runs", "--ui", "json"]) == 0
    assert [row["folder"] for row in events_of(capsys.readouterr().out)] == [str(place)]
    for name in ("latest", end["run_id"][:18]):
        assert run(["export", name, "-o", "-"]) == 0
        assert capsys.readouterr().out.startswith("# Prompts trained")
    assert run(["cache", "clear"]) == 0
    assert capsys.readouterr().out == f"0 answers deleted, {end['calls']['made']} kept\n"
    place.rename(tmp_path / "gone")
    assert run(["cache", "clear", "--quiet"]) == 0
    assert capsys.readouterr().out == f"{end['calls']['made']} answers deleted, 0 kept\n"


def test_a_register_that_cannot_be_written_is_a_warning_and_the_run_goes_on(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    Path("runs").write_text("a file", encoding="utf-8")

    assert run(["train", "c.toml", "--ui", "json", "--run-dir", "there"]) == 0

    (warned,) = [event for event in events_of(capsys.readouterr().out) if event["type"] == "Warned"]
    assert warned["message"].endswith("runs does not list this run, and cache clear would not keep its answers")


def test_a_second_run_pays_for_nothing_and_offline_is_enough(
    capsys: pytest.CaptureFixture[str], server: Loopback
) -> None:
    assert run(["train", "c.toml", "--ui", "none"]) == 0
    asked = len(server.received)

    assert run(["train", "c.toml", "--ui", "json", "--offline", "--run-dir", "again"]) == 0

    assert len(server.received) == asked
    assert events_of(capsys.readouterr().out)[-1]["calls"]["made"] == 0


def test_an_answer_that_is_not_stored_fails_an_offline_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "c.toml", "--ui", "none", "--offline"]) == 1

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: no recorded answer to the task prompt “")


def test_plain_output_tells_the_run_and_ends_with_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "c.toml", "--ui", "plain", "--seed", "3"]) == 0

    said = capsys.readouterr()
    assert re.search(r"^step 1 of 3: batch \d/4 right", said.err, re.MULTILINE)
    assert re.search(r"^  proposal 1: minibatch .*; validation .*; accepted$", said.err, re.MULTILINE)
    assert [line.split()[0] for line in said.out.splitlines()] == [
        "run", "validation", "test", "proposals", "passed", "calls", "folder", "best", "next",
    ]  # fmt: skip


def test_eval_of_several_losses_tells_each_apart(capsys: pytest.CaptureFixture[str]) -> None:
    losses = 'task.losses=[{node = "answer", metric = "f1", weight = 0.5}, {node = "answer", metric = "numeric"}]'
    assert run(["eval", "c.toml", "--quiet", "--set", losses]) == 0
    first, second, _ = capsys.readouterr().out.splitlines()
    assert re.match(r"val objective 0\.\d\d \(n=6\), 95 % interval", first)
    part = r"0\.\d\d"
    said = rf"losses: answer f1 ({part}) \(weight 0.5\), answer numeric \1; exact_match of the answer \1"
    assert re.fullmatch(said, second), second


def test_eval_in_plain_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["eval", "c.toml"]) == 0

    said = capsys.readouterr()
    mean, spent = said.out.splitlines()
    assert re.fullmatch(r"val exact_match 0\.\d+ \(n=6\), 95 % interval 0\.\d+ to 0\.\d+", mean)
    assert spent.startswith("calls 6 made, 0 from the cache; tokens 66 in, 42 out; cost $")
    assert [line.split()[0] for line in said.err.splitlines()] == ["forecast", "budget:", "6/6"]
    assert run(["eval", "c.toml", "--verbose"]) == 0
    assert capsys.readouterr().err.splitlines()[-6:] == [f"{done}/6" for done in range(1, 7)]


def test_a_spent_budget_is_4_and_the_best_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "c.toml", "--ui", "json", "--budget-calls", "8"]) == 4

    first, *_, end = events_of(capsys.readouterr().out)
    assert first["budget"] == {"usd": None, "tokens": None, "calls": 8, "minutes": None}
    assert (end["status"], end["calls"]["made"]) == ("budget", 8)
    assert tomllib.loads(Path(end["best"]).read_text(encoding="utf-8"))["prompts"] == {"task": "Count."}


def test_a_wrong_key_is_3_and_is_not_repeated_anywhere(
    capsys: pytest.CaptureFixture[str], server: Loopback, tmp_path: Path
) -> None:
    server.otherwise = unauthorized(SECRET)

    assert run(["train", "c.toml", "--ui", "plain"]) == 3

    said = capsys.readouterr()
    assert SECRET not in said.out + said.err
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]


def test_a_provider_that_is_down_is_3_and_no_score(capsys: pytest.CaptureFixture[str], server: Loopback) -> None:
    server.otherwise = error(503, "down for a moment", retry_after="0")

    assert run(["eval", "c.toml", "--quiet"]) == 3

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: no score: none of 6 examples was answered")


@pytest.mark.parametrize("mode", ["off", "refresh"])
def test_without_the_store_an_evaluation_asks_again_each_time(server: Loopback, mode: str) -> None:
    arguments = ["eval", "c.toml", "--quiet", "--set", f"cache.mode={mode}"]

    assert run(arguments) == 0
    once = len(server.received)
    assert run(arguments) == 0

    assert len(server.received) == 2 * once == 12


def test_an_empty_split_is_a_mistake_in_the_config(capsys: pytest.CaptureFixture[str], server: Loopback) -> None:
    assert run(["eval", "c.toml", "--split", "test", "--set", "data.test=0"]) == 2
    assert "the test split of questions.csv is empty" in capsys.readouterr().err
    assert server.received == []


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
@pytest.mark.parametrize("command", ["train", "eval"])
def test_a_signal_ends_a_command_whose_provider_hangs(
    command: str, name: str, code: int, capsys: pytest.CaptureFixture[str], server: Loopback
) -> None:
    server.otherwise = hang()

    def interrupt() -> None:
        while not server.received:
            threading.Event().wait(0.02)
        os.kill(os.getpid(), getattr(signal, name))

    sender = threading.Thread(target=interrupt)
    sender.start()
    got = run([command, "c.toml", "--ui", "json"])
    sender.join()

    assert got == code
    out = capsys.readouterr().out
    assert (events_of(out)[-1]["status"] == "interrupted") if command == "train" else (out == "")


def test_a_config_with_mistakes_creates_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    Path("c.toml").write_text("[task]\npipelin = 'prompt'\n", encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))

    assert run(["train", "c.toml"]) == 2

    said = capsys.readouterr()
    assert said.out == ""
    assert "pipelin" in said.err
    assert sorted(tmp_path.rglob("*")) == before


def test_validate_checks_the_data_too_and_creates_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert run(["config", "validate", "c.toml"]) == 0
    assert capsys.readouterr().out == "c.toml: valid\n"
    assert sorted(tmp_path.rglob("*")) == before

    Path("questions.csv").unlink()
    assert run(["config", "validate", "c.toml"]) == 2
    assert "questions.csv" in capsys.readouterr().err


def test_a_pipe_that_closes_ends_the_run_quietly_and_its_journal_is_whole(tmp_path: Path) -> None:
    command = f"{sys.executable} -m autodiff_tui train c.toml --ui json | head -n 1; exit ${{PIPESTATUS[0]}}"

    said = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)

    (journal,) = tmp_path.glob("runs/*/journal.jsonl")
    assert (said.returncode, said.stderr) == (130, "")
    assert json.loads(said.stdout)["type"] == "RunOpened"
    assert events_of(journal.read_text(encoding="utf-8"))[-1]["status"] == "interrupted"


def test_export_overwrites_only_when_told(capsys: pytest.CaptureFixture[str]) -> None:
    run_dir = Path("runs/r1")
    run_dir.mkdir(parents=True)
    (run_dir / "journal.jsonl").write_text("", encoding="utf-8")
    (run_dir / "best.toml").write_text('[prompts]\ntask = "new"\n', encoding="utf-8")
    Path("best.toml").write_text("mine", encoding="utf-8")

    assert run(["export", "r1"]) == 2
    assert Path("best.toml").read_text(encoding="utf-8") == "mine"
    assert "--force" in capsys.readouterr().err

    assert run(["export", "r1", "--force"]) == 0
    assert Path("best.toml").read_bytes() == (run_dir / "best.toml").read_bytes()

    assert run(["export", "r1", "-o", "deep/er.toml"]) == 2
    assert "deep" in capsys.readouterr().err
    assert sorted(path.name for path in Path().glob(".*")) == []


def test_an_older_export_is_overwritten_without_asking(capsys: pytest.CaptureFixture[str]) -> None:
    run_dir = Path("runs/r1")
    run_dir.mkdir(parents=True)
    (run_dir / "journal.jsonl").write_text("", encoding="utf-8")
    for text in ("old", "new"):
        content = "# Prompts trained by autodiff-tui. They are under [prompts]; all else says where they came from.\n\n"
        (run_dir / "best.toml").write_text(f'{content}[prompts]\ntask = "{text}"\n', encoding="utf-8")
        assert run(["export", "r1"]) == 0
        assert f'task = "{text}"' in Path("best.toml").read_text(encoding="utf-8")
    assert run(["export", "r1", "-o", "config.toml"]) == 0
    Path("config.toml").write_text("# Prompts of my own", encoding="utf-8")
    capsys.readouterr()
    assert run(["export", "r1", "-o", "config.toml"]) == 2
    assert "no export of ours" in capsys.readouterr().err


def test_export_to_stdout_is_the_file_itself(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    run_dir = Path("runs/r1")
    run_dir.mkdir(parents=True)
    (run_dir / "journal.jsonl").write_text("", encoding="utf-8")
    (run_dir / "best.toml").write_bytes(b'[prompts]\ntask = "a\\r\xc3\xa9"\n')

    assert run(["export", "r1", "-o", "-"]) == 0

    assert capfdbinary.readouterr().out == (run_dir / "best.toml").read_bytes()


@pytest.mark.parametrize("content", [None, "not toml [", "[prompts]\n"])
def test_prompts_that_cannot_be_read_are_not_exported(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "best.toml").write_text(content, encoding="utf-8")

    with pytest.raises(ConfigError):
        copy_best(tmp_path, tmp_path / "copy.toml")

    assert not (tmp_path / "copy.toml").exists()


def test_demos_alone_are_trained_from_a_config_with_a_teacher(
    capsys: pytest.CaptureFixture[str], server: Loopback
) -> None:
    text = Path("c.toml").read_text(encoding="utf-8")
    text = text.replace('system = "{{ task }}"', 'system = "Count.{% if shots %} As here:\\n\\n{{ shots }}{% endif %}"')
    text = text.replace('answer = "last_number"', 'answer = "last_number"\ndemos = ["shots"]')
    text = text.replace('[prompts]\ntask = "Count."\n', "")
    teacher = f'[models.teacher]\nmodel = "openai/sage"\napi_base = "{server.url}"\n'
    Path("c.toml").write_text(text + teacher, encoding="utf-8")

    assert run(["train", "c.toml", "--ui", "json"]) == 0
    events = events_of(capsys.readouterr().out)
    end = events[-1]
    assert (end["status"], end["val"]["best"], end["test"]["best"]) == ("done", 1.0, 1.0)
    asked = {request.body["model"] for request in server.received}
    assert asked == {"worker", "sage"}
    best = tomllib.loads(Path(end["best"]).read_text(encoding="utf-8"))
    assert "I counted carefully.\nAnswer: " in best["prompts"]["shots"]
    assert (best["texts"]["shots"]["kind"], best["provenance"][0]["method"]) == ("demos", "demos")
    (made, *_) = [event for event in events if event["type"] == "ProposalMade"]
    assert best["provenance"][0]["asked_by"] == made["changes"][0]["asked_by"]
    last = [request.body["messages"][0]["content"] for request in server.received][-1]
    assert last == f"Count. As here:\n\n{best['prompts']['shots']}"

    assert run(["export", "latest"]) == 0
    assert run(["eval", "c.toml", "--prompts", "best.toml", "--split", "test", "--ui", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["mean"], report["calls"]["made"]) == (1.0, 0)

    assert run(["show", "latest"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert any(re.fullmatch(r"  rewritten in step \d by proposal 1 \(demos\), val 1.00", line) for line in shown)
