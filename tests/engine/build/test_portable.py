"""A config in a pack names nothing outside of it, and nothing that is packed gives a secret away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from autodiff_engine.build.folderless import folderless
from autodiff_engine.build.portable import check_inside, check_secrets, portable
from autodiff_engine.config import RunConfig, parse, to_toml
from autodiff_engine.errors import ConfigError, StorageError
from autodiff_engine.pack import ANSWERS, CONFIG, JOURNAL

MEMBERS = ("config.toml", "program/1/p.py", "program/2/p.py", "prompts.toml", "corpus.jsonl")


def config(model: dict[str, Any] | None = None, **tables: dict[str, Any]) -> RunConfig:
    return parse(
        {
            "task": {"pipeline": "trec"},
            "data": {"source": "trec:../private/questions.txt"},
            "models": {"task": {"model": "local/../models/small.gguf", **(model or {})}},
            **tables,
        }
    )


def test_files_go_by_their_names_and_programs_by_folder(tmp_path: Path) -> None:
    for name in ("a/p.py", "b/p.py", "b/m.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("", encoding="utf-8")
    told = config(
        task={
            "pipeline": "run/../a/p.py:answer",
            "losses": [{"node": "x", "metric": "b/p.py:score"}, {"node": "y", "metric": "b/m.py:score"}],
        },
        prompts={"file": "../secret-project/best.toml"},
        cache={"dir": "/home/me/answers", "mode": "off"},
        retrieval={"corpus": "hotpot:/home/me/hotpot.json"},
    )

    moved = portable(told, tmp_path, corpus=True)

    assert moved.config.task.pipeline == "program/1/p.py:answer"
    assert [each.metric for each in moved.config.task.losses or ()] == ["program/2/p.py:score", "program/2/m.py:score"]
    assert {name: path.relative_to(tmp_path).as_posix() for name, path in moved.files.items()} == {
        "program/1/p.py": "a/p.py",
        "program/2/p.py": "b/p.py",
        "program/2/m.py": "b/m.py",
    }
    assert (moved.config.data.source, moved.config.models["task"].model) == ("trec:questions.txt", "local/small.gguf")
    text = to_toml(moved.config)
    assert "/home" not in text
    assert "private" not in text
    assert "secret" not in text
    check_inside(moved.config, (*MEMBERS, *moved.files), "x.zip")
    assert folderless(text) == folderless(to_toml(told))
    other = moved.config.model_copy(update={"trainer": moved.config.trainer.model_copy(update={"seed": 1})})
    assert folderless(to_toml(other)) != folderless(text)


@pytest.mark.parametrize(
    "tables",
    [
        {"task": {"pipeline": "/home/you/evil.py:answer"}},
        {"task": {"pipeline": "program/1/../../evil.py:answer"}},
        {"task": {"pipeline": "trec", "metric": "evil.py:score"}},
        {"task": {"pipeline": "trec", "losses": [{"node": "x", "metric": "evil.py:score"}]}},
        {"trainer": {"minibatch_metric": "program/3/p.py:score"}},
        {"prompts": {"file": "/etc/passwd"}},
        {"data": {"source": "/etc/passwd"}},
        {"data": {"source": "trec:../passwd"}},
        {"data": {"source": {"train": "a.csv", "val": "..\\b.csv"}}},
        {"retrieval": {"corpus": "/home/you"}},
        {"retrieval": {"corpus": "hf:somebody/something"}},
        {"model": {"model": "local//dev/zero"}},
        {"model": {"model": "local/../x.gguf"}},
        {"model": {"model": "local/..\\x.gguf"}},
    ],
)
def test_a_packed_config_that_names_what_is_not_in_its_pack_is_refused(tables: dict[str, Any]) -> None:
    told = config(**{"model": {"model": "openai/x"}, "data": {"source": "questions.txt"}, **tables})

    with pytest.raises(StorageError, match=r"x\.zip: its config\.toml names "):
        check_inside(told, MEMBERS, "x.zip")


@pytest.mark.parametrize("name", [JOURNAL, ANSWERS, CONFIG, "program/1/p.py"])
@pytest.mark.parametrize("value", ["canary-in-the-environment", 'canary "quoted" \\ ü'])
def test_the_value_of_a_secret_of_this_environment_is_never_packed(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_SERVICE_TOKEN", value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("ü", "\\u00fc")
    for written in (value, escaped):
        with pytest.raises(ConfigError, match=rf"{name}( \(.*\))? holds the value of MY_SERVICE_TOKEN") as error:
            check_secrets({name: f"text {written} text".encode()})
        assert "canary" not in str(error.value)
    check_secrets({name: b"nothing"})


def test_a_key_in_a_program_is_never_packed() -> None:
    key = "sk-" + "0123456789abcdefghij"
    with pytest.raises(ConfigError, match=r"program/1/p\.py holds what looks like a key \(sk-012…\)"):
        check_secrets({"program/1/p.py": f'KEY = "{key}"'.encode()})


@pytest.mark.parametrize("header", ["X-Org-Token", "X-Keyring", "X-Authentication"])
def test_a_config_with_a_header_that_may_be_a_key_is_none_that_could_be_packed(header: str) -> None:
    with pytest.raises(ConfigError, match=rf"\[models\.task\.extra_headers\] {header} is refused"):
        config({"extra_headers": {header: "canary"}})
    config({"extra_headers": {"X-Title": "mine", header: "os.environ/MY_KEY"}})
