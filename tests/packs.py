"""Packs for tests: small ones, packs that a stranger made, and packs that were changed by somebody who knows how."""

from __future__ import annotations

import io
import json
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path

from autodiff_engine.pack import ANSWERS, CONFIG, JOURNAL, SPLITS, Manifest, write

SMALL = {JOURNAL: b"{}\n", CONFIG: b"[task]\n", SPLITS: b"{}", ANSWERS: b""}
"""The members that every pack has; their content is of no use."""


def packed(members: Mapping[str, bytes], *, answers: str = "1.1", version: str = "0.0.0") -> bytes:
    """The pack of ``members``, as our own code writes it, whatever their names."""
    return write(lambda told: Manifest("run-1", version, answers, "0" * 64, told), members)


def changed(content: bytes, **members: bytes | None) -> bytes:
    """A pack with other members, hashes and all; ``__`` in a name stands for a slash, ``_dot_`` for a dot."""
    with zipfile.ZipFile(io.BytesIO(content)) as old:
        kept = {name: old.read(name) for name in old.namelist() if name != "manifest.json"}
        version = json.loads(old.read("manifest.json"))["version"]
    for name, value in members.items():
        member = name.replace("__", "/").replace("_dot_", ".")
        kept.pop(member, None)
        if value is not None:
            kept[member] = value
    return packed(kept, version=version)


def member(content: bytes, name: str) -> bytes:
    """What a pack holds under a name."""
    with zipfile.ZipFile(io.BytesIO(content)) as pack:
        return pack.read(name)


def zipped(members: list[tuple[zipfile.ZipInfo | str, bytes]], comment: bytes = b"") -> bytes:
    """Any zip, names twice and all."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as pack:
        for info, value in members:
            pack.writestr(info, value)
        pack.comment = comment
    return file.getvalue()


def added(name: str, value: bytes = b"x", *, mode: int = stat.S_IFREG | 0o600, extra: bytes = b"") -> bytes:
    """A small pack with one more member, as a stranger adds it."""
    info = zipfile.ZipInfo("placeholder")
    info.filename, info.external_attr, info.extra = name, mode << 16, extra
    info.create_system = 3
    with zipfile.ZipFile(io.BytesIO(packed(SMALL))) as pack:
        members: list[tuple[zipfile.ZipInfo | str, bytes]] = [(each, pack.read(each)) for each in pack.namelist()]
    return zipped([*members, (info, value)])


def everything_below(folder: Path) -> list[str]:
    """The names of all that lies below a folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))
