"""What a pack says that it holds: its form, the versions that made it, and the hash of each member."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import cast

from ..errors import StorageError
from .names import shown

FILE = "manifest.json"
FORMAT = "autodiff-tui pack"
FORM = 1
"""Raised when a reader of the old form could misread the new one."""

JOURNAL, CONFIG, BEST = "journal.jsonl", "config.toml", "best.toml"
SPLITS, ANSWERS, CORPUS, PROMPTS = "splits.json", "answers.jsonl", "corpus.jsonl", "prompts.toml"
INSTRUCTIONS, PROGRAM = "instructions/", "program/"
_NEEDED = (JOURNAL, CONFIG, SPLITS, ANSWERS)
_KNOWN = re.compile(rf"{INSTRUCTIONS}[a-z_]+(\.[a-z_]+)*\.j2|{PROGRAM}\d+/.+\.py", re.DOTALL)
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Member:
    """How long a member is, in bytes, and its SHA-256 in hex."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """``version`` is ours that made it; ``answers`` the form of its answers; ``data`` the fingerprint of its splits."""

    run_id: str
    version: str
    answers: str
    data: str
    members: Mapping[str, Member]

    @property
    def program(self) -> tuple[str, ...]:
        """The user's own program files, by name."""
        return tuple(sorted(name for name in self.members if name.startswith(PROGRAM)))

    def to_json(self) -> bytes:
        """Write it, the same bytes for equal manifests."""
        told = {"format": FORMAT, "form": FORM, **asdict(self)}
        return (json.dumps(told, sort_keys=True, indent=1, ensure_ascii=True) + "\n").encode("ascii")


def read_manifest(content: bytes, place: str) -> Manifest:
    """Read what ``to_json`` wrote; ``place`` names the pack in messages.

    Raises:
        StorageError: It is of another form, or no manifest.
    """
    broken = StorageError(f"{place}: its {FILE} cannot be read", "the pack is damaged, or no pack of ours")
    try:
        told: object = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise broken from error
    table = cast("dict[str, object]", told) if isinstance(told, dict) else {}
    form = table.get("form")
    if table.get("format") != FORMAT or type(form) is not int:
        raise broken
    if form != FORM:
        raise StorageError(f"{place}: is of form {form}, this version reads {FORM}", "another autodiff-tui made it")
    texts = [table.get(name) for name in ("run_id", "version", "answers", "data")]
    members = table.get("members")
    if not isinstance(members, dict) or not all(isinstance(text, str) for text in texts):
        raise broken
    listed = {name: _member(told, broken) for name, told in cast("dict[str, object]", members).items()}
    _check_names(listed, place)
    return Manifest(*cast("list[str]", texts), members=listed)


def _member(told: object, broken: StorageError) -> Member:
    table = cast("dict[str, object]", told) if isinstance(told, dict) else {}
    size, digest = table.get("bytes"), table.get("sha256")
    if type(size) is not int or size < 0 or not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        raise broken
    return Member(size, digest)


def _check_names(members: Mapping[str, Member], place: str) -> None:
    known = (JOURNAL, CONFIG, BEST, SPLITS, ANSWERS, CORPUS, PROMPTS)
    for name in members:
        if name not in known and not _KNOWN.fullmatch(name):
            raise StorageError(f"{place}: holds {shown(name)}, which no pack holds", "the pack was changed by hand")
    for name in _NEEDED:
        if name not in members:
            raise StorageError(f"{place}: holds no {name}", "the pack is not whole")
