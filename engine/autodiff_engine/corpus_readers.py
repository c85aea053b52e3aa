"""What a config names as a corpus -> its passages, in the order of their source."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import cast

from . import hotpot, hub
from .characters import is_whole
from .config import file_of
from .errors import DataError
from .generated import two_hops
from .passage import Passage
from .retrieval import Corpus
from .text_file import kind_of, read_text

KEY = "retrieval.corpus"
LONGEST = 200
"""Words of one passage out of a text file; more are cut between paragraphs."""

_SUFFIXES = (".md", ".txt")


def read_corpus(named: str, base: Path, *, count: int, seed: int) -> Corpus:
    """Read all of ``named``, a file or folder relative to ``base``; ``count`` questions' worth of a generated one.

    Raises:
        DataError: No such file, or it is not in its format, or it holds no passage.
    """
    kind, name = file_of(named)
    match kind:
        case "generated" if name == "two_hop":
            passages = [passage for each in islice(two_hops(seed), count) for passage in each.passages]
        case "hotpot":
            passages = hotpot.pooled(hotpot.read_file(base / name, key=KEY))
        case "hf":
            passages = hotpot.pooled(_hub_questions(named, name))
        case "" if kind_of(base / name) == "folder":
            passages = list(_folder(base / name))
        case "" if name.lower().endswith(".jsonl"):
            passages = list(_jsonl(base / name))
        case _:
            raise DataError(
                f'{KEY} = "{named}": not a kind of corpus that we know',
                "name a .jsonl file, a folder of .txt and .md files, hotpot:FILE or generated:two_hop",
            )
    if not passages:
        raise DataError(f'{KEY} = "{named}": holds no passages')
    for number, passage in enumerate(passages, 1):
        if not (is_whole(passage.title) and is_whole(passage.text)):
            raise DataError(f'{KEY} = "{named}": passage {number} holds half of a character (a lone surrogate)')
    return Corpus.of(passages)


def texts_in(folder: Path) -> list[Path]:
    """Return the files of a folder that are read as a corpus, by name, upper and lower case alike.

    They are its own .txt and .md files; folders inside it are not looked into.

    Raises:
        DataError: Nobody may look into the folder.
    """
    try:
        files = [path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES and path.is_file()]
    except OSError as error:
        raise DataError(f"{KEY}: {folder}: cannot be read: {error.strerror or error}") from error
    return sorted(files, key=lambda path: (path.name.casefold(), path.name))


def _hub_questions(named: str, name: str) -> list[hotpot.HotpotQuestion]:
    rows = hub.read_rows(name)
    if not hotpot.is_hotpot(rows[0]):
        raise DataError(
            f'{KEY} = "{named}": its rows hold no paragraphs: they have {", ".join(rows[0])}',
            f"only a data set with the columns {', '.join(hotpot.COLUMNS)} brings a corpus",
        )
    return hotpot.questions(rows, named)


def _jsonl(path: Path) -> Iterator[Passage]:
    for number, line in enumerate(read_text(path, key=KEY).split("\n"), 1):
        if not line.strip():
            continue
        where = f"{path} line {number}"
        try:
            found: object = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{where}: not JSON: {error}") from error
        row = cast("dict[str, object]", found) if isinstance(found, dict) else dict[str, object]()
        title, text = row.get("title", ""), row.get("text")
        if not isinstance(text, str) or not isinstance(title, str):
            raise DataError(f'{where}: not an object like {{"title": "…", "text": "…"}}; the title may be missing')
        if text.split() or title.split():
            yield Passage(title, text)


def _folder(folder: Path) -> Iterator[Passage]:
    for path in texts_in(folder):
        pieces = list(_pieces(read_text(path, key=KEY)))
        for number, piece in enumerate(pieces, 1):
            yield Passage(path.stem if number == 1 else f"{path.stem} ({number})", piece)


def _pieces(text: str) -> Iterator[str]:
    """Cut between paragraphs, so that a piece has at most LONGEST words, or is one longer paragraph."""
    piece: list[str] = []
    length = 0
    for paragraph in _paragraphs(text):
        words = len(paragraph.split())
        if piece and length + words > LONGEST:
            yield " ".join(piece)
            piece, length = [], 0
        piece.append(paragraph)
        length += words
    if piece:
        yield " ".join(piece)


def _paragraphs(text: str) -> Iterator[str]:
    lines: list[str] = []
    for line in [*text.splitlines(), ""]:
        if line.strip():
            lines.append(line)
        elif lines:
            yield " ".join(lines)
            lines = []
