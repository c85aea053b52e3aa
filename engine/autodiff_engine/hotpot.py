"""HotPotQA: its questions, the titles that answer them, and the paragraphs around them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from .errors import DataError
from .passage import Passage
from .text_file import read_text

COLUMNS = ("question", "answer", "context", "supporting_facts")
"""What makes a row one of HotPotQA; further columns (id, level, type) are not read."""

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class HotpotQuestion:
    """One question; ``gold`` are the distinct titles of its supporting facts, ``paragraphs`` its whole context."""

    question: str
    answer: str
    gold: tuple[str, ...]
    paragraphs: tuple[Passage, ...]


def read_file(path: Path, *, key: str) -> list[HotpotQuestion]:
    """Read a file of the data set: a JSON list, or one object a line; ``key`` names who asked for it.

    Context and supporting facts may be pairs, as its authors publish them, or columns, as the hub does.

    Raises:
        DataError: No such file, or one of its questions is of another form; counted from 1.
    """
    text = read_text(path, key=key)
    try:
        found: object = json.loads(text) if text.lstrip()[:1] == "[" else [json.loads(line) for line in _lines(text)]
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: neither a JSON list of questions nor one JSON object a line: {error}") from error
    rows = cast("list[object]", found)
    if not rows:
        raise DataError(f"{path}: holds no questions")
    return questions(rows, str(path))


def questions(rows: Sequence[object], place: str) -> list[HotpotQuestion]:
    """Return the question of each row; ``place`` is where they come from, for messages.

    Raises:
        DataError: A row is of another form.
    """
    return [_question(row, f"{place} question {number}") for number, row in enumerate(rows, 1)]


def is_hotpot(row: Row) -> bool:
    """Return whether a row has the columns of HotPotQA."""
    return all(column in row for column in COLUMNS)


def pooled(found: Iterable[HotpotQuestion]) -> list[Passage]:
    """Return the paragraphs of all questions, in order, repeats and all."""
    return [paragraph for each in found for paragraph in each.paragraphs]


def _lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]


def _question(row: object, where: str) -> HotpotQuestion:
    if not isinstance(row, Mapping):
        raise DataError(f"{where}: not a JSON object with {', '.join(COLUMNS)}")
    told = cast("Row", row)
    for column in COLUMNS:
        if column not in told:
            raise DataError(f"{where}: has no {column}; it has {', '.join(map(str, told)) or 'nothing'}")
    if not isinstance(told["question"], str) or not isinstance(told["answer"], str):
        raise DataError(f"{where}: question and answer must be texts")
    facts = _pairs(told["supporting_facts"], "sent_id", f"{where}: supporting_facts")
    paragraphs = _pairs(told["context"], "sentences", f"{where}: context")
    return HotpotQuestion(
        told["question"],
        told["answer"],
        tuple(dict.fromkeys(" ".join(title.split()) for title, _ in facts)),
        tuple(_paragraph(title, sentences, where) for title, sentences in paragraphs),
    )


def _pairs(value: object, second: str, where: str) -> list[tuple[str, object]]:
    """Read ``[[title, x], ...]`` or ``{"title": [...], second: [...]}``."""
    if isinstance(value, Mapping):
        columns = cast("Mapping[str, object]", value)
        lists = [cast("list[object]", each) for each in map(columns.get, ("title", second)) if isinstance(each, list)]
        if len(lists) < 2 or len(lists[0]) != len(lists[1]):
            raise DataError(f"{where} has no lists title and {second} of one length")
        pairs = list(zip(*lists, strict=True))
    else:
        items = cast("list[object]", value) if isinstance(value, list) else []
        pairs = [tuple(cast("list[object]", item)) if isinstance(item, list) else () for item in items]
    if not pairs or not all(len(pair) == 2 and isinstance(pair[0], str) and pair[0].strip() for pair in pairs):
        raise DataError(f"{where} is not of the form [[title, {second}], …]")
    return cast("list[tuple[str, object]]", pairs)


def _paragraph(title: str, sentences: object, where: str) -> Passage:
    if not isinstance(sentences, list) or not all(isinstance(each, str) for each in cast("list[object]", sentences)):
        raise DataError(f"{where}: context: the sentences of {title!r} are not a list of texts")
    return Passage(title, " ".join(cast("list[str]", sentences)))
