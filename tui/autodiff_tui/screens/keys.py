"""Textual's bindings, made from the registry of actions."""

from __future__ import annotations

from textual.binding import Binding

from autodiff_tui.actions import by_id


def bindings(*ids: str, priority: bool = False, of_app: bool = False) -> list[Binding]:
    """Return a binding for each of the actions called ``ids``; ``of_app``: for a modal screen, of what the app does."""
    made: list[Binding] = []
    for wanted in ids:
        action = by_id(wanted)
        does = f"app.{action.id}" if of_app else action.id
        made.append(Binding(",".join(action.keys), does, action.name, show=False, priority=priority, id=action.slug))
    return made
