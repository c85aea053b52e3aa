"""The screen of one proposal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType

from autodiff_tui.view import RunView
from autodiff_tui.widgets.paint import MUTED, Line
from autodiff_tui.widgets.side_by_side import SCREEN, fits

from .desk import desk_of
from .keys import bindings
from .proposal_text import proposal_lines
from .reading import RunReading


class ProposalScreen(RunReading):
    """A proposal whole; follows its verdict while it is judged, and leads to its neighbours."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("previous", "next")]
    topic: ClassVar[str] = "proposal"
    KEYS: ClassVar[str] = "n N changes · [ ] proposals · ? words · y copy · o editor · esc closes"

    def __init__(self, key: str, view: RunView) -> None:
        super().__init__(f"Proposal {key}", view)
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (SCREEN, "-broad")]
        self.key = key
        """``step.k`` of the proposal that is shown."""
        self._at_end = False
        """Whether it was said that there is none further."""

    def picture(self, width: int) -> Sequence[Line]:
        """Return all about the proposal."""
        proposal = self.view.proposals.find(self.key)
        gone: Line = (("this proposal is not in the run any more", MUTED),)
        beside = fits(self.size.width, width)
        return proposal_lines(self.view, proposal, width, beside=beside) if proposal is not None else (gone,)

    @property
    def copyable(self) -> str:
        """The rewritten texts, raw; with their names where there are several."""
        proposal = self.view.proposals.find(self.key)
        changes = proposal.changes if proposal is not None else ()
        if len(changes) == 1:
            return changes[0].value
        return "\n\n".join(f"# {change.name}\n\n{change.value}" for change in changes)

    def action_previous(self) -> None:
        """Go to the proposal that was made before."""
        self._turn(-1)

    def action_next(self) -> None:
        """Go to the proposal that was made after."""
        self._turn(1)

    def _turn(self, by: int) -> None:
        keys = [one.key for one in (*self.view.proposals.past, *self.view.proposals.current)]
        index = keys.index(self.key) + by if self.key in keys else -1
        if not 0 <= index < len(keys):
            if not self._at_end:  # a key that is held down would fill the screen with it
                desk_of(self).toast("there is no further proposal")
            self._at_end = True
            return
        self._at_end = False
        self.key = keys[index]
        self.rename(f"Proposal {self.key}")
        self._box.scroll_home(animate=False)
        self.repaint()
