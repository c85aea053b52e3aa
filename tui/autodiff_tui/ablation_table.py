"""An ablation's table as text: for a terminal of any width, as Markdown, as CSV; the same figures in each."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .format import cost, counted, duration, score, significance, tokens
from .glyphs import to_ascii

if TYPE_CHECKING:
    from autodiff_engine.build import Row, Spread

NONE = "–"
_FOLD = re.compile(r" (?=\()| (?=passed$|best$|paid / whole$)|(?<=,) (?=p)")
"""Where a cell or heading is folded in a narrow terminal: before what a figure is over, and before its p."""
LEGEND = (
    "± is the standard deviation over runs (one a seed), n the examples of each; passed: proposals that passed a gate "
    "of those judged there.",
    "paid: calls sent to a provider, runs that were cut short included; whole: the different requests of the runs that "
    "are done, whoever paid for their answers; unsettled: calls that were cut off, or answered without usage: the "
    "most that they can have taken, in no other column.",
    "vs full: test examples on which the best prompts did better and worse than those of full with the same seed, and "
    "p of the sign test; one example under several seeds is no independent pair, so p is then too small.",
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column for people, and the plain values of the same figures for programs, by name."""

    heading: str
    cell: Callable[[Row], str]
    values: Callable[[Row], dict[str, object]]


def markdown(rows: Sequence[Row]) -> str:
    """Return the table in Markdown with its legend."""
    lines = [_pipes([each.heading for each in COLUMNS]), _pipes(["---"] * len(COLUMNS))]
    lines += [_pipes([each.cell(row) for each in COLUMNS]) for row in rows]
    return "\n".join([*lines, "", *(f"{line}  " for line in LEGEND), ""])


def as_csv(rows: Sequence[Row]) -> str:
    """Return the table as CSV: plain numbers, empty where there is none."""
    told = [{name: value for each in COLUMNS for name, value in each.values(row).items()} for row in rows]
    out = io.StringIO()
    writer = csv.DictWriter(out, [*told[0]], lineterminator="\n")
    writer.writeheader()
    writer.writerows(told)
    return out.getvalue()


def lines(rows: Sequence[Row], width: int, *, ascii_only: bool = False) -> list[str]:
    """Return the table for a terminal ``width`` columns wide.

    Where it does not fit, cells take two lines each, and the columns stand in several tables, one below another.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    cells = [[each.heading, *map(each.cell, rows)] for each in COLUMNS]
    if sum(map(_width, cells)) > width:
        cells = [[_FOLD.sub("\n", cell) for cell in column] for column in cells]
    console = Console(file=io.StringIO(), width=width, color_system=None)
    spelled = to_ascii if ascii_only else str
    told: list[str] = []
    for group in _groups(cells, width):
        shown = Table(box=box.ASCII2 if ascii_only else box.SIMPLE_HEAD, pad_edge=False)
        for column in group:
            shown.add_column(Text(spelled(column[0])), overflow="fold")
        for row in zip(*(column[1:] for column in group), strict=True):
            shown.add_row(*(Text(spelled(cell)) for cell in row))
        with console.capture() as taken:
            console.print(shown)
        told += ["", *filter(None, (line.rstrip() for line in taken.get().splitlines()))]
    return told[1:]


def _groups(cells: Sequence[list[str]], width: int) -> list[list[list[str]]]:
    """Return the columns as tables that fit, each beginning with the variants' names."""
    first, *rest = cells
    groups = [[first]]
    for column in rest:
        if len(groups[-1]) > 1 and sum(map(_width, (*groups[-1], column))) > width:
            groups.append([first])
        groups[-1].append(column)
    return groups


def _width(column: Sequence[str]) -> int:
    """Return what a column takes with the space around it."""
    return 3 + max(len(line) for cell in column for line in cell.split("\n"))


def _pipes(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _over(n: int, runs: int) -> str:
    return f"(n={n}, {counted(runs, 'run')})"


def _val(row: Row) -> str:
    best = row.val_best
    return NONE if best is None else f"{_mean(best.mean)} ± {_sd(best.sd)} {_over(best.n, best.runs)}"


def _test(row: Row) -> str:
    start, best = row.test_start, row.test_best
    if start is None or best is None:
        return NONE
    return f"{_mean(start.mean)} → {_mean(best.mean)} ± {_sd(best.sd)} {_over(best.n, best.runs)}"


def _mean(value: float) -> str:
    return score(value, digits=3)


def _sd(value: float | None) -> str:
    return NONE if value is None else f"{value:.3f}"  # no score: 0 is what it reads


def _against(row: Row) -> str:
    pairs = row.against_full
    return NONE if pairs is None else f"{pairs.wins}–{pairs.losses}, {significance(pairs.p, pairs.wins, pairs.losses)}"


def _passed(passed: int, judged: int) -> str:
    return f"{passed}/{judged} ({passed / judged:.0%})" if judged else NONE


def _scores(name: str, start: Spread | None, best: Spread | None) -> dict[str, object]:
    return {
        f"{name}_start": start and start.mean,
        f"{name}_best": best and best.mean,
        f"{name}_best_sd": best and best.sd,
        f"{name}_n": best and best.n,
    }


def _against_values(row: Row) -> dict[str, object]:
    pairs = row.against_full
    return {
        "vs_full_wins": pairs and pairs.wins,
        "vs_full_losses": pairs and pairs.losses,
        "vs_full_ties": pairs and pairs.ties,
        "vs_full_p": pairs and pairs.p,
    }


def _unsettled(row: Row) -> str:
    most = row.paid.unsettled
    return f"{most.calls:,} calls, ≤{tokens(most.tokens)} tokens" if most.calls else "–"


def _unsettled_values(row: Row) -> dict[str, object]:
    most = row.paid.unsettled
    return {
        "calls_unsettled": most.calls,
        "tokens_unsettled_at_most": most.tokens,
        "usd_unsettled_at_most": most.cost_usd,
    }


COLUMNS: tuple[Column, ...] = (
    Column("variant", lambda row: row.variant, lambda row: {"variant": row.variant}),
    Column("runs", lambda row: f"{row.runs}/{row.asked}", lambda row: {"runs": row.runs, "runs_asked": row.asked}),
    Column("validation best", _val, lambda row: _scores("val", row.val_start, row.val_best)),
    Column("test start → best", _test, lambda row: _scores("test", row.test_start, row.test_best)),
    Column("vs full (test)", _against, _against_values),
    Column(
        "minibatch passed",
        lambda row: _passed(row.minibatch.passed, row.minibatch.judged),
        lambda row: {"minibatch_passed": row.minibatch.passed, "minibatch_judged": row.minibatch.judged},
    ),
    Column(
        "validation passed",
        lambda row: _passed(row.validation.passed, row.validation.judged),
        lambda row: {"validation_passed": row.validation.passed, "validation_judged": row.validation.judged},
    ),
    Column(
        "calls paid / whole",
        lambda row: f"{row.paid.used.calls:,} / {row.whole.calls:,}",
        lambda row: {"calls_paid": row.paid.used.calls, "calls_whole": row.whole.calls},
    ),
    Column(
        "tokens in paid / whole",
        lambda row: f"{tokens(row.paid.used.prompt)} / {tokens(row.whole.prompt)}",
        lambda row: {"prompt_tokens_paid": row.paid.used.prompt, "prompt_tokens_whole": row.whole.prompt},
    ),
    Column(
        "tokens out paid / whole",
        lambda row: f"{tokens(row.paid.used.completion)} / {tokens(row.whole.completion)}",
        lambda row: {
            "completion_tokens_paid": row.paid.used.completion,
            "completion_tokens_whole": row.whole.completion,
        },
    ),
    Column("unsettled", _unsettled, _unsettled_values),
    Column("cost", lambda row: cost(row.paid.cost_usd), lambda row: {"cost_usd": row.paid.cost_usd}),
    Column("time", lambda row: duration(row.paid.seconds), lambda row: {"seconds": round(row.paid.seconds, 3)}),
)
