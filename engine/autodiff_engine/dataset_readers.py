"""Sources of the known formats -> records in their order, with errors that name file and line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import cast

from . import hotpot, hub
from .characters import is_whole
from .config import file_of
from .errors import DataError
from .generated import object_count, two_hops
from .text_file import read_text

ANSWER = "answer"
QUESTION = "question"
GOLD = "gold_"
"""How the names of columns begin that only metrics compare with: no program and no LLM is shown them."""
GOLD_TITLES = "gold_titles"
"""The titles of the passages that answer the question, one a line."""

_KEY = "data.source"
_KINDS = (
    "a .jsonl or .csv file, bbh:FILE, trec:FILE, hotpot:FILE, hf:DATASET, generated:object_count or generated:two_hop"
)


@dataclass(frozen=True, slots=True)
class Record:
    """One example as its source gives it; ``line`` is where it begins, from 1; ``expected`` None: there is none.

    ``gold`` has the columns that only metrics compare with.
    """

    inputs: Mapping[str, str]
    expected: str | None
    line: int
    gold: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def read(source: str, base: Path, columns: Mapping[str, str], *, count: int, seed: int) -> list[Record]:
    """Read all of ``source``; ``count`` and ``seed`` are for generated data, which has no end.

    Raises:
        DataError: No such file, or it is not in its format, or holds nothing; names file and line.
    """
    records = _read(source, base, columns, count, seed)
    if not records:
        raise DataError(f"{source}: holds no examples")
    for record in records:
        told = (*record.inputs.items(), *record.gold.items(), (record.expected or "",))
        if not all(is_whole(text) for texts in told for text in texts):
            raise DataError(
                f"{source} line {record.line}: holds half of a character (a lone surrogate), which no request can hold",
                "write the character whole, as in UTF-8",
            )
    return records


def _read(source: str, base: Path, columns: Mapping[str, str], count: int, seed: int) -> list[Record]:
    kind, name = file_of(source)
    path = base / name
    match kind:
        case "generated":
            return _generated(name, count, seed)
        case "bbh":
            return _bbh(path)
        case "trec":
            return _trec(path)
        case "hotpot":
            return _hotpot(hotpot.read_file(path, key=_KEY))
        case "hf":
            return _hub(source, hub.read_rows(name), columns)
        case _:
            return _file(source, path, columns)


def _file(source: str, path: Path, columns: Mapping[str, str]) -> list[Record]:
    match path.suffix.lower():
        case ".jsonl":
            return _jsonl(path, columns)
        case ".csv":
            return _csv(path, columns)
        case _:
            raise DataError(f'{_KEY} = "{source}": not a kind of data that we know', f"name {_KINDS}")


def _generated(name: str, count: int, seed: int) -> list[Record]:
    match name:
        case "object_count":
            pairs = islice(object_count(seed), count)
            return [Record({QUESTION: question}, answer, line) for line, (question, answer) in enumerate(pairs, 1)]
        case "two_hop":
            asked = enumerate(islice(two_hops(seed), count), 1)
            return [_with_titles(each.question, each.answer, each.gold, line) for line, each in asked]
        case _:
            raise DataError(f'{_KEY} = "generated:{name}": there is only generated:object_count and generated:two_hop')


def _hotpot(questions: Sequence[hotpot.HotpotQuestion]) -> list[Record]:
    return [_with_titles(each.question, each.answer, each.gold, line) for line, each in enumerate(questions, 1)]


def _with_titles(question: str, answer: str, titles: Sequence[str], line: int) -> Record:
    return Record({QUESTION: question}, answer, line, {GOLD_TITLES: "\n".join(titles)})


def _hub(source: str, rows: Sequence[Mapping[str, object]], columns: Mapping[str, str]) -> list[Record]:
    if hotpot.is_hotpot(rows[0]):
        return _hotpot(hotpot.questions(rows, source))
    texts = [{column: _as_text(value) for column, value in row.items()} for row in rows]
    return _records(list(enumerate(texts, 1)), columns, source)


def _bbh(path: Path) -> list[Record]:
    try:
        examples = json.loads(read_text(path, key=_KEY))["examples"]
        pairs = [(str(example["input"]), str(example["target"])) for example in examples]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(f'{path}: not of the form {{"examples": [{{"input": …, "target": …}}]}}: {error}') from error
    return [Record({QUESTION: asked}, answer, line) for line, (asked, answer) in enumerate(pairs, 1)]


def _trec(path: Path) -> list[Record]:
    records: list[Record] = []
    for line, text in enumerate(read_text(path, key=_KEY, fallback="iso-8859-1").split("\n"), 1):
        label, _, question = text.strip().partition(" ")
        coarse, colon, _ = label.partition(":")
        if text.strip() and not (colon and coarse and question):
            raise DataError(f"{path} line {line}: not of the form COARSE:fine question")
        if text.strip():
            records.append(Record({QUESTION: question.strip()}, coarse, line))
    return records


def _jsonl(path: Path, columns: Mapping[str, str]) -> list[Record]:
    rows: list[tuple[int, dict[str, str | None]]] = []
    for line, text in enumerate(read_text(path, key=_KEY).split("\n"), 1):
        if text.strip():
            rows.append((line, _object(text, f"{path} line {line}")))
            if rows[-1][1].keys() != rows[0][1].keys():
                there, here = ", ".join(rows[0][1]), ", ".join(rows[-1][1])
                raise DataError(f"{path} line {line}: has the keys {here}, but line {rows[0][0]} has {there}")
    return _records(rows, columns, str(path))


def _object(text: str, where: str) -> dict[str, str | None]:
    try:
        value: object = json.loads(text)
        if isinstance(value, dict):
            return {key: _as_text(item) for key, item in cast("dict[str, object]", value).items()}
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: not JSON: {error}") from error
    raise DataError(f'{where}: not a JSON object like {{"question": …, "answer": …}}')


def _as_text(value: object) -> str | None:
    return value if isinstance(value, str) or value is None else json.dumps(value, ensure_ascii=False, default=str)


def _csv(path: Path, columns: Mapping[str, str]) -> list[Record]:
    text = read_text(path, key=_KEY)
    head = text.partition("\n")[0]
    rows: list[tuple[int, dict[str, str | None]]] = []
    names: list[str] = []
    for line, cells in _cells(text, _delimiter(head), path):
        if not names:
            names = _header(cells, path)
        elif len(cells) != len(names):
            raise DataError(f"{path} line {line}: {len(cells)} cells, but the header has {len(names)}")
        else:
            rows.append((line, dict(zip(names, cells, strict=True))))
    return _records(rows, columns, str(path))


def _delimiter(head: str) -> str:
    """Take what Excel writes in half of the world, or tabs, if the header can only mean that."""
    return next((mark for mark in (";", "\t") if mark in head and "," not in head), ",")


def _cells(text: str, delimiter: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Number rows by the line on which they begin: a quoted cell may hold several."""
    begins = 1
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in lines:
            if cells:
                yield begins, cells
            begins = lines.line_num + 1
    except csv.Error as error:
        raise DataError(f"{path} line {begins}: not CSV: {error}") from error


def _header(cells: list[str], path: Path) -> list[str]:
    names = [cell.strip() for cell in cells]
    twice = [name for name in names if names.count(name) > 1]
    if twice or not all(names):
        raise DataError(f"{path} line 1: {f'two columns are called {twice[0]}' if twice else 'a column has no name'}")
    return names


def _records(rows: list[tuple[int, dict[str, str | None]]], columns: Mapping[str, str], place: str) -> list[Record]:
    if not rows:
        raise DataError(f"{place}: holds no examples")
    there = tuple(rows[0][1])
    if not there:
        raise DataError(f"{place} line {rows[0][0]}: has no columns")
    wanted = {ANSWER: ANSWER, **columns}
    for ours, theirs in wanted.items():
        if theirs not in there and not (ours == ANSWER and theirs == ""):
            raise _no_column(ours, theirs, there, place)
    answer = wanted.pop(ANSWER)
    renamed = {theirs: ours for ours, theirs in wanted.items()}
    names = {theirs: renamed.get(theirs, theirs) for theirs in there if theirs != answer}
    if len(set(names.values())) < len(names):
        raise DataError(f"{place}: two columns would have one name")
    gold = {theirs: ours for theirs, ours in names.items() if ours.startswith(GOLD)}
    inputs = {theirs: ours for theirs, ours in names.items() if theirs not in gold}
    if not inputs:
        raise DataError(f"{place}: no column but the answer{' and what metrics compare with' if gold else ''}")
    return [
        Record(_part(row, inputs), row[answer] if answer else None, line, _gold(_part(row, gold))) for line, row in rows
    ]


def _part(row: Mapping[str, str | None], names: Mapping[str, str]) -> dict[str, str]:
    return {ours: row[theirs] or "" for theirs, ours in names.items()}


def _gold(columns: Mapping[str, str]) -> dict[str, str]:
    """Write what was a JSON list of texts one a line, as metrics read it."""
    return {name: _one_a_line(text) for name, text in columns.items()}


def _one_a_line(text: str) -> str:
    try:
        found: object = json.loads(text) if text.startswith("[") else None
    except ValueError:
        return text
    items = cast("list[object]", found) if isinstance(found, list) else []
    return "\n".join(map(str, items)) if items and all(isinstance(item, str) for item in items) else text


def _no_column(ours: str, theirs: str, there: tuple[str, ...], place: str) -> DataError:
    close = get_close_matches(theirs, there, 1, 0.5)
    hint = f"did you mean {close[0]}?" if close else f"it has {', '.join(there)}"
    return DataError(
        f"{place}: has no column {theirs}; {hint}",
        f'under [data] write columns = {{{ours} = "{close[0] if close else there[-1]}"}}'
        + (', or {answer = ""} if nothing is expected' if ours == ANSWER else ""),
    )
