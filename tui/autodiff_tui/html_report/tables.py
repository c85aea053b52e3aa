"""Lists that are cut to what a person reads, with a line that says what was left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Capped(Generic[T]):
    """The first rows of a list; ``left_out`` says in words what is missing, empty when nothing is."""

    rows: tuple[T, ...]
    left_out: str = ""


def first(rows: Sequence[T], most: int, noun: str) -> Capped[T]:
    """Return at most ``most`` rows, the first ones."""
    more = len(rows) - most
    return Capped(tuple(rows[:most]), _more(more, noun) if more > 0 else "")


def last(rows: Sequence[T], most: int, noun: str) -> Capped[T]:
    """Return at most ``most`` rows, the last ones, in their order."""
    more = len(rows) - most
    return Capped(tuple(rows[-most:]), _more(more, f"earlier {noun}") if more > 0 else "")


def _more(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'} left out here; the journal has all"
