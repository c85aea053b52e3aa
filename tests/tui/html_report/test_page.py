from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

import pytest
from tests.tui.pages import Page
from tests.tui.recorded import VAL, recorded
from tests.tui.runs import finished, losses_run, small_run, stamped
from tests.tui.test_hostile import PAYLOADS, poisoned
from tests.tui.test_safe import NASTY, dangerous

from autodiff_engine.events import (
    Comparison,
    DataLoaded,
    ErrorInfo,
    ExampleInputs,
    ExampleScored,
    ExamplesShown,
    InputValue,
    ModelInfo,
    ProgramDescribed,
    ProposalEdited,
    ProposalJudged,
    ProposalMade,
    ProposalVetoed,
    ProposalWritten,
    RunFinished,
    Stamped,
    TextChange,
    TextFrozen,
    TextValue,
    Warned,
)
from autodiff_tui import summary
from autodiff_tui.format import comparison, cost, rate, score
from autodiff_tui.glossary import meaning
from autodiff_tui.html_report import Setting, page
from autodiff_tui.html_report.proposals import MOST_WHOLE
from autodiff_tui.html_report.texts import examples
from autodiff_tui.safe import one_line
from autodiff_tui.view import RunView, reduce

_TAGS = """
    html head meta link title style body header main footer nav section article h1 h2 h3 h4 p ul ol li a dl div dt dd
    table caption thead tbody tr th td details summary figure figcaption svg desc g line rect path polygon text span
    strong code br ins del
"""
TAGS = set(_TAGS.split())
CODE = [
    "<script>alert(1)</script>",
    '"><img src=http://example.org/x onerror=alert(1)>',
    "</style><script>x</script><!--",
    "{{ 7 * 7 }}{% raw %}{# x",
    "' onload='x",
    "&lt;b&gt;&amp;",
    "]]><![CDATA[",
]


def view_of(events: Iterable[Stamped]) -> RunView:
    view = RunView()
    for one in events:
        view = reduce(view, one)
    return view


def steered() -> list[Stamped]:
    """A small run in which a person did everything that a person can do to a proposal."""
    run = small_run()
    decided = [
        TextFrozen(5, "task", True),
        ProposalWritten(5, (TextValue("task", "Count <twice>."),)),
        ProposalEdited(9, 1, 2, "task", "Count with the fingers."),
        ProposalVetoed(12, 1, 2, "no fingers"),
        Warned("the meter is far away"),
    ]
    made = next(place for place, event in enumerate(run) if isinstance(event, ProposalMade) and event.k == 2)
    return stamped([*run[: made + 1], *decided[:3], *run[made + 1 : -1], *decided[3:], run[-1]])


RUNS = {
    "a whole run": recorded(6),
    "a run before its first step": recorded(0, finished=False),
    "nothing yet": [],
    "one step": stamped(small_run()),
    "several losses": stamped(losses_run()),
    "steered": steered(),
    "failed": stamped([*small_run()[:5], finished("failed", error=ErrorInfo("X", "the <disk> is full", "free some"))]),
}


@pytest.mark.parametrize("events", RUNS.values(), ids=RUNS)
def test_a_page_is_whole_html_that_asks_for_nothing_outside(events: list[Stamped]) -> None:
    html = page(view_of(events))
    parsed = Page(html)

    assert html.startswith("<!DOCTYPE html>\n")
    assert parsed.faults == []
    assert {each.name for each in parsed.elements} <= TAGS
    assert [name for name, count in parsed.ids.items() if count > 1] == []
    links = [each.attributes["href"] for each in parsed.named("a", "link")]
    assert [link for link in links if link != "data:," and link.removeprefix("#") not in parsed.ids] == []
    attributes = {name for each in parsed.elements for name in each.attributes}
    assert not attributes & {"src", "srcset", "style", "action", "xlink:href", "background", "poster", "data"}
    assert not [name for name in attributes if name.startswith("on")]
    (style,) = parsed.named("style")
    assert not re.search(r"url\(|@import|expression|https?:", style.text)
    assert "//" not in html.split("</style>")[0]


def test_the_policy_forbids_all_but_the_page_s_own_style() -> None:
    (policy,) = [
        each.attributes["content"]
        for each in Page(page(RunView())).named("meta")
        if each.attributes.get("http-equiv") == "Content-Security-Policy"
    ]

    assert policy.split("; ") == [
        "default-src 'none'", "style-src 'unsafe-inline'", "img-src data:", "base-uri 'none'", "form-action 'none'"
    ]  # fmt: skip


@pytest.mark.parametrize("payload", [*CODE, *PAYLOADS], ids=repr)
@pytest.mark.parametrize("whole", [False, True], ids=["before the text", "as the text"])
def test_hostile_text_in_every_slot_is_text_and_nothing_else(payload: str, whole: bool) -> None:
    events = [
        Stamped(one.seq, one.t, one.fact, poisoned(one.event, lambda text: payload + (text[-2:] if whole else text)))
        for one in recorded(2)
    ]

    parsed = Page(page(view_of(events), [Setting(payload, payload)], [payload]))

    assert parsed.faults == []
    assert {each.name for each in parsed.elements} <= TAGS
    plain = Page(page(view_of(recorded(2)), [Setting("a", "b")], ["c"]))
    assert {name for each in parsed.elements for name in each.attributes} <= {
        name for each in plain.elements for name in each.attributes
    }
    assert len(parsed.named("svg", "section", "h2")) == len(plain.named("svg", "section", "h2"))
    assert dangerous(parsed.html) == []
    if payload in CODE:
        assert payload in parsed.text


def test_control_characters_are_shown_and_counted() -> None:
    def nasty(event: object) -> object:
        if not isinstance(event, ProposalMade):
            return event
        return replace(event, changes=tuple(replace(each, value=NASTY) for each in event.changes))

    parsed = Page(page(view_of(replace(one, event=nasty(one.event)) for one in stamped(small_run()))))

    assert "␛[2J" in parsed.text
    assert "control characters made visible" in parsed.text


@pytest.mark.parametrize("events", [RUNS["a whole run"], RUNS["steered"], RUNS["one step"]])
def test_every_proposal_has_its_row_its_fate_and_its_details(events: list[Stamped]) -> None:
    view = view_of(events)
    parsed = Page(page(view))
    every = [*view.proposals.past, *view.proposals.current]
    details = {each.attributes.get("id"): each.text for each in parsed.named("details")}

    assert len(every) > 1
    for one in every:
        told = " ".join(details[f"p-{one.step}-{one.k}"].split())
        assert one.key in parsed.cells()
        for compared in filter(None, (one.minibatch, one.validation)):
            assert comparison(compared).partition(" ")[2] in told
        for each in one.changes:
            assert " ".join(each.reasoning.split()) in told


def test_a_rewrite_is_shown_word_by_word_against_its_parent() -> None:
    parsed = Page(page(view_of(stamped(small_run()))))

    assert [each.text for each in parsed.named("ins")] == [" with care"] * 3  # both proposals, and start against best
    assert parsed.named("del") == []


def test_the_feedback_that_asked_for_a_rewrite_stands_with_it() -> None:
    run = small_run()
    run = [
        replace(each, changes=tuple(replace(one, asked_by=("e2",)) for one in each.changes))
        if isinstance(each, ProposalMade)
        else each
        for each in run
    ]

    parsed = Page(page(view_of(stamped(run))))

    details = {each.attributes.get("id"): each.text for each in parsed.named("details")}
    assert "say how to count" in details["p-1-2"]
    assert "e2 (score 0.00)" in details["p-1-2"]


def test_what_an_example_asks_stands_below_its_id_and_beside_the_feedback_on_it() -> None:
    view = view_of(recorded(6))
    told = Page(page(view))

    heads = [each.text for each in told.named("th") if each.attributes.get("scope") == "row"]
    assert "train-4Who directed the film of train-4?" in heads
    assert "val-59Who directed the film of val-59?" in heads
    asked = [each.text for each in told.named("li") if re.match(r"train-\d+ \(score", each.text)]
    assert asked
    assert [each for each in asked if f"Who directed the film of {each.split()[0]}?" not in each] == []


def test_a_question_of_many_lines_is_cut_to_one_and_a_run_that_tells_none_has_ids_alone() -> None:
    events = recorded(1)
    long = ExamplesShown("val", (ExampleInputs("val-0", (InputValue("question", "why?\n" * 90),)),))
    told = [each for each in events if not isinstance(each.event, ExamplesShown)]
    cut = [*told[:1], replace(told[1], event=long, fact=None), *told[1:]]

    heads = [each.text for each in Page(page(view_of(cut))).named("th") if each.text.startswith("val-0")]
    assert {head.removeprefix("val-0") for head in heads} == {one_line("why?\n" * 90, 120)}
    assert "Who directed" not in Page(page(view_of(told))).text


def test_what_became_of_a_proposal_is_explained() -> None:
    view = view_of(recorded(6))
    text = " ".join(Page(page(view)).text.split())

    for one in view.proposals.past:
        assert meaning(one) in text


def test_the_figures_are_those_of_the_run_s_last_line() -> None:
    events = recorded(6)
    last = events[-1].event
    assert isinstance(last, RunFinished)
    assert last.test is not None
    counts = last.proposals

    view = view_of(events)
    parsed = Page(page(view))

    cells = parsed.cells()
    for told in (
        f"{counts.made} made, {counts.linted} refused by lint, {counts.validation_passed} accepted",
        rate(counts.minibatch_passed, counts.minibatch_judged),
        rate(counts.validation_passed, counts.validation_judged),
        summary.calls(last.calls),
        summary.paid(last.tokens),
        cost(last.cost_usd),
        score(last.test.start),
        score(last.test.best),
        str(last.test.n),
    ):
        assert told in cells
    for mean, where in ((last.val.start, "start"), (last.val.best, "best")):
        told = view.scores.bounds[where, "val"]
        assert f"{score(mean)} ({score(told.low)} to {score(told.high)})" in cells
    assert last.run_id in parsed.named("h1")[0].text


def test_calls_by_role_add_up_to_those_of_the_run() -> None:
    view = view_of(recorded(6))
    table = Page(page(view)).text.partition("By role, and within it by node")[2]

    assert view.finished is not None
    assert sum(calls.made for calls in view.traffic.roles.values()) == view.finished.calls.made
    for role, calls in view.traffic.roles.items():
        assert f"{role}{calls.made:,}{calls.cached:,}" in table.replace("\n", "")


def test_each_of_several_losses_is_a_row_of_its_own() -> None:
    cells = Page(page(view_of(stamped(losses_run())))).cells()

    assert cells[cells.index("retrieve recall@4 (weight 0.5)") :][1:4] == ["0.75", "0.90", "4"]


def test_a_vetoed_proposal_is_not_called_accepted() -> None:
    view = view_of(steered())
    parsed = Page(page(view))

    rows = {
        each.attributes.get("id"): each.attributes["class"]
        for each in parsed.named("details")
        if "id" in each.attributes
    }
    assert rows["p-1-2"] == "proposal lost"
    assert "accepted, then vetoed" in parsed.cells()
    for decision in ("veto proposal 1.2: no fingers", "freeze task", "edit task in proposal 1.2"):
        assert decision in parsed.text
    assert "Count <twice>." in parsed.text
    assert "the meter is far away" in parsed.text


def test_an_error_stands_with_what_mends_it() -> None:
    text = Page(page(view_of(RUNS["failed"]))).text

    assert "X: the <disk> is full" in text
    assert "free some" in text
    assert "failed" in text.partition("facts")[0]


def test_a_run_can_be_shown_after_any_of_its_events() -> None:
    events = recorded(2)
    view = RunView()

    for number, one in enumerate(events):
        view = reduce(view, one)
        if number % 97 == 0:
            parsed = Page(page(view))
            assert parsed.faults == []
            assert "not finished" in parsed.text


def test_the_same_run_gives_the_same_bytes() -> None:
    assert page(view_of(recorded(3))) == page(view_of(recorded(3)))


_METRIC = "/home/me/own/metrics.py:score"


def test_no_folder_of_the_machine_is_named() -> None:
    def private(event: object) -> object:
        match event:
            case ProgramDescribed():
                models = (ModelInfo("task", "local//home/me/models/small.gguf"),)
                paths = {"pipeline": "/home/me/own/program.py:answer", "metric": _METRIC, "minibatch_metric": _METRIC}
                return replace(event, models=models, **paths)
            case ProposalJudged(minibatch=Comparison() as gate, validation=Comparison() as whole):
                return replace(
                    event, minibatch=replace(gate, metric=_METRIC), validation=replace(whole, metric=_METRIC)
                )
            case DataLoaded():
                return replace(event, source="/home/me/data/q.csv")
            case _:
                return event

    view = view_of(replace(one, event=private(one.event)) for one in stamped(small_run(run_dir="/home/me/runs/r1")))
    html = page(view)

    assert "/home/me" not in html
    assert "small.gguf" in html
    assert "program.py:answer" in html
    assert "metrics.py:score: 0.500" in html
    assert "q.csv" in html


def test_a_table_of_many_examples_is_cut_and_says_so() -> None:
    events = recorded(6)
    view = view_of(events)
    whole = [one for one in view.proposals.past if len(one.new.validation) == VAL]
    parsed = Page(page(view))

    assert whole
    details = {each.attributes.get("id"): each.text for each in parsed.named("details")}
    assert f"… {VAL - 40} more examples left out here ({VAL - 40} same)" in details[f"p-{whole[0].step}-{whole[0].k}"]


def test_a_big_run_gives_a_page_that_a_browser_opens_at_once() -> None:
    """95 steps, more than 200 proposals, over 7,000 scored examples."""
    events = recorded(95)
    view = view_of(events)
    every = [one.key for one in view.proposals.past]
    scored = sum(isinstance(one.event, ExampleScored) for one in events)

    html = page(view)

    parsed = Page(html)
    cells = set(parsed.cells())
    assert len(every) > MOST_WHOLE
    assert [key for key in every if key not in cells] == []
    shown = [each for each in parsed.named("details") if each.attributes.get("class", "").startswith("proposal")]
    assert len(shown) == MOST_WHOLE
    assert f"Of {len(every) - MOST_WHOLE} older proposals" in parsed.text
    assert scored > 7_000
    assert len(html) < 5_000_000


def test_a_text_of_a_megabyte_is_cut_and_says_so() -> None:
    def longer(event: object) -> object:
        if not isinstance(event, ProposalMade):
            return event
        return replace(event, changes=(TextChange("task", "long " * 200_000, "m", "why " * 250_000, ("e2",), 0),))

    html = page(view_of(replace(one, event=longer(one.event)) for one in stamped(small_run())))

    assert "more characters left out here" in Page(html).text
    assert len(html) < 500_000


def _luminance(colour: str) -> float:
    short = colour.removeprefix("#")
    parts = (
        [int(short[place : place + 2], 16) for place in (0, 2, 4)]
        if len(short) == 6
        else [int(c * 2, 16) for c in short]
    )
    linear = [part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_is_readable_and_marks_are_seen_in_either_scheme(scheme: int) -> None:
    """4.5 to 1 for text and 3 to 1 for what is drawn, as WCAG AA has it."""
    (style,) = Page(page(RunView())).named("style")
    colours = [dict(re.findall(r"--([\w-]+): (#\w+)", each)) for each in re.findall(r":root \{(.*?)\}", style.text)][
        scheme
    ]

    def contrast(ink: str, ground: str) -> float:
        dark, light = sorted((_luminance(colours[ink]), _luminance(colours[ground])))
        return (light + 0.05) / (dark + 0.05)

    text = [(ink, ground) for ink in ("ink", "soft", "accent", "good", "bad", "warn") for ground in ("ground", "pane")]
    text += [("good", "good-ground"), ("bad", "bad-ground"), ("ink", "good-ground")]
    assert {pair: contrast(*pair) for pair in text if contrast(*pair) < 4.5} == {}
    assert contrast("bar", "ground") >= 3


def test_who_asked_is_named_with_how_what_it_asks_begins() -> None:
    view = RunView(inputs={"e1": {"question": "Which of them is it? " * 20}})

    told = examples(view, ("e1", "e2", *(f"e{n}" for n in range(3, 12))))

    assert told.startswith("e1 (“Which of them is it? ")
    assert "”), e2, e3" in told
    assert told.endswith("e8 and 3 more")
