"""Textual's bindings, made from the registry of actions."""

from __future__ import annotations

from textual.binding import Binding

from autodiff_tui.actions import by_id


def bindings(*ids: str, priority: bool = False) -> list[Binding]:
    """Return a binding for each of the actions called ``ids``."""
    made: list[Binding] = []
    for wanted in ids:
        action = by_id(wanted)
        made.append(
            Binding(",".join(action.keys), action.id, action.name, show=False, priority=priority, id=action.slug)
        )
    return made
