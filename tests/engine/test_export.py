import os
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff_engine import export
from autodiff_engine.errors import ConfigError, StorageError
from autodiff_engine.events import ModelInfo
from autodiff_engine.export import Best, BestScore, BestText, Origin, read_prompts, to_toml, write_best

BEST = Best(
    run_id="run-1",
    date="2026-01-02T03:04:05+00:00",
    candidate="0123456789ab",
    step=2,
    pipeline="/home/somebody/programs/program.py:answer",
    texts=(
        BestText("answer.task", "Count.\n\nThen say it.\n", "says what to do", "prompt", "ba9876543210"),
        BestText("format", 'End with """N""".\\', "says the form", "prompt", None),
    ),
    scores=(
        BestScore("start", "val", "exact_match", 0.5, 10, 0.24, 0.76),
        BestScore("best", "val", "exact_match", 0.8, 10, 0.49, 0.94),
    ),
    models=(ModelInfo("task", "local//home/somebody/m.gguf"), ModelInfo("optimizer", "openai/gpt-4o")),
    data="bbh:/home/somebody/object_counting.json",
    data_fingerprint="f" * 64,
    metric="../metrics/mine.py:score",
    metric_description="equal texts",
    cost_usd=0.25,
    provenance=(Origin(2, 1, "answer.task", "rephrase", ("17", "4"), 0.5, 0.8, 10, 0.25),),
)


def with_texts(*values: str) -> Best:
    return replace(
        BEST, texts=tuple(BestText(f"t{i}", value, "role", "prompt", None) for i, value in enumerate(values))
    )


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])) | st.text('\r\n\\"\0\t a'), min_size=1))
def test_texts_are_kept_byte_for_byte(values: list[str]) -> None:
    best = with_texts(*values)

    assert tomllib.loads(to_toml(best))["prompts"] == {text.name: text.value for text in best.texts}


@pytest.mark.parametrize("text", ["a\r\nb", "\r", "\0\x1b[31m", 'say """', "end\n\n", "\\", "", " \n"], ids=repr)
def test_a_written_file_is_read_back_as_it_was(tmp_path: Path, text: str) -> None:
    write_best(tmp_path / "best.toml", with_texts(text, "other"))

    assert read_prompts(tmp_path / "best.toml") == {"t0": text, "t1": "other"}
    assert os.listdir(tmp_path) == ["best.toml"]


def test_the_file_says_where_the_prompts_came_from(tmp_path: Path) -> None:
    write_best(tmp_path / "best.toml", BEST)

    told = tomllib.loads((tmp_path / "best.toml").read_text(encoding="utf-8"))
    assert told["prompts"]["answer.task"] == "Count.\n\nThen say it.\n"
    assert told["texts"]["answer.task"] == {"role": "says what to do", "kind": "prompt", "parent": "ba9876543210"}
    assert told["texts"]["format"] == {"role": "says the form", "kind": "prompt"}
    assert told["scores"][1] == {
        "which": "best", "split": "val", "metric": "exact_match", "mean": 0.8, "n": 10, "low": 0.49, "high": 0.94
    }  # fmt: skip
    assert told["models"] == {"task": "local/m.gguf", "optimizer": "openai/gpt-4o"}
    assert told["data"] == {"source": "bbh:object_counting.json", "fingerprint": "f" * 64}
    assert told["metric"] == {"name": "mine.py:score", "description": "equal texts"}
    assert told["run"]["id"] == "run-1"
    assert told["run"]["cost_usd"] == 0.25
    assert told["provenance"] == [
        {
            "step": 2, "k": 1, "text": "answer.task", "method": "rephrase", "asked_by": ["17", "4"],
            "before": 0.5, "after": 0.8, "n": 10, "p": 0.25,
        }
    ]  # fmt: skip


def test_no_folder_of_anybodys_machine_is_in_the_file() -> None:
    assert "/home" not in to_toml(BEST)
    assert ".." not in to_toml(BEST)


def test_what_is_unknown_is_left_out_not_zero() -> None:
    told = tomllib.loads(to_toml(replace(BEST, cost_usd=None)))

    assert "cost_usd" not in told["run"]


def test_what_looks_like_a_key_outside_of_the_texts_is_not_written() -> None:
    key = "sk-" + "a1" * 12
    with pytest.raises(StorageError, match="what looks like a key"):
        to_toml(replace(BEST, metric_description=f"uses {key}"))

    assert key in to_toml(with_texts(f"an example with {key}"))


def test_an_old_file_stays_whole_when_the_new_one_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "best.toml"
    write_best(path, BEST)
    before = path.read_bytes()

    with pytest.raises(StorageError, match="lone surrogate"):
        write_best(path, with_texts("\ud83d"))

    assert path.read_bytes() == before
    with pytest.raises(StorageError, match="cannot be written"):
        write_best(tmp_path / "none" / "best.toml", BEST)


def test_what_does_not_read_back_is_an_error_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "to_toml", lambda *_: to_toml(with_texts("something else")))

    with pytest.raises(StorageError, match="t0 does not read back as it was written"):
        write_best(tmp_path / "best.toml", with_texts("this"))

    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("[prompts", "not TOML"),
        ("a = 1", r"has no texts under \[prompts\]"),
        ("[prompts]\nanswer.task = 'x'", r"answer is not a text; a name with a dot needs quotes"),
        ("[prompts]\ntaks = 'x'", r"taks: the program has no such text; did you mean task\?"),
        ("[prompts]\nzzz = 'x'", "there are task, format"),
    ],
)
def test_a_file_of_prompts_that_does_not_fit_is_told_in_one_line(tmp_path: Path, content: str, line: str) -> None:
    path = tmp_path / "p.toml"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(ConfigError, match=line) as raised:
        read_prompts(path, known=("task", "format"))

    assert str(raised.value).startswith(str(path))
    assert "\n" not in str(raised.value)


def test_a_missing_file_of_prompts_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no\.toml: no such file"):
        read_prompts(tmp_path / "no.toml")


def test_what_the_program_looks_things_up_in_stands_beside_the_data() -> None:
    told = tomllib.loads(to_toml(replace(BEST, passages=97, corpus_fingerprint="c" * 64)))["data"]

    assert (told["passages"], told["corpus_fingerprint"]) == (97, "c" * 64)


def test_an_origin_holds_the_sentences_that_are_left_of_it_and_no_empty_list() -> None:
    kept = replace(BEST.provenance[0], sentences=("Count.", "Then say it."))
    gone = replace(BEST.provenance[0], step=1)

    told = tomllib.loads(to_toml(replace(BEST, provenance=(gone, kept))))["provenance"]

    assert "sentences" not in told[0]
    assert told[1]["sentences"] == ["Count.", "Then say it."]


def test_a_sentence_that_looks_like_a_key_is_a_trained_text_and_no_secret() -> None:
    text = "Send Bearer abcdefghijklmnopqrstuvwx to the tool."
    best = with_texts(text)
    origin = replace(BEST.provenance[0], text="t0", sentences=(text,))

    assert text in to_toml(replace(best, provenance=(origin,)))
