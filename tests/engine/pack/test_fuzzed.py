"""Whatever is done to the bytes of a pack: it is read as it was, or refused with one line, and nothing else happens."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import pytest
from hypothesis import strategies as st

from autodiff_engine.errors import StorageError
from autodiff_engine.pack import unpack

from ...fuzzing import Trial, few, many
from ...packs import SMALL, added, everything_below, packed, zipped

MEMBERS = {**SMALL, "best.toml": b"[prompts]\ntask = 'x'\n" * 20, "program/1/p.py": b"print(1)\n"}
GOOD = packed(MEMBERS)
FEW, MANY = 150, 5000

edits = st.lists(
    st.tuples(
        st.sampled_from(["set", "cut", "insert", "copy"]),
        st.integers(0, len(GOOD) - 1),
        st.binary(min_size=1, max_size=8),
    ),
    min_size=1,
    max_size=4,
)
names = st.one_of(
    st.text(max_size=30),
    st.text("./\\:abPROGprog1\x00\u202e ", max_size=20),
    st.sampled_from([*MEMBERS, "manifest.json", "program/1/q.py"]),
)


def edited(content: bytes, done: list[tuple[str, int, bytes]]) -> bytes:
    for how, place, value in done:
        rest = {"set": place + len(value), "cut": place + 8 * len(value), "insert": place, "copy": 0}[how]
        content = content[:place] + (b"" if how == "cut" else value) + content[rest:]
    return content


def refusal_of(folder: Path) -> str:
    try:
        unpack(folder / "x.zip", folder / "out", lambda _: True)
    except StorageError as error:
        return str(error)
    return ""


def read_or_refused(content: bytes) -> bool:
    """Whether it was read; what was written then is what was packed, and nothing lies elsewhere."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "x.zip").write_bytes(content)
        refusal = refusal_of(folder)
        assert {each.partition("/")[0] for each in everything_below(folder)} <= {"x.zip", "out"}
        if refusal:
            assert refusal.isprintable()
            return False
        files = [each for each in everything_below(folder / "out") if (folder / "out" / each).is_file()]
        assert {each: (folder / "out" / each).read_bytes() for each in files} == MEMBERS
        return True


def changed_bytes(done: list[tuple[str, int, bytes]]) -> None:
    read_or_refused(edited(GOOD, done))


def strange_names(name: str, value: bytes, mode: int, extra: bytes) -> None:
    try:
        with warnings.catch_warnings(action="ignore"):  # the library warns of names that are there twice
            content = added(name, value, mode=mode, extra=extra)
    except (ValueError, OverflowError, IndexError):  # a name that no zip can hold
        return
    assert not read_or_refused(content)


def strange_members(members: dict[str, bytes]) -> None:
    try:
        with warnings.catch_warnings(action="ignore"):  # of names that are one where the zip's library cuts them
            content = zipped([*members.items()])
    except (ValueError, OverflowError, IndexError):
        return
    assert not read_or_refused(content)


modes = st.one_of(st.integers(0, 0o177777), st.just(0o100600))
trials = [
    Trial(changed_bytes, edits),
    Trial(strange_names, names, st.binary(max_size=50), modes, st.binary(max_size=12)),
    Trial(strange_members, st.dictionaries(names, st.binary(max_size=50), max_size=6)),
]


def test_the_pack_that_the_others_are_made_from_is_read() -> None:
    assert read_or_refused(GOOD)


@pytest.mark.parametrize("trial", trials)
def test_a_few_hundred_hostile_packs_do_no_harm(trial: Trial) -> None:
    few(trial, FEW)


@pytest.mark.fuzz
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("trial", trials)
def test_thousands_of_hostile_packs_do_no_harm(trial: Trial) -> None:
    many(trial, MANY)
