"""What the view makes of a person's decisions."""

from dataclasses import replace

from tests.tui.recorded import recorded

from autodiff_engine.events import (
    Event,
    ProposalEdited,
    ProposalJudged,
    ProposalMade,
    ProposalSkipped,
    ProposalVetoed,
    Stamped,
    TextFrozen,
)
from autodiff_tui.format import accepted, proposal_state
from autodiff_tui.view import RunView, gates_of, incumbent_proposal, judged_now, reduce

EVENTS = recorded(3)


def folded(events: list[Stamped]) -> RunView:
    view = RunView()
    for stamped in events:
        view = reduce(view, stamped)
    return view


def after(view: RunView, *events: Event) -> RunView:
    for event in events:
        view = reduce(view, Stamped(10**6, 0.0, None, event))
    return view


def up_to_acceptance() -> tuple[RunView, ProposalJudged]:
    at = [n for n, one in enumerate(EVENTS) if isinstance(one.event, ProposalJudged) and one.event.accepted][-1]
    told = EVENTS[at].event
    assert isinstance(told, ProposalJudged)
    return folded(EVENTS[: at + 1]), told


def test_a_veto_takes_texts_scores_and_versions_back() -> None:
    view, judged = up_to_acceptance()
    before = folded(EVENTS[: [one.event for one in EVENTS].index(judged)])
    vetoed = after(view, ProposalVetoed(1, judged.step, judged.k))

    assert {name: text.value for name, text in vetoed.texts.items()} == {
        name: text.value for name, text in before.texts.items()
    }
    assert vetoed.standings == before.standings
    assert vetoed.scores.best is not None
    assert before.scores.best is not None
    assert vetoed.scores.best.mean == before.scores.best.mean
    found = vetoed.proposals.find(f"{judged.step}.{judged.k}")
    assert found is not None
    assert proposal_state(found) == "accepted, then vetoed"
    assert vetoed.gates == view.gates
    assert accepted(vetoed) == f"{view.gates.validation_passed} accepted, 1 of them vetoed"
    assert accepted(view) == f"{view.gates.validation_passed} accepted"
    assert incumbent_proposal(vetoed) == incumbent_proposal(before)


def test_a_veto_of_what_is_judged_changes_no_version() -> None:
    view, judged = up_to_acceptance()
    assert after(view, ProposalVetoed(1, judged.step, 99)).standings == view.standings


def test_an_edit_is_what_the_proposal_says_from_then_on() -> None:
    at = next(n for n, one in enumerate(EVENTS) if isinstance(one.event, ProposalMade))
    view = folded(EVENTS[: at + 1])
    judged = judged_now(view)
    assert judged is not None
    name = judged.changes[0].name
    edited = judged_now(after(view, ProposalEdited(1, judged.step, judged.k, name, "Mine.")))
    assert edited is not None
    assert (edited.changes[0].value, edited.changes[0].method) == ("Mine.", "edited by a person")
    assert edited.changes[0].asked_by == judged.changes[0].asked_by
    other = next(each for each in view.texts if each not in [change.name for change in judged.changes])
    wider = judged_now(after(view, ProposalEdited(1, judged.step, judged.k, other, "Too.")))
    assert wider is not None
    assert wider.before[other] == view.texts[other].value
    unusable = replace(view, proposals=view.proposals.with_current(replace(judged, problem="cut off")))
    mended = judged_now(after(unusable, ProposalEdited(1, judged.step, judged.k, name, "Mine.")))
    assert mended is not None
    assert (mended.problem, len(mended.changes)) == ("", 1)


def test_frozen_texts_are_known_by_name() -> None:
    view = after(RunView(), TextFrozen(1, "a", True), TextFrozen(2, "b", True), TextFrozen(3, "a", False))
    assert view.frozen == ("b",)
    assert len(view.decisions) == 3


def test_a_skip_on_validation_counts_as_passed_on_the_minibatch() -> None:
    view, judged = up_to_acceptance()
    at = [one.event for one in EVENTS].index(judged)
    skipped = replace(judged, fate="skipped", validation=None)
    told = reduce(
        after(folded(EVENTS[:at]), ProposalSkipped(1, judged.step, judged.k)), replace(EVENTS[at], event=skipped)
    )
    assert told.gates.minibatch_passed == view.gates.minibatch_passed
    assert told.gates.validation_judged == view.gates.validation_judged - 1
    every = [*told.proposals.past, *told.proposals.current]
    assert gates_of(every) == told.gates
