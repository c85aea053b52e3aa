"""Keys that act in the order in which they come, however fast that is."""

from __future__ import annotations

from textual.app import App, ReturnType
from textual.events import Event, Key
from textual.widgets import Input, TextArea


class Keyed(App[ReturnType]):
    """An app in which each key has had its effect before the next one is looked at.

    Textual puts a key into the queue of the widget that has the focus, which a key before it may be about to move. Here
    what it is bound to is done at once. Keys that are typed into a text go the usual way.
    """

    async def on_event(self, event: Event) -> None:
        """Do what a key is bound to, or hand the event on."""
        if not (isinstance(event, Key) and not event.is_forwarded and await self._done(event.key)):
            await super().on_event(event)

    async def _done(self, key: str) -> bool:
        if not self.screen_stack or isinstance(self.focused, Input | TextArea):
            return False
        bound = self.screen.active_bindings.get(key)
        return bound is not None and bound.enabled and await self.run_action(bound.binding.action, bound.node)
