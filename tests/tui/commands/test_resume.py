"""``resume`` and ``replay`` over the real engine, with a provider on loopback."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autodiff_engine.control import Control
from autodiff_engine.events import (
    Decision,
    Event,
    ExampleExcluded,
    LedgerUpdated,
    ProposalEdited,
    ProposalJudged,
    ProposalMade,
    ProposalVetoed,
    ProposalWritten,
    RunFinished,
    RunResumed,
    StepStarted,
    StopChosen,
    TextFrozen,
    TextValue,
)
from autodiff_engine.journal import FILE, Recorded, read
from autodiff_engine.lock import locked
from autodiff_engine.past import BEAT_S, past_of
from autodiff_tui.cli import run

from ...counting import events_of, provider
from ...loopback import Loopback, Turn, content_filter, error, hang, ok

pytestmark = pytest.mark.usefixtures("counting")

RUN = Path("r")
TRAIN = ["train", "c.toml", "--ui", "none", "--run-dir", "r"]


def cut(line_of: Callable[[list[dict[str, Any]]], int], *, torn: bool = False) -> None:
    """Leave of the journal what a process that was killed would have left: the lines before ``line_of``."""
    lines = (RUN / FILE).read_text(encoding="utf-8").splitlines()
    count = line_of([json.loads(line) for line in lines])
    half = lines[count][: len(lines[count]) // 2] if torn else ""
    (RUN / FILE).write_text("".join(f"{line}\n" for line in lines[:count]) + half, encoding="utf-8")


def at(kind: str, nth: int = 1) -> Callable[[list[dict[str, Any]]], int]:
    """The line after the nth event of a kind."""
    return lambda events: [place for place, event in enumerate(events, 1) if event["type"] == kind][nth - 1]


def best() -> dict[str, Any]:
    """What best.toml says, but for when it was written and what the run had cost by then."""
    told = tomllib.loads((RUN / "best.toml").read_text(encoding="utf-8"))
    return {**told, "run": {key: value for key, value in told["run"].items() if key not in ("date", "cost_usd", "id")}}


def resumed(recorded: Recorded) -> list[RunResumed]:
    return [each.event for each in recorded.events if isinstance(each.event, RunResumed)]


def bodies(server: Loopback) -> Counter[str]:
    return Counter(json.dumps(each.body, sort_keys=True) for each in server.received)


@pytest.mark.parametrize("torn", [False, True], ids=["whole", "torn"])
@pytest.mark.parametrize(
    "place",
    [at("RunOpened"), at("DataLoaded"), at("ExampleScored", 3), at("StepFinished"), at("TestCompared")],
    ids=["opened", "data", "a score", "a step", "the test"],
)
def test_a_run_that_was_cut_short_goes_on_to_the_same_end_and_asks_nothing_twice(
    place: Callable[[list[dict[str, Any]]], int], torn: bool, server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(TRAIN) == 0
    whole, known, asked = read(RUN), best(), len(server.received)
    cut(place, torn=torn)
    left = read(RUN)
    (RUN / "best.toml").unlink()

    assert run(["resume", "r", "--ui", "json"]) == 0

    events = events_of(capsys.readouterr().out)
    again = read(RUN)
    assert len(server.received) == asked
    assert again.facts == whole.facts
    assert again.events[: len(left.events)] == left.events
    assert events == events_of((RUN / FILE).read_text(encoding="utf-8"))[len(left.events) :]
    assert [event["seq"] for event in events] == list(range(len(left.events) + 1, len(again.events) + 1))
    assert (events[0]["type"], events[1]["type"], events[1]["torn"]) == ("RunOpened", "RunResumed", torn)
    assert (events[-1]["type"], events[-1]["status"]) == ("RunFinished", "done")
    before, after = whole.events[-1].event, again.events[-1].event
    assert isinstance(before, RunFinished)
    assert isinstance(after, RunFinished)
    assert (after.proposals, after.val, after.test, after.steps) == (
        before.proposals, before.val, before.test, before.steps,
    )  # fmt: skip
    assert best() == known


def test_a_spent_budget_goes_on_with_a_larger_one_over_the_whole_of_the_run(
    server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*TRAIN, "--budget-calls", "8"]) == 4
    assert run(["resume", "r", "--ui", "json"]) == 4
    end = events_of(capsys.readouterr().out)[-1]
    assert (end["status"], end["calls"]["made"], len(server.received)) == ("budget", 8, 8)

    assert run(["resume", "r", "--ui", "json", "--budget-calls", "11"]) == 4
    end = events_of(capsys.readouterr().out)[-1]
    assert (end["calls"]["made"], len(server.received)) == (11, 11)
    assert run(["resume", "r", "--ui", "json"]) == 4  # it is still 11
    events = events_of(capsys.readouterr().out)
    assert events[0]["budget"]["calls"] == 11
    assert "11 of 11 calls" in events[-1]["error"]["message"]

    assert run(["resume", "r", "--ui", "json", "--budget-calls", "1000"]) == 0
    end = events_of(capsys.readouterr().out)[-1]
    assert (end["status"], end["val"]["best"]) == ("done", 1.0)
    assert end["calls"]["made"] == len(server.received)
    assert max(bodies(server).values()) == 1
    assert end["cost_usd"] == pytest.approx(len(server.received) * 18e-6)


def test_a_run_that_is_done_has_nothing_to_resume(server: Loopback, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(TRAIN) == 0
    journal, asked = (RUN / FILE).read_bytes(), len(server.received)

    assert run(["resume", "r"]) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "nothing to resume: r is done after 1 steps\n")
    assert run(["resume", "r", "--ui", "json"]) == 0
    assert [event["type"] for event in events_of(capsys.readouterr().out)] == ["RunFinished"]
    assert ((RUN / FILE).read_bytes(), len(server.received)) == (journal, asked)


def test_of_a_run_that_is_done_it_is_named_what_changed_since(
    server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(TRAIN) == 0
    journal, asked = (RUN / FILE).read_bytes(), len(server.received)
    edited(Path("questions.csv"), "7", "77")()
    config = (RUN / "config.toml").read_text(encoding="utf-8")
    edited(RUN / "config.toml", "batch_size = 4", "batch_size = 3")()
    capsys.readouterr()
    changed = "its config.toml and the data (questions.csv) changed since the run began"

    assert run(["resume", "r"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        f"error: r: {changed}, and it is done after 1 steps: nothing is left to go on with\n"
        "hint: train anew with what is there now, or change that back\n"
    )
    assert run(["resume", "r", "--anyway"]) == 0
    assert capsys.readouterr().err == f"nothing to resume: r is done after 1 steps; {changed}\n"

    (RUN / "config.toml").write_text(config, encoding="utf-8")
    edited(Path("questions.csv"), "77", "7")()
    assert run(["resume", "r", "--max-steps", "9"]) == 2
    assert (
        "error: r: trainer.max_steps and the program (max_steps) changed since the run began" in capsys.readouterr().err
    )
    assert run(["resume", "r", "--budget-calls", "1", "--set", "limits.in_flight=2"]) == 0
    assert capsys.readouterr().err == "nothing to resume: r is done after 1 steps\n"
    Path("questions.csv").unlink()
    assert run(["resume", "r"]) == 2
    assert "questions.csv" in capsys.readouterr().err
    assert run(["resume", "r", "--anyway"]) == 0
    assert ((RUN / FILE).read_bytes(), len(server.received)) == (journal, asked)


def test_a_provider_that_failed_is_asked_again_for_what_it_did_not_answer(
    server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    def down_for_critics(body: dict[str, Any]) -> Turn:
        return error(503, "down", retry_after="0") if body["model"] == "critic" else provider(body)

    server.otherwise = down_for_critics
    assert run(TRAIN) == 3
    answered = {body for body in bodies(server) if json.loads(body)["model"] != "critic"}
    server.otherwise = provider

    assert run(["resume", "r", "--ui", "json"]) == 0

    assert events_of(capsys.readouterr().out)[-1]["status"] == "done"
    assert {bodies(server)[body] for body in answered} == {1}


def test_a_failure_that_facts_were_built_on_fails_again_though_it_is_answered_now(server: Loopback) -> None:
    """One of six training examples gets no answer in the first forward pass, and a critic refuses another."""

    def flaky(body: dict[str, Any]) -> Turn:
        said = body["messages"][-1]["content"]
        if body["model"] == "worker" and "carefully" not in str(body) and said == lost:
            return error(503, "down", retry_after="0")
        return provider(body)

    config = Path("c.toml").read_text(encoding="utf-8")
    Path("c.toml").write_text(config.replace("max_steps = 3", "max_steps = 3\nbatch_size = 6"), encoding="utf-8")
    assert run([*TRAIN[:-1], "first"]) == 0
    scored = [each.event for each in read(Path("first")).events if type(each.event).__name__ == "ExampleScored"]
    lost = next(each.trace[0].prompt for each in scored if each.phase == "forward" and each.score == 0)  # type: ignore[union-attr]
    lost = lost.splitlines()[-1]
    server.otherwise = flaky
    shutil.rmtree("answers")
    assert run(TRAIN) == 0
    whole = read(RUN)
    assert sum(isinstance(each.event, ExampleExcluded) for each in whole.events) >= 1
    assert run(["replay", "r", "--verify", "--ui", "none"]) == 0

    server.otherwise = provider
    cut(at("StepFinished"))
    assert run(["resume", "r", "--ui", "none"]) == 0

    assert read(RUN).facts == whole.facts
    assert run(["replay", "r", "--verify", "--ui", "none"]) == 0


def test_a_request_that_was_refused_is_refused_again_without_being_sent(
    server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    def picky(body: dict[str, Any]) -> Turn:
        refused = body["model"] == "worker" and body["messages"][-1]["content"].split()[3] in ("2", "4", "6", "8")
        return content_filter() if refused else provider(body)

    server.otherwise = picky
    assert run(TRAIN) == 0
    whole, asked = read(RUN), len(server.received)
    assert "refused: " in (RUN / FILE).read_text(encoding="utf-8")

    assert run(["replay", "r", "--verify"]) == 0
    assert capsys.readouterr().out.endswith("facts equal, 0 calls\n")
    cut(at("StepFinished"))
    assert run(["resume", "r", "--ui", "none"]) == 0
    assert read(RUN).facts == whole.facts
    refused_after = sum(count - 1 for count in bodies(server).values())
    assert len(server.received) - asked <= refused_after  # only what no standing fact tells of


def steered(steer: Callable[[Event, Control], object]) -> RunFinished:
    """A run that a person steers: ``steer`` hears each event and may decide something."""
    from autodiff_engine import build, config

    options = build.RunOptions(run_dir=RUN, cache_dir=Path("answers").absolute())
    training = build.training(config.load(Path("c.toml")), options)
    control = Control(attended=True)
    return asyncio.run(training.execute(control, lambda stamped: steer(stamped.event, control)))


def deciding(*decisions: Decision) -> Callable[[Event, Control], None]:
    """Decide all of ``decisions`` when the first proposal is made."""

    def steer(event: Event, control: Control) -> None:
        if isinstance(event, ProposalMade) and (event.step, event.k) == (1, 1):
            for decision in decisions:
                control.decide(decision)

    return steer


VETO = ProposalVetoed(0, 1, 1, "too rude")
EDIT = ProposalEdited(0, 1, 1, "task", "Count more carefully.")
FREEZE = TextFrozen(0, "task", True)
WRITE = ProposalWritten(0, (TextValue("task", "Count very carefully."),))


@pytest.mark.parametrize(
    ("decisions", "last"),
    [
        pytest.param((VETO,), "ProposalVetoed", id="a veto"),
        pytest.param((EDIT,), "ProposalEdited", id="an edit"),
        pytest.param((WRITE, VETO, FREEZE), "TextFrozen", id="a text of one's own, a veto and a frozen text"),
    ],
)
def test_what_a_person_decided_is_taken_again_when_the_run_goes_on_and_when_it_is_verified(
    decisions: tuple[Decision, ...], last: str, server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    steered(deciding(*decisions))
    whole, known, asked = read(RUN), best(), len(server.received)
    assert len(whole.decided.decisions) == len(decisions)
    assert run(["replay", "r", "--verify"]) == 0
    assert capsys.readouterr().out == f"{whole.decided.facts} facts equal, 0 calls\n"

    for place in (at("TestCompared"), at("ProposalJudged"), at(last)):
        cut(place)
        (RUN / "best.toml").unlink()
        assert run(["replay", "r", "--verify", "--ui", "none"]) == 0
        assert run(["resume", "r", "--ui", "none"]) == 0
        assert read(RUN).facts == whole.facts
        assert best() == known
        assert run(["replay", "r", "--verify", "--ui", "none"]) == 0
    assert len(server.received) == asked


def test_a_run_that_was_steered_and_then_stopped_takes_back_the_stop_alone(server: Loopback) -> None:
    freeze, whole = deciding(VETO, FREEZE), deciding(VETO, FREEZE)
    steered(whole)
    known = read(RUN).facts
    shutil.rmtree(RUN)

    def and_stop(event: Event, control: Control) -> None:
        freeze(event, control)
        if isinstance(event, ProposalJudged):
            control.stop()

    assert steered(and_stop).status == "stopped"
    assert [type(each) for each in read(RUN).decided.decisions] == [ProposalVetoed, TextFrozen, StopChosen]
    assert run(["replay", "r", "--verify"]) == 0

    assert run(["resume", "r", "--ui", "none"]) == 0

    assert read(RUN).facts == known
    assert run(["replay", "r", "--verify"]) == 0


def test_decisions_behind_the_first_fact_that_differs_are_taken_back(server: Loopback) -> None:
    steered(deciding(VETO))
    cut(at("StepFinished"))
    server.otherwise = lambda body: ok("Answer: 0") if body["model"] == "worker" else provider(body)
    shutil.rmtree("answers")

    assert run(["resume", "r", "--ui", "none", "--anyway"]) == 0

    again = read(RUN)
    assert again.decided.decisions == ()
    assert sum(isinstance(each.event, ProposalVetoed) for each in again.events) == 1
    assert run(["replay", "r", "--verify"]) == 0


def stopped_after_a_step(server: Loopback) -> None:
    """A run that a person stopped in its first step."""

    def stop(event: Event, control: Control) -> None:
        if isinstance(event, StepStarted):
            control.stop()

    assert steered(stop).status == "stopped"


def test_a_run_that_a_person_stopped_goes_on_and_is_tested_at_its_new_end(
    server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*TRAIN[:-1], "whole"]) == 0
    whole = read(Path("whole"))
    stopped_after_a_step(server)
    early = read(RUN)
    assert sum(type(each.event).__name__ == "TestCompared" for each in early.events) == 1
    assert run(["replay", "r", "--verify"]) == 0
    assert capsys.readouterr().out == f"{len(early.facts) - 1} facts equal, 0 calls\n"

    assert run(["resume", "r", "--ui", "plain"]) == 0

    said = capsys.readouterr()
    (mark,) = resumed(read(RUN))
    assert (mark.tested, mark.after + mark.taken_back) == (True, len(early.facts) - 1)
    assert "the test split was scored when the run was stopped; it is scored again at its new end" in said.err
    assert read(RUN).facts == whole.facts
    assert run(["replay", "r", "--verify"]) == 0
    assert capsys.readouterr().out == f"{len(whole.facts)} facts equal, 0 calls\n"
    assert run(["resume", "r"]) == 0
    assert capsys.readouterr().err.startswith("nothing to resume")
    assert run(["show", "r"]) == 0
    assert "  + Count carefully." in capsys.readouterr().out.splitlines()


def edited(path: Path, old: str, new: str) -> Callable[[], object]:
    """Put ``new`` in the place of ``old`` wherever it stands in a file."""

    def edit() -> None:
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return edit


@pytest.mark.parametrize(
    ("change", "named"),
    [
        pytest.param(edited(RUN / "config.toml", "[task]", "[x]"), "config.toml", id="no config any more"),
        pytest.param(edited(RUN / "config.toml", "batch_size = 4", "batch_size = 3"), "its config.toml", id="config"),
        pytest.param(edited(RUN / "instructions/loss.user.j2", " ", "  "), "its instructions to LLMs", id="loss"),
        pytest.param(edited(Path("questions.csv"), "7", "77"), r"the data \(questions.csv\)", id="data"),
        pytest.param(edited(Path("mine.py"), "* 0", "* 0 * 1"), "mine.py", id="metric"),
        pytest.param(edited(Path("beside.py"), "0", "1"), "beside.py", id="a module beside it"),
        pytest.param(edited(Path("late.py"), "0", "0.25"), "late.py", id="a module that a function imports"),
    ],
)
def test_what_changed_is_named_and_refused_before_anything_is_asked(
    change: Callable[[], object], named: str, server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    own_metric()
    assert run(OWN) == 0
    cut(at("StepStarted"))
    asked = len(server.received)
    change()

    assert run(["resume", "r"]) == 2

    said = capsys.readouterr()
    assert said.out == ""
    assert re.search(named, said.err), said.err
    assert len(server.received) == asked


OWN = [*TRAIN, "--set", 'task.metric="mine.py:equal"']


def own_metric() -> None:
    Path("beside.py").write_text("LIMIT = 0\n", encoding="utf-8")
    Path("late.py").write_text("MORE = 0\n", encoding="utf-8")
    Path("mine.py").write_text(MINE, encoding="utf-8")
    for name in ("mine", "beside", "late"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        pytest.param(edited(RUN / "config.toml", "alpha = 0.05", "alpha = 0.06"), "its config.toml", id="config"),
        pytest.param(edited(RUN / "instructions/loss.user.j2", " ", "  "), "its instructions to LLMs", id="loss"),
        pytest.param(edited(Path("mine.py"), "* 0", "* 0 * 1"), "mine.py", id="metric"),
        pytest.param(edited(Path("mine.py"), "import beside", "# a comment\nimport beside"), "mine.py", id="a comment"),
        pytest.param(edited(Path("beside.py"), "0", "0.0"), "beside.py", id="a module beside it"),
        pytest.param(edited(Path("late.py"), "0", "0.0"), "late.py", id="a module that a function imports"),
    ],
)
def test_what_changed_is_named_and_refused_though_no_fact_tells(
    change: Callable[[], object], named: str, server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    own_metric()
    assert run(OWN) == 0
    facts, asked = len(read(RUN).facts), len(server.received)
    assert run(["replay", "r", "--verify"]) == 0
    change()
    capsys.readouterr()

    for command in (["replay", "r", "--verify"], ["pack", "r", "-o", "x.zip"]):
        assert run(command) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith(
            f"error: r: {named} changed since the run began\nhint: change that back; or --anyway"
        )
    assert not Path("x.zip").exists()

    again = run(["replay", "r", "--verify", "--anyway"])
    said = capsys.readouterr()
    if named == "its instructions to LLMs":  # they are what the critic is asked with
        assert again == 1
        assert f"hint: {named} changed since the run began" in said.err
    else:
        assert (again, said.out) == (0, f"{facts} facts equal, 0 calls; {named} changed since the run began\n")
    assert len(server.received) == asked


def test_a_run_that_went_on_with_what_had_changed_is_from_then_on_made_of_that(
    capsys: pytest.CaptureFixture[str],
) -> None:
    own_metric()
    assert run(OWN) == 0
    cut(at("StepStarted"))
    edited(Path("mine.py"), "* 0", "* 0 * 1")()
    assert run(["resume", "r"]) == 2
    assert run(["resume", "r", "--anyway", "--max-steps", "2", "--ui", "none"]) == 0
    capsys.readouterr()

    assert run(["replay", "r", "--verify"]) == 0
    assert capsys.readouterr().out == f"{len(read(RUN).facts)} facts equal, 0 calls\n"
    assert "max_steps = 2\n" in (RUN / "config.toml").read_text(encoding="utf-8")
    edited(Path("mine.py"), "* 0 * 1", "* 0")()
    assert run(["replay", "r", "--verify"]) == 2


MINE = """
import beside

def equal(answer, expected):
    "The numbers are equal."
    import late
    return float(answer == expected) + beside.LIMIT * 0 + late.MORE
"""


def test_a_flag_that_changes_what_the_run_is_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(TRAIN) == 0
    cut(at("StepStarted"))
    assert run(["resume", "r", "--max-steps", "9", "--set", "limits.in_flight=2"]) == 2
    assert "trainer.max_steps" in capsys.readouterr().err


def test_anyway_goes_on_live_from_the_first_fact_that_differs_and_says_so(
    server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(TRAIN) == 0
    cut(at("StepFinished"))
    server.otherwise = lambda body: ok("Answer: 0") if body["model"] == "worker" else provider(body)
    shutil.rmtree("answers")

    assert run(["resume", "r"]) == 2  # nothing is stored here: it would be paid for twice
    assert re.search(r"answers: (\d+) of the \1 answers that the run got are not stored here", capsys.readouterr().err)

    assert run(["resume", "r", "--ui", "plain", "--anyway"]) == 0
    said = capsys.readouterr().err
    assert re.search(
        r"warning: (\d+) of the \1 answers that the run got are not stored here: .*; these are asked", said
    )
    assert re.search(r'fact \d+ differs: ExampleScored 0/start.validation/\d+: answer was "\d+" and is "0"', said)
    marks = resumed(read(RUN))
    assert 2 <= marks[-1].after < marks[0].after
    assert run(["replay", "r", "--verify"]) == 0


def test_answers_that_changed_are_found_by_the_first_fact_that_differs(
    server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(TRAIN) == 0
    journal = (RUN / FILE).read_bytes()
    before = sorted((path, path.stat().st_mtime_ns) for path in RUN.rglob("*"))
    asked = len(server.received)
    assert run(["replay", "r", "--verify", "--ui", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["facts"], told["ended"], told["calls"]) == (len(read(RUN).facts), True, 0)

    lines = journal.decode().splitlines()
    place = next(n for n, line in enumerate(lines) if '"ExampleScored"' in line and '"forward"' in line)
    event = json.loads(lines[place])
    lines[place] = json.dumps({**event, "score": 0.5})
    (RUN / FILE).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    assert run(["replay", "r", "--verify"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    told_place = f"fact {event['fact']} differs: ExampleScored 1/forward/{event['example']}: score was 0.5 and is "
    assert said.err.startswith(f"error: {told_place}")

    assert run(["resume", "r"]) == 0  # it is done
    cut(at("StepFinished"))
    capsys.readouterr()
    assert run(["resume", "r", "--ui", "json"]) == 1
    said = capsys.readouterr()
    assert events_of(said.out)[-1]["error"]["kind"] == "RunDiffers"
    assert told_place in said.err
    (RUN / FILE).write_bytes(journal)
    assert {path for path, _ in before} <= set(RUN.rglob("*"))
    assert len(server.received) == asked


def test_verify_writes_nothing_into_the_folder_and_needs_every_answer(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(TRAIN) == 0
    before = {path: path.read_bytes() for path in RUN.rglob("*") if path.is_file()}
    assert run(["replay", "r", "--verify"]) == 0
    assert {path: path.read_bytes() for path in RUN.rglob("*") if path.is_file()} == before

    shutil.rmtree("answers")
    assert run(["replay", "r", "--verify"]) == 1
    assert "fact 3 cannot be said again: no recorded answer" in capsys.readouterr().err


def test_verify_of_a_run_that_was_cut_short_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(TRAIN) == 0
    cut(at("ProposalMade"))
    count = len(read(RUN).facts)
    assert run(["replay", "r", "--verify"]) == 0
    assert capsys.readouterr().out == f"{count} facts equal, 0 calls; the run has not come to its end\n"


def test_facts_behind_the_end_of_the_journal_are_a_difference(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(TRAIN) == 0
    lines = (RUN / FILE).read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if '"TestCompared"' not in line]
    (RUN / FILE).write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
    assert run(["replay", "r", "--verify"]) == 1
    assert "differs: the journal ends before it, now comes TestCompared" in capsys.readouterr().err


def test_replay_tells_a_run_as_it_was_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "c.toml", "--ui", "plain", "--run-dir", "r"]) == 0
    told = capsys.readouterr()
    assert run(["replay", "r"]) == 0
    again = capsys.readouterr()
    assert again.out == told.out
    forecast, budget, *rest = told.err.splitlines()  # what is to come is not told of what has been
    assert (forecast.partition(" ")[0], budget) == ("forecast", "budget: there is none")
    assert again.err.splitlines() == rest
    assert run(["replay", "r", "--ui", "json"]) == 0
    assert capsys.readouterr().out == (RUN / FILE).read_text(encoding="utf-8")


@pytest.mark.parametrize("command", [["resume", "r"], TRAIN])
def test_the_second_process_on_a_run_is_refused(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(TRAIN) == 0
    cut(at("StepStarted"))
    journal = (RUN / FILE).read_bytes()
    with locked(RUN):
        assert run(command) == 2
    assert (RUN / FILE).read_bytes() == journal
    assert "r: " in capsys.readouterr().err


@pytest.mark.timeout(900)  # a process that loads litellm, on a machine that may be busy
def test_a_process_that_runs_holds_its_folder_and_a_killed_one_gives_it_back(
    server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    server.otherwise = lambda body: hang() if body["model"] == "writer" else provider(body)
    child = subprocess.Popen([sys.executable, "-m", "autodiff_tui", *TRAIN])
    while not any(each.body.get("model") == "writer" for each in server.received) and child.poll() is None:
        time.sleep(0.05)
    assert run(["resume", "r"]) == 2
    assert "another process executes this run" in capsys.readouterr().err
    asked_at = read(RUN).events[-1].t
    while (left := read(RUN).events[-1]).t <= asked_at:  # nothing happens any more but that time passes
        time.sleep(0.05)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert isinstance(left.event, LedgerUpdated)
    assert past_of(RUN).totals.seconds >= left.t + BEAT_S
    server.otherwise = provider
    asked = bodies(server)

    assert run(["resume", "r", "--ui", "json"]) == 0

    end = events_of(capsys.readouterr().out)[-1]
    writer = {body for body in asked if json.loads(body)["model"] == "writer"}
    assert {body for body, count in bodies(server).items() if count > 1} == writer  # it alone was never answered
    assert end["calls"]["made"] == len(server.received)
    lost = sum(bodies(server)[body] - 1 for body in writer)  # in flight when it was killed: nobody knows their end
    assert end["unsettled"]["calls"] == lost > 0
    assert end["cost_usd"] == pytest.approx(18e-6 * (len(server.received) - lost))
    assert end["unsettled"]["cost_usd"] > 18e-6 * lost  # at their maximum
