"""A sequence that grows by values: each append gives a new one, and shares what came before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Generic, TypeVar, cast, overload

T = TypeVar("T")


class Trail(Sequence[T], Generic[T]):
    """An immutable sequence whose ``append`` costs O(1) on its newest value and O(n) on an older one.

    All values made by appending to the newest one share one list and differ in how much of it they show, so a run of
    10,000 events copies nothing. One thread may append; readers see nothing but their own length.
    """

    __slots__ = ("_length", "_shared")

    def __init__(self, items: Iterable[T] = ()) -> None:
        self._shared: list[T] = list(items)
        self._length = len(self._shared)

    def append(self, item: T) -> Trail[T]:
        """Return a trail with ``item`` at its end; this one stays as it is."""
        shared = self._shared if len(self._shared) == self._length else self._shared[: self._length]
        shared.append(item)
        longer: Trail[T] = Trail.__new__(type(self))
        longer._shared, longer._length = shared, self._length + 1
        return longer

    def last(self, count: int) -> tuple[T, ...]:
        """Return the ``count`` newest items, oldest first; fewer when there are fewer."""
        return tuple(self._shared[max(0, self._length - count) : self._length])

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[T]:
        return islice(self._shared, self._length)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...
    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        if isinstance(index, slice):
            return tuple(self._shared[i] for i in range(*index.indices(self._length)))
        if not -self._length <= index < self._length:
            raise IndexError(index)
        return self._shared[index + self._length if index < 0 else index]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Trail):
            return NotImplemented
        theirs = cast("Trail[object]", other)
        if self._length != len(theirs):
            return False
        return self._shared is theirs._shared or all(a is b or a == b for a, b in zip(self, theirs, strict=True))

    __hash__ = None  # pyright: ignore[reportAssignmentType] - as a list: equal by content, and too long to hash

    def __repr__(self) -> str:
        return f"Trail({list(self)!r})"
