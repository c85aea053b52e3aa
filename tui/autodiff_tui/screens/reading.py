"""A box over the run with something to read in it: the proposal, the help."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.screen import ModalScreen
from textual.widgets import Static

from autodiff_tui.actions import ACTIONS, MOVES
from autodiff_tui.safe import one_line
from autodiff_tui.view import ProposalView
from autodiff_tui.widgets.paint import ACCENT, MUTED, PLAIN, STRONG, Line, content

from .detail_text import detail_lines


class ReadingScreen(ModalScreen[None]):
    """Lines that scroll; escape, enter and q close it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter,q", "dismiss", "Close", show=False)]

    def __init__(self, title: str, lines: Sequence[Line]) -> None:
        super().__init__()
        self._title_text = one_line(title, 120)
        self._lines = tuple(lines)
        self._body = Static(content(lines), markup=False)

    def compose(self) -> ComposeResult:
        """Put the lines in a box."""
        box = VerticalScroll(self._body, classes="reading")
        box.border_title = Content(self._title_text)
        box.border_subtitle = Content("↑ ↓ scroll · esc closes")
        yield box

    def on_mount(self) -> None:
        """Let the arrows scroll."""
        self.query_one(VerticalScroll).focus()

    def show(self, lines: Sequence[Line]) -> None:
        """Replace the lines, if they differ."""
        if tuple(lines) != self._lines:
            self._lines = tuple(lines)
            self._body.update(content(lines))


class DetailScreen(ReadingScreen):
    """A proposal whole; follows its verdict while it is judged."""

    proposal: reactive[ProposalView | None] = reactive[ProposalView | None](None, layout=False, repaint=False)

    def __init__(self, proposal: ProposalView) -> None:
        super().__init__(f"Proposal {proposal.key}", detail_lines(proposal))
        self.key = proposal.key
        self.set_reactive(DetailScreen.proposal, proposal)

    def watch_proposal(self, proposal: ProposalView | None) -> None:
        """Show the new state."""
        if proposal is not None and self.is_mounted:
            self.show(detail_lines(proposal))


class HelpScreen(ReadingScreen):
    """Every key, from the registry, and what the signs mean."""

    def __init__(self) -> None:
        super().__init__("Help", help_lines())


_SIGNS = (
    ("✎", "a trained text: what training rewrites; v3 is its third version"),
    ("◐ ● ·", "a node with open calls, with finished calls, without any"),
    ("×2", "called up to two times on one example"),
    ("↗ ↻", "mentioned before, or a loop: enter goes to the node itself"),
    ("∇3", "three pieces of feedback in the newest step that reached it"),
    ("█ ◆ ◇", "minibatch score; accepted on validation; judged there and lost"),
    ("+5 −3", "examples that a proposal gained and lost against the best so far"),
)


def help_lines() -> tuple[Line, ...]:
    """Return the help text."""
    keys: list[Line] = [(("Keys", STRONG),)]
    for action in ACTIONS:
        name: Line = ((action.key.rjust(10), ACCENT), ("  ", PLAIN), (action.name.ljust(15), PLAIN))
        keys.append((*name, (action.help, MUTED)))
    keys.extend(((name.rjust(10), ACCENT), ("  ", PLAIN), (" " * 15, PLAIN), (text, MUTED)) for name, text in MOVES)
    signs: list[Line] = [(), (("Signs", STRONG),)]
    signs.extend(((sign.rjust(10), ACCENT), ("  ", PLAIN), (text, MUTED)) for sign, text in _SIGNS)
    return (*keys, *signs)
