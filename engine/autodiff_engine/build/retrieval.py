"""What a config says about the corpus: which one, and the index over it for a program that searches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..config import DataConfig, RunConfig, file_of
from ..corpus_readers import read_corpus
from ..dataset import how_many
from ..errors import ConfigError
from ..retrieval import Corpus, Retriever


def retriever(config: RunConfig, base: Path, *, program: str) -> Retriever:
    """Read the corpus and build its index, for ``program``, which messages name; once for a run, files under ``base``.

    The corpus is ``retrieval.corpus``, or what the data brings along: of files that the user split, of all of them.

    Raises:
        ConfigError: There is no corpus, or it cannot be read.
    """
    return Retriever(corpus(config, base, program=program))


def corpus(config: RunConfig, base: Path, *, program: str) -> Corpus:
    """Return the corpus without an index; see ``retriever``."""
    named = config.retrieval.corpus
    sources = [named] if named else brought_along(config.data)
    if not sources:
        raise ConfigError(
            f"{program} looks things up, and the data brings no corpus to look in",
            'set retrieval.corpus = "passages.jsonl" (title and text), to a folder of texts, hotpot:FILE or '
            "generated:two_hop",
        )
    count, seed = how_many(config.data), config.data.seed
    parts = [read_corpus(source, base, count=count, seed=seed) for source in sources]
    return parts[0] if len(parts) == 1 else Corpus.of(passage for part in parts for passage in part.passages)


def brought_along(data: DataConfig) -> Sequence[str]:
    """Return the sources that hold passages beside their questions, each once, if all do; else none."""
    told = data.source
    files = [told] if isinstance(told, str) else [file for file in (told.train, told.val, told.test) if file]
    known = all(file_of(file)[0] in ("hotpot", "hf") or file == "generated:two_hop" for file in files)
    return tuple(dict.fromkeys(files)) if known else ()
