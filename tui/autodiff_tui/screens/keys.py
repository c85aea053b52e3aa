"""Textual's bindings, made from the registry of actions."""

from __future__ import annotations

from textual.binding import Binding

from autodiff_tui.actions import by_id


def bindings(*ids: str, of: str = "") -> list[Binding]:
    """Return a binding for each of the actions called ``ids``, which are methods of ``of`` (``app``) if that is given.

    All have priority: then each key has had its effect before the next one is looked at, however fast they come.
    Without, a key is put into the queue of the widget that has the focus, which a key before it may be about to move.
    """
    made: list[Binding] = []
    for wanted in ids:
        action = by_id(wanted)
        does = f"{of}.{action.id}" if of else action.id
        made.append(Binding(",".join(action.keys), does, action.name, show=False, priority=True))
    return made
