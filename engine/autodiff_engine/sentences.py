"""Sentences and words of plain text: how long feedback is, and what one text quotes from another."""

from __future__ import annotations

import re
from collections.abc import Iterable

QUOTE_WORDS = 8
"""That many words in a row are a quotation, not chance."""

_END = re.compile(r"(?:(?<=[.!?])[\"')\]”’»]*(?=\s+[^\sa-zß-öø-ÿ])|(?<=[。！？])[”’」』）]*)")
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|cf|Mr|Mrs|Dr|St)|\b[A-Z])\.$")
_SEEN = 12
"""Characters before a sentence's end that tell whether an abbreviation stands there; more than the longest has."""
_UNSPACED = re.compile(
    "[\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]"
)
"""Han characters and both kana."""


def first_sentences(text: str, most: int) -> str:
    """Return the first ``most`` sentences on one line; a full stop after an abbreviation ends none."""
    line = " ".join(text.split())
    sentences: list[str] = []
    start = 0
    for match in _END.finditer(line):
        if _abbreviated(line, start, match.end()):
            continue
        sentences.append(line[start : match.end()].strip())
        start = match.end()
        if len(sentences) == most:
            return " ".join(sentences)
    return " ".join([*sentences, line[start:].strip()]).strip()


def split(text: str) -> list[str]:
    """Return the sentences of ``text``, each with the white space that follows it: joined they are the text again.

    A line break ends a sentence, too; white space before the first one is a part of it.
    """
    pieces: list[str] = []
    for line in text.splitlines(keepends=True):
        start = 0
        for match in _END.finditer(line):
            if match.end() > start and not _abbreviated(line, start, match.end()):
                pieces.append(line[start : match.end()])
                start = match.end()
        pieces.append(line[start:])
    sentences: list[str] = []
    for piece in pieces:
        rest = piece.lstrip()
        space = piece[: len(piece) - len(rest)]
        if sentences and space:
            sentences[-1] += space
            space = ""
        if sentences and sentences[-1].isspace():
            sentences[-1] += space + rest
        elif space + rest:
            sentences.append(space + rest)
    return sentences


def _abbreviated(line: str, start: int, end: int) -> bool:
    return bool(_ABBREVIATION.search(line[max(start, end - _SEEN) : end]))


def words(text: str) -> list[str]:
    """Return the words of ``text``, lower case, without punctuation."""
    return re.findall(r"\w+", text.lower())


def word_count(text: str) -> int:
    """Return how many words ``text`` has, where each character of a script without spaces (Chinese, Japanese) is one.

    Korean has spaces; the marks between the letters of Thai, Lao, Khmer and Burmese divide those often enough.
    """
    found = _UNSPACED.findall(text)
    return len(found) + len(words(_UNSPACED.sub(" ", text) if found else text))


def runs(text: str, length: int) -> set[tuple[str, ...]]:
    """Return every run of ``length`` words in a row; a set to look into, never to iterate over."""
    found = words(text)
    return {tuple(found[i : i + length]) for i in range(len(found) - length + 1)}


def all_runs(texts: Iterable[str], length: int) -> set[tuple[str, ...]]:
    """Return the runs of all ``texts``."""
    return {run for text in texts for run in runs(text, length)}


def estimated_tokens(text: str) -> int:
    """Return a careful estimate of tokens: a quarter more than the usual four characters a token."""
    return len(text.encode("utf-8", "surrogatepass")) // 3 + 1
