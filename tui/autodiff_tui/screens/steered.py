"""An app that shows a run and steers it; how it begins and ends is its subclass's."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import ClassVar, TypeVar, cast

from textual.binding import BindingType
from textual.screen import ModalScreen, Screen

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
from autodiff_tui.actions import by_id, refusal
from autodiff_tui.view import ProposalView, incumbent_proposal, judged_now
from autodiff_tui.widgets.paint import WARN
from autodiff_tui.widgets.proposal_table import ProposalTable

from .asking import AskScreen
from .drafts import Drafts
from .keys import bindings
from .looking_back import LookingBack
from .steering import LineScreen, PickScreen
from .writing import WritingScreen

T = TypeVar("T")
_STAYS = "it is judged no further, and the best prompts stay as they are"
_GOES_BACK = "the best prompts go back to those before it"
RECORDED = "This is a recording: where your decision leads to what was not recorded, the run stops and keeps its best."
WhyNot = Callable[[], str]
"""Why what a question is about cannot be decided any more; empty while it can."""


class Steered(LookingBack):
    """Hands what a person decides to the run; steered is ``view``, the run as far as it is known."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("toggle_pause", "one_step", "one_phase", "skip", "validate", "veto", "edit", "write", "freeze"),
    ]

    _asked: tuple[Screen[object], WhyNot] | None = None
    """The question that was opened last, and why it is none any more."""

    @cached_property
    def _drafts(self) -> Drafts:
        return Drafts()

    @property
    def note(self) -> str:
        """What a person should know before they decide: where it can end a recording, that; else empty."""
        opened = self.view.opened
        return RECORDED if opened is not None and opened.recorded else ""

    def ask(self, question: ModalScreen[T], answered: Callable[[T | None], None], why_not: WhyNot) -> None:
        """Open a question about the live run; it closes by itself when ``why_not`` has a reason."""
        self._asked = cast("Screen[object]", question), why_not
        self.make_room()
        self.push_screen(question, answered)

    def say_what_came_too_late(self) -> None:
        """Tell of texts that were handed in and changed nothing; they are kept."""
        for name in self._drafts.come_too_late(self.view):
            self._tell_kept(name, "it came too late")

    def _tell_kept(self, name: str, why: str) -> None:
        key = next(action.key for action in self.actions if action.id == "write")
        self.toast(f"your text for {name} changed nothing: {why}; it is kept, {key} shows it")

    def close_what_is_over(self) -> None:
        """Close the question that lies over the run if it came too late, with a word why; a written text stays open."""
        if self._asked is None or self.screen is not self._asked[0]:
            return
        question, why_not = self._asked
        why = why_not()
        if not why:
            return
        self._asked = None
        if isinstance(question, WritingScreen) and question.changed:
            question.come_too_late(why)
        else:
            question.dismiss(None)
            self.toast(f"closed: {why}")

    def _why_not(self, action: str) -> WhyNot:
        return lambda: refusal(by_id(action), self.view, self._mode)

    def _still_judged(self, one: ProposalView) -> WhyNot:
        def why_not() -> str:
            now = judged_now(self.view)
            over = "" if now is not None and now.key == one.key else f"proposal {one.key} was judged meanwhile"
            return self._why_not("write")() or over

        return why_not

    def _decide_unless(self, why_not: WhyNot, decision: Decision) -> None:
        """Hand a decision to the run if it is not too late by now."""
        why = why_not()
        if why:
            self.toast(f"not done: {why}")
        else:
            self.decide(decision)

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
        self._decide_about_judged("skip", "Skip", lambda one: ProposalSkipped(0, one.step, one.k))

    def action_validate(self) -> None:
        """Send the proposal to the whole validation set."""
        self._decide_about_judged("validate", "Validate", lambda one: ValidationChosen(0, one.step, one.k))

    def _decide_about_judged(self, action: str, verb: str, decision: Callable[[ProposalView], Decision]) -> None:
        """Decide at once; of a recording, which may end by it, only after a person has read so."""
        judged = judged_now(self.view)
        if not self.may(action) or judged is None:
            return
        if not self.note:
            self.decide(decision(judged))
            return

        why_not = self._still_judged(judged)

        def answered(yes: bool | None) -> None:
            if yes:
                self._decide_unless(why_not, decision(judged))

        question = AskScreen(f"{verb} proposal {judged.key}?", (((self.note, WARN),),), verb.lower())
        self.ask(question, answered, why_not)

    def action_veto(self) -> None:
        """Reject the proposal that is judged, or the one that the best prompts came with."""
        if not self.may("veto"):
            return
        target = self._to_veto()
        if target is None:
            self.toast("nothing to veto: this journal does not hold the proposal that the best prompts came with")
            return
        judged = target == judged_now(self.view)
        about = f"The optimizer is told why; {_STAYS if judged else _GOES_BACK}."

        def why_not() -> str:
            known = [one.key for one in self._to_be_vetoed() if one is not None]
            over = "" if target.key in known else f"proposal {target.key} was not accepted: there is nothing to veto"
            return self._why_not("write")() or over

        def answered(reason: str | None) -> None:
            if reason is not None:
                self._decide_unless(why_not, ProposalVetoed(0, target.step, target.k, reason))

        self.ask(
            LineScreen(f"Veto proposal {target.key}", about, hint="why (may be empty)", note=self.note),
            answered,
            why_not,
        )

    def _to_veto(self) -> ProposalView | None:
        """Return the selected proposal if it can be vetoed, else the one that is judged, else the best's."""
        known = [one for one in self._to_be_vetoed() if one is not None]
        tables = self.screen.query(ProposalTable)
        selected = tables.first().current if tables else None
        return next((one for one in known if one.key == selected), known[0] if known else None)

    def _to_be_vetoed(self) -> tuple[ProposalView | None, ProposalView | None]:
        return judged_now(self.view), incumbent_proposal(self.view)

    def action_edit(self) -> None:
        """Change what the proposal that is judged says."""
        judged = judged_now(self.view)
        if not self.may("edit") or judged is None:
            return
        values = {change.name: change.value for change in judged.changes}
        texts = {name: values.get(name, text.value) for name, text in self.view.texts.items()}
        listed = {**{name: texts[name] for name in texts if name in values}, **texts}

        why_not = self._still_judged(judged)
        self._write(
            f"Edit in proposal {judged.key}", listed,
            lambda name, value: ProposalEdited(0, judged.step, judged.k, name, value), why_not,
        )  # fmt: skip

    def action_write(self) -> None:
        """Write a proposal; where it is too late for that, show the text that came too late, if there is one."""
        why = refusal(by_id("write"), self.view, self._mode)
        if why and self._drafts.kept:
            name, text = list(self._drafts.kept.items())[-1]
            self.push_screen(WritingScreen(f"Not handed in: {name}", text, late=why))
        elif self.may("write"):
            texts = {name: text.value for name, text in self.view.texts.items()}
            self._write(
                "Propose", texts, lambda name, value: ProposalWritten(0, (TextValue(name, value),)),
                self._why_not("write"),
            )  # fmt: skip

    def _write(
        self, title: str, texts: dict[str, str], decision: Callable[[str, str], Decision], why_not: WhyNot
    ) -> None:
        """Ask which of ``texts`` it is about, then for its new value."""
        names = list(texts)

        def chosen(index: int | None) -> None:
            if index is not None:
                name = names[index]
                writing = WritingScreen(f"{title}: {name}", self._drafts.kept.get(name, texts[name]), note=self.note)
                self.ask(writing, lambda new: handed_in(name, new), why_not)

        def handed_in(name: str, value: str | None) -> None:
            if value is not None and value != texts[name]:
                why = why_not()
                if why:
                    self._drafts.keep(name, value)
                    self._tell_kept(name, why)
                else:
                    self._drafts.hand_in(name, value, self.view)
                    self.decide(decision(name, value))
            elif value is not None:
                self.toast("nothing was changed")

        if len(names) == 1:
            chosen(0)
        else:
            options = [(name, self.view.texts[name].info.role) for name in names]
            self.ask(PickScreen(title, options, note=self.note), chosen, why_not)

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
                self._decide_unless(why_not, TextFrozen(0, names[index], names[index] not in frozen))

        why_not = self._why_not("freeze")
        self.ask(PickScreen("Freeze or free a text", options, note=self.note), chosen, why_not)
