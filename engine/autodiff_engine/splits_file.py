"""The splits of a run as a file: the examples that it uses, in their order, whatever their source was."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from .dataset import Example, Splits, splits_of
from .errors import StorageError


@dataclass(frozen=True, slots=True)
class _File:
    """As ``Splits`` without its fingerprint, which is computed."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    source: str
    dropped: int
    train: list[Example]
    val: list[Example]
    test: list[Example]


def splits_text(splits: Splits) -> str:
    """Return splits as JSON, ASCII only, an example a line."""
    named = (("train", splits.train), ("val", splits.val), ("test", splits.test))
    parts = [f'"{name}": [\n' + ",\n".join(map(_line, part)) + "\n]" for name, part in named]
    head = f'"source": {json.dumps(splits.source)}, "dropped": {splits.dropped}'
    return "{" + ",\n".join([head, *parts]) + "}\n"


def _line(example: Example) -> str:
    told = {"id": example.id, "line": example.line, "inputs": dict(example.inputs), "expected": example.expected}
    return json.dumps({**told, "gold": dict(example.gold)})


def read_splits(path: Path) -> Splits:
    """Read what ``splits_text`` gave: equal splits, fingerprint and all.

    Raises:
        StorageError: The file is missing, or holds no splits.
    """
    try:
        told = TypeAdapter(_File).validate_json(path.read_bytes(), strict=True)
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        raise StorageError(f"{path}: holds no splits: {error.errors()[0]['msg']}", "it was changed by hand") from error
    if not (told.train and told.val):
        raise StorageError(f"{path}: holds no examples", "it was changed by hand")
    return splits_of(
        [list(map(_sealed, part)) for part in (told.train, told.val, told.test)], told.dropped, told.source
    )


def _sealed(example: Example) -> Example:
    inputs, gold = MappingProxyType(dict(example.inputs)), MappingProxyType(dict(example.gold))
    return replace(example, inputs=inputs, gold=gold)
