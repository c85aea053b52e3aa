"""A box with a page to read in it that a function draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from autodiff_tui.widgets.paint import Line

from .reading import ReadingScreen


class PageScreen(ReadingScreen):
    """Shows what ``draw(width)`` returns, under ``title``."""

    def __init__(self, title: str, draw: Callable[[int], Sequence[Line]]) -> None:
        super().__init__(title)
        self._draw = draw

    def picture(self, width: int) -> Sequence[Line]:
        """Return what the function draws."""
        return self._draw(width)
