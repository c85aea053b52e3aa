"""A whole training step with a real LLM: served by ``local/``, and through litellm's own way to a provider."""

import os
from pathlib import Path

import pytest

from autodiff_engine import build, config, journal
from autodiff_engine.control import Control
from autodiff_engine.events import FeedbackGiven, ProposalJudged, ProposalMade, RunFinished
from autodiff_engine.llm.local import LocalServer

pytestmark = [pytest.mark.real_llm, pytest.mark.timeout(400)]

CONFIG = """
[task]
pipeline = "object_count"
metric = "numeric"
[data]
source = "generated:object_count"
train = 2
val = 2
test = 1
[models.task]
model = "{model}"
max_tokens = 40
{more}
[models.backward]
max_tokens = 60
[models.optimizer]
max_tokens = 120
[trainer]
max_steps = 1
max_proposals = 1
[limits]
in_flight = 4
timeout_s = 300
"""


@pytest.fixture
def model_file() -> Path:
    named = os.environ.get("AUTODIFF_SMOLLM2")
    assert named, "set AUTODIFF_SMOLLM2 to what scripts/fetch_smollm2.py prints"
    return Path(named)


async def train(folder: Path, name: str, model: str, more: str = "") -> RunFinished:
    (folder / "real.toml").write_text(CONFIG.format(model=model, more=more), encoding="utf-8")
    loaded = config.load(folder / "real.toml")
    options = build.RunOptions(run_dir=folder / name, cache_dir=folder / "answers")
    return await build.training(loaded, options).execute(Control(), lambda stamped: None)


def check_step(folder: Path, finished: RunFinished) -> None:
    """A step was made: failures had feedback, each proposal one verdict, and every answer was paid for once."""
    events = [stamped.event for stamped in journal.read(folder).events]
    made = [event for event in events if isinstance(event, ProposalMade)]
    judged = [event for event in events if isinstance(event, ProposalJudged)]
    assert (finished.status, finished.error) == ("done", None)
    assert any(isinstance(event, FeedbackGiven) and event.on_text for event in events)
    assert [event.k for event in made] == [event.k for event in judged] == list(range(1, len(made) + 1))
    assert made
    assert finished.calls.failed == 0
    assert finished.cost_usd == 0 or finished.cost_usd is None


async def test_a_step_with_a_model_file_and_again_from_the_store(tmp_path: Path, model_file: Path) -> None:
    first = await train(tmp_path, "first", f"local/{model_file}")
    second = await train(tmp_path, "second", f"local/{model_file}")

    check_step(tmp_path / "first", first)
    assert first.calls.made > 0
    assert second.calls.made == 0
    assert journal.read(tmp_path / "first").facts == journal.read(tmp_path / "second").facts


async def test_a_step_through_litellm_to_an_openai_shaped_server(tmp_path: Path, model_file: Path) -> None:
    server = LocalServer(model_file, tmp_path / "server.log", slots=4)
    try:
        address = await server.address()
        finished = await train(tmp_path, "run", "openai/smollm2", f'api_base = "{address}/v1"')
    finally:
        await server.aclose()

    check_step(tmp_path / "run", finished)
    assert finished.calls.made > 0
