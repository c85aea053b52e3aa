"""Which module may import which: the layers in pyproject.toml hold, and each outside library has one door."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
ROOTS = (REPOSITORY / "engine", REPOSITORY / "tui")
OPEN = (
    "blame",
    "build",
    "config",
    "contrast",
    "control",
    "encoding",
    "errors",
    "events",
    "export",
    "finding",
    "journal",
    "secret",
)
DOORS = {
    "litellm": {"autodiff_engine.llm.litellm_client"},
    "diskcache": {"autodiff_engine.llm.answer_disk", "autodiff_engine.llm.store"},
    "xllamacpp": {"autodiff_engine.llm.local_server"},
    "bm25s": {"autodiff_engine.retrieval"},
    "datasets": {"autodiff_engine.hub"},
    "jinja2": {"autodiff_engine.template", "autodiff_tui.html_report.rendering"},
    "markupsafe": {"autodiff_tui.html_report.rendering"},
    "tomli_w": {"autodiff_engine.toml_text"},
    "click": {"autodiff_tui.cli", "autodiff_tui.commands"},
    "textual": {
        "autodiff_tui.app",
        "autodiff_tui.driver",
        "autodiff_tui.home_app",
        "autodiff_tui.home_shelf",
        "autodiff_tui.screens",
        "autodiff_tui.widgets",
    },
    "rich": {
        "autodiff_tui.ablation_table",
        "autodiff_tui.app",
        "autodiff_tui.home_app",
        "autodiff_tui.screens",
        "autodiff_tui.widgets",
    },
}


def modules() -> Iterator[tuple[str, Path]]:
    for root in ROOTS:
        for path in sorted(root.rglob("*.py")):
            yield ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"), path


def imported(path: Path) -> set[str]:
    """The outside names that a module imports, lazily or not, by statement or by ``import_module``."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import():
                names |= {alias.name for alias in node.names}
            case ast.ImportFrom(module=str(module), level=0):
                names.add(module)
            case ast.Call(func=ast.Attribute(attr="import_module"), args=[ast.Constant(value=str(name)), *_]):
                names.add(name)
            case _:
                pass
    return {name.split(".")[0] for name in names}


def test_imports_go_one_way() -> None:
    command = Path(sys.executable).with_name("lint-imports")

    said = subprocess.run([command, "--no-cache"], cwd=REPOSITORY, capture_output=True, text=True, check=False)

    assert said.returncode == 0, said.stdout


@pytest.mark.parametrize("library", DOORS)
def test_each_outside_library_has_its_door(library: str) -> None:
    importers = {module for module, path in modules() if library in imported(path)}

    assert importers
    assert {module for module in importers if not any(_within(module, door) for door in DOORS[library])} == set()


def _within(module: str, door: str) -> bool:
    return module == door or module.startswith(f"{door}.")


def test_every_engine_module_is_either_open_to_the_app_or_not() -> None:
    linter = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    closed = set(
        next(each for each in linter["contracts"] if each["name"].startswith("The app sees"))["forbidden_modules"]
    )
    opened = {f"autodiff_engine.{name}" for name in OPEN}
    children = {".".join(name.split(".")[:2]) for name, _ in modules() if name.startswith("autodiff_engine.")}

    assert children == closed | opened


def test_no_module_is_longer_than_300_lines() -> None:
    long = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in modules()}

    assert {name: lines for name, lines in long.items() if lines > 300} == {}


def test_every_module_says_in_its_first_line_what_it_is() -> None:
    said = {name: ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) for name, path in modules()}

    assert [name for name, docstring in said.items() if not docstring] == []


def test_no_function_is_longer_than_60_lines() -> None:
    long = [
        f"{name}.{node.name}"
        for name, path in modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.end_lineno or 0) - node.lineno >= 60
    ]

    assert long == []
