"""An app that shows a run and looks back at it: the tape, the place on it, and the keys that move there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import ClassVar

from textual.binding import BindingType

from autodiff_tui.actions import ACTIONS, Action, Mode, as_it_acts, by_id, refusal
from autodiff_tui.captions import WATCHED, Looking, abandoned, caption, troubled
from autodiff_tui.rewinding import Past
from autodiff_tui.session import Source
from autodiff_tui.tape import KEPT, Tape
from autodiff_tui.transport import Transport
from autodiff_tui.view import RunView, without_process
from autodiff_tui.widgets.caption_line import CaptionLine

from .desk import Desk
from .keys import bindings
from .steering import LineScreen

_MOVES = (("back_event", "forward_event", "event"), ("back_step", "forward_step", "step"))
_MOVING = ("back_event", "forward_event", "back_step", "forward_step", "goto_step", "latest")
_PLAYING = ("toggle_pause", *_MOVING, "slower", "faster")
"""Ids of the actions that move in a run, and in one that is only shown again."""


class LookingBack(Desk):
    """Has the run's tape and the place on it that is shown.

    ``view`` is the run as far as it is known, ``place`` what is shown.
    """

    called: str = ""
    """What a command calls the run."""

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
        self._without = RunView(), RunView()
        """A run after all its events, and the same without its process."""

    @property
    def view(self) -> RunView:
        """The run after all events that have come; where its process died, with nothing open any more."""
        head = self.tape.head
        if not self._source.abandoned or head.finished is not None:
            return head
        if self._without[0] is not head:
            self._without = head, without_process(head)
        return self._without[1]

    @property
    def place(self) -> RunView:
        """The run where the transport is."""
        view = self.transport.view
        return self.view if view is self.tape.head else view

    def show_place(self) -> None:
        """Show the run at the place of the transport."""
        raise NotImplementedError

    @property
    def looking(self) -> Looking | None:
        """Where on the tape one looks; None while a run that goes on is followed."""
        transport, recorded = self.transport, self._mode == "replay"
        if transport.follows and not recorded:
            return None
        motion = "at its end" if transport.at_end and recorded else "playing" if transport.playing else "held"
        return Looking(transport.position, self.tape.end, motion, transport.speed, recorded)

    @property
    def moves(self) -> Collection[str]:
        """The ids of actions that move in the run, while it is looked back at."""
        return () if self.looking is None else _PLAYING if self._mode == "replay" else _MOVING

    @property
    def told_actions(self) -> Sequence[Action]:
        """The actions, named and explained as their keys act now."""
        playing = self.transport.playing and not self.transport.at_end
        return [as_it_acts(action, self.view, self._mode, playing=playing) for action in self.actions]

    @property
    def idle(self) -> Collection[str]:
        """The ids of actions that cannot be done now."""
        transport = self.transport
        start, end = transport.position <= self.tape.start, transport.at_end
        return {
            *super().idle,
            *(action.id for action in self.actions if refusal(action, self.view, self._mode)),
            *(("back_event", "back_step") if start else ()),
            *(("forward_event", "forward_step") if end else ()),
            *(("latest",) if end and (transport.follows or self._mode == "replay") else ()),
        }

    def tell_caption(self) -> None:
        """Say what to look at, or where in the run one is."""
        looking = self.looking
        if looking is not None:
            self.caption_line.told = looking.told(self.place), self._keys()
        else:
            self.caption_line.told = self._followed(self.view), ""

    def _followed(self, view: RunView) -> Sequence[str]:
        """Return what to say of a run that is followed."""
        key = {action.id: action.key for action in self.actions}
        if view.control.state == "unfinished":
            return abandoned(self.called)
        if self._mode == "live" and view.finished is None and view.control.trouble is not None:
            return troubled(view.control.trouble, key["toggle_pause"])
        if view.opened is not None and view.opened.recorded:
            return caption(view, key["examples"])
        if self._mode == "watch":
            return WATCHED if view.finished is None else caption(view)
        return ()

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
                so_far = "" if self._mode == "replay" or self.view.finished is not None else " so far"
                self.toast(f"there is no step {number}{so_far}")

        self.push_screen(LineScreen("Go to a step", "Its number; 0 is the start.", digits=True), answered)

    def action_slower(self) -> None:
        """Show it at half the speed."""
        self._at_speed(0.5)

    def action_faster(self) -> None:
        """Show it at twice the speed."""
        self._at_speed(2.0)

    def _at_speed(self, factor: float) -> None:
        why = refusal(by_id("faster"), self.view, self._mode)
        if why:
            self.toast(why)
        else:
            self.transport.faster(factor)
            self.show_place()
