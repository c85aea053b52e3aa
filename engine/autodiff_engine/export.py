"""The best prompts <-> TOML: every text byte for byte, with all that tells where it came from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType

from .config import code, model, source
from .encoding import texts_without_secrets
from .errors import ConfigError, StorageError
from .events import ModelInfo
from .llm.redact import KEY_SHAPE
from .private import replace_text
from .secret import KnownSecrets
from .text_file import kind_of
from .toml_text import dumps, read, table_of

FORMAT = 1
"""Raised when a reader of the old form could misread the new one."""
_HEAD = "# Prompts trained by autodiff-tui. They are under [prompts]; all else says where they came from.\n\n"


@dataclass(frozen=True, slots=True)
class BestText:
    """A trained text as it is now; ``parent`` is the candidate that it was rewritten in, None for a start text."""

    name: str
    value: str
    role: str
    kind: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class BestScore:
    """A mean over ``n`` examples of a split, with its 95 % interval; ``which`` says whose."""

    which: str
    split: str
    metric: str
    mean: float
    n: int
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Origin:
    """How a text came to be as it is: the accepted proposal, oldest first; ``p`` None when it was not computed."""

    step: int
    k: int
    text: str
    method: str
    asked_by: tuple[str, ...]
    """Ids of the training examples whose feedback asked for it; of demos, those that the text shows."""
    before: float
    after: float
    """Validation means."""
    n: int
    p: float | None
    sentences: tuple[str, ...] = ()
    """What of the text as it is now the proposal brought; empty when later ones left nothing of it."""


@dataclass(frozen=True, slots=True)
class Best:
    """All that ``best.toml`` says. File names may come with folders: they are written without."""

    run_id: str
    date: str
    """ISO 8601; said by the caller, as nothing here looks at a clock."""
    candidate: str
    step: int
    """The step that brought the candidate; 0 for the start prompts."""
    pipeline: str
    texts: tuple[BestText, ...]
    scores: tuple[BestScore, ...]
    models: tuple[ModelInfo, ...]
    data: str
    data_fingerprint: str
    metric: str
    metric_description: str
    cost_usd: float | None
    """None when the price of a model is unknown; the key is then left out."""
    provenance: tuple[Origin, ...] = ()
    passages: int | None = None
    """How many the program looks things up in; None, as the fingerprint of all of them, for one that does not."""
    corpus_fingerprint: str | None = None


def write_best(path: Path, best: Best) -> None:
    """Replace ``path`` by ``best`` at once or not at all, after the new file has been read back and compared.

    Values of this environment's secrets, as a demo from the data may hold one, are ``[secret]`` in it.

    Raises:
        StorageError: It cannot be written, a text cannot be held by TOML, or what was read back differs.
    """
    known = KnownSecrets.now()
    text = to_toml(best, known)
    told = {each.name: known.out_of(each.value) for each in best.texts}
    try:
        replace_text(path, text, lambda written: _compare(written, told))
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {error.strerror or error}") from error


def is_export(path: Path) -> bool:
    """Return whether ``path`` is a file that begins as every ``best.toml`` does: nobody wrote it by hand."""
    head = _HEAD.strip().encode("utf-8")
    try:
        with path.open("rb") as file:
            return file.read(len(head)) == head
    except OSError:
        return False


def read_prompts(path: Path, known: Collection[str] | None = None) -> Mapping[str, str]:
    """Return the texts of a ``best.toml``, or of any TOML file with a table [prompts], by name.

    ``known`` are the names that the program has; without it no name is refused.

    Raises:
        ConfigError: No such file, no TOML, no texts, or a name that is not known; one line.
    """
    if not kind_of(path):
        raise ConfigError(f"{path}: no such file", "name a best.toml, as a run and the command export write it")
    table = table_of(read(path).get("prompts"))
    if not table:
        raise ConfigError(f"{path}: has no texts under [prompts]")
    texts: dict[str, str] = {}
    for name, value in table.items():
        if not isinstance(value, str):
            raise ConfigError(f'{path}: [prompts] {name} is not a text; a name with a dot needs quotes: "{name}.…"')
        texts[name] = value
    for name in texts:
        if known is not None and name not in known:
            close = get_close_matches(name, known, 1, 0.5)
            there = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
            raise ConfigError(f"{path}: [prompts] {name}: the program has no such text; {there}")
    return MappingProxyType(texts)


def to_toml(best: Best, known: KnownSecrets | None = None) -> str:
    """Return the text of ``best.toml``, without the values of ``known``.

    Raises:
        StorageError: A text holds what TOML cannot, or anything but a trained text looks like a key of a provider.
    """
    about = _about(best)
    untrained = {**about, "provenance": [_origin(each, texts=False) for each in best.provenance]}
    secret = KEY_SHAPE.search(dumps(untrained))
    if secret:
        raise StorageError(f"best.toml would hold what looks like a key ({secret[0][:6]}…); it was not written")
    told: dict[str, object] = {"format": FORMAT, "prompts": {text.name: text.value for text in best.texts}, **about}
    return _HEAD + dumps(table_of(texts_without_secrets(told, known)) or {} if known else told)


def _about(best: Best) -> dict[str, object]:
    """All but the texts, with None left out: TOML has no word for it."""
    run = {"id": best.run_id, "date": best.date, "candidate": best.candidate, "step": best.step}
    return {
        "run": _told({**run, "pipeline": code(best.pipeline).shown, "cost_usd": best.cost_usd}),
        "data": _told(
            {
                "source": _folderless_sources(best.data),
                "fingerprint": best.data_fingerprint,
                "passages": best.passages,
                "corpus_fingerprint": best.corpus_fingerprint,
            }
        ),
        "metric": {"name": code(best.metric).shown, "description": best.metric_description},
        "models": {each.role: model(each.model).shown for each in best.models},
        "texts": {
            each.name: _told({"role": each.role, "kind": each.kind, "parent": each.parent}) for each in best.texts
        },
        "scores": [{**asdict(each), "metric": code(each.metric).shown} for each in best.scores],
        "provenance": [_origin(each) for each in best.provenance],
    }


def _origin(origin: Origin, *, texts: bool = True) -> dict[str, object]:
    told = _told(asdict(origin))
    if not texts or not origin.sentences:
        del told["sentences"]
    return told


def _folderless_sources(data: str) -> str:
    return ", ".join(source(part).shown for part in data.split(", "))


def _told(table: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in table.items() if value is not None}


def _compare(path: Path, texts: Mapping[str, str]) -> None:
    there = dict(read_prompts(path)) if texts else {}
    wrong = [name for name, text in texts.items() if there.get(name) != text]
    if wrong or len(there) != len(texts):
        raise StorageError(f"{path}: {', '.join(wrong) or 'a text'} does not read back as it was written")
