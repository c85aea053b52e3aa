"""docs/programs.md names exactly the built-in programs, with their texts, steps and settings, and its configs load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from autodiff_engine.build.program import BUILT_IN, pipeline
from autodiff_engine.candidate import start
from autodiff_engine.config import load
from autodiff_engine.graph import Kind, topological
from autodiff_engine.llm import ScriptedModel
from autodiff_engine.pipeline import Pipeline
from autodiff_engine.trace import Trace

from .figures import FIGURES
from .synthetic import asker

PAGE = (Path(__file__).parents[1] / "docs" / "programs.md").read_text(encoding="utf-8")
TABLES = [
    [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()[2:]]
    for table in re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE)
]
CONFIGS = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
MODEL = '\n[models.task]\nmodel = "openai/gpt-4o-mini"\n'
SOURCES = {"object_count": "generated:object_count", "trec": "trec:x.label"}


def named(cell: str) -> tuple[str, ...]:
    return tuple(re.findall(r"`([^`]+)`", cell))


def config_of(name: str, here: Path) -> Path:
    path = here / "my.toml"
    source = SOURCES.get(name, "generated:two_hop")
    path.write_text(f'[task]\npipeline = "{name}"\n[data]\nsource = "{source}"\n{MODEL}', encoding="utf-8")
    return path


async def defaults(program: Pipeline) -> tuple[str, ScriptedModel]:
    """How many passages a program asks for when the config does not say, and what it sends until it gives up."""
    model = ScriptedModel(lambda call: "Action: retrieve(it)\nAnswer: it")
    trace = Trace(start(program.texts), program.texts, asker(model), at="1/forward/a1", draw=0)
    answer = await program.run(trace, {"question": "What is it?"})
    (k,) = {node.value for node in topological([answer]) if node.kind is Kind.HYPERPARAMETER}
    return k, model


def test_each_table_names_exactly_the_built_in_programs() -> None:
    assert len(TABLES) == 2
    for table in TABLES:
        assert [named(row[0]) for row in table] == [(name,) for name in BUILT_IN]


@pytest.mark.parametrize("row", [row for row in TABLES[0] if row[0] != "`prompt`"], ids=lambda row: row[0])
def test_a_programs_texts_are_those_of_its_row(row: list[str], tmp_path: Path) -> None:
    (name,) = named(row[0])
    loaded = load(config_of(name, tmp_path))

    assert named(row[2]) == tuple(text.name for text in pipeline(loaded.config, loaded.base).texts)


@pytest.mark.parametrize("row", TABLES[1], ids=lambda row: row[0])
async def test_a_program_that_searches_says_with_how_many_passages(row: list[str], tmp_path: Path) -> None:
    (name,) = named(row[0])
    searches = "k" in FIGURES[name].steps

    assert searches == ("a corpus" in row[1]) == ("`retrieval.corpus`" in row[2])
    if searches:
        (told,) = re.findall(r"`retrieval\.k` \((\d)\)", row[2])
        loaded = load(config_of(name, tmp_path))
        program = pipeline(loaded.config, loaded.base)
        assert program.corpus is not None
        k, model = await defaults(program)
        assert k == told
        assert re.findall(r"`retrieval\.agent_steps` \((\d)\)", row[2]) == (
            [str(len(model.seen))] if name == "react" else []
        )


def test_the_graphs_name_every_step_of_every_program() -> None:
    (drawn,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    of_program: dict[str, str] = {}
    for block in drawn.split("\n\n"):
        names, _, _ = block.partition("  ")
        of_program |= dict.fromkeys(names.split(", "), block)
    assert sorted(of_program) == sorted(BUILT_IN)
    for name, block in of_program.items():
        figure = FIGURES[name]
        steps = {step for step, (kind, _) in figure.steps.items() if kind not in ("input", "hyperparameter")}
        assert {step for step in steps if not re.search(rf"\b{step}\b", block)} == set()
        assert ("(k)" in block) == ("k" in figure.steps)
        assert ("skip" in block) == bool(figure.skips)


@pytest.mark.parametrize("number", range(len(CONFIGS)))
def test_a_config_of_the_page_loads(number: int, tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text(CONFIGS[number] + MODEL, encoding="utf-8")

    assert load(path).config.task.pipeline in BUILT_IN
