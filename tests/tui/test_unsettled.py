"""What calls without a known end can have taken: told apart from what was used, wherever that is told."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from autodiff_engine.ablation import executions_of, measure
from autodiff_engine.ablation import table as rows_of
from autodiff_engine.events import (
    AtMost,
    BudgetCaps,
    CallCounts,
    Event,
    LedgerUpdated,
    RunFinished,
    RunOpened,
    TokenCounts,
)
from autodiff_engine.journal import Recorded
from autodiff_tui import ablation_table
from autodiff_tui.comparing import compare
from autodiff_tui.format import cost
from autodiff_tui.html_report.results import spent
from autodiff_tui.report import row, table
from autodiff_tui.summary import lines
from autodiff_tui.view import RoleCalls, RunView, caps, reduce
from autodiff_tui.widgets.spend_table import spend_rows
from autodiff_tui.widgets.status_line import first_line

from .home import add_run
from .runs import small_run, stamped

CUT = AtMost(2, 300, 40, 0.25)
USED = TokenCounts(1000, 200)


def with_ledger(events: list[Event], unsettled: AtMost = CUT) -> list[Event]:
    """The run with ``unsettled`` in its ledger and at its end; its budget is 2,000 tokens and $1."""
    ledger = LedgerUpdated(CallCounts(20, 3, 1), USED, 0.0123, unsettled=unsettled)
    told = [replace(each, unsettled=unsettled) if isinstance(each, RunFinished) else each for each in events]
    opened = [
        replace(each, budget=BudgetCaps(1.0, 2000, None, None)) if isinstance(each, RunOpened) else each
        for each in told
    ]
    return [*opened[:-1], ledger, opened[-1]]


def view_of(events: list[Event]) -> RunView:
    view = RunView()
    for each in stamped(events):
        view = reduce(view, each)
    return view


def test_the_summary_tells_it_in_a_line_of_its_own_and_only_where_there_is_any() -> None:
    told = lines(view_of(with_ledger(small_run())))

    assert "unsettled  2 calls cut off or without usage, at most 300 in, 40 out, cost $0.25" in told
    assert any("tokens 1.0k in, 200 out" in line and "cost $0.0123" in line for line in told)
    assert not any("unsettled" in line for line in lines(view_of(with_ledger(small_run(), AtMost()))))


def test_a_local_model_has_no_cost_to_tell() -> None:
    told = lines(view_of(with_ledger(small_run(), AtMost(1, 300, 40, 0.0))))

    assert "unsettled  1 call cut off or without usage, at most 300 in, 40 out" in told


def test_a_list_of_runs_tells_the_most_and_marks_it() -> None:
    assert cost(0.0123, 0.2623) == "≤$0.26"
    assert cost(0.0123, 0.0123) == "$0.0123"
    assert cost(0.0123, None) == "unknown"
    assert cost(0.0, 0.00001) == "<$0.0001"
    assert "≤$0.26" in table([row(view_of(with_ledger(small_run())), "r")])[1]


def test_the_status_line_and_the_spending_pane_tell_it_while_the_run_goes_on() -> None:
    view = view_of(with_ledger(small_run())[:-1])

    assert "2 calls unsettled" in "".join(text for text, _ in first_line(view, 0, 200))
    rows = spend_rows(replace(view, traffic=replace(view.traffic, roles={"task": RoleCalls(made=3)})), 60)
    said = ["".join(text for text, _ in each.line) for each in rows]
    assert "unsettled: 2 calls cut off or without usage, at most 300 in, 40 out, cost $0.25" in said


def test_a_budget_counts_it_in_full() -> None:
    view = view_of(with_ledger(small_run()))
    taken = {each.name: each.taken for each in caps(view.opened.budget if view.opened else None, view.traffic, 0.0)}

    assert taken == {"usd": pytest.approx(0.2623), "tokens": 1540}


def test_a_comparison_and_a_page_have_a_row_for_it(tmp_path: Path) -> None:
    left = add_run(tmp_path, "a", events=with_ledger(small_run()))
    right = add_run(tmp_path, "b", events=with_ledger(small_run(), AtMost()))
    told = compare(left, right)

    assert (told.left.unsettled, told.right.unsettled) == (CUT, AtMost())
    assert {each.name: each.said for each in spent(view_of(with_ledger(small_run())))}["unsettled"].startswith(
        "2 calls"
    )


def test_the_table_of_an_ablation_has_it_in_a_column_of_its_own() -> None:
    cells = {
        ("full", 1): executions_of([measure(Recorded(tuple(stamped(with_ledger(small_run()))), False, 0))]),
        ("no-peers", 1): executions_of([measure(Recorded(tuple(stamped(small_run())), False, 0))]),
    }
    rows = rows_of(["full", "no-peers"], [1], cells)

    told = list(csv.DictReader(io.StringIO(ablation_table.as_csv(rows))))

    assert (told[0]["calls_unsettled"], told[0]["tokens_unsettled_at_most"]) == ("2", "340")
    assert told[0]["prompt_tokens_paid"] == "1000"
    assert [line.count("2 calls, ≤340 tokens") for line in ablation_table.markdown(rows).splitlines()[2:4]] == [1, 0]
