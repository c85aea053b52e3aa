"""Which example is seen when: examples, splits that share nothing, and minibatches."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from .config import DataConfig, source
from .dataset_readers import Record, read
from .errors import DataError

T = TypeVar("T")

GENERATED = 250
"""How much generated data there is when no counts are given."""
_SHARES = (("train", 2), ("val", 2), ("test", 1))
"""The default 40 / 40 / 20 %, as parts of five."""


@dataclass(frozen=True, slots=True)
class Example:
    """One question with what is expected; ``id`` is its place in the source, from 1, which no split changes.

    ``line`` is where it begins in its file. Files that the user split give ids like ``val:17``. ``gold`` has what
    metrics alone compare with, as the titles that a retriever should find: no program and no LLM is shown it.
    """

    id: str
    inputs: Mapping[str, str] = field(hash=False)
    expected: str | None
    line: int
    gold: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    @property
    def content(self) -> str:
        """SHA-256, in hex, of inputs, expected answer and gold: equal for exact repeats, whatever their ids."""
        return _digest([dict(self.inputs), self.expected, *([dict(self.gold)] if self.gold else [])])


@dataclass(frozen=True, slots=True)
class Splits:
    """Three parts that share no content; ``source`` names the data without any folder."""

    train: tuple[Example, ...]
    val: tuple[Example, ...]
    test: tuple[Example, ...]
    dropped: int
    """Exact repeats, dropped before splitting."""
    fingerprint: str
    """SHA-256, in hex, of ids, content and order of all three."""
    source: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """The next examples of the epochs, and where the following draw goes on."""

    examples: tuple[Example, ...]
    cursor: int


def load(data: DataConfig, base: Path) -> Splits:
    """Read and split the data; files are relative to ``base``. The same config and files give the same splits.

    Raises:
        DataError: The data cannot be read, is not enough, or the user's own splits overlap; one line.
    """
    if isinstance(data.source, str):
        return _split(data, data.source, base)
    return _given_splits(data, base)


def how_many(data: DataConfig) -> int:
    """Return how many examples are made up for ``data`` when its source is generated."""
    asked = ((data.train, 100), (data.val, 100), (data.test, 50))
    count = sum(usual if value is None else value for value, usual in asked)
    return count if any(value for value, _ in asked) else GENERATED


def next_batch(train: Sequence[Example], *, cursor: int, size: int, seed: int, excluded: Collection[str]) -> Drawn:
    """Draw the next ``size`` examples whose ids are not in ``excluded``, none twice.

    ``cursor`` counts positions of all epochs; each epoch is a permutation of its own. Fewer come back when there are
    no more in the whole set. Depends on its arguments alone.
    """
    there = sum(example.id not in excluded for example in train)
    drawn: dict[str, Example] = {}
    epoch, order = -1, list(train)
    while len(drawn) < min(size, there):
        if cursor // len(train) != epoch:
            epoch, order = cursor // len(train), list(train)
            random.Random(f"{seed}/epoch/{epoch}").shuffle(order)
        example = order[cursor % len(train)]
        if example.id not in excluded:
            drawn.setdefault(example.id, example)
        cursor += 1
    return Drawn(tuple(drawn.values()), cursor)


def trim(batch: Sequence[T], correct: Callable[[T], bool | None], max_batch: int) -> tuple[T, ...]:
    """Drop carried members until ``max_batch`` are left: each time the oldest of the kind that is more than half.

    ``batch`` is oldest first. ``correct`` is None for a new member, which is never dropped; with as many right as
    wrong the oldest of all goes.
    """
    kept = list(batch)
    while len(kept) > max_batch:
        carried = [(place, right) for place, member in enumerate(kept) if (right := correct(member)) is not None]
        if not carried:
            break
        rights = sum(right for _, right in carried)
        kinds = {2 * rights >= len(carried), 2 * rights > len(carried)}  # both when neither is more than half
        del kept[next(place for place, right in carried if right in kinds)]
    return tuple(kept)


def _split(data: DataConfig, named: str, base: Path) -> Splits:
    asked = (data.train, data.val, data.test)
    records = read(named, base, data.columns, count=how_many(data), seed=data.seed)
    examples = [_example(str(place), record) for place, record in enumerate(records, 1)]
    unique = _without_repeats(examples)
    groups = _by_inputs(unique)
    random.Random(f"{data.seed}/split/0").shuffle(groups)
    parts = _dealt(groups, _sizes(data, len(unique), source(named).shown), asked)
    return splits_of(parts, len(examples) - len(unique), source(named).shown)


def _sizes(data: DataConfig, there: int, name: str) -> list[int]:
    """Turn counts into sizes: those left open share what is left, and take no more than their part of the whole."""
    asked = {"train": data.train, "val": data.val, "test": data.test}
    given = sum(value or 0 for value in asked.values())
    open_parts = sum(part for split, part in _SHARES if asked[split] is None)
    sizes: list[int] = []
    for split, part in _SHARES:
        value = asked[split]
        share = min(there * part // 5, (there - given) * part // open_parts) if value is None else value
        sizes.append(max(share, 1) if split != "test" else max(share, 0))
    if sum(sizes) > there:
        wanted = " + ".join(f"{split} {size}" for (split, _), size in zip(_SHARES, sizes, strict=True))
        raise DataError(f"{name}: {wanted} is {sum(sizes)} examples, but there are only {there} different ones")
    return sizes


def _dealt(groups: list[list[Example]], sizes: list[int], asked: Sequence[int | None]) -> list[list[Example]]:
    """Fill the splits in order; examples with equal inputs stay together, so that none is known from another split."""
    parts: list[list[Example]] = [[], [], []]
    for group in groups:
        for part, size in zip(parts, sizes, strict=True):
            if len(part) + len(group) <= size:
                part.extend(group)
                break
    for (name, _), part, size, wanted in zip(_SHARES, parts, sizes, asked, strict=True):
        if len(part) < size and (wanted is not None or not part):
            raise DataError(
                f"data.{name} = {size} cannot be filled: {len(part)} fit, as examples with the same question and "
                "different answers stay in one split"
            )
    return parts


def _by_inputs(examples: Sequence[Example]) -> list[list[Example]]:
    groups: dict[str, list[Example]] = {}
    for example in examples:
        groups.setdefault(_digest(dict(example.inputs)), []).append(example)
    return list(groups.values())


def _given_splits(data: DataConfig, base: Path) -> Splits:
    files = data.source
    assert not isinstance(files, str)
    named = (("train", files.train, data.train), ("val", files.val, data.val), ("test", files.test, data.test))
    parts: list[list[Example]] = []
    dropped = 0
    for split, file, count in named:
        records = read(file, base, data.columns, count=count or GENERATED, seed=data.seed) if file else []
        examples = [_example(f"{split}:{place}", record) for place, record in enumerate(records, 1)]
        unique = _without_repeats(examples)
        dropped += len(examples) - len(unique)
        random.Random(f"{data.seed}/split/0").shuffle(unique)
        if count is not None and count > len(unique):
            raise DataError(f"data.{split} = {count}, but {file} has only {len(unique)} different examples")
        parts.append(unique)
    _refuse_overlap(parts, [f"{split}: {file}" for split, file, _ in named])
    used = [part[:count] for part, (_, _, count) in zip(parts, named, strict=True)]
    return splits_of(used, dropped, ", ".join(source(file).shown for _, file, _ in named if file))


def _refuse_overlap(parts: list[list[Example]], files: list[str]) -> None:
    """Refuse inputs that two splits hold, also with another answer: in one file repeats of a question may differ."""
    known: dict[str, tuple[Example, str]] = {}
    for part, file in zip(parts, files, strict=True):
        here: dict[str, tuple[Example, str]] = {}
        for example in part:
            asked = _digest(dict(example.inputs))
            twin, other = known.get(asked, (example, file))
            if twin.id != example.id:
                same = "example" if twin.content == example.content else "inputs, with different answers"
                raise DataError(
                    f"data.{other} line {twin.line} and data.{file} line {example.line} hold the same {same}",
                    "a split must not hold what another one holds: take it out of one of the files",
                )
            here.setdefault(asked, (example, file))
        known |= here


def splits_of(parts: list[list[Example]], dropped: int, name: str) -> Splits:
    """Return train, val and test with their fingerprint; ``name`` is the source's, ``dropped`` its repeats."""
    train, val, test = (tuple(part) for part in parts)
    fingerprint = _digest([[[example.id, example.content] for example in part] for part in parts])
    return Splits(train, val, test, dropped, fingerprint, name)


def _example(name: str, record: Record) -> Example:
    return Example(
        name, MappingProxyType(dict(record.inputs)), record.expected, record.line, MappingProxyType(dict(record.gold))
    )


def _without_repeats(examples: Sequence[Example]) -> list[Example]:
    first: dict[str, Example] = {}
    for example in examples:
        first.setdefault(example.content, example)
    return list(first.values())


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()
