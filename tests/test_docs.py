"""What the README promises is there: its config loads, its commands exist, its numbers are the program's."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest

from autodiff_engine.config import LabelsAnswer, load
from autodiff_engine.dataset import load as load_data
from autodiff_tui.cli import root
from autodiff_tui.exits import Exit

REPOSITORY = Path(__file__).parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)\n```", README, re.DOTALL)
LINES = [line for language, block in BLOCKS if language == "sh" for line in block.splitlines()]
OURS = [line for line in LINES if line.startswith("autodiff-tui ")]


def command(words: list[str]) -> click.Command:
    """The command that ``words`` call; its arguments are parsed, and nothing runs."""
    name, found, rest = root.resolve_command(click.Context(root), words)
    assert found is not None
    if isinstance(found, click.Group):
        name, found, rest = found.resolve_command(click.Context(found), rest)
        assert found is not None
    found.make_context(name, rest)
    return found


def test_the_readmes_config_is_one_that_loads(tmp_path: Path) -> None:
    config, labels, local = [block for language, block in BLOCKS if language == "toml"]
    (tmp_path / "my.toml").write_text(config, encoding="utf-8")

    loaded = load(tmp_path / "my.toml")

    assert loaded.config.task.pipeline == tomllib.loads(config)["task"]["pipeline"]
    assert loaded.config.budget.usd == 1.0

    start, end = config.index("[models.task]"), config.index("[budget]")
    before, after = config.index("[program]"), config.index("[models.task]")
    (tmp_path / "labels.toml").write_text(f"{config[:before]}{labels}\n{config[after:]}", encoding="utf-8")
    named = load(tmp_path / "labels.toml").config
    assert named.program is not None
    assert isinstance(named.program.answer, LabelsAnswer)
    assert all(label in named.prompts.texts["format"] for label in named.program.answer.labels)
    (tmp_path / "local.toml").write_text(f"{config[:start]}{local}\n{config[end:]}", encoding="utf-8")
    assert load(tmp_path / "local.toml").config.models["optimizer"].model == "local/FILE.gguf"


def test_the_readmes_counts_are_for_as_many_rows_as_it_says(tmp_path: Path) -> None:
    told = re.search(r"for (\d+) rows `train = (\d+)`, `val = (\d+)` and `test = (\d+)`", README)
    assert told is not None
    rows, *counts = map(int, told.groups())
    text = "".join(f"What is {row}?,{row}\n" for row in range(rows))
    (tmp_path / "questions.csv").write_text(f"question,answer\n{text}", encoding="utf-8")
    config = next(block for language, block in BLOCKS if language == "toml")
    (tmp_path / "my.toml").write_text(config, encoding="utf-8")

    settings = [f"data.{split}={count}" for split, count in zip(("train", "val", "test"), counts, strict=True)]
    data = load(tmp_path / "my.toml", settings).config.data
    splits = load_data(data, tmp_path)

    assert [len(splits.train), len(splits.val), len(splits.test)] == counts
    assert sum(counts) == rows


@pytest.mark.parametrize("line", OURS)
def test_a_command_of_the_readme_is_one_that_we_have(line: str) -> None:
    assert command(shlex.split(line)[1:])


def test_the_table_of_commands_is_the_programs() -> None:
    table = re.search(r"\| command \|.*?\n\n", README, re.DOTALL)
    assert table is not None
    named = re.findall(r"^\| `(\w+)", table[0], re.MULTILINE)

    assert sorted(named) == sorted(root.list_commands(click.Context(root)))


def test_the_table_of_exit_codes_is_the_programs() -> None:
    table = re.search(r"\| exit code \|.*?\n\n", README, re.DOTALL)
    assert table is not None
    codes = {int(code) for cell in re.findall(r"^\| ([\d, ]+) \|", table[0], re.MULTILINE) for code in cell.split(",")}

    assert codes == {code.value for code in Exit}


def test_ci_runs_the_readmes_own_line_for_the_tests() -> None:
    marked = re.findall(r"<!-- the tests, run by \.ci/run -->\s*```(?:sh|bash)\n([^\n]+)\n```", README)

    assert marked == ["uv run pytest -n auto"]
    assert "the tests, run by" in (REPOSITORY / ".ci/run").read_text(encoding="utf-8")


def test_the_first_two_commands_are_one_line_each() -> None:
    assert LINES[:2] == ["uv run autodiff-tui demo", "uv run pytest -n auto"]
    assert all(" && " in line and "\n" not in line for line in LINES[2:4])
