"""An app that shows a run, steers it and looks back at it; how it begins and ends is its subclass's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import BindingType

from autodiff_engine.events import (
    Decision,
    ProposalEdited,
    ProposalSkipped,
    ProposalVetoed,
    ProposalWritten,
    TextFrozen,
    TextValue,
    ValidationChosen,
    decision_words,
)
from autodiff_tui.actions import ACTIONS, Action, Mode, by_id, refusal
from autodiff_tui.captions import WATCHED, caption, pace, place
from autodiff_tui.rewinding import Past
from autodiff_tui.session import Source
from autodiff_tui.tape import KEPT, Tape
from autodiff_tui.transport import Transport
from autodiff_tui.view import ProposalView, RunView, incumbent_proposal, judged_now
from autodiff_tui.widgets.caption_line import CaptionLine
from autodiff_tui.widgets.proposal_table import ProposalTable

from .desk import Desk
from .keys import bindings
from .steering import LineScreen, PickScreen
from .writing import WritingScreen

_MOVES = (("back_event", "forward_event", "event"), ("back_step", "forward_step", "step"))


class Steered(Desk):
    """Has the run's tape and the place on it that is shown.

    ``view`` is the run as far as it is known, which is what can be steered; ``transport.view`` is what is shown.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("toggle_pause", "one_step", "one_phase", "skip", "validate", "veto", "edit", "write", "freeze"),
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

    # the run, steered

    def may(self, action: str) -> bool:
        """Return whether ``action`` can be done now; say why when it cannot."""
        why = refusal(by_id(action), self.view, self._mode)
        if why:
            self.toast(why)
        return not why

    def decide(self, decision: Decision) -> None:
        """Hand a decision to the run."""
        self._source.decide(decision)
        self.toast(f"asked to {decision_words(decision)}")

    def action_toggle_pause(self) -> None:
        """Pause, or go on; of a recorded run, play or hold."""
        if self._mode == "replay":
            self.transport.toggle()
            self.show_place()
        elif self.may("toggle_pause"):
            if self.view.control.state in ("paused", "pausing"):
                self._source.resume()
            else:
                self._source.pause()

    def action_one_step(self) -> None:
        """Run one step."""
        if self.may("one_step"):
            self._source.step()

    def action_one_phase(self) -> None:
        """Run one phase of a step."""
        if self.may("one_phase"):
            self._source.step("phase")

    def action_skip(self) -> None:
        """Judge the proposal no further."""
        judged = judged_now(self.view)
        if self.may("skip") and judged is not None:
            self.decide(ProposalSkipped(0, judged.step, judged.k))

    def action_validate(self) -> None:
        """Send the proposal to the whole validation set."""
        judged = judged_now(self.view)
        if self.may("validate") and judged is not None:
            self.decide(ValidationChosen(0, judged.step, judged.k))

    def action_veto(self) -> None:
        """Reject the proposal that is judged, or the one that the best prompts came with."""
        if not self.may("veto"):
            return
        target = self._to_veto()
        if target is None:
            self.toast("nothing to veto: no proposal is being judged, and the best prompts are the start")
            return
        about = "The optimizer is told why; the best prompts go back to those before it."

        def answered(reason: str | None) -> None:
            if reason is not None:
                self.decide(ProposalVetoed(0, target.step, target.k, reason))

        self.push_screen(LineScreen(f"Veto proposal {target.key}", about, hint="why (may be empty)"), answered)

    def _to_veto(self) -> ProposalView | None:
        """Return the selected proposal if it can be vetoed, else the one that is judged, else the best's."""
        known = [one for one in (judged_now(self.view), incumbent_proposal(self.view)) if one is not None]
        tables = self.screen.query(ProposalTable)
        selected = tables.first().current if tables else None
        return next((one for one in known if one.key == selected), known[0] if known else None)

    def action_edit(self) -> None:
        """Change what the proposal that is judged says."""
        judged = judged_now(self.view)
        if not self.may("edit") or judged is None:
            return
        values = {change.name: change.value for change in judged.changes}
        texts = {name: values.get(name, text.value) for name, text in self.view.texts.items()}
        listed = {**{name: texts[name] for name in texts if name in values}, **texts}
        self._write(
            f"Edit in proposal {judged.key}",
            listed,
            lambda name, value: ProposalEdited(0, judged.step, judged.k, name, value),
        )

    def action_write(self) -> None:
        """Write a proposal."""
        if self.may("write"):
            texts = {name: text.value for name, text in self.view.texts.items()}
            self._write("Propose", texts, lambda name, value: ProposalWritten(0, (TextValue(name, value),)))

    def _write(self, title: str, texts: dict[str, str], decision: Callable[[str, str], Decision]) -> None:
        """Ask which of ``texts`` it is about, then for its new value."""
        names = list(texts)

        def chosen(index: int | None) -> None:
            if index is not None:
                name = names[index]
                self.push_screen(WritingScreen(f"{title}: {name}", texts[name]), lambda new: handed_in(name, new))

        def handed_in(name: str, value: str | None) -> None:
            if value is not None and value != texts[name]:
                self.decide(decision(name, value))
            elif value is not None:
                self.toast("nothing was changed")

        if len(names) == 1:
            chosen(0)
        else:
            self.push_screen(PickScreen(title, [(name, self.view.texts[name].info.role) for name in names]), chosen)

    def action_freeze(self) -> None:
        """Have the training leave a text as it is, or no longer."""
        if not self.may("freeze"):
            return
        names, frozen = list(self.view.texts), self.view.frozen
        options = [
            (name, "frozen: choose to free it" if name in frozen else "free: choose to freeze it") for name in names
        ]

        def chosen(index: int | None) -> None:
            if index is not None:
                self.decide(TextFrozen(0, names[index], names[index] not in frozen))

        self.push_screen(PickScreen("Freeze or free a text", options), chosen)

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
