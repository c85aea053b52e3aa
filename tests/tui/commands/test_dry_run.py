"""``train --dry-run``: the range holds the run that follows, and nothing was asked or written before."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from autodiff_engine import build
from autodiff_tui import beginning
from autodiff_tui.cli import run
from autodiff_tui.toned import spelled

from ...counting import CONFIG
from ...loopback import Loopback

pytestmark = [
    pytest.mark.usefixtures("counting"),
    pytest.mark.timeout(300),  # the first one imports litellm, which takes long on a busy machine
]


def said(capsys: pytest.CaptureFixture[str], *flags: str) -> dict[str, Any]:
    assert run(["train", "c.toml", "--dry-run", "--ui", "json", *flags]) == 0
    out = capsys.readouterr()
    assert out.err == ""
    (line,) = out.out.splitlines()
    told: dict[str, Any] = json.loads(line)
    assert (told["v"], told["type"]) == (1, "Forecast")
    return told


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def trained(capsys: pytest.CaptureFixture[str], *flags: str) -> dict[str, Any]:
    assert run(["train", "c.toml", "--ui", "json", *flags]) == 0
    end: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return end


@pytest.mark.parametrize(
    "flags",
    [
        pytest.param((), id="two stages"),
        pytest.param(("--set", "trainer.two_stage=false"), id="one stage"),
        pytest.param(("--set", "trainer.gradients=none", "--max-steps", "1"), id="scores alone"),
    ],
)
def test_what_a_run_costs_lies_in_the_range(
    flags: tuple[str, ...], capsys: pytest.CaptureFixture[str], server: Loopback, tmp_path: Path
) -> None:
    before = files(tmp_path)
    total = said(capsys, *flags)["total"]

    assert server.received == []
    assert files(tmp_path) == before

    end = trained(capsys, *flags)
    assert total["calls"]["least"] <= end["calls"]["made"] <= total["calls"]["most"]
    assert end["tokens"]["completion"] <= total["completion_tokens"]["most"]
    assert end["tokens"]["prompt"] <= total["prompt_tokens"]["most"]
    assert total["cost_usd"]["least"] <= end["cost_usd"] <= total["cost_usd"]["most"]


def test_answers_of_an_earlier_run_are_found_and_the_store_stays_as_it_is(
    capsys: pytest.CaptureFixture[str], server: Loopback, tmp_path: Path
) -> None:
    trained(capsys)
    asked, before = len(server.received), files(tmp_path)

    told = said(capsys)
    other = said(capsys, "--set", "prompts.task=Count them.")
    refreshed = said(capsys, "--set", "cache.mode=refresh")

    assert len(server.received) == asked
    assert files(tmp_path) == before
    assert [(each["split"], each["known"], each["stored"]) for each in told["start"]] == [("val", 6, 6), ("test", 4, 4)]
    assert [each["stored"] for each in other["start"]] == [0, 0]
    assert [each["stored"] for each in refreshed["start"]] == [0, 0]
    assert told["total"]["calls"]["least"] == 0
    assert other["total"]["calls"]["least"] == refreshed["total"]["calls"]["least"] == 10


def test_answers_that_another_process_is_writing_are_found_too(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    trained(capsys)
    other = sqlite3.connect(tmp_path / "answers" / "cache.db")
    other.execute("UPDATE Settings SET value = value")
    other.commit()
    try:
        assert (tmp_path / "answers" / "cache.db-wal").exists()
        assert [each["stored"] for each in said(capsys)["start"]] == [6, 4]
    finally:
        other.close()


def test_a_budget_is_held_against_the_range(capsys: pytest.CaptureFixture[str]) -> None:
    caps = ("--budget-calls", "5", "--budget-tokens", "1000", "--budget-usd", "1000000", "--budget-minutes", "1")

    verdicts = {each["cap"]: each["verdict"] for each in said(capsys, *caps)["budget"]}

    assert verdicts == {"calls": "too small", "tokens": "may end the run", "usd": "enough", "minutes": "unknown"}


def test_an_unknown_price_stays_unknown(capsys: pytest.CaptureFixture[str], server: Loopback) -> None:
    priced = CONFIG.format(url=server.url)
    unpriced = priced.replace("price = {prompt = 1.0, completion = 1.0}", "", 1)
    Path("c.toml").write_text(unpriced, encoding="utf-8")

    told = said(capsys)

    assert {each["role"]: each["cost_usd"] is None for each in told["roles"]} == {
        "task": True, "backward": False, "optimizer": False,
    }  # fmt: skip
    assert told["total"]["cost_usd"] is None


def test_plain_says_it_in_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "c.toml", "--dry-run", "--ui", "plain", "--budget-calls", "5"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["role", "calls", "tokens", "in", "tokens", "out", "cost", "model"]
    assert lines[1].startswith("task       10 to ")
    assert "start prompts on validation: 6 examples, 6 calls, none of them stored" in lines
    assert "budget.calls = 5: too small: the run cannot come to its end" in lines


def test_offline_nobody_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    told = said(capsys, "--offline")

    assert told["roles"] == []
    assert told["total"]["calls"] == {"least": 0, "most": 0}
    assert "10 of the first calls are not stored" in told["notes"][0]


@pytest.mark.parametrize(
    "flags",
    [
        pytest.param(("--set", "trainer.batch_sise=1"), id="config"),
        pytest.param(("--set", "data.val=600"), id="data"),
        pytest.param(("--set", "models.task.model=nobody/knows"), id="model"),
    ],
)
def test_what_train_refuses_is_refused_likewise(flags: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "c.toml", "--ui", "json", *flags]) == 2
    before = capsys.readouterr()

    assert run(["train", "c.toml", "--dry-run", "--ui", "json", *flags]) == 2
    assert capsys.readouterr() == before
    assert before.out == ""


PROGRAM = """
import json
from autodiff_engine.program import Prompt, Text, program

PLAN = Prompt(user="{{ question }}", system="{{ task }}")

@program(texts=[Text("task", "says what to do", "Answer in JSON.")])
async def answer(trace, question):
    plan = await trace.generate("plan", template=PLAN, prompts=["task"], question=question)
    return await trace.apply("read", lambda text: json.loads(text)["n"], plan)
"""


def test_a_program_that_breaks_on_a_made_up_reply_is_said_to(
    capsys: pytest.CaptureFixture[str], server: Loopback
) -> None:
    Path("mine.py").write_text(PROGRAM, encoding="utf-8")
    config = CONFIG.format(url=server.url)
    head, _, rest = config.partition("[program]")
    mine = head.replace('"prompt"', '"mine.py:answer"') + rest.partition('answer = "last_number"')[2]
    Path("c.toml").write_text(mine.replace('"Count."', '"Say it in JSON."'), encoding="utf-8")

    told = said(capsys)

    assert [each["known"] for each in told["start"]] == [6, 4]
    assert any("a made-up reply ended the program" in note for note in told["notes"])


def test_before_a_training_from_home_the_sum_of_its_forecast_and_its_budget_are_said(
    capsys: pytest.CaptureFixture[str], server: Loopback
) -> None:
    told = said(capsys, "--budget-calls", "40")
    offer = beginning.of_config(Path("c.toml"), build.RunOptions(), {"AUTODIFF_BUDGET_CALLS": "40"})
    text = "\n".join(map(spelled, offer.lines))

    least, most = (f"{told['total']['calls'][end]:,.0f}" for end in ("least", "most"))
    assert f"forecast {least} to {most} calls, " in text
    assert f"budget   calls 40: {told['budget'][0]['verdict']}" in text
    assert all(f"model    {each['model']} (" in text for each in told["roles"])
    assert server.received == []
    assert not offer.refused


def test_what_cannot_begin_is_said_before_it_is_begun() -> None:
    Path("c.toml").write_text("[task]\n[nonsense]\n", encoding="utf-8")
    offer = beginning.of_config(Path("c.toml"), build.RunOptions(), {})

    assert offer.refused
    assert "cannot begin" in spelled(offer.lines[0])
    assert "nonsense" in "".join(map(spelled, offer.lines))


OWN = """
from pathlib import Path

from autodiff_engine.program import Node, Prompt, Trace

COUNT = Prompt(system="{{ task }}", user="{{ question }} {{ found }}")


def told(kind):
    def look(text):
        Path(kind).touch()
        return text

    return look


async def answer(trace: Trace, question: str) -> Node:
    asked = trace.input("question", question)
    inside = await trace.apply("inside", told("inside"), asked)
    found = await trace.apply("outside", told("outside"), inside, kind="retrieved", outside=True)
    return await trace.generate("answer", template=COUNT, prompts=["task"], question=asked, found=found)
"""


def test_a_rehearsal_executes_what_a_program_computes_and_not_what_looks_outside(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = Path("c.toml").read_text(encoding="utf-8")
    start, end = text.index("[program]"), text.index("[prompts]")
    text = text[:start] + text[end:]
    Path("c.toml").write_text(text.replace('pipeline = "prompt"', 'pipeline = "rehearsed.py:answer"'), encoding="utf-8")
    Path("rehearsed.py").write_text(OWN, encoding="utf-8")
    said(capsys)
    assert (Path("inside").exists(), Path("outside").exists()) == (True, False)
