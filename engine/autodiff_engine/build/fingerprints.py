"""What a run is made of besides its data, as hashes: kept when it begins, compared before it is executed again."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable
from pathlib import Path

from .. import user_code
from ..config import RunConfig, code, source
from ..corpus_readers import texts_in
from ..events import Fingerprint
from ..instructions import Instructions
from .folderless import folderless

_NEUTRAL = ("budget", "limits", "cache")
CONFIG, INSTRUCTIONS = "config", "instructions"
PACKED_CONFIG = "config without folders"
"""The part that a pack can show again of a run's config, whose files it calls otherwise."""
_CORPUS = "corpus "


def parts_of_run(
    config_toml: str, instructions: Instructions, config: RunConfig, base: Path
) -> tuple[Fingerprint, ...]:
    """Return the fingerprints of a run's config as written, its instructions, the user's files and the corpus.

    The user's files are those that ``config`` names, relative to ``base``, and what they imported from beside them, as
    they were loaded: so the program has to be loaded before. The tables budget, limits and cache change no result.
    """
    files = {(each.name, each.sha256): each for each in _users_files(config, base)}
    return (
        Fingerprint(CONFIG, _of_config(config_toml)),
        Fingerprint(PACKED_CONFIG, folderless(config_toml)),
        Fingerprint(INSTRUCTIONS, _of_instructions(instructions)),
        *(files[key] for key in sorted(files)),
        *_of_corpus(config, base),
    )


def changed(before: Iterable[Fingerprint], now: Iterable[Fingerprint]) -> Iterable[str]:
    """Yield the name of each part that has other fingerprints now; a name may stand for several files."""
    old, new = tuple(before), tuple(now)
    for name in dict.fromkeys(part.name for part in (*old, *new)):
        if {part.sha256 for part in old if part.name == name} != {part.sha256 for part in new if part.name == name}:
            yield name


def is_file(name: str) -> bool:
    """Return whether a part's name is that of one of the user's files."""
    return name.endswith(".py") and not name.startswith(_CORPUS)


def is_packed_as_it_is(name: str) -> bool:
    """Return whether a pack holds a part as the run had it: files of the user's, instructions, most of the config."""
    return name in (INSTRUCTIONS, PACKED_CONFIG) or is_file(name)


def _of_config(text: str) -> str:
    """As the file says it, defaults of the version that wrote it included: a later version has keys that it lacks."""
    tables = {name: table for name, table in tomllib.loads(text).items() if name not in _NEUTRAL}
    return _digest(json.dumps(tables, sort_keys=True, default=str).encode())


def _of_instructions(instructions: Instructions) -> str:
    sources = {name: template.source for name, template in instructions.templates.items()}
    return _digest(json.dumps(sources, sort_keys=True).encode())


def named_files(config: RunConfig, base: Path) -> tuple[Path, ...]:
    """Return the user's own program files that ``config`` names, each once."""
    task = config.task
    specs = (task.pipeline, task.metric, config.trainer.minibatch_metric, *(loss.metric for loss in task.losses or ()))
    return tuple(dict.fromkeys((base / code(spec).file).resolve() for spec in specs if spec and code(spec).file))


def _users_files(config: RunConfig, base: Path) -> Iterable[Fingerprint]:
    for file in named_files(config, base):
        yield from (Fingerprint(name, sha256) for name, sha256 in user_code.loaded(file))


def _of_corpus(config: RunConfig, base: Path) -> Iterable[Fingerprint]:
    named = config.retrieval.corpus
    if not named or not source(named).file:
        return
    place = base / source(named).file
    files = sorted(texts_in(place)) if place.is_dir() else [place]
    if all(file.is_file() for file in files):
        hashes = [[file.relative_to(place).as_posix(), _digest(file.read_bytes())] for file in files]
        yield Fingerprint(f"{_CORPUS}{place.name}", _digest(json.dumps(hashes).encode()))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
