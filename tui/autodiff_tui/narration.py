"""Events of a run as plain lines: what a person who reads a log wants to know, once each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from autodiff_engine.events import (
    BudgetEnded,
    CandidateScored,
    ControlChanged,
    DataLoaded,
    Event,
    ExampleExcluded,
    ExampleScored,
    FeedbackGiven,
    FeedbackMissing,
    Interrupted,
    PhaseStarted,
    ProgramDescribed,
    ProposalEdited,
    ProposalJudged,
    ProposalMade,
    ProposalSkipped,
    ProposalVetoed,
    ProposalWritten,
    RunOpened,
    RunResumed,
    StepFinished,
    StepStarted,
    StopChosen,
    TextFrozen,
    ValidationChosen,
    Warned,
    decision_told,
)

from .format import comparison, counted, fate, losses, phase, score
from .glossary import refusal
from .safe import one_line

_EXCERPT = 160


@dataclass(slots=True)
class Narrator:
    """Turns events into lines; remembers only what the open step needs. ``verbose`` adds each answer and feedback."""

    verbose: bool = False
    _max_steps: int = 0
    _metric: str = ""
    _batch: int = 0
    _scores: list[float] = field(default_factory=list[float])
    _feedback: int = 0
    _told: bool = False

    def lines(self, event: Event) -> list[str]:
        """Return the lines for ``event``, without line ends and safe for a terminal; most events have none."""
        return [one_line(line) for line in (*self._always(event), *(self._details(event) if self.verbose else ()))]

    def _always(self, event: Event) -> Iterable[str]:
        match event:
            case RunOpened(run_id=run_id, run_dir=run_dir, recorded=recorded):
                yield f"run {run_id} in {run_dir}{' (answers from a record: nothing is paid)' if recorded else ''}"
            case RunResumed():
                yield from resumed(event)
            case ProgramDescribed():
                self._max_steps, self._metric = event.max_steps, event.metric
                models = dict.fromkeys(model.model for model in event.models)
                yield (
                    f"program {event.pipeline}: {counted(len(event.texts), 'trained text')}, metric {event.metric}, "
                    f"models {', '.join(models)}"
                )
                for loss in event.losses:
                    yield f"  loss: {loss.metric} of {loss.node}, weight {loss.weight:g}"
            case DataLoaded():
                dropped = f", {counted(event.dropped, 'repeat')} dropped" if event.dropped else ""
                yield f"data {event.source}: train {event.train}, val {event.val}, test {event.test}{dropped}"
                if event.passages:
                    yield f"corpus: {counted(event.passages, 'passage')}"
            case CandidateScored():
                yield (
                    f"{event.which} prompts: {event.split} {score(event.mean, event.n)}, "
                    f"95 % interval {score(event.low)} to {score(event.high)}{wrong_format(event.wrong_format)}"
                )
                if event.losses:
                    yield f"  losses: {losses(event.losses, event.on_answer, self._metric)}"
            case Warned(message=message):
                yield f"warning: {message}"
            case BudgetEnded(message=message):
                yield f"budget: {message}"
            case Interrupted(reason=reason):
                yield f"interrupted: {reason}"
            case (
                StopChosen()
                | ProposalSkipped()
                | ProposalVetoed()
                | ProposalEdited()
                | ProposalWritten()
                | TextFrozen()
                | ValidationChosen()
            ):
                yield decision_told(event)
            case ControlChanged(state=state, reason=reason) if state != "running":
                yield f"{state}: {reason}" if reason else state
            case _:
                yield from self._of_step(event)

    def _of_step(self, event: Event) -> Iterable[str]:
        match event:
            case StepStarted():
                self._batch, self._scores, self._feedback, self._told = len(event.batch), [], 0, False
            case ExampleScored(phase="forward"):
                self._scores.append(event.score)
            case FeedbackGiven(on_text=True):
                self._feedback += 1
            case ProposalMade(step=step):
                yield from self._batch_line(step)
            case ProposalJudged():
                yield f"  proposal {event.k}: {verdict(event)}"
            case StepFinished(step=step):
                yield from self._batch_line(step)
                number = f" proposal {event.accepted_k}" if event.accepted_k is not None else ""
                yield f"step {step}: {event.outcome}{number}; best val {score(event.val)}"
            case _:
                pass

    def _batch_line(self, step: int) -> Iterable[str]:
        if not self._told:
            self._told = True
            right = sum(one >= 1 for one in self._scores)
            of = f" of {self._max_steps}" if self._max_steps else ""
            mean = f", mean {score(sum(self._scores) / len(self._scores))}" if self._scores else ""
            pieces = counted(self._feedback, "piece")
            yield f"step {step}{of}: batch {right}/{self._batch} right{mean}; {pieces} of feedback"

    def _details(self, event: Event) -> Iterable[str]:
        match event:
            case PhaseStarted(step=step, total=total):
                yield f"  step {step}: {phase(event.phase)}{f', {total} to do' if total else ''}"
            case ExampleScored():
                why = f"; {excerpt(event.why)}" if event.why else ""
                answer = "wrong format" if event.answer is None else event.answer
                yield f"  {event.example} ({event.phase}): {score(event.score)}; answer {excerpt(answer)}{why}"
            case ExampleExcluded() | FeedbackMissing():
                yield f"  {event.example} left out: {event.error}"
            case FeedbackGiven():
                times = f" ({event.count} times)" if event.count > 1 else ""
                cut = f" (its prompt left out {event.left_out:,} characters)" if event.left_out else ""
                about = f"{event.target}, call {event.t}, {event.example}{times}{cut}"
                yield f"  feedback on {about}: {excerpt(event.text)}"
            case ProposalMade(changes=changes):
                for change in changes:
                    yield f"  new {change.name} ({change.method}): {excerpt(change.value)}"
            case _:
                pass


def verdict(judged: ProposalJudged) -> str:
    """Return a proposal's fate with the comparison at each gate that it reached."""
    gates = [comparison(compared) for compared in (judged.minibatch, judged.validation) if compared is not None]
    named = f" ({refusal(judged.lint)})" if judged.lint else ""
    why = f": {judged.reason}" if judged.reason and not judged.accepted else ""
    return "; ".join((*gates, f"{fate(judged.fate)}{named}{why}"))


def resumed(event: RunResumed) -> Iterable[str]:
    """Return what a run that goes on says of what it was before."""
    if event.torn:
        yield "  the journal's last line was cut short and is dropped"
    if event.reason:
        yield f"{event.reason}; from here on the run is live"
    yield f"goes on after {counted(event.after, 'fact')} of its journal"
    if event.taken_back:
        yield f"  {counted(event.taken_back, 'fact')} behind that no longer stand"
    if event.tested:
        yield "  the test split was scored when the run was stopped; it is scored again at its new end"


def wrong_format(count: int) -> str:
    """Return how many answers were in a wrong format, as the end of a sentence; empty for none."""
    return f", {count} in a wrong format" if count else ""


def excerpt(text: str) -> str:
    """Return the beginning of ``text`` on one line, marked where it was cut."""
    flat = " ".join(text.split())
    return flat if len(flat) <= _EXCERPT else f"{flat[:_EXCERPT]}…"
