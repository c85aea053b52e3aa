"""What a run is made of besides its data, as hashes: kept when it begins, compared before it is executed again."""

from __future__ import annotations

import hashlib
import json
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

from ..config import RunConfig, code, source
from ..events import Fingerprint
from ..instructions import Instructions

_NEUTRAL = ("budget", "limits", "cache")
CONFIG, INSTRUCTIONS = "config", "instructions"


def parts_of_run(
    config_toml: str, instructions: Instructions, config: RunConfig, base: Path
) -> tuple[Fingerprint, ...]:
    """Return the fingerprints of a run's config as written, its instructions, the user's files and the corpus.

    The user's files are those that ``config`` names, relative to ``base``, and what they have imported from beside
    them: so the program has to be loaded before. The tables budget, limits and cache change no result: left out.
    """
    files = [Fingerprint(name, _digest(path.read_bytes())) for name, path in _users_files(config, base)]
    return (
        Fingerprint(CONFIG, _of_config(config_toml)),
        Fingerprint(INSTRUCTIONS, _of_instructions(instructions)),
        *sorted({(each.name, each.sha256): each for each in files}.values(), key=lambda each: (each.name, each.sha256)),
        *_of_corpus(config, base),
    )


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


def _users_files(config: RunConfig, base: Path) -> Iterable[tuple[str, Path]]:
    for file in named_files(config, base):
        yield file.name, file
        yield from beside(file.parent)


def beside(folder: Path) -> Iterable[tuple[str, Path]]:
    """Yield the modules that were imported with ``folder`` first on the path: their place in it is their name."""
    for name, module in list(sys.modules.items()):
        told: object = getattr(module, "__dict__", {}).get("__file__")  # getattr itself may import what is lazy
        if not isinstance(told, str) or not told.endswith(".py") or not Path(told).is_relative_to(folder):
            continue
        inside = Path(told).relative_to(folder)
        if ".".join(inside.with_suffix("").parts).removesuffix(".__init__") == name and Path(told).is_file():
            yield inside.as_posix(), Path(told)


def _of_corpus(config: RunConfig, base: Path) -> Iterable[Fingerprint]:
    named = config.retrieval.corpus
    if not named or not source(named).file:
        return
    place = base / source(named).file
    files = sorted(each for each in place.rglob("*") if each.is_file()) if place.is_dir() else [place]
    if all(file.is_file() for file in files):
        hashes = [[file.relative_to(place).as_posix(), _digest(file.read_bytes())] for file in files]
        yield Fingerprint(f"corpus {place.name}", _digest(json.dumps(hashes).encode()))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
