"""A config as it is in every folder: files by their bare names, without what a pack calls otherwise."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Mapping
from typing import cast

from ..config import Reference, code, model, source
from ..toml_text import table_of

_NEUTRAL = ("budget", "limits", "cache")
_Table = dict[str, object]


def folderless(text: str) -> str:
    """Return a hash that is equal for a run's config and for the same one in a pack, both of one version of ours.

    It is of the text's own tables, so that a later version, which has other defaults, gets the same. Left out are
    where start texts and passages lie: what they hold is in the first facts.

    Raises:
        ValueError: It is no TOML.
    """
    told: _Table = {name: table for name, table in tomllib.loads(text).items() if name not in _NEUTRAL}
    task, trainer, data = _table(told, "task"), _table(told, "trainer"), _table(told, "data")
    for table, key in ((task, "pipeline"), (task, "metric"), (trainer, "minibatch_metric")):
        _bare(table, key, code)
    losses = task.get("losses")
    for loss in cast("list[object]", losses) if isinstance(losses, list) else []:
        _bare(table_of(loss) or {}, "metric", code)
    _bare(data, "source", source)
    for split in (files := _table(data, "source")):
        _bare(files, split, source)
    for role in (models := _table(told, "models")):
        _bare(_table(models, role), "model", model)
    _table(told, "retrieval").pop("corpus", None)
    _table(told, "prompts").pop("file", None)
    kept = {name: table for name, table in told.items() if table}
    return hashlib.sha256(json.dumps(kept, sort_keys=True, default=str).encode()).hexdigest()


def _table(inside: Mapping[str, object], key: str) -> _Table:
    """Return the table itself, to be changed in place; an empty one where there is none."""
    return table_of(inside.get(key)) or {}


def _bare(table: _Table, key: str, read: Callable[[str], Reference]) -> None:
    value = table.get(key)
    if isinstance(value, str):
        table[key] = read(value).shown
