"""The validation examples under every version that was the best once, and the history of one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.reactive import reactive

from autodiff_engine.events import ExampleScored
from autodiff_tui.format import score
from autodiff_tui.safe import block, one_line
from autodiff_tui.view import RunView, by_example, examples_of
from autodiff_tui.widgets.filter_bar import FilterBar
from autodiff_tui.widgets.heat_map import ORDERS, HeatMap
from autodiff_tui.widgets.paint import BAD, GOOD, MUTED, PLAIN, STRONG, WARN, Line, longest, wrapped
from autodiff_tui.widgets.prose import title
from autodiff_tui.widgets.row_list import RowList

from .closing import Closing
from .desk import desk_of
from .keys import bindings
from .reading import RunReading

_SIGNS = ("✓ right  ✗ wrong  .5 in part  · not scored", "✓ right  ✗ wrong  · not scored", "✓ right  ✗ wrong")
_TITLES = ("Examples of the validation set by accepted version, ", "Validation examples, ", "Examples, ", "")
"""What the order follows, the first that has room."""


class ExamplesScreen(Closing[None]):
    """The heat map on a screen of its own; enter shows an example's history, escape goes back to the run."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", show=False),
        Binding("q", "dismiss", show=False),
        *bindings("filter", "copy_text", "order"),
    ]
    topic: ClassVar[str] = "examples"
    view: reactive[RunView] = reactive(RunView, layout=False, repaint=False)

    def __init__(self, view: RunView) -> None:
        super().__init__()
        self._map = HeatMap(id="heat", classes="pane")
        self._map.on_choose = self._choose
        self._filter = FilterBar(id="filter")
        self.set_reactive(ExamplesScreen.view, view)

    def compose(self) -> ComposeResult:
        """Hold the map and what narrows it."""
        yield self._map
        yield self._filter

    def on_mount(self) -> None:
        """Show what is known."""
        self._map.view = self.view
        self._map.focus()

    def on_resize(self) -> None:
        """Say the order, and as much of what the signs and keys mean as there is room for; how to leave always."""
        self._say_order()
        key = next(action.key for action in desk_of(self).actions if action.id == "order")
        keys = f"enter history · {key} order · esc back"
        legends = (*(f"{signs}   {keys}" for signs in _SIGNS), keys)
        self._map.border_subtitle = Content(longest(legends, self.size.width - 6))

    def _say_order(self) -> None:
        titles = (f"{name}{ORDERS[self._map.order]}" for name in _TITLES)
        self._map.border_title = Content(longest(titles, self.size.width - 6))

    def watch_view(self, view: RunView) -> None:
        """Hand the view down."""
        if self.is_mounted:
            self._map.view = view
            self._count()

    def action_filter(self) -> None:
        """Narrow the map."""
        self._filter.open(self._map.filter)

    def action_order(self) -> None:
        """Take the next order of the rows."""
        orders = list(ORDERS)
        self._map.order = orders[(orders.index(self._map.order) + 1) % len(orders)]
        self._say_order()

    def action_back(self) -> None:
        """Clear the filter, or go back to the run."""
        if self._map.filter:
            self._narrow("")
        else:
            self.dismiss()

    def action_copy_text(self) -> None:
        """Copy the row."""
        desk_of(self).copy(self._map.copyable)

    @on(FilterBar.Changed)
    def _typed(self, event: FilterBar.Changed) -> None:
        if event.left:
            self.set_focus(self._map)
        self._narrow(event.text)

    def _narrow(self, text: str) -> None:
        self._map.filter = text
        self.call_after_refresh(self._count)

    def _count(self) -> None:
        self._filter.show_for(self._map.filter, f"{len(self._map.rows)} of {self._map.count}")

    def _choose(self, _: RowList, key: str) -> None:
        if key not in examples_of(self.view.standings):
            desk_of(self).toast("the mean is no example: choose one of the rows below it")
        else:
            desk_of(self).push_screen(HistoryScreen(key, self.view))


class HistoryScreen(RunReading):
    """What one validation example asks, and what every version and every proposal so far answered to it."""

    topic: ClassVar[str] = "examples"

    def __init__(self, example: str, view: RunView) -> None:
        super().__init__(f"Example {example}", view)
        self._example = example

    def picture(self, width: int) -> Sequence[Line]:
        """Return the history."""
        return tuple(history_lines(self.view, self._example, width))


def history_lines(view: RunView, example: str, width: int) -> Iterator[Line]:
    """Return what ``example`` asks and the answers to it, accepted versions first, oldest first; pure."""
    asked = view.inputs.get(example, {})
    for name, value in asked.items():
        yield from _told(one_line(name, 9), value, width)
    expected = next((one.expected for each in view.standings for one in each.results if one.example == example), None)
    if expected is not None:
        yield from _told("expected", expected, width)
    if asked or expected is not None:
        yield ()
    yield title("Versions that were the best")
    for standing in view.standings:
        yield from _answer(standing.key, by_example(standing).get(example), width)
    lost = [one for one in (*view.proposals.past, *view.proposals.current) if one.fate != "accepted"]
    known = [(one, next((each for each in one.new.validation if each.example == example), None)) for one in lost]
    if any(result is not None for _, result in known):
        yield ()
        yield title("Proposals that did not become the best")
        for one, result in known:
            if result is not None:
                yield from _answer(one.key, result, width)


def _answer(key: str, result: ExampleScored | None, width: int) -> Iterator[Line]:
    if result is None:
        yield (f"{key:<8}", STRONG), ("not scored on it", MUTED)
        return
    style = GOOD if result.score >= 1 else BAD if result.score <= 0 else WARN
    sign = "✓" if result.score >= 1 else "✗" if result.score <= 0 else "◐"
    why = f"  {one_line(result.why, 200)}" if result.why else ""
    yield (f"{key:<8}", STRONG), (f"{sign} {score(result.score)}", style), (why, MUTED)
    for loss in result.losses:
        yield ("        ", PLAIN), (f"{one_line(loss.node, 60)} {one_line(loss.metric, 60)} {score(loss.score)}", MUTED)
    yield from _told("answered", "(no answer could be read)" if result.answer is None else result.answer, width)


def _told(name: str, text: str, width: int) -> Iterator[Line]:
    pieces = [piece for line in block(text).text.split("\n") for piece in wrapped(line.expandtabs(4), width - 18)]
    for number, piece in enumerate(pieces):
        yield ("        ", PLAIN), (f"{'' if number else name:<10}", MUTED), (piece, PLAIN)
