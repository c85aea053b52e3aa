"""What is said of the whole run while it goes on."""

from __future__ import annotations

import pytest
from tests.tui.test_view_parts import OPENED, view_of

from autodiff_engine.events import (
    CallCounts,
    CallFinished,
    DataLoaded,
    Event,
    LedgerUpdated,
    ProgramDescribed,
    StepFinished,
    StepStarted,
    TextInfo,
    TokenCounts,
)
from autodiff_engine.trainer import StepOutcome
from autodiff_tui.format import foretold
from autodiff_tui.view import RunView, outlook, per_step
from autodiff_tui.widgets.spend_table import spend_rows

DATA = DataLoaded("d", 10, 10, 20, 0, "f")
TASK = TextInfo("task", "role", "prompt", "Say.")


class Run:
    """A run's events so far, with the ledger that follows from its calls; a call costs $0.10."""

    def __init__(self, steps: int, *texts: TextInfo, data: DataLoaded = DATA, usd: float | None = 0.1) -> None:
        described = ProgramDescribed("p", (TASK, *texts), "exact_match", "", "exact_match", (), steps, 4)
        self.events: list[Event] = [OPENED, described, data]
        self.made = self.cached = self.tokens = 0
        self.usd = usd

    def calls(self, count: int, tokens: int, *, role: str = "task", cached: bool = False) -> Run:
        call = CallFinished("1/a/e/n/1", role, "n", "m", "k", 1.0, tokens, 0, self.usd, cached, "", 0)
        self.events += [call] * count
        if cached:
            self.cached += count
        else:
            self.made, self.tokens = self.made + count, self.tokens + count * tokens
        cost = None if self.usd is None else self.made * self.usd
        self.events.append(LedgerUpdated(CallCounts(self.made, self.cached), TokenCounts(self.tokens, 0), cost))
        return self

    def begins(self, step: int) -> Run:
        self.events.append(StepStarted(step, ("e",), ()))
        return self

    def ends(self, step: int, outcome: StepOutcome = "rejected") -> Run:
        self.events.append(StepFinished(step, outcome, None, "c", 0.5))
        return self

    @property
    def view(self) -> RunView:
        return view_of(*self.events)


def said(view: RunView) -> list[str]:
    return ["".join(text for text, _ in row.line).strip() for row in spend_rows(view, 78)]


def test_a_step_to_come_makes_the_average_calls_as_large_as_the_newest_and_then_the_test_split_is_scored() -> None:
    run = Run(4).calls(10, 5).begins(1).calls(30, 10).calls(2, 100, role="optimizer").ends(1)

    whole = outlook(run.begins(2).calls(50, 20).ends(2).view)

    assert whole is not None
    assert whole.calls == pytest.approx(92 + 2 * (40 + 1) + 20 + 20)
    assert whole.tokens == pytest.approx(50 + 300 + 200 + 1000 + 2 * (40 * 20 + 1 * 100) + 20 * 5 + 20 * 20)
    assert whole.usd == pytest.approx(0.1 * whole.calls)
    assert whole.usd_to_come == pytest.approx(0.1 * (whole.calls - 92))
    assert (whole.steps, whole.tests, whole.grows) == (2, 2, False)


def test_a_call_of_the_next_step_is_one_that_was_foretold_until_there_are_more_than_that() -> None:
    run = Run(2, data=DataLoaded("d", 10, 10, 0, 0, "f")).calls(10, 5).begins(1).calls(30, 10).ends(1)
    before, within, beyond = run.view, run.begins(2).calls(20, 10).view, run.calls(40, 10).view

    told = [outlook(each) for each in (before, within, beyond)]

    assert [each and each.calls for each in told] == [70, 70, 100]
    assert [each and each.usd_to_come for each in told] == pytest.approx([3.0, 1.0, 0.0])


def test_steps_whose_answers_were_all_stored_say_nothing_of_those_to_come() -> None:
    run = Run(4).calls(10, 5, cached=True).begins(1).calls(30, 10, cached=True).ends(1)
    assert outlook(run.view) is None
    assert per_step(run.view.traffic.spending, "calls") == 0
    assert "all steps so far were stored: they cost nothing" in said(run.view)

    view = run.begins(2).calls(40, 10).ends(2).view

    whole = outlook(view)
    assert per_step(view.traffic.spending, "calls") == 40
    assert whole is not None
    assert whole.calls == pytest.approx(40 + 2 * 40 + 0 + 20 * 40 / 70)


@pytest.mark.parametrize(("outcome", "tests"), [("rejected", 1), ("accepted", 2)])
def test_after_the_last_step_the_test_split_alone_is_to_come_once_for_each_prompts(
    outcome: StepOutcome, tests: int
) -> None:
    view = Run(1).calls(10, 5).begins(1).calls(30, 10).ends(1, outcome).view

    whole = outlook(view)

    assert whole is not None
    assert (whole.calls, whole.steps, whole.tests) == (40 + 20 * tests, 0, tests)
    assert next(foretold(whole, 1)) == f"the test split to go, about ${2 * tests}.00"


def test_the_pane_says_what_is_to_come_and_what_may_make_it_more() -> None:
    run = Run(3, TextInfo("shots", "examples", "demos", "")).calls(10, 5).begins(1).calls(30, 10).ends(1)

    assert said(run.view)[-4:] == [
        "a step takes 30 calls, $3.00 on average",
        "2 of 3 steps and the test split to go, about $10.00",
        "the whole run: about 140 calls, 1.2k tokens, $14.00",
        "more once worked examples stand in the prompts",
    ]


def test_without_a_price_calls_and_tokens_are_foretold_all_the_same() -> None:
    view = Run(3, usd=None).calls(10, 5).begins(1).calls(30, 10).ends(1).view

    whole = outlook(view)

    assert whole is not None
    assert [*foretold(whole, 3)] == [
        "2 of 3 steps and the test split to go", "the whole run: about 140 calls, 1.2k tokens"
    ]  # fmt: skip


def test_before_the_first_step_has_ended_nothing_is_foretold() -> None:
    assert outlook(Run(3).calls(10, 5).begins(1).calls(5, 10).view) is None
