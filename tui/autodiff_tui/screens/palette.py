"""What the command palette finds: every action, and every node and proposal to go to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Protocol, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.dom import DOMNode

from autodiff_tui.actions import Action
from autodiff_tui.safe import one_line


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere to go: ``key`` is for the screen that named it; name and about may be foreign."""

    key: str
    name: str
    about: str


class HasActions(Protocol):
    """An app with a registry of actions."""

    actions: tuple[Action, ...]


class HasPlaces(Protocol):
    """A screen with places to go to."""

    def places(self) -> Sequence[Place]:
        """Return them, the most wanted first."""
        ...

    def go_to(self, key: str) -> None:
        """Go to one of them."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """A line of the palette and what choosing it does."""

    name: str
    about: str
    action: str
    target: DOMNode


class ActionCommands(Provider):
    """The actions that the screen below the palette, or the app, can do."""

    async def discover(self) -> Hits:
        """List all of them."""
        for one in self._all():
            yield DiscoveryHit(_shown(one.name, one.about), self._run(one), one.name)

    async def search(self, query: str) -> Hits:
        """List those whose name or help matches."""
        matcher = self.matcher(query)
        for one in self._all():
            score = max(matcher.match(one.name), matcher.match(one.about) / 2)
            if score > 0:
                yield Hit(score, _shown(one.name, one.about), self._run(one), one.name)

    def _run(self, one: Found) -> partial[object]:
        return partial(self.app.run_action, one.action, one.target)

    def _all(self) -> Iterator[Found]:
        for action in cast("HasActions", self.app).actions:
            method = f"action_{action.id.partition('(')[0]}"
            target = next((node for node in (self.screen, self.app) if hasattr(node, method)), None)
            if target is not None and action.slug != "command_palette":
                yield Found(f"{action.name} ({action.key})", action.help, action.id, target)


class PlaceCommands(Provider):
    """The nodes and proposals of the run below the palette."""

    MOST: ClassVar[int] = 300

    async def discover(self) -> Hits:
        """List all of them."""
        for one in self._places():
            yield DiscoveryHit(_shown(_named(one), one.about), partial(self._go, one.key), _named(one))

    async def search(self, query: str) -> Hits:
        """List those whose name matches."""
        matcher = self.matcher(query)
        for one in self._places():
            score = matcher.match(_named(one))
            if score > 0:
                yield Hit(score, _shown(_named(one), one.about), partial(self._go, one.key), _named(one))

    def _places(self) -> Sequence[Place]:
        return cast("HasPlaces", self.screen).places()[: self.MOST] if hasattr(self.screen, "places") else ()

    def _go(self, key: str) -> None:
        cast("HasPlaces", self.screen).go_to(key)


def _named(one: Place) -> str:
    return f"Go to {one_line(one.name, 80)}"


def _shown(name: str, about: str) -> Content:
    """Return a line and what it is about below it; the palette's own help would read markup in it."""
    return Content.assemble(one_line(name, 120), "\n", (one_line(about, 200), "dim"))
