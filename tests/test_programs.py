"""Every config trains a whole step over a played provider, and its graph is the paper's."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from autodiff_tui.cli import run

from .figures import FIGURES, check_graph
from .played import CONFIGS, KNOW, Stage, blamed, events_of, flags_of, named, placed, sent, served, trained_texts


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with served() as found:
        yield found


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with placed(tmp_path, monkeypatch):
        yield tmp_path


def gates_of(config: Path) -> tuple[str, ...]:
    trainer = tomllib.loads(config.read_text(encoding="utf-8")).get("trainer", {})
    return ("minibatch", "validation") if trainer.get("two_stage", True) else ("validation",)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_a_config_trains_a_step_and_its_graph_is_the_papers(
    config: Path, stage: Stage, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = flags_of(stage, config, here)

    assert run(["train", str(config), "--ui", "json", *flags]) == 0

    events = events_of(capsys)
    end = events[-1]
    assert (end["status"], end["steps"], end["accepted"]) == ("done", 1, 1)
    assert blamed(events) == trained_texts(events)
    (verdict,) = named(events, "ProposalJudged")
    gates = [verdict[gate]["after"] for gate in gates_of(config)]
    assert gates == [1.0] * len(gates)
    assert named(events, "CandidateScored")[0]["mean"] == 0
    check_graph(events, FIGURES[named(events, "ProgramDescribed")[0]["pipeline"]])

    prompts = tomllib.loads(Path(end["best"]).read_text(encoding="utf-8"))["prompts"]
    assert {name for name, value in prompts.items() if value.startswith(KNOW)} == trained_texts(events)
    assert run(["eval", str(config), "--prompts", end["best"], "--ui", "json", *flags]) == 0
    (report,) = events_of(capsys)
    assert (report["mean"], report["split"], report["calls"]["made"]) == (1.0, "val", 0)


def test_there_is_a_figure_for_every_program_that_a_config_trains() -> None:
    programs = {tomllib.loads(path.read_text(encoding="utf-8"))["task"]["pipeline"] for path in CONFIGS}
    assert programs == set(FIGURES)


def test_the_corpus_is_a_fact_of_the_run_and_stands_in_best_toml(
    stage: Stage, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[tuple[int, str]] = []
    for name, more in (("vanilla_rag", ""), ("vanilla_rag", "data.seed=7"), ("trec", "")):
        config = next(path for path in CONFIGS if path.stem == name)
        flags = flags_of(stage, config, here, *([more] if more else []))
        assert run(["train", str(config), "--ui", "json", *flags]) == 0
        events = events_of(capsys)
        (loaded,) = named(events, "DataLoaded")
        best = tomllib.loads(Path(events[-1]["best"]).read_text(encoding="utf-8"))["data"]
        assert (best["fingerprint"], best.get("passages", 0)) == (loaded["fingerprint"], loaded.get("passages", 0))
        assert best.get("corpus_fingerprint", "") == loaded.get("corpus", "")
        seen.append((loaded.get("passages", 0), loaded.get("corpus", "")))
        assert ("corpus" in loaded) == (name == "vanilla_rag")
    assert seen[0][0] > 20
    assert seen[0][1] != seen[1][1]
    assert seen[2] == (0, "")


@pytest.mark.parametrize("kind", ["react", "multi_hop"])
def test_examples_in_place_of_feedback_show_what_a_program_of_many_steps_answered(
    kind: str, stage: Stage, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = next(path for path in CONFIGS if path.stem == kind)
    flags = flags_of(stage, config, here, "trainer.gradients=data")

    assert run(["train", str(config), "--ui", "json", *flags]) == 0

    events = events_of(capsys)
    assert {change["name"] for change in named(events, "ProposalMade")[0]["changes"]} == trained_texts(events)
    assert {body["model"] for body in stage.provider.asked} == {"task", "optimizer"}
    for event in (e for e in named(events, "ExampleScored") if e["phase"] == "forward"):
        shown = f"\nanswered: {event['answer']}\nexpected: {event['expected']}\nscore: {event['score']:g}"
        asked = [sent(body) for body in stage.provider.asked if body["model"] == "optimizer"]
        assert asked
        assert all(shown in prompt for prompt in asked)
