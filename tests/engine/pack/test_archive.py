"""A pack's file: equal bytes for equal members, and one clear line for whatever a stranger made of it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from autodiff_engine.errors import ConfigError, EngineError, StorageError
from autodiff_engine.pack import BEST, JOURNAL, LIMITS, Limits, unpack

from ...packs import SMALL, added, changed, everything_below, packed, zipped

PLACE = Path("there")


def refused(content: bytes, folder: Path, limits: Limits = LIMITS) -> str:
    """The one line that a pack is refused with; nothing was written but below the folder for it."""
    file = folder / "x.zip"
    file.write_bytes(content)
    (folder / "there").mkdir(exist_ok=True)
    before = everything_below(folder)
    with pytest.raises(StorageError) as error:
        unpack(file, folder / "there", lambda _: True, limits)
    assert [name for name in everything_below(folder) if name not in before and not name.startswith("there/")] == []
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(str(file))
    assert all(char.isprintable() for char in str(error.value))
    return str(error.value).removeprefix(f"{file}: ")


def test_what_was_packed_is_unpacked_byte_for_byte(tmp_path: Path) -> None:
    members = {
        **SMALL,
        BEST: bytes(range(256)),
        "instructions/loss.user.j2": "ä🙂\r\n".encode(),
        "program/1/a/b.py": b"",
    }
    (tmp_path / "x.zip").write_bytes(packed(members))

    manifest = unpack(tmp_path / "x.zip", tmp_path / "out", lambda _: True)

    assert {name: (tmp_path / "out" / name).read_bytes() for name in everything_below(tmp_path / "out")
            if (tmp_path / "out" / name).is_file()} == members  # fmt: skip
    assert {name: each.sha256 for name, each in manifest.members.items()} == {
        name: hashlib.sha256(content).hexdigest() for name, content in members.items()
    }
    assert (manifest.run_id, manifest.program) == ("run-1", ("program/1/a/b.py",))
    assert stat.S_IMODE((tmp_path / "out" / BEST).stat().st_mode) == 0o600


def test_only_what_is_wanted_is_written_and_all_is_checked(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(packed(SMALL))

    unpack(tmp_path / "x.zip", tmp_path / "out", lambda name: name == JOURNAL)

    assert everything_below(tmp_path / "out") == [JOURNAL]


def test_equal_members_give_equal_bytes_in_any_order_at_any_time(tmp_path: Path) -> None:
    content = packed(SMALL)

    assert packed(dict(reversed(SMALL.items()))) == content
    with zipfile.ZipFile(io.BytesIO(content)) as pack:
        assert [info.filename for info in pack.infolist()] == sorted([*SMALL, "manifest.json"])
        assert {info.date_time for info in pack.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("/etc/passwd", "an absolute name"),
        ("C:/x", "an absolute name"),
        ("../x", "leads out of the pack"),
        ("program/1/../../../x.py", "leads out of the pack"),
        ("program\\..\\x", "not every system can write"),
        ("a/./b", "not every system can write"),
        ("a//b", "not every system can write"),
        ("program/1/con.py", "not every system can write"),
        ("program/1/x.py ", "not every system can write"),
        ("program/1/x\x1b[2J.py", "control characters"),
        ("program/1/x\n.py", "control characters"),
        ("program/1/\u202egp.py", "control characters"),
        ("journal.jsonl\x00.py", "control characters"),
        ("a" * 200, "too long"),
        ("/".join("a" * 20), "too long"),
        ("PROGRAM/1/x.py", "does not list"),
        ("inner.zip", "does not list"),
        ("folder/", "not every system can write"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_of_another_name_is_refused(name: str, why: str, tmp_path: Path) -> None:
    assert why in refused(added(name), tmp_path)


@pytest.mark.parametrize("name", ["Journal.jsonl", "journal.jsonl", "journal.jsonl/x", "ｊournal.jsonl"])
def test_a_name_that_some_system_takes_for_another_one_is_refused(name: str, tmp_path: Path) -> None:
    with warnings.catch_warnings(action="ignore"):  # the library warns of names that are there twice
        content = added(name)
    assert "twice, or as a file and as a folder" in refused(content, tmp_path)


@pytest.mark.parametrize(
    ("mode", "why"),
    [
        (stat.S_IFLNK | 0o777, "a link"),
        (stat.S_IFDIR | 0o777, "something that is no file"),
        (stat.S_IFIFO | 0o600, "something that is no file"),
        (stat.S_IFCHR | 0o600, "something that is no file"),
    ],
)
def test_a_member_that_is_no_file_is_refused(mode: int, why: str, tmp_path: Path) -> None:
    assert why in refused(added("program/1/x.py", b"/etc/passwd", mode=mode), tmp_path)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    bomb = packed({**SMALL, BEST: bytes(64 << 20)})

    assert "best.toml' would grow 67,108,864 bytes large: a zip bomb" in refused(bomb, tmp_path)
    assert everything_below(tmp_path / "there") == []


def test_a_size_that_lies_unpacks_no_more_than_it_says(tmp_path: Path) -> None:
    content = bytearray(packed({**SMALL, BEST: bytes(8 << 20)}))
    real, told = struct.pack("<L", 8 << 20), struct.pack("<L", 1000)
    assert content.count(real) == 2  # of its own head and of the directory

    assert "is not the one that its manifest.json lists" in refused(bytes(content.replace(real, told)), tmp_path)


def test_too_many_too_large_and_too_deep_are_refused(tmp_path: Path) -> None:
    many = packed({**SMALL, **{f"program/1/m{n}.py": b"" for n in range(1200)}})

    assert "holds 1,205 members, a pack 1,000 at most" in refused(many, tmp_path)
    assert "has 5" in refused(packed({**SMALL, BEST: os.urandom(50_000)}), tmp_path, Limits(packed=40_000))
    assert "would take 5" in refused(packed({**SMALL, BEST: b"x" * 50_000}), tmp_path, Limits(bytes=40_000))
    assert "a pack 1,000 at most" in refused(packed(SMALL), tmp_path, Limits(directory=10))
    assert "its manifest.json has " in refused(packed(SMALL), tmp_path, Limits(manifest=10))
    deep = zipped([*SMALL.items(), ("manifest.json", b"[" * 100_000)])
    assert "manifest.json cannot be read" in refused(deep, tmp_path)


def test_members_that_lie_over_one_another_are_refused(tmp_path: Path) -> None:
    content = packed({**SMALL, BEST: os.urandom(5000)})
    with zipfile.ZipFile(io.BytesIO(content)) as pack:
        offsets = {info.filename: info.header_offset for info in pack.infolist()}
    head = content.rindex(b"PK\x01\x02", 0, content.rindex(b"config.toml"))
    moved = content[: head + 42] + struct.pack("<L", offsets[BEST]) + content[head + 46 :]

    assert "overlaps another member" in refused(moved, tmp_path)


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    content = bytearray(packed(SMALL))
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.index(mark)
        content[place + flags] |= 1

    assert "an encrypted member" in refused(bytes(content), tmp_path)


@pytest.mark.parametrize(
    ("spoiled", "why"),
    [
        (lambda content: content[:-1], "cut short or added to"),
        (lambda content: content[: len(content) // 2], "cut short or added to"),
        (lambda content: content[10:], "cut short or added to"),
        (lambda content: content + b"x", "cut short or added to"),
        (lambda content: b"#!/bin/sh\n" + content, "cut short or added to"),
        (lambda content: content + content, "cut short or added to"),
        (lambda content: b"", "is no pack, or is damaged"),
        (lambda content: b"PK\x05\x06" + bytes(18), "holds no manifest.json"),
        (lambda content: b"no zip at all, but long enough", "cut short or added to"),
        (lambda content: content[:60] + b"\xff" * 20 + content[80:], "damaged"),
        (lambda content: zipped([("notes.txt", b"mine")]), "holds no manifest.json"),
        (lambda content: zipped(list(SMALL.items()), b"comment"), "cut short or added to"),
    ],
)
def test_a_torn_file_is_refused(spoiled: Callable[[bytes], bytes], why: str, tmp_path: Path) -> None:
    assert why in refused(spoiled(packed(SMALL)), tmp_path)


def test_another_content_under_the_same_manifest_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(packed(SMALL))) as pack:
        kept = {name: pack.read(name) for name in pack.namelist()}

    assert "its hash differs" in refused(zipped([*{**kept, JOURNAL: b"[]\n"}.items()]), tmp_path)
    assert "is not the one that its manifest.json lists" in refused(zipped([*{**kept, JOURNAL: b""}.items()]), tmp_path)
    del kept[JOURNAL]
    assert "lacks 'journal.jsonl'" in refused(zipped([*kept.items()]), tmp_path)
    assert "holds no journal.jsonl" in refused(changed(packed(SMALL), journal_dot_jsonl=None), tmp_path)
    assert "'debug.log', which no pack holds" in refused(packed({**SMALL, "debug.log": b""}), tmp_path)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"form": 2}, "is of form 2, this version reads 1"),
        ({"form": True}, "cannot be read"),
        ({"form": "1"}, "cannot be read"),
        ({"format": "wandb"}, "cannot be read"),
        ({"version": 3}, "cannot be read"),
        ({"members": []}, "cannot be read"),
        ({"members": {"journal.jsonl": {"bytes": -1, "sha256": "0" * 64}}}, "cannot be read"),
        ({"members": {"journal.jsonl": {"bytes": 1, "sha256": "no"}}}, "cannot be read"),
        ({"members": {"journal.jsonl": 1}}, "cannot be read"),
        ({"members": {}}, "holds no journal.jsonl"),
    ],
)
def test_a_manifest_of_another_form_is_refused(told: dict[str, object], why: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(packed(SMALL))) as pack:
        kept = {name: pack.read(name) for name in pack.namelist()}
    kept["manifest.json"] = json.dumps({**json.loads(kept["manifest.json"]), **told}).encode()

    assert why in refused(zipped([*kept.items()]), tmp_path)


def test_no_file_and_a_folder_are_said_as_such(tmp_path: Path) -> None:
    (tmp_path / "f.zip").mkdir()
    os.mkfifo(tmp_path / "p.zip")
    for name, kind, why in (("n.zip", ConfigError, "no such file"), ("f.zip", StorageError, "is no file"),
                            ("p.zip", StorageError, "is no file")):  # fmt: skip
        with pytest.raises(EngineError, match=why) as error:
            unpack(tmp_path / name, tmp_path, lambda _: True)
        assert type(error.value) is kind
