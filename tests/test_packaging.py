"""What is installed: the wheel's contents, its metadata and its one command."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import entry_points, version
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
SOURCES = {"autodiff_engine": REPOSITORY / "engine", "autodiff_tui": REPOSITORY / "tui"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """The wheel, built by the project's own build backend without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    built = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_the_wheel_installs_two_packages_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    top = {name.split("/")[0] for name in wheel.namelist()}

    assert top == {"autodiff_engine", "autodiff_tui", f"autodiff_tui-{version('autodiff-tui')}.dist-info"}


def test_the_wheel_holds_every_file_of_both_packages(wheel: zipfile.ZipFile) -> None:
    in_the_tree = {
        path.relative_to(root).as_posix()
        for package, root in SOURCES.items()
        for path in (root / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert in_the_tree <= set(wheel.namelist())


@pytest.mark.parametrize(
    "needed",
    [
        pytest.param(("autodiff_engine/py.typed",), id="the engine is typed"),
        pytest.param(("autodiff_tui/py.typed",), id="the app is typed"),
        pytest.param(("autodiff_engine/prompts/", ".j2"), id="instructions to LLMs"),
        pytest.param(("autodiff_tui/", ".tcss"), id="the app's style"),
    ],
)
def test_the_wheel_holds_what_is_not_python(wheel: zipfile.ZipFile, needed: tuple[str, ...]) -> None:
    start, end = needed[0], needed[-1]

    assert [name for name in wheel.namelist() if name.startswith(start) and name.endswith(end)]


def test_the_command_leads_to_main() -> None:
    (command,) = entry_points(group="console_scripts", name="autodiff-tui")

    assert command.value == "autodiff_tui.cli:main"
    assert callable(command.load())


def test_the_version_is_said_once() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    said = subprocess.run(
        [sys.executable, "-m", "autodiff_tui", "--version"], capture_output=True, text=True, check=False
    )

    assert (said.returncode, said.stdout) == (0, f"autodiff-tui {project['version']}\n")


def test_every_dependency_is_pinned_for_uv() -> None:
    document = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    pins = {pin.split("==")[0] for pin in document["tool"]["uv"]["constraint-dependencies"]}
    wanted = (*document["project"]["dependencies"], *document["dependency-groups"]["dev"])
    names = {name.split(">")[0].split("[")[0].strip() for name in wanted}

    assert names <= pins
