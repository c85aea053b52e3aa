"""From a config to scores: losses and a judge, over a provider on loopback."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from autodiff_engine import build
from autodiff_engine.build.measures import losses_of
from autodiff_engine.config import load, rebased, to_toml
from autodiff_engine.control import Control
from autodiff_engine.dataset import Example
from autodiff_engine.errors import ConfigError
from autodiff_engine.events import CandidateScored, ExampleScored, ProgramDescribed, RunFinished, Stamped
from autodiff_engine.instructions import packaged
from autodiff_engine.journal import read

from ..loopback import Loopback, Turn, ok

CONFIG = """
[task]
pipeline = "prompt"
metric = "exact_match"
{task}
[data]
source = "questions.csv"
train = 6
val = 6
test = 4
[program]
system = "{{{{ task }}}}"
user = "{{{{ question }}}}"
answer = "last_number"
[prompts]
task = "Count."
[models.task]
model = "openai/worker"
api_base = "{url}"
[models.optimizer]
model = "openai/writer"
api_base = "{url}"
{more}
[trainer]
max_steps = 2
max_proposals = 2
"""
LOSSES = """judge = "It is a number."
losses = [
    {node = "answer", metric = "exact_match", expected = "twice", weight = 0.5},
    {node = "answer", metric = "judge", weight = 2},
]
"""


def provider(body: dict[str, Any]) -> Turn:
    """A worker that doubles once it is told to be careful; who grades says 10 for an even number and 4 for another."""
    messages = [message["content"] for message in body["messages"]]
    said = " ".join(messages)
    if body["model"] == "worker":
        number = int(re.findall(r"\d+", messages[-1])[-1])
        return ok(f"Answer: {number * 2 if 'carefully' in said else number}")
    if "You grade" in messages[0]:
        number = int(re.findall(r"ITS OUTPUT\n(-?\d+)", messages[1])[0])
        return ok(f"It is {number}.\nScore: {4 if number % 2 else 10}")
    keys = re.findall(r'<feedback key="([^"]+)">', said)
    if keys or "new_text" not in said:
        return ok("\n".join(f'<feedback key="{key}">Say to count carefully.</feedback>' for key in keys) or "Wrong.")
    return ok("<reasoning>care</reasoning><method>rephrase</method><new_text>Count carefully.</new_text>")


@pytest.fixture
async def server() -> AsyncIterator[Loopback]:
    loopback = Loopback(otherwise=provider)
    await loopback.start()
    yield loopback
    await loopback.stop()


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-loopback-0123456789abcdef")


def written(folder: Path, url: str, task: str, more: str = "") -> Path:
    rows = "\n".join(f"How many are {number} things?,{number * 2},{number * 2}" for number in range(1, 17))
    (folder / "questions.csv").write_text(f"question,answer,twice\n{rows}\n", encoding="utf-8")
    path = folder / "c.toml"
    path.write_text(CONFIG.format(url=url, task=task, more=more), encoding="utf-8")
    return path


def options(folder: Path) -> build.RunOptions:
    return build.RunOptions(run_dir=folder / "run", cache_dir=folder / "answers")


async def trained(path: Path) -> tuple[RunFinished, list[Stamped]]:
    heard: list[Stamped] = []
    finished = await build.training(load(path), options(path.parent)).execute(Control(), heard.append)
    return finished, heard


async def test_a_run_on_two_losses_one_of_them_a_judge_tells_each_apart(tmp_path: Path, server: Loopback) -> None:
    finished, heard = await trained(written(tmp_path, server.url, LOSSES))
    events = [each.event for each in heard]
    assert (finished.status, finished.val.best, finished.error) == ("done", 1.0, None)
    assert finished.val.start is not None
    (described,) = [event for event in events if isinstance(event, ProgramDescribed)]
    assert [(each.node, each.metric, each.weight, each.expected) for each in described.losses] == [
        ("answer", "exact_match", 0.5, "twice"),
        ("answer", "judge", 2.0, ""),
    ]
    assert {each.role for each in described.models} == {"task", "backward", "optimizer", "judge"}
    scores = [event for event in events if isinstance(event, CandidateScored)]
    assert [(each.which, each.split, each.metric) for each in scores] == [
        ("start", "val", "objective"), ("best", "val", "objective"),
        ("start", "test", "objective"), ("best", "test", "objective"),
    ]  # fmt: skip
    assert [[loss.mean for loss in each.losses] for each in scores[1::2]] == [[1.0, 1.0], [1.0, 1.0]]
    start = scores[0]
    assert start.on_answer == start.losses[0].mean == 0.0
    assert start.mean == pytest.approx(2 * start.losses[1].mean / 2.5)
    forward = next(event for event in events if isinstance(event, ExampleScored) and event.trace)
    assert [call.node for call in forward.trace] == ["answer", "judge.answer"]
    assert read(tmp_path / "run").events == tuple(heard)
    best = (tmp_path / "run" / "best.toml").read_text(encoding="utf-8")
    for name in ("objective", "exact_match of answer", "judge of answer"):
        assert f'metric = "{name}"' in best
    again = load(tmp_path / "run" / "config.toml").config
    assert again.task.judge == "It is a number."
    assert again.task.losses is not None
    assert [loss.weight for loss in again.task.losses] == [0.5, 2.0]


async def test_a_judge_is_asked_by_its_own_model_and_stored_like_any_other(tmp_path: Path, server: Loopback) -> None:
    more = f'[models.judge]\nmodel = "openai/grader"\napi_base = "{server.url}"\nmax_tokens = 77\n'
    path = written(tmp_path, server.url, 'judge = "It is a number."', more)
    path.write_text(path.read_text(encoding="utf-8").replace('"exact_match"', '"judge"'), encoding="utf-8")
    evaluating = build.evaluation(load(path), options(tmp_path), prompts=None, split="val")
    first = await evaluating.execute(Control(), lambda done, total: None)
    assert (first.metric, first.n, first.losses, first.on_answer) == ("judge", 6, (), None)
    assert 0.4 <= first.mean < 1.0
    assert first.calls.made == 12
    again = await evaluating.execute(Control(), lambda done, total: None)
    assert (again.mean, again.calls.made, again.calls.cached) == (first.mean, 0, 12)
    asked = [each.body for each in server.received if each.body["model"] == "grader"]
    assert len(asked) == 6
    assert {body["max_tokens"] for body in asked} == {77}


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ('losses = [{node = "answer", metric = "f1", expected = "golf"}]',
         'task.losses 1: expected = "golf": the data has no such column'),
        ('losses = [{node = "answer", metric = "f1"}, {node = "answer", metric = "f1"}]',
         "task.losses: f1 of answer is there twice"),
        ('losses = [{node = "answer", metric = "f2"}]',
         'task.losses 1: metric = "f2": no such metric; did you mean f1?'),
        ('losses = [{node = "answer", metric = "jugde"}]',
         'task.losses 1: metric = "jugde": no such metric; did you mean judge?'),
        ('losses = [{node = "answer", metric = "none.py:score"}]', 'task.losses 1: metric = "none.py:score": no file'),
    ],
)  # fmt: skip
def test_losses_that_cannot_be_are_refused_before_anything_is_asked(tmp_path: Path, task: str, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        build.training(load(written(tmp_path, "http://127.0.0.1:9/v1", task)), options(tmp_path))
    assert str(raised.value).startswith(said), raised.value
    assert not (tmp_path / "run").exists()


async def test_a_loss_on_an_unknown_node_ends_the_run_with_the_names_that_there_are(
    tmp_path: Path, server: Loopback
) -> None:
    path = written(tmp_path, server.url, 'losses = [{node = "anser", metric = "f1"}]')
    finished, _ = await trained(path)
    assert finished.status == "failed"
    assert finished.error is not None
    assert finished.error.message == "task.losses: no node called anser; the program's nodes are answer"
    assert finished.error.hint == "did you mean answer?"
    with pytest.raises(ConfigError, match="no node called anser"):
        await build.evaluation(load(path), options(tmp_path), prompts=None, split="val").execute(
            Control(), lambda done, total: None
        )


def test_losses_are_named_by_what_tells_them_apart(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.py").write_text("def score(answer, expected):\n    return 1\n", encoding="utf-8")
    one = written(
        tmp_path, "http://127.0.0.1:9/v1",
        """losses = [
            {node = "query", metric = "f1"},
            {node = "answer", metric = "f1"},
            {node = "answer", metric = "f1", expected = "twice"},
            {node = "answer", metric = "numeric"},
            {node = "page", metric = "a/mine.py:score"},
            {node = "page", metric = "b/mine.py:score"},
        ]""",
    )  # fmt: skip
    loaded = load(one)
    example = Example("1", {"question": "?", "twice": "2"}, "2", 1)
    terms = losses_of(loaded.config, loaded.base, packaged(), example)
    assert [term.name for term in terms] == [
        "loss.query", "loss.answer.f1", "loss.answer.f1.twice", "loss.answer.numeric", "loss.page.5", "loss.page.6",
    ]  # fmt: skip


def test_metric_files_of_losses_are_found_from_the_runs_folder(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def score(answer, expected):\n    return 1\n", encoding="utf-8")
    path = written(tmp_path, "http://127.0.0.1:9/v1", 'losses = [{node = "answer", metric = "mine.py:score"}]')
    loaded = load(path)
    assert "losses" in to_toml(loaded.config)
    moved = rebased(loaded.config, loaded.base, tmp_path / "run").task.losses
    assert moved is not None
    assert moved[0].metric == "../mine.py:score"


def test_a_config_without_losses_says_nothing_of_them(tmp_path: Path) -> None:
    text = to_toml(load(written(tmp_path, "http://127.0.0.1:9/v1", "")).config)
    assert "losses" not in text
    assert "judge =" not in text
