"""Who plays a role, and how requests name it."""

from pathlib import Path

import pytest

from autodiff_engine.build.players import cast
from autodiff_engine.config import RunConfig, parse
from autodiff_engine.errors import ConfigError


def config(**model: object) -> RunConfig:
    return parse(
        {
            "task": {"pipeline": "object_count"},
            "data": {"source": "generated:object_count"},
            "models": {"task": {"model": "local/small.gguf", **model}},
        }
    )


def test_without_a_network_a_local_model_has_the_name_that_its_answers_were_stored_under(tmp_path: Path) -> None:
    (tmp_path / "small.gguf").write_bytes(b"GGUF and so on")
    asked = cast(config(), tmp_path, roles=("task",))["task"]
    recorded = cast(config(), tmp_path, roles=("task",), recorded=True)["task"]
    assert recorded.name == asked.name
    assert (asked.file, recorded.file) == (tmp_path / "small.gguf", None)


def test_a_run_that_holds_the_files_hash_needs_no_file_and_any_other_does(tmp_path: Path) -> None:
    kept = cast(config(sha256="a" * 64), tmp_path, roles=("task",), recorded=True)["task"]
    assert kept.name == f"local/sha256:{'a' * 64}"
    with pytest.raises(ConfigError, match=r"small\.gguf"):
        cast(config(), tmp_path, roles=("task",), recorded=True)
