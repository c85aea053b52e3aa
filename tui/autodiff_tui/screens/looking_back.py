"""An app that shows a run and looks back at it: the tape, the place on it, and the keys that move there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import BindingType

from autodiff_tui.actions import ACTIONS, Action, Mode
from autodiff_tui.captions import WATCHED, caption, pace, place
from autodiff_tui.rewinding import Past
from autodiff_tui.session import Source
from autodiff_tui.tape import KEPT, Tape
from autodiff_tui.transport import Transport
from autodiff_tui.view import RunView
from autodiff_tui.widgets.caption_line import CaptionLine

from .desk import Desk
from .keys import bindings
from .steering import LineScreen

_MOVES = (("back_event", "forward_event", "event"), ("back_step", "forward_step", "step"))


class LookingBack(Desk):
    """Has the run's tape and the place on it that is shown.

    ``view`` is the run as far as it is known, ``transport.view`` what is shown.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("back_event", "forward_event", "back_step", "forward_step", "goto_step", "latest"),
        *bindings("slower", "faster"),
    ]

    def __init__(
        self,
        source: Source,
        *,
        mode: Mode,
        clock: Callable[[], float],
        speed: float = 1.0,
        past: Past | None = None,
        actions: Sequence[Action] = ACTIONS,
        ascii_only: bool = False,
    ) -> None:
        super().__init__(actions=actions, ascii_only=ascii_only)
        self._source = source
        self._mode: Mode = mode
        self._clock = clock
        self.tape = Tape(None if mode == "replay" else KEPT, past)
        self.transport = Transport(self.tape, clock, follows=mode != "replay", speed=speed)
        self.caption_line = CaptionLine(id="caption")

    @property
    def view(self) -> RunView:
        """The run after all events that have come."""
        return self.tape.head

    def show_place(self) -> None:
        """Show the run at the place of the transport."""
        raise NotImplementedError

    def tell_caption(self) -> None:
        """Say what to look at, or where in the run one is."""
        transport, view = self.transport, self.transport.view
        if self._mode == "replay" or not transport.follows:
            said = f"{self._motion()} · {place(transport.position, self.tape.end, view)}"
            shown = "replay" if self._mode == "replay" else "looking back"
            self.caption_line.told = f"{shown} {said}", self._keys()
        elif view.opened is not None and view.opened.recorded:
            self.caption_line.told = caption(view), ""
        elif self._mode == "watch":
            self.caption_line.told = WATCHED, ""
        else:
            self.caption_line.told = "", ""

    def _motion(self) -> str:
        transport = self.transport
        if transport.playing:
            return "■ at its end" if transport.at_end else f"▶ {pace(transport.speed)}"
        return "‖ held"

    def _keys(self) -> str:
        key = {action.id: action.key for action in self.actions}
        moves = [f"{key[back]} {key[on]} {what}" for back, on, what in _MOVES]
        pairs = [*moves, f"{key['slower']} {key['faster']} speed"] if self._mode == "replay" else moves
        return " · ".join([*pairs, f"{key['goto_step']} go to step", f"{key['latest']} end"])

    # the run, looked back at

    def action_back_event(self) -> None:
        """One event back."""
        self.transport.by_event(-1)
        self.show_place()

    def action_forward_event(self) -> None:
        """One event on."""
        self.transport.by_event(1)
        self.show_place()

    def action_back_step(self) -> None:
        """To where this step began, or the one before."""
        self.transport.by_step(-1)
        self.show_place()

    def action_forward_step(self) -> None:
        """To where the next step begins."""
        self.transport.by_step(1)
        self.show_place()

    def action_latest(self) -> None:
        """To the newest event."""
        self.transport.to_end()
        self.show_place()

    def action_goto_step(self) -> None:
        """Ask for a step and go there."""

        def answered(number: str | None) -> None:
            if not number:
                return
            if number.isdigit() and self.transport.to_step(int(number)):
                self.show_place()
            else:
                self.toast(f"there is no step {number} so far")

        self.push_screen(LineScreen("Go to a step", "Its number; 0 is the start.", digits=True), answered)

    def action_slower(self) -> None:
        """Show it at half the speed."""
        self._at_speed(0.5)

    def action_faster(self) -> None:
        """Show it at twice the speed."""
        self._at_speed(2.0)

    def _at_speed(self, factor: float) -> None:
        if self._mode == "replay":
            self.transport.faster(factor)
            self.show_place()
        else:
            self.toast("the run goes as fast as its models answer")
