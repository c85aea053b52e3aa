"""Files of the known formats -> records in their order, with errors that name file and line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import cast

from .config import file_of
from .errors import DataError
from .generated import object_count

ANSWER = "answer"
QUESTION = "question"


@dataclass(frozen=True, slots=True)
class Record:
    """One example as its source gives it; ``line`` is where it begins, from 1; ``expected`` None: there is none."""

    inputs: Mapping[str, str]
    expected: str | None
    line: int


def read(source: str, base: Path, columns: Mapping[str, str], *, count: int, seed: int) -> list[Record]:
    """Read all of ``source``; ``count`` and ``seed`` are for generated data, which has no end.

    Raises:
        DataError: No such file, or it is not in its format; names file and line.
    """
    kind, name = file_of(source)
    if kind == "generated":
        return _generated(name, count, seed)
    path = base / name
    if kind == "bbh":
        return _bbh(path)
    if kind == "trec":
        return _trec(path)
    match path.suffix.lower():
        case ".jsonl":
            return _jsonl(path, columns)
        case ".csv":
            return _csv(path, columns)
        case _:
            raise DataError(
                f'data.source = "{source}": not a kind of data that we know',
                "name a .jsonl or .csv file, bbh:FILE, trec:FILE, or generated:object_count",
            )


def _generated(name: str, count: int, seed: int) -> list[Record]:
    if name != "object_count":
        raise DataError(f'data.source = "generated:{name}": there is only generated:object_count')
    pairs = islice(object_count(seed), count)
    return [Record({QUESTION: question}, answer, line) for line, (question, answer) in enumerate(pairs, 1)]


def _bbh(path: Path) -> list[Record]:
    try:
        examples = json.loads(_text(path))["examples"]
        pairs = [(str(example["input"]), str(example["target"])) for example in examples]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f'{path}: not of the form {{"examples": [{{"input": …, "target": …}}]}}: {error}') from error
    return [Record({QUESTION: asked}, answer, line) for line, (asked, answer) in enumerate(pairs, 1)]


def _trec(path: Path) -> list[Record]:
    records: list[Record] = []
    for line, text in enumerate(_text(path, fallback="iso-8859-1").split("\n"), 1):
        label, _, question = text.strip().partition(" ")
        coarse, colon, _ = label.partition(":")
        if text.strip() and not (colon and coarse and question):
            raise DataError(f"{path} line {line}: not of the form COARSE:fine question")
        if text.strip():
            records.append(Record({QUESTION: question.strip()}, coarse, line))
    return records


def _jsonl(path: Path, columns: Mapping[str, str]) -> list[Record]:
    rows: list[tuple[int, dict[str, str | None]]] = []
    for line, text in enumerate(_text(path).split("\n"), 1):
        if text.strip():
            rows.append((line, _object(text, f"{path} line {line}")))
            if rows[-1][1].keys() != rows[0][1].keys():
                there, here = ", ".join(rows[0][1]), ", ".join(rows[-1][1])
                raise DataError(f"{path} line {line}: has the keys {here}, but line {rows[0][0]} has {there}")
    return _records(rows, columns, path)


def _object(text: str, where: str) -> dict[str, str | None]:
    try:
        value: object = json.loads(text)
    except ValueError as error:
        raise DataError(f"{where}: not JSON: {error}") from error
    if not isinstance(value, dict):
        raise DataError(f'{where}: not a JSON object like {{"question": …, "answer": …}}')
    return {key: _as_text(item) for key, item in cast("dict[str, object]", value).items()}


def _as_text(value: object) -> str | None:
    return value if isinstance(value, str) or value is None else json.dumps(value, ensure_ascii=False)


def _csv(path: Path, columns: Mapping[str, str]) -> list[Record]:
    text = _text(path)
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
    return _records(rows, columns, path)


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


def _records(rows: list[tuple[int, dict[str, str | None]]], columns: Mapping[str, str], path: Path) -> list[Record]:
    if not rows:
        raise DataError(f"{path}: holds no examples")
    there = tuple(rows[0][1])
    wanted = {ANSWER: ANSWER, **columns}
    for ours, theirs in wanted.items():
        if theirs not in there and not (ours == ANSWER and theirs == ""):
            raise _no_column(ours, theirs, there, path)
    answer = wanted.pop(ANSWER)
    renamed = {theirs: ours for ours, theirs in wanted.items()}
    inputs = {theirs: renamed.get(theirs, theirs) for theirs in there if theirs != answer}
    if not inputs or len(set(inputs.values())) < len(inputs):
        raise DataError(f"{path}: {'two columns would have one name' if inputs else 'no column but the answer'}")
    return [
        Record({ours: row[theirs] or "" for theirs, ours in inputs.items()}, row[answer] if answer else None, line)
        for line, row in rows
    ]


def _no_column(ours: str, theirs: str, there: tuple[str, ...], path: Path) -> DataError:
    close = get_close_matches(theirs, there, 1, 0.5)
    hint = f"did you mean {close[0]}?" if close else f"it has {', '.join(there)}"
    return DataError(
        f"{path}: has no column {theirs}; {hint}",
        f'under [data] write columns = {{{ours} = "{close[0] if close else there[-1]}"}}'
        + (', or {answer = ""} if nothing is expected' if ours == ANSWER else ""),
    )


def _text(path: Path, fallback: str = "") -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise _no_file(path) from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if fallback:
            return content.decode(fallback)
        raise DataError(f"{path}: not UTF-8 at byte {error.start}", "save the file as UTF-8") from error


def _no_file(path: Path) -> DataError:
    beside = sorted(file.name for file in path.parent.iterdir()) if path.parent.is_dir() else []
    close = get_close_matches(path.name, beside, 1, 0.5)
    return DataError(f"data.source: no file {path}{f'; did you mean {path.with_name(close[0])}?' if close else ''}")
