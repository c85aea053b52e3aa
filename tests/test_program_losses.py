"""Whole runs over a played provider, of programs that several losses score."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from autodiff_tui.cli import run

from .played import CONFIGS, ROLES, Stage, blamed, events_of, flags_of, named, placed, sent, served, trained_texts

SHOWN = """
[task]
pipeline = "prompt"
metric = "exact_match"
judge = "The answer is the right one."
losses = [{node = "answer", metric = "judge", weight = 0.5}, {node = "answer", metric = "exact_match"}]

[data]
source = "questions.jsonl"

[program]
system = "Answer. {{ demos }}"
user = "{{ question }}"
answer = {regex = "Answer: (.*)"}
demos = ["demos"]

[models.task]
model = "openai/task"

[trainer]
demos = {bootstrapped = 1, raw = 0}
"""


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with served() as found:
        yield found


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with placed(tmp_path, monkeypatch):
        yield tmp_path


def with_lines_taken_in(config: Path, here: Path) -> Path:
    """The config as its own comment says: the lines of the losses without their mark, minibatch_metric out."""
    lines = config.read_text(encoding="utf-8").splitlines()
    first = lines.index("# losses = [")
    last = lines.index("# ]")
    taken = [line.removeprefix("# ") if first <= place <= last else line for place, line in enumerate(lines)]
    changed = here / "two_losses.toml"
    changed.write_text("\n".join(line for line in taken if not line.startswith("minibatch_metric")), encoding="utf-8")
    return changed


def test_with_the_second_loss_of_the_config_recall_reaches_the_query_writer(
    stage: Stage, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = with_lines_taken_in(next(path for path in CONFIGS if path.stem == "multi_hop_cycle"), here)
    flags = flags_of(stage, config, here)

    assert run(["train", str(config), "--ui", "json", *flags]) == 0

    events = events_of(capsys)
    losses = named(events, "ProgramDescribed")[0]["losses"]
    assert [(loss["node"], loss["metric"], loss["weight"], loss["expected"]) for loss in losses] == [
        ("combine", "recall@4", 0.5, "gold_titles"),
        ("answer", "f1", 1.0, ""),
    ]
    given = named(events, "FeedbackGiven")
    seeds = {(e["source"], e["target"]) for e in given if e["source"].startswith("loss.")}
    assert seeds == {("loss.combine", "combine"), ("loss.answer", "answer")}
    assert blamed(events) == trained_texts(events)
    assert events[-1]["accepted"] == 1
    # of what is to be found only the wording of that loss is told, and nothing that the program is sent
    titles = [each.gold["gold_titles"] for each in stage.provider.examples]
    of_role = {role: [body for body in stage.provider.asked if body["model"] == role] for role in ("task", "backward")}
    assert not any(title in sent(body) for body in of_role["task"] for title in titles)
    wordings = [sent(body) for body in of_role["backward"] if any(title in sent(body) for title in titles)]
    assert len(wordings) == 3  # the three examples of the step
    assert all("What is checked is one step of the system, combine" in wording for wording in wordings)


def test_recall_alone_has_the_query_writer_rewritten(
    stage: Stage, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the answers are right, feedback of the other loss is all that there is."""
    config = with_lines_taken_in(next(path for path in CONFIGS if path.stem == "multi_hop_cycle"), here)
    knows = '"answer.task" = "KNOW the answer."'
    config.write_text(f"{config.read_text(encoding='utf-8')}\n[prompts]\n{knows}\n", encoding="utf-8")
    flags = flags_of(stage, config, here)

    assert run(["train", str(config), "--ui", "json", *flags]) == 0

    events = events_of(capsys)
    assert {e["source"] for e in named(events, "FeedbackGiven") if e["source"].startswith("loss")} == {"loss.combine"}
    assert blamed(events) == {"query.task", "query.format"}
    (made,) = named(events, "ProposalMade")
    assert [change["name"] for change in made["changes"]] == ["query.task", "query.format"]


def test_the_teacher_is_scored_by_the_same_losses_a_judge_among_them(
    stage: Stage, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = here / "shown.toml"
    config.write_text(SHOWN, encoding="utf-8")
    flags = flags_of(stage, config, here, roles=ROLES)

    assert run(["train", str(config), "--ui", "json", *flags]) == 0

    events = events_of(capsys)
    taught = [event for event in named(events, "ExampleScored") if event["phase"] == "teacher"]
    assert len(taught) == 3
    for event in taught:
        assert (event["metric"], event["score"]) == ("objective", 1.0)
        assert [(loss["metric"], loss["score"]) for loss in event["losses"]] == [("judge", 1.0), ("exact_match", 1.0)]
        assert [call["node"] for call in event["trace"]] == ["answer", "judge.answer"]
    (made,) = named(events, "ProposalMade")
    assert made["changes"][0]["method"] == "demos"
    assert "the teacher's reply that scored 1, the program scores 0 now" in made["changes"][0]["reasoning"]
    (verdict,) = named(events, "ProposalJudged")
    assert (verdict["fate"], verdict["minibatch"]["n"], len(verdict["minibatch"]["quoted"])) == ("accepted", 2, 1)
