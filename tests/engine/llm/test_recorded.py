"""Recorded answers as a file: they come back as they were, and a line that is none is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from autodiff_engine.errors import StorageError
from autodiff_engine.llm import Reply, Usage
from autodiff_engine.llm.recorded import answers_text, read_answers, write_answers

GOOD = {"key": "k", "text": "t", "finish_reason": "stop", "prompt_tokens": 1, "completion_tokens": None, "seconds": 0.5}


def test_answers_come_back_in_the_order_of_their_keys_and_without_what_they_cost(tmp_path: Path) -> None:
    replies = {
        "b": Reply("8 \U0001f642 \ud800\n", "length", Usage(11, None), 0.25, 1.5),
        "a": Reply("", "stop", Usage(0, 1)),
    }
    write_answers(tmp_path / "a.jsonl", replies)

    read = read_answers(tmp_path / "a.jsonl")

    assert list(read) == ["a", "b"]
    assert read["b"] == Reply("8 \U0001f642 \ud800\n", "length", Usage(11, None), 0.0, 1.5, cached=True)
    assert (tmp_path / "a.jsonl").read_text(encoding="ascii") == answers_text(dict(reversed(replies.items())))


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "[" * 100_000,
        *(
            json.dumps({**GOOD, **changed})
            for changed in (
                {"text": 3},
                {"key": None},
                {"finish_reason": []},
                {"prompt_tokens": "1"},
                {"completion_tokens": -1},
                {"prompt_tokens": True},
                {"seconds": "soon"},
                {"seconds": float("nan")},
                {"seconds": -1},
                {"seconds": 10**400},
            )
        ),
        "\xff",
    ],
)
def test_a_line_that_is_no_answer_is_named(line: str, tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(f"{json.dumps(GOOD)}\n{line}\n".encode("latin-1"))

    with pytest.raises(StorageError, match=r"a\.jsonl: (line 2: not a recorded answer|is no text)"):
        read_answers(file)
