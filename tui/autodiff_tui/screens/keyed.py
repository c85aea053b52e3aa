"""Keys that act in the order in which they come, however fast that is."""

from __future__ import annotations

import re

from textual.app import App, ReturnType
from textual.events import Event, Key
from textual.widgets import Input, TextArea

_ALT = re.compile(r"alt\+(?:shift\+)?.")


class Keyed(App[ReturnType]):
    """An app in which each key has had its effect before the next one is looked at.

    Textual puts a key into the queue of the widget that has the focus, which a key before it may be about to move. Here
    what it is bound to is done at once. Keys that are typed into a text go the usual way.
    """

    async def on_event(self, event: Event) -> None:
        """Do what a key is bound to, or hand the event on."""
        if not isinstance(event, Key) or event.is_forwarded:
            await super().on_event(event)
        elif (second := self._second(event)) is not None:
            if not await self._bound("escape"):
                await super().on_event(Key("escape", "\x1b"))
            await self.on_event(second)
        elif not await self._done(event.key):
            await super().on_event(event)

    def _second(self, event: Key) -> Key | None:
        """Return the key that came behind Esc, where a terminal's parser has made alt and a key of the two.

        Both look alike in what a terminal sends. A person who writes a text means alt, and would lose the text by Esc;
        so do the terminals that say which keys were held, where no character comes with them.
        """
        if not self.screen_stack or isinstance(self.focused, TextArea):
            return None
        if event.character is None or not _ALT.fullmatch(event.key) or event.key in self.screen.active_bindings:
            return None
        return Key(event.character, event.character)

    async def _done(self, key: str) -> bool:
        if not self.screen_stack or isinstance(self.focused, Input | TextArea):
            return False
        return await self._bound(key)

    async def _bound(self, key: str) -> bool:
        bound = self.screen.active_bindings.get(key)
        return bound is not None and bound.enabled and await self.run_action(bound.binding.action, bound.node)
