"""Names of members: those that every system can write into a folder, each to a place of its own."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

_MOST_PARTS, _LONGEST, _LONGEST_PART = 12, 400, 120
_SHOWN = 60
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))})
"""Names that Windows keeps for itself, with any suffix."""
_REFUSED = frozenset('\\:*?"<>|')


def shown(name: str) -> str:
    """Return a name as a message may hold it, in ASCII and cut."""
    text = ascii(name)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…'"


def problem_of(name: str) -> str:
    """Return what is wrong with a name, empty when nothing is."""
    parts = name.split("/")
    if not name or name.startswith("/") or ":" in name:
        return "an absolute name" if name else "an empty name"
    if ".." in parts:
        return "a name that leads out of the pack"
    if any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for char in name):
        return "a name with control characters"
    if len(parts) > _MOST_PARTS or len(name) > _LONGEST or any(len(part.encode()) > _LONGEST_PART for part in parts):
        return "a name that is too long"
    return "a name that not every system can write" if any(map(_odd, parts)) else ""


def twins(names: Iterable[str]) -> str:
    """Return a name that some system takes for another one, or for a folder of another one; empty when none is."""
    known: set[str] = set()
    folders: set[str] = set()
    for name in names:
        same = _folded(name)
        parents = ["/".join(same.split("/")[:count]) for count in range(1, same.count("/") + 1)]
        if same in known or same in folders or known.intersection(parents):
            return name
        known.add(same)
        folders.update(parents)
    return ""


def _odd(part: str) -> bool:
    device = part.partition(".")[0].casefold() in _DEVICES
    return part in ("", ".") or part != part.strip(" ").rstrip(".") or device or not _REFUSED.isdisjoint(part)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
