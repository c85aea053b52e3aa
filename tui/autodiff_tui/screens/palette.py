"""What the command palette finds: every action, then the nodes, proposals, steps and examples to go to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Protocol, cast

from textual.app import SystemCommand
from textual.command import Hit, Hits, Provider
from textual.content import Content
from textual.screen import Screen

from autodiff_tui.actions import Action
from autodiff_tui.matching import Fit, fit_of
from autodiff_tui.safe import one_line


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere to go: ``key`` is for the screen that named it; name and about may be foreign."""

    key: str
    name: str
    about: str


class HasActions(Protocol):
    """An app with a registry of actions."""

    @property
    def told_actions(self) -> Sequence[Action]:
        """Them, named and explained as they act now."""
        ...

    @property
    def idle(self) -> Collection[str]:
        """The ids of those that cannot be done now."""
        ...

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Return what Textual itself can do."""
        ...


class HasPlaces(Protocol):
    """A screen with places to go to."""

    def places(self) -> Sequence[Place]:
        """Return them, the most wanted first."""
        ...

    def go_to(self, key: str) -> None:
        """Go to one of them."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """A line of the palette: its name, what stands behind it, what it is about, and what choosing it does."""

    name: str
    shown: str
    about: str
    run: Callable[[], object]


_OF_ACTIONS: Mapping[Fit, int] = {
    Fit.NAME: 90, Fit.WORDS: 80, Fit.WITHIN: 70, Fit.ABOUT_WORDS: 50, Fit.ABOUT: 40, Fit.SCATTERED: 5
}  # fmt: skip
_OF_PLACES: Mapping[Fit, int] = {Fit.NAME: 60, Fit.WORDS: 30, Fit.WITHIN: 25, Fit.ABOUT_WORDS: 20, Fit.ABOUT: 15}
"""Hits with more stand above; of a place the very name comes before an action that only speaks of it."""
_STEP = 1e-6
"""What a line of equal worth loses for each that stands before it: Textual's lists know no other order."""


class PlaceCommands(Provider):
    """The nodes, proposals, steps and examples of the run below the palette."""

    LISTED: ClassVar[int] = 300
    """Places that are listed before anything was typed."""
    FOUND: ClassVar[int] = 100
    """Places that a search shows, the best of them."""

    async def discover(self) -> Hits:
        """List the first of them."""
        for number, choice in enumerate(self._places()[: self.LISTED]):
            yield _hit(choice, 0.0, number)

    async def search(self, query: str) -> Hits:
        """List those that fit best."""
        for hit in self._found_places(query):
            yield hit

    def _found_places(self, query: str) -> list[Hit]:
        return _found(query, self._places(), _OF_PLACES)[: self.FOUND]

    def _places(self) -> list[Choice]:
        told = cast("HasPlaces", self.screen).places() if hasattr(self.screen, "places") else ()
        return [
            Choice(one.name, f"Go to {one_line(one.name, 80)}", one.about, partial(self._go, one.key)) for one in told
        ]

    def _go(self, key: str) -> None:
        cast("HasPlaces", self.screen).go_to(key)


class ActionCommands(PlaceCommands):
    """The actions that the screen below the palette, or the app, can do; below them the places to go to.

    One provider for both: the hits of several come in no certain order.
    """

    LISTED: ClassVar[int] = 40

    async def discover(self) -> Hits:
        """List all actions, then the first places."""
        choices = [*self._actions(), *self._places()[: self.LISTED]]
        for number, choice in enumerate(choices):
            yield _hit(choice, 0.0, number)

    async def search(self, query: str) -> Hits:
        """List the actions whose name or help fits, and the places that do."""
        for hit in (*_found(query, list(self._actions()), _OF_ACTIONS), *self._found_places(query)):
            yield hit

    def _actions(self) -> Iterator[Choice]:
        app = cast("HasActions", self.app)
        idle = frozenset(app.idle)
        for action in sorted(app.told_actions, key=lambda each: each.id in idle):  # what can be done now comes first
            method = f"action_{action.id.partition('(')[0]}"
            target = next((node for node in (self.screen, self.app) if hasattr(node, method)), None)
            if target is not None and action.slug != "command_palette":
                run = partial(self.app.run_action, action.id, target)
                about = f"(not now) {action.help}" if action.id in idle else action.help
                yield Choice(action.name, f"{action.name} ({action.key})", about, run)
        for command in app.get_system_commands(self.screen):
            yield Choice(command.title, command.title, command.help, command.callback)


def _found(query: str, choices: Sequence[Choice], worth: Mapping[Fit, int]) -> list[Hit]:
    """Return a hit for each line that is worth one, the best first."""
    told = [
        (worth.get(fit_of(query, choice.name, choice.about), 0), number, choice)
        for number, choice in enumerate(choices)
    ]
    best = sorted((one for one in told if one[0]), key=lambda one: (-one[0], one[1]))
    return [_hit(choice, score, number) for score, number, choice in best]


def _hit(choice: Choice, score: float, number: int) -> Hit:
    return Hit((score - number * _STEP) / 100, _shown(choice.shown, choice.about), choice.run, choice.shown)


def _shown(name: str, about: str) -> Content:
    """Return a line and what it is about below it; the palette's own help would read markup in it."""
    return Content.assemble(one_line(name, 120), "\n", (one_line(about, 200), "dim"))
