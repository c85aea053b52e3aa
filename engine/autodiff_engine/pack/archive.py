"""A pack's file: members <-> one zip, with everything checked that a stranger could have put into one."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..errors import ConfigError, StorageError
from .manifest import FILE, Manifest, Member, read_manifest
from .names import problem_of, shown, twins

_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_END = struct.Struct("<4s4H2LH")
"""The record at a zip's end: mark, two disks, two counts, size and place of the directory, length of a comment."""
_FAR_MARK, _FAR_BYTES = b"PK\x06\x07", 20
"""What stands before that record in a zip of the large kind."""
_HEAD_BYTES = 30
_CHUNK = 1 << 16
_BROKEN = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, RuntimeError, KeyError, OverflowError
)  # fmt: skip
"""What the standard library raises on a zip that is none, encrypted, cut short or of a kind that it does not know."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a pack may take, at most, unpacked and packed; ``ratio`` counts for members of a megabyte or more."""

    members: int = 1000
    packed: int = 512 << 20
    bytes: int = 1 << 30
    ratio: int = 300
    manifest: int = 1 << 20
    directory: int = 1 << 20


LIMITS = Limits()
_SMALL = 1 << 20


def write(manifest: Callable[[Mapping[str, Member]], Manifest], members: Mapping[str, bytes]) -> bytes:
    """Return the zip of ``members``: equal bytes for equal members; ``manifest`` is told their hashes."""
    told = {name: Member(len(members[name]), hashlib.sha256(members[name]).hexdigest()) for name in sorted(members)}
    content = {**members, FILE: manifest(told).to_json()}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for name in sorted(content):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system, info.external_attr = _UNIX, (stat.S_IFREG | 0o600) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(info, content[name], compresslevel=9)
    return file.getvalue()


def unpack(path: Path, folder: Path, wanted: Callable[[str], bool], limits: Limits = LIMITS) -> Manifest:
    """Check all of a pack, write the members that are ``wanted`` into ``folder``, and return what it says of itself.

    Raises:
        ConfigError: There is no such file.
        StorageError: It is no pack of ours, or damaged, or made to do harm; one line. ``folder`` may hold a part of it.
    """
    if path.exists() and not path.is_file():
        raise StorageError(f"{path}: is no file", "name a FILE.zip that autodiff-tui pack wrote")
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file", "name a FILE.zip that autodiff-tui pack wrote") from error
    except OSError as error:
        raise StorageError(f"{path}: cannot be read: {error.strerror or error}") from error
    with file, closing(_opened(path, file, limits)) as packed:
        infos = {info.filename: info for info in _checked(path, packed.infolist(), packed.start_dir, limits)}
        if FILE not in infos:
            raise StorageError(f"{path}: holds no {FILE}", "a pack is written by autodiff-tui pack")
        if infos[FILE].file_size > limits.manifest:
            raise StorageError(f"{path}: its {FILE} has {infos[FILE].file_size:,} bytes", "no pack has such a one")
        manifest = read_manifest(_content(path, packed, infos[FILE]), str(path))
        _compare(path, manifest, infos)
        for name, member in manifest.members.items():
            _copy(path, packed, infos[name], member, folder / name if wanted(name) else None)
    return manifest


def _opened(path: Path, file: BinaryIO, limits: Limits) -> zipfile.ZipFile:
    """Open the zip after its last record alone was read: how much the library would read is then known."""
    try:
        size = file.seek(0, os.SEEK_END)
        if size > limits.packed:
            raise StorageError(f"{path}: has {size:,} bytes, a pack {limits.packed:,} at most")
        file.seek(-min(size, _END.size + _FAR_BYTES), os.SEEK_END)
        tail = file.read()
        found = _END.unpack(tail[-_END.size :])
        mark, disk, first, here, count, directory, place, comment = found
        whole = place + directory + _END.size == size and here == count and not (disk or first or comment)
        if mark != b"PK\x05\x06" or not whole or tail[:4] == _FAR_MARK:
            raise StorageError(f"{path}: is no pack, or was cut short or added to", "pack the run again")
        if count > limits.members or directory > limits.directory:
            raise StorageError(f"{path}: holds {count:,} members, a pack {limits.members:,} at most")
        packed = zipfile.ZipFile(file)
    except _BROKEN as error:
        raise _damaged(path, error) from error
    if len(packed.infolist()) != count:
        raise StorageError(f"{path}: says that it holds {count:,} members and lists {len(packed.infolist()):,}")
    return packed


def _checked(path: Path, infos: list[zipfile.ZipInfo], end: int, limits: Limits) -> Sequence[zipfile.ZipInfo]:
    for info in infos:
        if problem := problem_of(info.orig_filename) or _problem_of(info):
            raise StorageError(f"{path}: holds {problem}: {shown(info.orig_filename)}", "no pack of ours does")
        if info.file_size > _SMALL and info.file_size > limits.ratio * info.compress_size:
            raise StorageError(f"{path}: {shown(info.filename)} would grow {info.file_size:,} bytes large: a zip bomb")
    whole = sum(info.file_size for info in infos)
    if whole > limits.bytes:
        raise StorageError(f"{path}: would take {whole:,} bytes, a pack {limits.bytes:,} at most")
    if twin := twins(info.filename for info in infos):
        raise StorageError(f"{path}: holds {shown(twin)} twice, or as a file and as a folder", "no pack of ours does")
    by_place = sorted(infos, key=lambda info: info.header_offset)
    ends = [*(info.header_offset for info in by_place), end][1:]
    for info, next_one in zip(by_place, ends, strict=True):
        if info.header_offset + _HEAD_BYTES + len(info.filename.encode()) + info.compress_size > next_one:
            raise StorageError(f"{path}: {shown(info.filename)} overlaps another member: a zip bomb")
    return infos


def _problem_of(info: zipfile.ZipInfo) -> str:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if info.flag_bits & 0x2041:
        return "an encrypted member"
    if kind not in (0, stat.S_IFREG) or info.is_dir():
        return "a link" if kind == stat.S_IFLNK else "something that is no file"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "a member compressed in another way than ours"
    return "a member with additions" if info.extra or info.comment or info.volume else ""


def _compare(path: Path, manifest: Manifest, infos: Mapping[str, zipfile.ZipInfo]) -> None:
    for name in infos:
        if name != FILE and name not in manifest.members:
            raise StorageError(f"{path}: holds {shown(name)}, which its {FILE} does not list", "it was changed by hand")
    for name, member in manifest.members.items():
        if name not in infos:
            raise StorageError(f"{path}: lacks {shown(name)}, which its {FILE} lists", "it was changed by hand")
        if infos[name].file_size != member.bytes:
            raise StorageError(f"{path}: {shown(name)} is not the one that its {FILE} lists", "it was changed by hand")


def _content(path: Path, packed: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    try:
        with packed.open(info) as member:
            return member.read(info.file_size)
    except _BROKEN as error:
        raise _damaged(path, error) from error


def _copy(path: Path, packed: zipfile.ZipFile, info: zipfile.ZipInfo, member: Member, target: Path | None) -> None:
    """Read a member to its end, compare its hash, and write it where ``target`` says."""
    digest, size = hashlib.sha256(), 0
    with io.BytesIO() if target is None else _new(target) as file:
        try:
            with packed.open(info) as content:
                while chunk := content.read(_CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
                    if target is not None:
                        file.write(chunk)
        except _BROKEN as error:
            raise _damaged(path, error) from error
    if size != member.bytes or digest.hexdigest() != member.sha256:
        raise StorageError(f"{path}: {shown(info.filename)} is not what was packed: its hash differs", "pack it again")


def _new(target: Path) -> BinaryIO:
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except OSError as error:
        raise StorageError(f"{target}: {error.strerror}", "is there room for temporary files?") from error


def _damaged(path: Path, error: Exception) -> StorageError:
    if isinstance(error, OSError) and error.errno is not None:
        return StorageError(f"{path}: {error.strerror}", "is there room for temporary files?")
    why = shown(str(error) or type(error).__name__)
    return StorageError(f"{path}: is no pack, or is damaged: {why}", "pack the run again")
