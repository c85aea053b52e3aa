"""A whole run as one value: all that the app, the plain output and ``show`` have to say about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from autodiff_engine.events import (
    CandidateScored,
    Comparison,
    DataLoaded,
    Decision,
    FeedbackGiven,
    FeedbackMissing,
    ProgramDescribed,
    ProposalCounts,
    RunFinished,
    RunOpened,
    StepFinished,
    Worked,
)

from .log import Entry
from .parts import (
    Batch,
    Control,
    Exchange,
    GraphView,
    Notes,
    Progress,
    Proposals,
    Scores,
    TextView,
)
from .samples import Graded, Standing, graded
from .traffic import Traffic
from .trail import Trail

_LATE = 100
"""Lines of the log behind which a warning is no longer news."""


@dataclass(frozen=True, slots=True)
class RunView:
    """The state of a run after some of its events; an empty one is what is known before the first.

    Its texts are raw, as the engine said them: what shows them makes them fit for a terminal (``safe``). A part is the
    same object as before when no event touched it, so ``is`` tells a reader what to redraw.
    """

    opened: RunOpened | None = None
    program: ProgramDescribed | None = None
    data: DataLoaded | None = None
    control: Control = field(default_factory=Control)
    progress: Progress = field(default_factory=Progress)
    texts: Mapping[str, TextView] = field(default_factory=dict[str, TextView])
    graph: GraphView = field(default_factory=GraphView)
    traffic: Traffic = field(default_factory=Traffic)
    feedback: Mapping[str, Trail[FeedbackGiven]] = field(default_factory=dict[str, Trail[FeedbackGiven]])
    """By target, in the order of facts: by step, example, t."""
    unsaid: Trail[FeedbackMissing] = field(default_factory=Trail[FeedbackMissing])
    """Examples whose feedback failed, and why."""
    exchanges: Mapping[str, Trail[Exchange]] = field(default_factory=dict[str, Trail[Exchange]])
    """The traced calls of each node, in the order of facts; a node without any is not in it."""
    inputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    """What each example gives the program, by id and name, cut; empty for runs of older versions."""
    batch: Batch = field(default_factory=Batch)
    graded: Mapping[int, Mapping[str, Graded]] = field(default_factory=dict[int, Mapping[str, Graded]])
    """What was answered on the minibatches of the steps before the newest, by step and example."""
    proposals: Proposals = field(default_factory=Proposals)
    gates: ProposalCounts = field(default_factory=ProposalCounts)
    scores: Scores = field(default_factory=Scores)
    steps: Trail[StepFinished] = field(default_factory=Trail[StepFinished])
    standings: tuple[Standing, ...] = ()
    """Every version that was the best once, oldest first, with its validation examples."""
    test: Comparison | None = None
    decisions: Trail[Decision] = field(default_factory=Trail[Decision])
    """What a person did, oldest first."""
    frozen: tuple[str, ...] = ()
    """Names of texts that the training is to leave as they are."""
    notes: Notes = field(default_factory=Notes)
    log: Trail[Entry] = field(default_factory=Trail[Entry])
    finished: RunFinished | None = None
    facts: int = 0
    """The number of the last fact seen."""
    elapsed_s: float = 0.0
    """Seconds over all processes that executed the run, without pauses."""
    earlier_s: float = 0.0
    """Those of them before the process that executes it now."""
    worked: Worked = field(default_factory=Worked)
    """Those of them in the process that executes it now."""

    def asks(self, example: str) -> str:
        """Return what an example gives the program, raw: its input, or each by name; empty when nobody said it."""
        told = self.inputs.get(example, {})
        return " · ".join(told.values() if len(told) == 1 else (f"{name}: {value}" for name, value in told.items()))

    @property
    def state(self) -> str:
        """One word: how the run ended, or else what its control says."""
        return self.finished.status if self.finished else self.control.state

    @property
    def trained(self) -> bool:
        """Whether the training is over: the run has ended, or what is left to it is the test split."""
        return self.finished is not None or self.progress.phase.endswith(".test")

    @property
    def step(self) -> int:
        """The newest step that has begun, 0 before the first; the final report is no step."""
        return max(self.batch.step, self.progress.step)

    def graded_of(self, step: int, example: str) -> Graded | None:
        """Return what was answered on an example of a step's minibatch; None when it was not scored there."""
        if step != self.batch.step:
            return self.graded.get(step, {}).get(example)
        return next((graded(one) for one in self.batch.forward if one.example == example), None)

    @property
    def warned(self) -> str:
        """The newest warning of the step that goes on, raw; empty when it has none, or many things came after it."""
        newest = [one for one in self.log.last(_LATE) if one.level == "warning" and one.step == self.step]
        return newest[-1].text if newest and self.finished is None else ""

    @property
    def max_steps(self) -> int:
        """The steps that the run may make; 0 before that is known."""
        return self.program.max_steps if self.program else 0

    @property
    def best(self) -> CandidateScored | None:
        """The newest validation score that comes with an interval: the best prompts' if known, else the start's."""
        bounds = self.scores.bounds
        return bounds.get(("best", "val")) or bounds.get(("start", "val"))

    @property
    def accepted(self) -> int:
        """How many proposals were accepted, those among them that a person vetoed later."""
        return self.gates.validation_passed

    @property
    def vetoed(self) -> int:
        """How many proposals a person vetoed after they had been accepted."""
        return sum(one.vetoed for one in (*self.proposals.past, *self.proposals.current))

    @property
    def minibatch_pass_rate(self) -> float | None:
        """Proposals that passed the minibatch gate / judged there; None with none judged."""
        gates = self.gates
        return gates.minibatch_passed / gates.minibatch_judged if gates.minibatch_judged else None

    @property
    def validation_pass_rate(self) -> float | None:
        """Proposals accepted / judged on the whole validation set; None with none judged."""
        gates = self.gates
        return gates.validation_passed / gates.validation_judged if gates.validation_judged else None
