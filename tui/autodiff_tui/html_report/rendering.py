"""The page's Jinja environment: the one seam through which what a run holds becomes HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from autodiff_tui.safe import marked
from autodiff_tui.view import RunView

from .chart import Chart, chart_of
from .graph import GraphPart, graph_of
from .proposals import ProposalsPart, proposals_of
from .records import DecisionLine, Problem, SpendLine, StepLine, decisions_of, problems_of, spend_lines, steps_of
from .results import Named, ScoreRow, about, gates, scores, spent, state
from .settings import Setting
from .tables import Capped
from .texts import TextPart, VersionLine, texts_of, versions_of


@dataclass(frozen=True, slots=True)
class Page:
    """All that the template shows, as values; their texts are raw."""

    run_id: str
    state: str
    facts: int
    about: tuple[Named, ...]
    scores: tuple[ScoreRow, ...]
    gates: tuple[Named, ...]
    chart: Chart | None
    steps: Capped[StepLine]
    graph: GraphPart | None
    versions: tuple[VersionLine, ...]
    texts: tuple[TextPart, ...]
    proposals: ProposalsPart
    spent: tuple[Named, ...]
    spending: tuple[SpendLine, ...]
    decisions: Capped[DecisionLine]
    problems: Capped[Problem]
    hint: str
    settings: tuple[Setting, ...]


def page(view: RunView, settings: Sequence[Setting] = (), notes: Sequence[str] = ()) -> str:
    """Return the whole page; ``notes`` say what of the journal could not be read.

    The same for the same run, as no clock is asked. Its size is bounded by what is shown at most of each list; the
    lists that are cut say so.
    """
    error = view.finished.error if view.finished is not None else None
    told = Page(
        run_id=view.opened.run_id if view.opened else "a run without a beginning",
        state=state(view),
        facts=view.facts,
        about=about(view, settings),
        scores=scores(view),
        gates=gates(view),
        chart=chart_of(view),
        steps=steps_of(view),
        graph=graph_of(view),
        versions=versions_of(view),
        texts=texts_of(view),
        proposals=proposals_of(view),
        spent=spent(view),
        spending=spend_lines(view),
        decisions=decisions_of(view),
        problems=problems_of(view),
        hint=error.hint if error is not None else "",
        settings=tuple(settings),
    )
    return _environment().get_template("page.html.j2").render(page=told, notes=tuple(notes))


def _environment() -> Environment:
    """Templates are the package's own; what a run holds only ever fills a slot, escaped, and is never parsed."""
    return Environment(
        loader=PackageLoader("autodiff_tui", "html_report/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _shown(value: object) -> object:
    """Make control characters of every text visible before it is escaped; what is markup already was text once."""
    if isinstance(value, Markup):
        return value
    if isinstance(value, str):
        return marked(value)
    return value if isinstance(value, int | float) else _unfit(value)


def _unfit(value: object) -> str:
    raise TypeError(f"a slot of the page holds {type(value).__name__}, which is neither text nor a number")
