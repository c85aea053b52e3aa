"""A box over the run with something to read in it: the proposal, the help."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
from autodiff_tui.widgets.paint import ACCENT, MUTED, PLAIN, STRONG, Line, content, wrapped

from .detail_text import detail_lines


class ReadingScreen(ModalScreen[None]):
    """What ``picture(width)`` returns, in a box that scrolls; escape, enter and q close it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "dismiss", "Close", show=False, priority=True)  # before the next key, as in the run
    ]

    def __init__(self, title: str, picture: Callable[[int], Sequence[Line]]) -> None:
        super().__init__()
        self._heading = one_line(title, 120)
        self._picture = picture
        self._lines: tuple[Line, ...] = ()
        self._body = Static(markup=False)

    def compose(self) -> ComposeResult:
        """Put the text in a box."""
        box = VerticalScroll(self._body, classes="reading")
        box.border_title = Content(self._heading)
        box.border_subtitle = Content("↑ ↓ scroll · esc closes")
        yield box

    def on_mount(self) -> None:
        """Let the arrows scroll."""
        self.query_one(VerticalScroll).focus()

    def on_resize(self) -> None:
        """Wrap to the new width."""
        self.call_after_refresh(self.repaint)

    def repaint(self) -> None:
        """Show the picture, if it differs."""
        lines = tuple(self._picture(max(20, self._body.size.width)))
        if lines != self._lines:
            self._lines = lines
            self._body.update(content(lines))


class DetailScreen(ReadingScreen):
    """A proposal whole; follows its verdict while it is judged."""

    proposal: reactive[ProposalView | None] = reactive[ProposalView | None](None, layout=False, repaint=False)

    def __init__(self, proposal: ProposalView) -> None:
        super().__init__(f"Proposal {proposal.key}", self._detail)
        self.key = proposal.key
        self.set_reactive(DetailScreen.proposal, proposal)

    def watch_proposal(self) -> None:
        """Show the new state."""
        if self.is_mounted:
            self.repaint()

    def _detail(self, width: int) -> Sequence[Line]:
        return detail_lines(self.proposal, width) if self.proposal is not None else ()


class HelpScreen(ReadingScreen):
    """Every key, from the registry, and what the signs mean."""

    def __init__(self) -> None:
        super().__init__("Help", help_lines)


_SIGNS = (
    ("✎", "a trained text: what training rewrites; v3 is its third version"),
    ("◐ ● ·", "a node with open calls, with finished calls, without any"),
    ("×2", "called up to two times on one example"),
    ("↗ ↻", "mentioned before, or a loop: enter goes to the node itself"),
    ("∇3", "three pieces of feedback in the newest step that reached it"),
    ("█ ◆ ◇", "minibatch score; accepted on validation; judged there and lost"),
    ("+5 −3", "examples that a proposal gained and lost against the best so far"),
)


def help_lines(width: int) -> tuple[Line, ...]:
    """Return the help text for ``width`` cells."""
    keys = [(action.key, action.name, action.help) for action in ACTIONS]
    moves = [(name, "", text) for name, text in MOVES]
    signs = [(sign, "", text) for sign, text in _SIGNS]
    return (
        (("Keys", STRONG),),
        *(line for key in (*keys, *moves) for line in _entry(*key, width)),
        (),
        (("Signs", STRONG),),
        *(line for sign in signs for line in _entry(*sign, width)),
    )


def _entry(key: str, name: str, text: str, width: int) -> Iterator[Line]:
    """A key or sign, its name if it has one, and what it means, wrapped beside them."""
    head: Line = ((key.rjust(9), ACCENT), ("  ", PLAIN), (name.ljust(14) if name else "", PLAIN))
    indent = sum(len(part) for part, _ in head)
    for number, piece in enumerate(wrapped(text, max(20, width - indent))):
        yield (*head, (piece, MUTED)) if number == 0 else ((" " * indent, PLAIN), (piece, MUTED))
