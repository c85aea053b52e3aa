"""A screen that closes once, whoever closes it: the person, twice in one moment, or the run that ends under it."""

from __future__ import annotations

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, Screen, ScreenResultType


class Closing(Screen[ScreenResultType]):
    """A page or a box over others."""

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Close it with ``result``; nothing where it is closed already, for then Textual closes what lies below."""
        return super().dismiss(result) if self.is_active else AwaitComplete()


class Box(Closing[ScreenResultType], ModalScreen[ScreenResultType]):
    """A question or a text over a page that stays in sight."""
