"""Whole ablations over the real engine, with a provider on loopback."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import threading
import tomllib
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from autodiff_engine.ablation import UNTRAINED, VARIANTS
from autodiff_engine.llm.store import AnswerStore
from autodiff_engine.lock import locked
from autodiff_tui.ablation_table import COLUMNS
from autodiff_tui.cli import run

from ...counting import events_of, provider
from ...loopback import Loopback, Turn, error, hang, ok

ABLATE = ["ablate", "c.toml", "--variants", "full,opro", "--seeds", "1,2"]


@pytest.fixture(autouse=True)
def _wide(counting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def varied(body: dict[str, Any]) -> Turn:
    """A writer whose text helps by chance of what it is sent, so that runs end with different scores."""
    said = " ".join(message["content"] for message in body["messages"])
    if body["model"] == "writer":
        most = zlib.crc32(said.encode()) % 16
        return ok(f"<reasoning>r</reasoning><method>rephrase</method><new_text>Be careful up to {most}.</new_text>")
    if body["model"] == "worker":
        number = int(re.findall(r"\d+", body["messages"][-1]["content"])[-1])
        able = re.search(r"up to (\d+)", body["messages"][0]["content"])
        right = (number % 2 and not able) or (able and number <= int(able[1]))
        return ok(f"Answer: {number if right else number + 1}")
    return provider(body)


class Answering:
    """The provider, but for what comes after ``most`` answers; keeps what it has answered."""

    def __init__(self, most: int, then: Turn) -> None:
        self.answered: list[str] = []
        self._most, self._then = most, then

    def __call__(self, body: dict[str, Any]) -> Turn:
        if len(self.answered) >= self._most:
            return self._then
        self.answered.append(json.dumps(body, sort_keys=True))
        return provider(body)


def journals(folder: Path) -> dict[str, list[dict[str, Any]]]:
    return {
        path.parent.name: events_of(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*/journal.jsonl"))
    }


def table_of(path: Path) -> list[dict[str, str]]:
    """Parse a Markdown table back."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    heading, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(heading, row, strict=True)) for row in rows]


def csv_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_table_holds_what_the_journals_hold(capsys: pytest.CaptureFixture[str], server: Loopback) -> None:
    server.otherwise = varied
    assert run([*ABLATE, "--run-dir", "abl", "-o", "table.csv"]) == 0
    assert run([*ABLATE, "--run-dir", "abl", "-o", "table.md"]) == 0  # all is done: the table alone, once more

    told = journals(Path("abl"))
    assert sorted(told) == ["full-s1", "full-s2", "opro-s1", "opro-s2"]
    by_csv, by_md = csv_of(Path("table.csv")), table_of(Path("table.md"))
    assert [row["variant"] for row in by_csv] == [row["variant"] for row in by_md] == ["full", "opro"]
    for row, shown in zip(by_csv, by_md, strict=True):
        runs = [told[f"{row['variant']}-s{seed}"] for seed in (1, 2)]
        ends = [events[-1] for events in runs]
        val, test = [end["val"]["best"] for end in ends], [end["test"]["best"] for end in ends]
        assert (row["runs"], row["val_n"], row["test_n"]) == ("2", "6", "4")
        assert float(row["val_best"]) == pytest.approx(sum(val) / 2)
        assert float(row["val_best_sd"]) == pytest.approx(statistics.stdev(val))
        assert float(row["test_best"]) == pytest.approx(sum(test) / 2)
        assert shown["validation best"] == f"{sum(val) / 2:.3f} ± {statistics.stdev(val):.3f} (n=6, 2 runs)"
        start = sum(end["test"]["start"] for end in ends) / 2
        assert shown["test start → best"].startswith(f"{start:.3f} → {sum(test) / 2:.3f} ± ")
        judged = [event for events in runs for event in events if event["type"] == "ProposalJudged"]
        at_minibatch = [event for event in judged if event["minibatch"]]
        assert int(row["minibatch_judged"]) == len(at_minibatch)
        assert int(row["minibatch_passed"]) == sum(event["validation"] is not None for event in at_minibatch)
        assert int(row["validation_judged"]) == sum(event["validation"] is not None for event in judged)
        assert int(row["validation_passed"]) == sum(event["fate"] == "accepted" for event in judged)
        assert shown["validation passed"].startswith(f"{row['validation_passed']}/{row['validation_judged']} (")
        finished = [[each for each in events if each["type"] == "CallFinished"] for events in runs]
        calls = [{each["key"]: each for each in each_run if not each["error"]} for each_run in finished]
        assert int(row["calls_paid"]) == sum(end["calls"]["made"] for end in ends)
        assert int(row["calls_whole"]) == sum(map(len, calls))
        assert int(row["prompt_tokens_whole"]) == sum(one["prompt_tokens"] for each in calls for one in each.values())
        assert int(row["completion_tokens_paid"]) == sum(end["tokens"]["completion"] for end in ends)
        assert shown["calls paid / whole"] == f"{row['calls_paid']} / {row['calls_whole']}"
    assert sum(int(row["calls_paid"]) for row in by_csv) == len(server.received)
    pairs = Counter[int]()
    for seed in (1, 2):
        scores = {
            variant: {
                event["example"]: event["score"]
                for event in told[f"{variant}-s{seed}"]
                if event["type"] == "ExampleScored" and event["phase"] in ("start.test", "best.test")  # later wins
            }
            for variant in ("full", "opro")
        }
        pairs.update((new > old) - (new < old) for old, new in zip(*map(dict.values, scores.values()), strict=True))
    assert [int(by_csv[1][f"vs_full_{name}"]) for name in ("wins", "losses", "ties")] == [pairs[1], pairs[-1], pairs[0]]
    assert by_csv[0]["vs_full_wins"] == ""
    assert any(float(row["val_best_sd"]) for row in by_csv)
    assert pairs[1] + pairs[-1]
    out = capsys.readouterr().out
    assert max(map(len, out.split("\n± ")[0].splitlines())) <= 80
    for row in by_md:
        for figure in re.split(r" \(|(?<=,) ", " (".join(row.values())):
            assert figure.strip() in out


def test_equal_calls_are_paid_once_and_each_run_is_one_like_any_other(
    capsys: pytest.CaptureFixture[str], server: Loopback
) -> None:
    assert run([*ABLATE, "--quiet"]) == 0

    sent = Counter(json.dumps(each.body, sort_keys=True) for each in server.received)
    assert set(sent.values()) == {1}
    (folder,) = Path("runs").iterdir()
    name = f"{folder.name}/opro-s2"
    capsys.readouterr()
    assert run(["show", name]) == 0
    assert "  + Count carefully." in capsys.readouterr().out.splitlines()
    assert run(["export", name]) == 0
    cell = Path("runs") / name
    config = tomllib.loads((cell / "config.toml").read_text(encoding="utf-8"))
    assert (config["trainer"]["seed"], config["trainer"]["gradients"]) == (2, "none")
    evaluate = ["eval", str(cell / "config.toml"), "--prompts", "best.toml", "--split", "test", "--ui", "json"]
    assert run(evaluate) == 0
    assert json.loads(capsys.readouterr().out)["mean"] == 1.0
    assert len(server.received) == len(sent)
    assert run(["runs", "--ui", "json"]) == 0
    listed = events_of(capsys.readouterr().out)
    assert [row["id"] for row in listed] == [
        f"{folder.name}/{each}" for each in ("full-s1", "full-s2", "opro-s1", "opro-s2")
    ]
    assert run(["cache", "clear"]) == 0
    assert capsys.readouterr().out.startswith("0 answers deleted")


def test_json_is_the_last_event_of_each_run_with_its_place_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*ABLATE, "--ui", "json"]) == 0

    said = capsys.readouterr()
    ends = events_of(said.out)
    assert said.err == ""
    assert [(each["type"], each["variant"], each["seed"], each["status"]) for each in ends] == [
        ("RunFinished", variant, seed, "done") for variant in ("full", "opro") for seed in (1, 2)
    ]
    last = [events[-1] for events in journals(next(Path("runs").iterdir())).values()]
    assert [{key: each[key] for key in last[0]} for each in ends] == last


def test_plain_output_says_a_line_for_each_step_and_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*ABLATE[:-2], "--ascii"]) == 0

    said = capsys.readouterr()
    assert said.out.isascii()
    assert said.err.isascii()
    for line in (
        r"\[1/2\] full s0: step 1 accepted proposal 1; best val 1\.00; \d+ calls, \$\S+",
        r"\[1/2\] full s0 done: val 0\.\d+ -> 1\.00 \(n=6\); test .*; calls \d+ made, .*",
        r"\[2/2\] opro s0 done: val .*",
    ):
        assert re.search(f"^{line}$", said.err, re.MULTILINE), line


def test_when_nobody_reads_any_more_no_further_run_is_begun() -> None:
    command = f"{sys.executable} -m autodiff_tui {' '.join(ABLATE)} --ui json | true; exit ${{PIPESTATUS[0]}}"

    said = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)

    assert said.returncode == 130
    assert [*journals(next(Path("runs").iterdir()))] == ["full-s1"]
    assert "1 of 4 runs done and kept" in said.stderr


@pytest.mark.parametrize("most", [3, 45])
def test_after_a_provider_that_was_down_nothing_that_was_answered_is_asked_again(
    most: int, capsys: pytest.CaptureFixture[str], server: Loopback
) -> None:
    command = [
        "ablate",
        "c.toml",
        "--variants",
        "full,no-selective,opro",
        "--seeds",
        "1,2",
        "--set",
        "limits.in_flight=1",
    ]
    first = Answering(most, error(503, "down for a moment", retry_after="0"))
    server.otherwise = first
    assert run(command) == 3
    err = capsys.readouterr().err
    (folder,) = Path("runs").iterdir()
    done = {name: events[-1] for name, events in journals(folder).items() if events[-1]["status"] == "done"}
    assert f"error: {len(done)} of 6 runs done and kept in {folder}" in err
    assert (most > 3) == bool(done)
    assert "hint: the same command goes on from there" in err

    then = Answering(10_000, hang())
    server.otherwise = then
    assert run([*command, "-o", "table.csv"]) == 0

    assert list(Path("runs").iterdir()) == [folder]
    assert set(first.answered).isdisjoint(then.answered)
    after = journals(folder)
    assert len(after) == 6
    assert {name: after[name][-1] for name in done} == done  # not executed again
    paid = sum(int(row["calls_paid"]) for row in csv_of(Path("table.csv")))
    assert paid == len(server.received)  # what was cut short is counted


def test_after_a_kill_inside_a_run_nothing_that_was_answered_is_asked_again(server: Loopback, tmp_path: Path) -> None:
    first = Answering(12, hang())
    server.otherwise = first
    arguments = [*ABLATE, "--set", "limits.in_flight=1", "--quiet", "--run-dir", "abl"]
    process = subprocess.Popen([sys.executable, "-m", "autodiff_tui", *arguments])
    while len(server.received) <= 12:
        assert process.poll() is None
        threading.Event().wait(0.02)
    store = AnswerStore(tmp_path / "answers", lambda warning: None)
    while store.stats().entries < 12:
        threading.Event().wait(0.02)
    store.close()
    process.kill()
    process.wait()

    then = Answering(10_000, hang())
    server.otherwise = then
    assert run(arguments) == 0

    assert set(first.answered).isdisjoint(then.answered)
    assert (Path("abl/full-s1/earlier/1/journal.jsonl")).is_file()
    assert {events[-1]["status"] for events in journals(Path("abl")).values()} == {"done"}


def test_ctrl_c_keeps_what_is_done_and_shows_it(capsys: pytest.CaptureFixture[str], server: Loopback) -> None:
    answering = Answering(38, hang())  # what both runs of full ask
    server.otherwise = answering

    def interrupt() -> None:
        while len(server.received) <= 38:
            threading.Event().wait(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    sender = threading.Thread(target=interrupt)
    sender.start()
    got = run([*ABLATE, "--set", "limits.in_flight=1", "-o", "table.csv"])
    sender.join()

    assert got == 130
    assert [row["runs"] for row in csv_of(Path("table.csv"))] == ["2", "0"]
    said = capsys.readouterr()
    assert "error: 2 of 4 runs done and kept in runs/" in said.err
    assert re.search(r"^ full +2/2 ", said.out, re.MULTILINE)
    assert re.search(r"^ opro +0/2 +– ", said.out, re.MULTILINE)


def test_a_budget_is_over_the_whole_ablation_and_a_higher_one_goes_on(
    capsys: pytest.CaptureFixture[str], server: Loopback
) -> None:
    assert run([*ABLATE, "--budget-calls", "36"]) == 4

    assert len(server.received) == 36
    (folder,) = Path("runs").iterdir()
    assert {name: events[-1]["status"] for name, events in journals(folder).items()} == {
        "full-s1": "done", "full-s2": "budget",
    }  # fmt: skip
    assert "error: the budget is over the whole ablation; 1 of 4 runs done and kept" in capsys.readouterr().err

    assert run([*ABLATE, "--budget-calls", "36"]) == 4
    assert len(server.received) == 36

    assert run([*ABLATE, "--budget-calls", "100"]) == 0
    assert list(Path("runs").iterdir()) == [folder]
    sent = Counter(json.dumps(each.body, sort_keys=True) for each in server.received)
    assert set(sent.values()) == {1}


def test_the_command_again_after_the_end_is_a_new_ablation_that_pays_for_nothing(server: Loopback) -> None:
    assert run([*ABLATE, "--ui", "none"]) == 0
    asked = len(server.received)

    assert run([*ABLATE, "--ui", "none", "--offline"]) == 0

    assert len(list(Path("runs").iterdir())) == 2
    assert len(server.received) == asked


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--variants", "oprodata"], "did you mean opro-data?"),
        (["--variants", "full,,opro"], "empty word"),
        (["--seeds", "1,x"], "no list of whole numbers"),
        (["--seeds", "1,1"], "names a seed twice"),
        (["-o", "table.txt"], "written as .md or .csv"),
        (["-o", "no/table.md"], "no folder no"),
        (["-o", "mine.md"], "no table of ours"),
        (["-o", "/proc/table.md"], "/proc/table.md: cannot be written"),
        (["--set", "trainer.batch=3"], "trainer"),
        (["--set", "data.source=none.csv"], "none.csv"),
    ],
)
def test_bad_input_is_2_and_creates_nothing(
    more: list[str], says: str, capsys: pytest.CaptureFixture[str], server: Loopback, tmp_path: Path
) -> None:
    Path("mine.md").write_text("# My notes\n", encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))

    assert run([*ABLATE, *more]) == 2

    said = capsys.readouterr()
    assert said.out == ""
    assert says in said.err
    assert sorted(tmp_path.rglob("*")) == before
    assert server.received == []


def test_a_folder_of_something_else_is_refused_and_one_that_changed_too(
    capsys: pytest.CaptureFixture[str], server: Loopback
) -> None:
    assert run([*ABLATE, "--run-dir", "abl", "--ui", "none"]) == 0
    asked = len(server.received)

    assert run([*ABLATE[:-1], "1,2,3", "--run-dir", "abl"]) == 2
    assert run([*ABLATE, "--run-dir", "abl", "--max-steps", "2"]) == 2
    assert capsys.readouterr().err.count("holds an ablation of another config, other variants or other seeds") == 2

    with Path("questions.csv").open("a", encoding="utf-8") as file:
        file.write("How many are 17 things?,17\n")
    assert run([*ABLATE, "--run-dir", "abl"]) == 2
    assert "abl/full-s1: is done, but the data changed since" in capsys.readouterr().err
    assert len(server.received) == asked


@pytest.mark.parametrize("edited", ["my_metric.py", "my_words.py"])
def test_a_run_that_is_done_with_other_code_of_the_users_is_refused(
    edited: str, capsys: pytest.CaptureFixture[str], server: Loopback
) -> None:
    Path("my_words.py").write_text("def bare(text):\n    return text.strip()\n", encoding="utf-8")
    Path("my_metric.py").write_text(
        "from my_words import bare\ndef score(answer, expected):\n    return bare(answer) == bare(expected)\n",
        encoding="utf-8",
    )
    config = Path("c.toml").read_text(encoding="utf-8").replace('"exact_match"', '"my_metric.py:score"')
    Path("c.toml").write_text(config, encoding="utf-8")
    assert run([*ABLATE, "--run-dir", "abl", "--ui", "none"]) == 0
    assert run([*ABLATE, "--run-dir", "abl", "--ui", "none"]) == 0  # all is as it was
    capsys.readouterr()

    with Path(edited).open("a", encoding="utf-8") as file:
        file.write("# another one now\n")

    assert run([*ABLATE, "--run-dir", "abl"]) == 2
    assert f"abl/full-s1: is done, but {edited} changed since: it cannot be compared" in capsys.readouterr().err
    (Path("abl/full-s2") / "journal.jsonl").unlink()  # as if it had not begun: it must not run with the new code
    asked = len(server.received)
    assert run([*ABLATE, "--run-dir", "abl"]) == 2
    assert len(server.received) == asked


@pytest.mark.parametrize(
    ("edited", "line", "says"),
    [("questions.csv", "How many are 17 things?,17\n", "the data"), ("my_metric.py", "# another\n", "my_metric.py")],
)
def test_a_run_that_was_cut_short_goes_on_only_with_what_it_was_made_of(
    edited: str, line: str, says: str, capsys: pytest.CaptureFixture[str], server: Loopback
) -> None:
    Path("my_metric.py").write_text("def score(answer, expected):\n    return answer == expected\n", encoding="utf-8")
    config = Path("c.toml").read_text(encoding="utf-8").replace('"exact_match"', '"my_metric.py:score"')
    Path("c.toml").write_text(config, encoding="utf-8")
    arguments = [*ABLATE, "--run-dir", "abl", "--ui", "none"]
    assert run([*arguments, "--budget-calls", "8"]) == 4
    asked, before = len(server.received), Path(edited).read_text(encoding="utf-8")
    capsys.readouterr()

    Path(edited).write_text(before + line, encoding="utf-8")
    assert run([*arguments, "--budget-calls", "60"]) == 2
    said = f"error: abl/full-s1: was begun and not done, and {says} changed since"
    assert capsys.readouterr().err.startswith(said)
    assert run([*arguments, "--dry-run"]) == 2
    assert len(server.received) == asked

    Path(edited).write_text(before, encoding="utf-8")
    assert run([*arguments, "--budget-calls", "10"]) == 4
    assert len(server.received) == asked + 2


def test_what_is_edited_while_an_ablation_runs_is_in_none_of_its_runs(
    capsys: pytest.CaptureFixture[str], server: Loopback
) -> None:
    Path("my_metric.py").write_text("def score(answer, expected):\n    return answer == expected\n", encoding="utf-8")
    config = Path("c.toml").read_text(encoding="utf-8").replace('"exact_match"', '"my_metric.py:score"')
    Path("c.toml").write_text(config, encoding="utf-8")

    def editing(body: dict[str, Any]) -> Turn:
        Path("my_metric.py").write_text("def score(answer, expected):\n    return 0\n", encoding="utf-8")
        return provider(body)

    server.otherwise = editing
    assert run([*ABLATE, "--run-dir", "abl", "--ui", "none"]) == 0

    told = journals(Path("abl")).values()
    parts = [part for events in told for part in events[0]["parts"] if part["name"] == "my_metric.py"]
    assert len(parts) == 4
    assert len({part["sha256"] for part in parts}) == 1
    ends = [events[-1]["val"]["best"] for events in told]
    assert all(ends)  # the metric that was loaded first scores some answers 1
    assert run([*ABLATE, "--run-dir", "abl"]) == 2
    assert "my_metric.py changed since" in capsys.readouterr().err


def test_two_processes_cannot_execute_one_ablation(capsys: pytest.CaptureFixture[str], server: Loopback) -> None:
    server.otherwise = error(503, "down", retry_after="0")
    assert run([*ABLATE, "--ui", "none"]) == 3
    (folder,) = Path("runs").iterdir()
    server.otherwise = provider

    with locked(folder):
        assert run([*ABLATE, "--ui", "none", "--run-dir", str(folder)]) == 2
        assert "another process executes this ablation" in capsys.readouterr().err
        assert run([*ABLATE, "--ui", "none"]) == 0  # without --run-dir it begins one of its own

    assert len(list(Path("runs").iterdir())) == 2


def test_help_names_every_variant_and_the_page_of_docs_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ablate", "--help"]) == 0

    told = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    for each in (*VARIANTS, *UNTRAINED):
        assert [each.name, each.about] in told
    names = {each.name for each in (*VARIANTS, *UNTRAINED)}
    page = (Path(__file__).parents[3] / "docs" / "ablations.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE)) == names
    for column in COLUMNS:
        assert f"**{column.heading}**" in page


def with_a_place_for_examples(config: str) -> str:
    """The counting task with thirty questions more to draw from, and a text of demos."""
    rows = "\n".join(f"How many are {number} things?,{number}" for number in range(1, 47))
    Path("questions.csv").write_text(f"question,answer\n{rows}\n", encoding="utf-8")
    changed = config.replace("train = 6", "train = 20").replace("{{ task }}", "{{ task }}\\n{{ shots }}")
    return changed.replace('answer = "last_number"', 'answer = "last_number"\ndemos = ["shots"]')


def test_the_baseline_shows_random_examples_and_asks_for_nothing_but_scores(
    capsys: pytest.CaptureFixture[str], server: Loopback
) -> None:
    Path("c.toml").write_text(with_a_place_for_examples(Path("c.toml").read_text(encoding="utf-8")), encoding="utf-8")
    assert run(["ablate", "c.toml", "--variants", "few-shot", "--seeds", "1,2", "--run-dir", "abl", "-o", "t.csv"]) == 0

    asked = [each.body for each in server.received]
    assert {body["model"] for body in asked} == {"worker"}
    shown = {body["messages"][0]["content"].removeprefix("Count.").strip() for body in asked}
    assert len(shown) == 2  # drawn by each seed anew
    train = {question for text in shown for question in re.findall(r"How many are \d+ things\?", text)}
    for text in shown:
        shots = text.split("\n\n")
        assert len(set(shots)) == len(shots) == 12
        for shot in shots:
            question, _, expected = shot.partition("\n")
            assert question == f"How many are {expected} things?"
    assert not train & {body["messages"][1]["content"] for body in asked}
    assert len(asked) == 2 * (6 + 4)

    (row,) = csv_of(Path("t.csv"))
    assert (row["variant"], row["runs"]) == ("few-shot", "2")
    for told in journals(Path("abl")).values():
        assert [event["type"] for event in told if event["type"] in ("StepStarted", "ProposalMade")] == []
        end = told[-1]
        assert (end["status"], end["test"]["n"]) == ("done", 4)
        assert end["test"]["best"] == end["test"]["start"]

    assert run(["replay", "abl/few-shot-s2", "--verify", "--ui", "none"]) == 0
    assert len(server.received) == len(asked)
    assert run(["train", "c.toml", "--ui", "none", "--seed", "1", "--run-dir", "trained"]) == 0
    capsys.readouterr()
    assert run(["compare", "trained", "abl/few-shot-s1"]) == 0
    said = capsys.readouterr().out
    settings = said.partition("settings: ")[2].partition("\n\n")[0]
    assert [line.split()[0] for line in settings.splitlines()[1:]] == ["trainer.max_steps", "trainer.demos.start"]
    assert re.search(r"best on test, by example: right is better on \d, worse on \d, equal on \d of 4", said)


def test_where_there_is_no_place_for_the_baselines_examples_nothing_is_begun(
    capsys: pytest.CaptureFixture[str], server: Loopback
) -> None:
    assert run(["ablate", "c.toml", "--variants", "few-shot", "--ui", "none"]) == 2
    assert "trainer.demos.start = 12: prompt has no text of kind demos" in capsys.readouterr().err
    Path("c.toml").write_text(with_a_place_for_examples(Path("c.toml").read_text(encoding="utf-8")), encoding="utf-8")
    assert run(["ablate", "c.toml", "--variants", "full,few-shot", "--set", "data.train=11", "--ui", "none"]) == 2
    assert "trainer.demos.start = 12: only 11 of 11 training examples" in capsys.readouterr().err
    assert server.received == []
    assert not Path("runs").exists()


def test_with_several_losses_the_scores_are_said_to_be_their_mean(capsys: pytest.CaptureFixture[str]) -> None:
    losses = 'losses = [{node = "answer", metric = "exact_match"}, {node = "answer", metric = "f1", weight = 0.5}]'
    config = Path("c.toml").read_text(encoding="utf-8")
    Path("c.toml").write_text(config.replace("[data]", f"{losses}\n[data]", 1), encoding="utf-8")
    assert run(["ablate", "c.toml", "--variants", "full", "--max-steps", "0"]) == 0
    assert ": metric objective, seeds 0" in capsys.readouterr().out
