"""What a person decides: taken between facts, journalled, and taken again at the same facts when a run is repeated."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.steered import SteeredRun, executed_again
from tests.synthetic import answer, of_role, random_delays

from autodiff_engine import events as facts_of
from autodiff_engine.control import Control
from autodiff_engine.errors import RunStopped
from autodiff_engine.events import (
    DECISION_TYPES,
    FACT_TYPES,
    ControlChanged,
    Decision,
    Event,
    ExampleScored,
    PhaseStarted,
    ProposalEdited,
    ProposalJudged,
    ProposalMade,
    ProposalSkipped,
    ProposalVetoed,
    ProposalWritten,
    Stamped,
    StepFinished,
    StepStarted,
    StopChosen,
    TextFrozen,
    TextValue,
    ValidationChosen,
    Warned,
)
from autodiff_engine.llm import Call

Steer = Callable[[Stamped, Control], None]
Told = Callable[[Event], bool]


def once(when: Told, decision: Decision, *, later: bool = False) -> Steer:
    """Decide something at the first event that ``when`` is true of: as it is told, or soon after, between two facts."""
    done: list[bool] = []

    def steer(stamped: Stamped, control: Control) -> None:
        if not done and when(stamped.event):
            done.append(True)
            if later:
                asyncio.get_running_loop().call_later(0.001, control.decide, decision)
            else:
                control.decide(decision)

    return steer


def made(step: int, k: int) -> Told:
    return lambda event: isinstance(event, ProposalMade) and (event.step, event.k) == (step, k)


@dataclass
class Scored:
    """True from the ``nth`` score of a phase on; one for each run."""

    phase: str
    nth: int = 1
    seen: int = 0

    def __call__(self, event: Event) -> bool:
        self.seen += isinstance(event, ExampleScored) and event.phase == self.phase
        return self.seen >= self.nth


def verdicts(run: SteeredRun) -> dict[tuple[int, int], ProposalJudged]:
    return {(e.step, e.k): e for e in run.of(ProposalJudged) if isinstance(e, ProposalJudged)}


@dataclass
class Held:
    """Answers the first ``free`` calls of a phase of step 1, or only of later ones; holds others until a decision."""

    phase: str
    free: int
    first: bool = True
    asked: int = 0
    decided: bool = False

    def __call__(self, call: Call) -> float:
        step, phase = call.at.split("/")[:2]
        meant = phase == self.phase and (step == "1") is self.first
        self.asked += meant
        return 0.0 if self.decided or not meant or self.asked <= self.free else 60.0

    def steering(self, steer: Steer) -> Steer:
        """Return ``steer`` with an eye on decisions."""

        def watching(stamped: Stamped, control: Control) -> None:
            self.decided = self.decided or isinstance(stamped.event, DECISION_TYPES)
            steer(stamped, control)

        return watching


@pytest.mark.parametrize("later", [False, True], ids=["with the fact", "between facts"])
@pytest.mark.parametrize(
    ("gate", "told"),
    [("p1.minibatch", 0), ("p1.minibatch", 1), ("p1.validation", 2)],
    ids=["unjudged", "on the minibatch", "on validation"],
)
async def test_a_skip_ends_the_judging_and_the_next_proposal_comes(
    tmp_path: Path, gate: str, told: int, later: bool
) -> None:
    held, whole = Held(gate, told), gate == "p1.validation"
    when = Scored(gate, told) if told else made(1, 1)
    run = SteeredRun(tmp_path, held.steering(once(when, ProposalSkipped(0, 1, 1), later=later)), delay_s=held)
    finished = await run.finish()

    judged = verdicts(run)[1, 1]
    assert (judged.fate, judged.reason, judged.validation) == ("skipped", "a person skipped it", None)
    assert (judged.minibatch is not None) is whole
    first = [e for e in run.of(ExampleScored) if isinstance(e, ExampleScored) and (e.step, e.phase) == (1, gate)]
    assert len(first) == told
    assert (1, 2) in verdicts(run)
    counts = finished.proposals
    assert counts.made == len(verdicts(run))
    assert counts.minibatch_judged == sum(each.minibatch is not None for each in verdicts(run).values())
    assert counts.validation_judged == sum(each.validation is not None for each in verdicts(run).values())
    assert counts.minibatch_passed == counts.validation_judged + whole
    await executed_again(run, tmp_path)


async def test_a_veto_ends_the_judging_and_tells_the_optimizer_why(tmp_path: Path) -> None:
    when = Scored("p1.minibatch")
    run = SteeredRun(tmp_path, once(when, ProposalVetoed(0, 1, 1, "too rude")))
    await run.finish()

    assert (verdicts(run)[1, 1].fate, verdicts(run)[1, 1].reason) == ("vetoed", "a person vetoed it: too rude")
    second = next(call for call in of_role(run.model, "optimizer") if call.at == "1/optimizer/p2/task/1")
    assert "rejected: a person vetoed it: too rude" in second.request.messages[1].content
    await executed_again(run, tmp_path)


async def test_texts_that_were_vetoed_are_not_judged_again(tmp_path: Path) -> None:
    def steer(stamped: Stamped, control: Control) -> None:
        match stamped.event:
            case ProposalMade(step=1, k=1):
                control.decide(ProposalVetoed(0, 1, 1))
            case ProposalJudged(step=1, k=1):
                control.decide(ProposalWritten(0, (TextValue("task", "LEVEL 5"),)))
            case _:
                pass

    run = SteeredRun(tmp_path, steer)
    await run.finish()
    made = [e for e in run.of(ProposalMade) if isinstance(e, ProposalMade)]
    assert made[0].candidate == made[1].candidate
    assert verdicts(run)[1, 2].fate == "vetoed"
    assert not [e for e in run.of(ExampleScored) if isinstance(e, ExampleScored) and "p2" in e.phase and e.step == 1]
    await executed_again(run, tmp_path)


@pytest.mark.parametrize(
    "when",
    [
        lambda event: isinstance(event, ProposalJudged) and event.accepted,
        lambda event: isinstance(event, StepFinished) and event.step == 1,
        lambda event: isinstance(event, ExampleScored) and event.step > 1 and event.phase == "forward",
        lambda event: isinstance(event, ProposalMade) and event.step > 1,
        lambda event: isinstance(event, ExampleScored) and event.step > 1 and event.phase == "p1.validation",
    ],
    ids=["verdict", "step", "forward", "proposal", "validation"],
)
@pytest.mark.parametrize("later", [False, True], ids=["with the fact", "between facts"])
async def test_a_veto_of_the_incumbent_takes_it_back(tmp_path: Path, when: Told, later: bool) -> None:
    held = Held("p1.validation", 1, first=False)
    run = SteeredRun(tmp_path, held.steering(once(when, ProposalVetoed(0, 1, 1), later=later)), delay_s=held)
    finished = await run.finish()

    assert verdicts(run)[1, 1].accepted
    assert run.best[:3] == ["LEVEL 2", "LEVEL 5", "LEVEL 2"]
    assert len(run.decisions) == 1
    start = next(e for e in run.of(ProposalMade) if isinstance(e, ProposalMade)).parent
    steps = [e for e in run.of(StepFinished) if isinstance(e, StepFinished)]
    ended = [(each.step, each.incumbent) for each in steps if each.outcome == "vetoed"]
    before = run.recorded.events[: run.recorded.events.index(_decided(run))]
    begun = max(each.event.step for each in before if isinstance(each.event, StepStarted))
    open_now = begun not in {each.event.step for each in before if isinstance(each.event, StepFinished)}
    assert ended == ([(begun, start)] if begun > 1 and open_now else [])
    assert len(run.of(ProposalMade)) == len(run.of(ProposalJudged)) == finished.proposals.made
    await executed_again(run, tmp_path)


def _decided(run: SteeredRun) -> Stamped:
    return next(each for each in run.recorded.events if isinstance(each.event, ProposalVetoed))


async def test_what_a_person_edits_before_a_score_is_what_is_judged(tmp_path: Path) -> None:
    held = Held("p1.minibatch", 0)
    steer = once(made(1, 1), ProposalEdited(0, 1, 1, "task", "LEVEL 5 now"), later=True)
    run = SteeredRun(tmp_path, held.steering(steer), delay_s=held)
    await run.finish()

    (edit,) = run.decisions
    assert isinstance(edit, ProposalEdited)
    assert (verdicts(run)[1, 1].fate, run.best[1]) == ("accepted", "LEVEL 5 now")
    proposal = next(e for e in run.of(ProposalMade) if isinstance(e, ProposalMade))
    assert proposal.candidate != verdicts(run)[1, 1].candidate
    tried = [call for call in of_role(run.model, "task") if call.at.startswith("1/p1.validation")]
    assert tried
    assert all("LEVEL 5 now" in call.request.messages[0].content for call in tried)
    await executed_again(run, tmp_path)


async def test_an_edit_after_the_first_score_is_a_proposal_of_its_own(tmp_path: Path) -> None:
    run = SteeredRun(tmp_path, once(Scored("p1.minibatch"), ProposalEdited(0, 1, 1, "task", "LEVEL 6")))
    await run.finish()

    (decision,) = run.decisions
    assert isinstance(decision, ProposalWritten)
    assert [(each.name, each.value) for each in decision.texts] == [("task", "LEVEL 6")]
    await executed_again(run, tmp_path)


async def test_a_person_writes_a_proposal_that_is_judged_like_any_other(tmp_path: Path) -> None:
    decision = ProposalWritten(0, (TextValue("task", "LEVEL 6"),))
    run = SteeredRun(tmp_path, once(lambda event: isinstance(event, StepFinished), decision))
    finished = await run.finish()

    mine = [e for e in run.of(ProposalMade) if isinstance(e, ProposalMade) and e.changes[0].method.endswith("person")]
    assert [(each.step, each.k, each.changes[0].value) for each in mine] == [(2, 1, "LEVEL 6")]
    assert verdicts(run)[2, 1].accepted
    assert finished.val.best == 1.0
    await executed_again(run, tmp_path)


async def test_a_secret_that_a_person_writes_is_neither_told_nor_sent_so_that_the_run_can_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "k3yk3yk3y-plain")
    decision = ProposalWritten(0, (TextValue("task", "LEVEL 6 by k3yk3yk3y-plain"),))
    run = SteeredRun(tmp_path, once(lambda event: isinstance(event, StepFinished), decision))
    await run.finish()

    assert [e.texts[0].value for e in run.of(ProposalWritten) if isinstance(e, ProposalWritten)] == [
        "LEVEL 6 by [secret]"
    ]
    assert "k3yk3yk3y" not in repr([call.request for call in of_role(run.model, "task")])
    await executed_again(run, tmp_path)


@pytest.mark.parametrize("how", ["serial", "parallel"])
async def test_a_persons_proposal_takes_no_place_of_the_optimizers(tmp_path: Path, how: str) -> None:
    decision = ProposalWritten(0, (TextValue("task", "LEVEL 1"),))
    script = once(lambda event: isinstance(event, ProposalMade), decision)
    run = SteeredRun(tmp_path, script, max_steps=1, history=0, proposals=how, script=_never_better)
    await run.finish()

    told = [e for e in run.of(ProposalMade) if isinstance(e, ProposalMade)]
    assert [each.k for each in told] == [1, 2, 3, 4]
    assert [each.changes[0].method for each in told if each.k == 2] == ["written by a person"]
    assert sum("person" not in each.changes[0].method for each in told) == 3
    assert len({call.request.draw for call in of_role(run.model, "optimizer")}) == 3
    await executed_again(run, tmp_path, max_steps=1, history=0, proposals=how)


def _never_better(call: Call) -> str:
    reply = answer(call)
    return reply.replace("LEVEL 3", f"LEVEL -{call.request.draw % 7}") if call.role == "optimizer" else reply


async def test_a_frozen_text_is_not_rewritten_until_it_is_free_again(tmp_path: Path) -> None:
    def steer(stamped: Stamped, control: Control) -> None:
        match stamped.event:
            case ExampleScored(step=0, example="b0"):
                control.decide(TextFrozen(0, "task", True))
                control.decide(TextFrozen(0, "format", True))
            case StepFinished(step=2):
                control.decide(TextFrozen(0, "task", False))
            case _:
                pass

    run = SteeredRun(tmp_path, steer)
    await run.finish()

    outcomes = [(e.step, e.outcome) for e in run.of(StepFinished) if isinstance(e, StepFinished)]
    assert outcomes[:2] == [(1, "no feedback"), (2, "no feedback")]
    changed = {change.name for e in run.of(ProposalMade) if isinstance(e, ProposalMade) for change in e.changes}
    assert changed == {"task"}
    assert not [call for call in of_role(run.model, "backward") if call.at[0] in "12"]
    await executed_again(run, tmp_path)


@pytest.mark.parametrize("later", [False, True], ids=["with the fact", "between facts"])
async def test_validate_now_leaves_the_minibatch_out_for_this_proposal(tmp_path: Path, later: bool) -> None:
    held = Held("p1.minibatch", 1)
    steer = once(Scored("p1.minibatch"), ValidationChosen(0, 1, 1), later=later)
    run = SteeredRun(tmp_path, held.steering(steer), delay_s=held, max_steps=2)
    finished = await run.finish()

    judged = verdicts(run)[1, 1]
    assert (judged.minibatch, judged.fate) == (None, "accepted")
    assert judged.validation is not None
    assert finished.proposals.validation_judged == finished.proposals.minibatch_passed + 1
    await executed_again(run, tmp_path, max_steps=2)


@pytest.mark.parametrize("later", [False, True], ids=["with the fact", "between facts"])
@pytest.mark.parametrize(
    "when", [Scored("start.validation", 3), Scored("forward", 2), made(1, 1), Scored("p1.validation", 2)]
)
async def test_a_stop_is_taken_again_after_the_same_fact(tmp_path: Path, when: Told, later: bool) -> None:
    run = SteeredRun(
        tmp_path,
        once(replace(when) if isinstance(when, Scored) else when, StopChosen(0), later=later),
        delay_s=random_delays(3),
    )
    finished = await run.finish()

    assert finished.status == "stopped"
    assert len(run.decisions) == 1
    again = await executed_again(run, tmp_path)
    assert len(again.of(facts_of.TestCompared)) == len(run.of(facts_of.TestCompared))


async def test_a_stop_of_the_final_report_is_taken_again_too(tmp_path: Path) -> None:
    def steer(stamped: Stamped, control: Control) -> None:
        match stamped.event:
            case StepFinished(step=1) | ExampleScored(phase="start.test"):
                control.stop()
            case _:
                pass

    run = SteeredRun(tmp_path, steer)
    await run.finish()
    assert [type(each) for each in run.decisions] == [StopChosen, StopChosen]
    assert run.of(facts_of.TestCompared) == []
    await executed_again(run, tmp_path)


@pytest.mark.parametrize(
    "decision",
    [
        ProposalSkipped(0, 9, 1),
        ProposalVetoed(0, 1, 7),
        ValidationChosen(0, 1, 7),
        TextFrozen(0, "nobody", True),
        TextFrozen(0, "task", False),
        ProposalEdited(0, 1, 1, "nobody", "x"),
        ProposalWritten(0, ()),
    ],
    ids=lambda decision: type(decision).__name__,
)
async def test_what_cannot_be_done_changes_nothing_and_is_said(tmp_path: Path, decision: Decision) -> None:
    plain = SteeredRun(tmp_path, name="plain")
    await plain.finish()
    run = SteeredRun(tmp_path, once(made(1, 1), decision))
    await run.finish()
    assert run.decisions == []
    assert run.recorded.facts == plain.recorded.facts
    assert any("nothing was changed" in e.message for e in run.of(Warned) if isinstance(e, Warned))


async def test_what_comes_after_the_training_is_too_late(tmp_path: Path) -> None:
    def steer(stamped: Stamped, control: Control) -> None:
        if isinstance(stamped.event, PhaseStarted) and stamped.event.phase == "start.test":
            control.decide(ProposalVetoed(0, 1, 1))
        if isinstance(stamped.event, StepFinished) and stamped.event.step == 3:
            control.decide(ProposalWritten(0, (TextValue("task", "LEVEL 9"),)))

    run = SteeredRun(tmp_path, steer)
    await run.finish()
    said = [e.message for e in run.of(Warned) if isinstance(e, Warned)]
    assert [message.rpartition(": ")[2] for message in said] == [
        "a person chose to propose a text of their own for task",
        "a person chose to veto proposal 1.1",
    ]
    await executed_again(run, tmp_path)


async def test_while_history_is_repeated_nothing_new_is_taken(tmp_path: Path) -> None:
    run = SteeredRun(tmp_path, once(made(1, 1), ProposalSkipped(0, 1, 1)), max_steps=1)
    await run.finish()
    facts = run.recorded.decided.facts
    late = once(made(1, 1), TextFrozen(0, "task", True))
    longer = SteeredRun(tmp_path, late, name="longer", decided=run.recorded.decided, max_steps=2)
    await longer.finish()
    frozen = next(e for e in longer.of(TextFrozen) if isinstance(e, TextFrozen))
    assert frozen.after >= facts


async def test_a_run_can_go_phase_by_phase(tmp_path: Path) -> None:
    paused: list[str] = []
    waiting = asyncio.Event()

    def steer(stamped: Stamped, control: Control) -> None:
        if isinstance(stamped.event, ControlChanged) and stamped.event.state == "paused":
            paused.append(stamped.event.reason)
            waiting.set()

    run = SteeredRun(tmp_path, steer, max_steps=1)
    run.control.step("phase")
    task = asyncio.create_task(run.finish())
    for _ in range(2):
        await waiting.wait()
        waiting.clear()
        run.control.step("phase")
    await waiting.wait()
    run.control.decide(ProposalEdited(0, 1, 1, "task", "LEVEL 5 now"))  # a pause is where there is time for it
    assert isinstance(run.recorded.events[-1].event, ProposalEdited)
    run.control.resume()
    await task
    assert paused == ["forward finished", "backward finished", "proposal finished"]
    assert run.best[1] == "LEVEL 5 now"
    await executed_again(run, tmp_path, max_steps=1)


@pytest.mark.parametrize("seed", range(12))
async def test_any_steered_run_is_the_same_when_it_is_executed_again(tmp_path: Path, seed: int) -> None:
    draw = random.Random(f"steering/{seed}")
    settings: dict[str, object] = {
        "proposals": draw.choice(["serial", "parallel"]),
        "update": draw.choice(["joint", "rotate"]),
        "two_stage": draw.random() < 0.8,
    }
    at = [0, 0]

    def steer(stamped: Stamped, control: Control) -> None:
        if isinstance(stamped.event, ProposalMade):
            at[:] = [stamped.event.step, stamped.event.k]
        if stamped.fact is None or draw.random() > 0.08:
            return
        step, k = at
        decision = draw.choice(
            [
                ProposalSkipped(0, step, k),
                ProposalVetoed(0, step, k, "no"),
                ProposalVetoed(0, max(1, step - 1), k),
                ProposalEdited(0, step, k, "task", f"LEVEL {draw.randrange(7)}"),
                ProposalWritten(0, (TextValue("task", f"LEVEL {draw.randrange(5)}"),)),
                TextFrozen(0, draw.choice(["task", "format"]), draw.random() < 0.5),
                ValidationChosen(0, step, k),
            ]
        )
        wait = draw.choice([None, 0.0, 0.0005, 0.002])
        if wait is None:
            control.decide(decision)
        else:
            asyncio.get_running_loop().call_later(wait, control.decide, decision)

    run = SteeredRun(tmp_path, steer, delay_s=random_delays(seed, 0.003), **settings)
    await run.finish()
    judged = Counter((e.step, e.k) for e in run.of(ProposalJudged) if isinstance(e, ProposalJudged))
    assert judged == Counter((e.step, e.k) for e in run.of(ProposalMade) if isinstance(e, ProposalMade))
    facts = [each for each in run.recorded.events if isinstance(each.event, FACT_TYPES)]
    assert [each.fact for each in facts] == list(range(1, len(facts) + 1))
    before = 0
    for each in run.recorded.events:  # a decision names the fact that it comes after
        before = each.fact or before
        assert getattr(each.event, "after", before) == before
    await executed_again(run, tmp_path, **settings)


async def test_a_cancelled_run_is_cancelled_also_while_a_decision_interrupts(tmp_path: Path) -> None:
    tasks: list[asyncio.Task[object]] = []

    def steer(stamped: Stamped, control: Control) -> None:
        if isinstance(stamped.event, ExampleScored) and stamped.event.phase == "p1.validation":
            loop = asyncio.get_running_loop()
            loop.call_soon(control.decide, ProposalSkipped(0, 1, 1))
            loop.call_soon(tasks[0].cancel, "SIGTERM")

    run = SteeredRun(tmp_path, steer, delay_s=Held("p1.validation", 1))
    tasks.append(asyncio.create_task(run.finish()))
    finished = await tasks[0]
    assert getattr(finished, "status", None) == "interrupted"


def test_a_stop_that_is_decided_closes_the_gate() -> None:
    control = Control()
    control.decide(StopChosen(0))
    assert control.state == "stopping"
    with pytest.raises(RunStopped):
        asyncio.run(control.passing())
