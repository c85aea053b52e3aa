"""BM25 over a corpus: which passages share the query's rarest words."""

from __future__ import annotations

import hashlib
import importlib
import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, cast

from .passage import Passage, merge_unique, render, titles

__all__ = ["Corpus", "Passage", "Retriever", "merge_unique", "render", "titles"]

_WORD = r"\w+"
"""One character is a word too: a digit, an initial."""


@dataclass(frozen=True, slots=True)
class CorpusInfo:
    """What tells one corpus from another: how many passages it has, and its fingerprint."""

    passages: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Corpus:
    """Passages in the order of their source, none twice; ``of`` makes one."""

    passages: tuple[Passage, ...]

    @staticmethod
    def of(passages: Iterable[Passage]) -> Corpus:
        """Return the corpus of ``passages``; of exact repeats the first stays."""
        return Corpus(tuple(dict.fromkeys(passages)))

    @property
    def fingerprint(self) -> str:
        """SHA-256, in hex, of titles, texts and their order."""
        text = json.dumps([[each.title, each.text] for each in self.passages], separators=(",", ":"))
        return hashlib.sha256(text.encode("ascii")).hexdigest()

    @property
    def info(self) -> CorpusInfo:
        """What tells it from another; reads every passage, half a second for HotPotQA's."""
        return CorpusInfo(len(self.passages), self.fingerprint)


class Retriever:
    """An index of ``corpus`` in memory, built once: some seconds for 30,000 passages of a hundred words.

    Words are runs of letters and digits in lower case, those of the title too, without 33 English stop words (a, the,
    of, ...); they are not stemmed: "town" does not find "towns". BM25 as Lucene has it, k1 1.5, b 0.75. Searching
    changes nothing, so that runs of a program may share one.
    """

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        self._library = _library()
        self._index = self._built()

    def search(self, query: str, k: int) -> tuple[Passage, ...]:
        """Return at most ``k`` passages, best first, equal ones in the corpus's order; takes milliseconds.

        Each shares a word with ``query``: fewer come back when fewer do, and none for a query without a known word.
        """
        (words,) = self._words([query])
        if self._index is None or not self._index.get_tokens_ids(words):
            return ()
        scores = self._index.get_scores(words)
        best = (-scores).argsort(kind="stable").tolist()[: max(k, 0)]
        return tuple(self.corpus.passages[place] for place in best if scores[place] > 0)

    def _built(self) -> _Index | None:
        words = self._words([f"{each.title} {each.text}" for each in self.corpus.passages])
        if not any(words):  # the library would divide by their mean length
            return None
        index = self._library.BM25(method="lucene", backend="numpy", csc_backend="numpy")
        index.index(words, show_progress=False)
        return index

    def _words(self, texts: list[str]) -> list[list[str]]:
        found = self._library.tokenize(
            texts, token_pattern=_WORD, stopwords="english", return_ids=False, show_progress=False
        )
        return [[word for word in words if word] for words in found]  # it may make an empty one where there are none


class _Scores(Protocol):
    """A numpy array, one score for each passage."""

    def __neg__(self) -> _Scores: ...
    def __getitem__(self, place: int) -> float: ...
    def argsort(self, *, kind: str) -> _Scores: ...
    def tolist(self) -> list[int]: ...


class _Index(Protocol):
    def index(self, corpus: list[list[str]], *, show_progress: bool) -> None: ...
    def get_tokens_ids(self, query_tokens: list[str]) -> list[int]: ...
    def get_scores(self, query_tokens_single: list[str]) -> _Scores: ...


class _Library(Protocol):
    """What we use of bm25s, which has no types of its own."""

    def BM25(self, *, method: str, backend: str, csc_backend: str) -> _Index: ...

    def tokenize(
        self, texts: list[str], *, token_pattern: str, stopwords: str, return_ids: bool, show_progress: bool
    ) -> list[list[str]]: ...


def _library() -> _Library:
    library = importlib.import_module("bm25s")  # late: it brings numpy, which most programs do not need
    logging.getLogger("bm25s").setLevel(logging.WARNING)  # the library has set DEBUG
    return cast("_Library", library)
