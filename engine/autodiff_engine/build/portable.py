"""A run's config and its user's own files by the names that they have in a pack: nothing outside of it is named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .. import user_code
from ..config import CacheConfig, Reference, RunConfig, code, renamed, source
from ..config import model as model_reference
from ..errors import ConfigError, StorageError
from ..llm.redact import KEY_SHAPE, secrets_in
from ..pack import ANSWERS, CONFIG, CORPUS, PROGRAM, PROMPTS, SPLITS
from .fingerprints import named_files

_MEANT = {SPLITS: "the examples of the run", CORPUS: "the passages of the corpus", ANSWERS: "the stored answers"}
_MEND = {
    SPLITS: "take it out of the data and train anew",
    CORPUS: "take it out of the corpus and train anew",
    ANSWERS: "train anew: answers are freed of it before they are stored",
}


@dataclass(frozen=True, slots=True)
class Portable:
    """``config`` names its files as members of a pack; ``files`` are the user's own, by member."""

    config: RunConfig
    files: Mapping[str, Path]


def portable(config: RunConfig, base: Path, *, corpus: bool) -> Portable:
    """Return what ``config``, with its files relative to ``base``, is in a pack; its program has to be loaded.

    Programs go by folder, with what they imported from beside them, so that they find each other there: by computed
    names, too, where they have been executed. Data is named and no longer read; the corpus is packed as passages,
    where the program has one.
    """
    folders = list(dict.fromkeys(file.parent for file in named_files(config, base)))

    def place(file: Path) -> str:
        return f"{PROGRAM}{folders.index(file.parent) + 1}/{file.name}"

    def of_code(reference: Reference) -> str:
        return f"{place((base / reference.file).resolve())}{reference.after}" if reference.file else reference.before

    moved = renamed(config, code=of_code, other=lambda reference: reference.shown)
    files = {place(file): file for file in named_files(config, base)}
    for file in named_files(config, base):
        number = folders.index(file.parent) + 1
        files |= {f"{PROGRAM}{number}/{name}": file.parent / name for name, _ in user_code.loaded(file)}
    for number, folder in enumerate(folders, 1):
        late = user_code.unnamed(folder, named_files(config, base))
        files |= {f"{PROGRAM}{number}/{file.relative_to(folder).as_posix()}": file for file in late}
    update = {
        "retrieval": moved.retrieval.model_copy(update={"corpus": CORPUS if corpus else None}),
        "prompts": moved.prompts.model_copy(update={"file": PROMPTS if config.prompts.file else None}),
        "cache": CacheConfig(),
    }
    return Portable(moved.model_copy(update=update), files)


def check_inside(config: RunConfig, members: Iterable[str], place: str) -> None:
    """Refuse a packed config that would read anything but members of its pack; ``place`` names that in messages.

    Raises:
        StorageError: It would.
    """
    task, there = config.task, frozenset(members)
    specs = (task.pipeline, task.metric, config.trainer.minibatch_metric, *(loss.metric for loss in task.losses or ()))
    named = [code(spec).file for spec in specs if spec]
    for file in (*named, config.prompts.file, config.retrieval.corpus):
        if file and file not in there:
            raise StorageError(f"{place}: its {CONFIG} names {file!a:.80}, which it does not hold", "do not trust it")
    shown = {f"the model of {role}": model_reference(told.model).file for role, told in config.models.items()}
    data = config.data.source
    sources = (
        {"data.source": data}
        if isinstance(data, str)
        else {"data.source.train": data.train, "data.source.val": data.val, "data.source.test": data.test or ""}
    )
    shown |= {what: source(told).file for what, told in sources.items()}
    for what, file in shown.items():
        if Path(file).name != file or "\\" in file:  # a bare name is shown and never opened: its hash is told
            raise StorageError(f"{place}: its {CONFIG} names {file!a:.80}, {what}, in a folder", "do not trust it")


def check_secrets(members: Mapping[str, bytes]) -> None:
    """Refuse to pack what would give a secret away: a pack is made to be handed on.

    The config itself was refused when it was loaded, had it held one.

    Raises:
        ConfigError: A value of this environment's secrets, or what is plainly a key in the config or a program.
    """
    for name, content in members.items():
        text = content.decode("utf-8", "replace")
        if found := secrets_in(text):
            what = f"{name} ({_MEANT[name]})" if name in _MEANT else name
            raise ConfigError(
                f"{what} holds the value of {found[0]}, and a pack holds no secret",
                f"{_MEND.get(name, 'mend what wrote it')}; if it is none, unset {found[0]} and pack again",
            )
        if (name == CONFIG or name.startswith(PROGRAM)) and (shape := KEY_SHAPE.search(text)):
            raise ConfigError(
                f"{name} holds what looks like a key ({shape[0][:6]}…), and a pack holds no secret",
                "read keys from the environment instead",
            )
