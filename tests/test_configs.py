"""Every config that comes with the project loads and says what it is for."""

from __future__ import annotations

from pathlib import Path

import pytest

from autodiff_engine.config import load

CONFIGS = sorted((Path(__file__).parents[1] / "configs").glob("*.toml"))


HOTPOT = {"vanilla_rag": 3, "multi_hop": 2, "multi_hop_cycle": 2, "react": 2}
"""The paper's programs on HotPotQA, and how many passages a search of each finds."""


def test_there_are_configs() -> None:
    assert CONFIGS


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_config_loads(path: Path) -> None:
    loaded = load(path)

    assert loaded.path == path
    assert "task" in loaded.config.models


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_config_says_first_what_it_is_for(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("# ")


@pytest.mark.parametrize(
    ("name", "sizes"),
    [("object_count", (50, 100, 100)), ("trec", (120, 166, 344)), *((name, (50, 100, 200)) for name in HOTPOT)],
)
def test_the_splits_for_a_provider_have_the_papers_sizes_and_the_loop_its_preset(
    name: str, sizes: tuple[int, int, int]
) -> None:
    config = load(CONFIGS[0].parent / f"{name}.toml").config

    assert config.task.pipeline == name
    assert (config.data.train, config.data.val, config.data.test) == sizes
    trainer = config.trainer
    assert (trainer.preset, trainer.batch_size, trainer.max_steps, trainer.max_proposals, trainer.history) == (
        "paper", 4, 12, 5, 2,
    )  # fmt: skip


@pytest.mark.parametrize("name", HOTPOT)
def test_on_hotpotqa_the_search_the_metric_and_the_loss_are_the_papers(name: str) -> None:
    config = load(CONFIGS[0].parent / f"{name}.toml").config

    assert config.data.source == "hotpot:hotpot_dev_distractor_v1.json"
    assert config.retrieval.k == HOTPOT[name]
    assert (config.task.metric, config.trainer.minibatch_metric) == ("em", "f1")
    assert config.retrieval.agent_steps == (3 if name == "react" else None)
