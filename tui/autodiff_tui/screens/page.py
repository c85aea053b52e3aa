"""A box with a page to read in it that a function draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from autodiff_tui.widgets.paint import Line

from .reading import ReadingScreen


class PageScreen(ReadingScreen):
    """Shows what ``draw(width)`` returns, under ``title``."""

    OF_CHANGES: ClassVar[str] = "n N changes · y copy · o editor · esc closes"
    """The keys of a page with changes in it."""

    def __init__(self, title: str, draw: Callable[[int], Sequence[Line]], keys: str = "") -> None:
        super().__init__(title)
        self._draw = draw
        self._told_keys = keys or self.KEYS

    @property
    def keys(self) -> str:
        """What its lower edge says."""
        return self._told_keys

    def picture(self, width: int) -> Sequence[Line]:
        """Return what the function draws."""
        return self._draw(width)
