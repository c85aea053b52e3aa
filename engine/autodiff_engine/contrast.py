"""Two recorded runs side by side: what was set differently, and whether their scores may be compared at all."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from .config import load, rebased, to_toml
from .errors import ConfigError
from .events import DataLoaded, Event, ExampleScored, ProgramDescribed, TestCompared
from .journal import Recorded
from .statistics import paired_p
from .toml_text import read as read_toml
from .toml_text import table_of

_TEST = ("best.test", "start.test")
"""The phases that score the best prompts on the test split: where no rewrite won, the start prompts are the best."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A key whose value differs; a side that does not have it is None. Of our instructions the values are hashes."""

    key: str
    left: object | None
    right: object | None


@dataclass(frozen=True, slots=True)
class Paired:
    """The best prompts of both runs on the same ``n`` test examples; a win is one that the right run has better.

    ``left_out`` examples were scored in one of the runs only.
    """

    n: int
    left: float
    right: float
    wins: int
    losses: int
    ties: int
    p: float
    left_out: int


@dataclass(frozen=True, slots=True)
class Contrast:
    """What tells two runs apart, and the paired test; a reason stands where there is none."""

    settings: tuple[Setting, ...]
    incomparable: str
    """Why no score of one may be held against one of the other; empty when it may."""
    test: Paired | None
    untested: str
    """Why there is no paired test; empty when there is one."""


def contrast(left: tuple[Path, Recorded], right: tuple[Path, Recorded]) -> Contrast:
    """Compare two runs, each given by its folder and its journal; reads their configs and instructions.

    Raises:
        ConfigError: The config of one cannot be read.
    """
    ours, theirs = _events(left[1]), _events(right[1])
    incomparable = _incomparable(ours, theirs)
    if incomparable:
        test, untested = None, incomparable
    else:
        test, untested = _paired(ours, theirs)
    return Contrast(_differing(left[0], right[0]), incomparable, test, untested)


def _events(recorded: Recorded) -> tuple[Event, ...]:
    """Return the events without the facts that a resumed run said again."""
    seen = 0
    kept: list[Event] = []
    for stamped in recorded.standing:
        if stamped.fact is None or stamped.fact > seen:
            seen = stamped.fact or seen
            kept.append(stamped.event)
    return tuple(kept)


def _incomparable(left: tuple[Event, ...], right: tuple[Event, ...]) -> str:
    ours, theirs = (next((each for each in side if isinstance(each, DataLoaded)), None) for side in (left, right))
    if ours is None or theirs is None:
        return "one of the runs ended before its data was loaded"
    if ours.fingerprint != theirs.fingerprint:
        return f"the data differs: {_sized(ours)} here, {_sized(theirs)} there"
    if _measure(left) != _measure(right):
        return "the runs do not measure the same: their metrics differ"
    return ""


def _sized(data: DataLoaded) -> str:
    return f"{data.source} ({data.train}/{data.val}/{data.test}, {data.fingerprint[:8]})"


def _measure(events: tuple[Event, ...]) -> object:
    described = next((each for each in events if isinstance(each, ProgramDescribed)), None)
    return described and (described.metric, described.metric_description, described.losses)


def _paired(left: tuple[Event, ...], right: tuple[Event, ...]) -> tuple[Paired | None, str]:
    ours, theirs = _tested(left), _tested(right)
    if ours is None or theirs is None:
        return None, "not both runs came to their test"
    both = [example for example in ours if example in theirs]
    if not both:
        return None, "no test example was scored in both runs"
    old, new = [ours[each] for each in both], [theirs[each] for each in both]
    wins = sum(b > a for a, b in zip(old, new, strict=True))
    losses = sum(b < a for a, b in zip(old, new, strict=True))
    n = len(both)
    means = float(sum(old) / n), float(sum(new) / n)
    left_out = len(set(ours) ^ set(theirs))
    return Paired(n, *means, wins, losses, n - wins - losses, paired_p(old, new), left_out), ""


def _tested(events: tuple[Event, ...]) -> Mapping[str, Fraction] | None:
    """Return the best prompts' score of each test example, in the order of the split; None before the test's end."""
    if not any(isinstance(each, TestCompared) for each in events):
        return None
    scored = [each for each in events if isinstance(each, ExampleScored) and each.phase in _TEST]
    phases = {each.phase for each in scored}
    phase = next((each for each in _TEST if each in phases), "")
    return {each.example: Fraction(each.score).limit_denominator(10**6) for each in scored if each.phase == phase}


def _differing(left: Path, right: Path) -> tuple[Setting, ...]:
    ours, theirs = (dict(_settings(folder)) for folder in (left, right))
    keys = dict.fromkeys((*ours, *theirs))
    differing = [Setting(key, ours.get(key), theirs.get(key)) for key in keys if ours.get(key) != theirs.get(key)]
    same_files = _seen_from(left, right)
    return tuple(each for each in differing if each.left is None or each.left != same_files.get(each.key))


def _seen_from(left: Path, right: Path) -> Mapping[str, object]:
    """Return the settings of ``right`` with its files as ``left`` names them: each run's are relative to its folder.

    None of a config that cannot be loaded, of another version perhaps: then files are told apart by their names.
    """
    try:
        loaded = load(right / "config.toml")
        return dict(_flat(tomllib.loads(to_toml(rebased(loaded.config, loaded.base, left))), ""))
    except ConfigError:
        return {}


def _settings(folder: Path) -> Iterator[tuple[str, object]]:
    config = folder / "config.toml"
    if not config.is_file():
        raise ConfigError(f"{config}: no such file", "is this the whole folder of a run?")
    yield from _flat(read_toml(config), "")
    for file in sorted((folder / "instructions").glob("*")):
        yield f"instructions/{file.name}", hashlib.sha256(file.read_bytes()).hexdigest()[:8]


def _flat(value: object, key: str) -> Iterator[tuple[str, object]]:
    table = table_of(value)
    if table is None:
        yield key, value
        return
    for name, item in table.items():
        yield from _flat(item, f"{key}.{name}" if key else name)
