"""The parts of the run screen that are pure: outline, chart, lines, status."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from tests.tui.recorded import recorded
from tests.tui.runs import small_run

from autodiff_engine.events import (
    Comparison,
    EdgeInfo,
    ErrorInfo,
    Event,
    ExampleScored,
    Interrupted,
    NodeInfo,
    RunFinished,
    Stamped,
    TextChange,
    TextInfo,
    Warned,
)
from autodiff_tui.actions import ACTIONS, by_id, name_now, refusal
from autodiff_tui.format import proposal_state
from autodiff_tui.glossary import FATES
from autodiff_tui.screens.blame import blame_lines
from autodiff_tui.screens.proposal_text import proposal_lines
from autodiff_tui.view import (
    Control,
    GraphView,
    Point,
    ProposalView,
    RunView,
    Samples,
    Scores,
    TextView,
    Trail,
    by_example,
    reduce,
)  # fmt: skip
from autodiff_tui.widgets.graph_outline import MAX_ROWS, outline
from autodiff_tui.widgets.graph_tree import both_ends
from autodiff_tui.widgets.heat_map import heat_header, heat_rows
from autodiff_tui.widgets.node_text import made_of, node_lines
from autodiff_tui.widgets.paint import clip, cut, fit, inner_cut, spread, width, wrapped
from autodiff_tui.widgets.proposal_table import Columns, _states
from autodiff_tui.widgets.score_chart import chart
from autodiff_tui.widgets.status_line import first_line, second_line, tiny_line

words = st.text(alphabet="ab 日é👩\u200d[/]", max_size=60)


def graph_of(edges: list[tuple[str, str]], *names: str) -> GraphView:
    everyone = dict.fromkeys((*names, *(name for edge in edges for name in edge)))
    nodes = {name: NodeInfo(name, "loss" if name == "loss" else "function", "", 1) for name in everyone}
    return GraphView(nodes, {(a, b, False): EdgeInfo(a, b, False) for a, b in edges})


def view_of(steps: int, *, finished: bool = True) -> RunView:
    view = RunView()
    for stamped in recorded(steps, finished=finished):
        view = reduce(view, stamped)
    return view


def after(view: RunView, *events: Event) -> RunView:
    for event in events:
        view = reduce(view, Stamped(0, 0.0, None, event))
    return view


def plain(lines: tuple[tuple[tuple[str, str], ...], ...]) -> str:
    return "\n".join("".join(text for text, _ in line) for line in lines)


def test_the_outline_has_the_loss_on_top_and_each_node_once() -> None:
    rows = outline(graph_of([("a", "loss"), ("p", "a"), ("q", "a"), ("q", "loss")]))

    assert [(row.name, row.mention) for row in rows] == [
        ("loss", "node"), ("a", "node"), ("p", "node"), ("q", "node"), ("q", "shared"),
    ]  # fmt: skip
    assert [row.guides for row in rows] == ["", "├ ", "│ ├ ", "│ └ ", "└ "]


def test_a_skip_connection_is_said_where_it_starts_and_hides_no_other_edge() -> None:
    base = graph_of([("answer", "loss"), ("combine", "answer"), ("query", "combine"), ("task", "query")])
    graph = GraphView(base.nodes, {**base.edges, ("task", "combine", True): EdgeInfo("task", "combine", True)})

    rows = outline(graph)

    assert [(row.name, row.mention, row.skip) for row in rows] == [
        ("loss", "node", False), ("answer", "node", False), ("combine", "node", False), ("query", "node", False),
        ("task", "node", False), ("task", "shared", True),
    ]  # fmt: skip


def test_several_losses_stand_at_the_top_one_after_the_other() -> None:
    graph = graph_of([("answer", "loss.answer"), ("retrieve", "answer"), ("retrieve", "loss.retrieve")])
    nodes = {
        name: replace(node, kind="loss" if name.startswith("loss") else node.kind) for name, node in graph.nodes.items()
    }

    rows = outline(GraphView(nodes, graph.edges))

    assert [(row.name, row.guides) for row in rows] == [
        ("loss.answer", ""), ("answer", "└ "), ("retrieve", "  └ "), ("loss.retrieve", ""), ("retrieve", "└ "),
    ]  # fmt: skip


def test_a_loop_is_said_and_not_followed() -> None:
    rows = outline(graph_of([("query", "loss"), ("found", "query"), ("query", "found")]))

    assert [(row.name, row.mention) for row in rows][-1] == ("query", "loop")


@given(st.lists(st.tuples(st.sampled_from("abcdefg"), st.sampled_from("abcdefg")), max_size=25))
def test_every_node_of_any_graph_is_there_once_as_itself(edges: list[tuple[str, str]]) -> None:
    graph = graph_of(edges)

    named = [row.name for row in outline(graph) if row.mention == "node"]

    assert sorted(named) == sorted(graph.nodes)


def test_a_chain_of_thousands_is_cut_and_not_recursed() -> None:
    rows = outline(graph_of([(f"n{index}", f"n{index + 1}") for index in range(5000)]))

    assert len(rows) == MAX_ROWS + 1
    assert rows[-1].name == "… 4,501 more"
    assert max(len(row.guides) for row in rows) < 60


@given(words, st.integers(0, 40))
def test_fitted_text_takes_its_cells_and_cut_text_no_more(text: str, cells: int) -> None:
    assert cell_len(fit(text, cells)) == cells
    assert cell_len(cut(text, cells)) <= max(cells, 0)


@given(words, words, st.integers(1, 60))
def test_a_spread_line_fills_its_width(left: str, right: str, cells: int) -> None:
    line = spread(((left, ""),), clip(((right, ""),), cells), cells)

    assert width(line) == cells


@given(st.text(alphabet="ab 日", max_size=120), st.integers(2, 30))
def test_wrapping_loses_nothing_but_spaces(text: str, cells: int) -> None:
    lines = wrapped(text, cells)

    assert all(cell_len(line) <= cells for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def scores_of(minibatch: list[tuple[int, float]], validation: list[tuple[int, float]] | None = None) -> Scores:
    series = [Trail(Point(step, mean, 4) for step, mean in points) for points in (minibatch, validation or [])]
    return Scores(minibatch=series[0], validation=series[1])


def test_nothing_all_wrong_and_all_right_look_different() -> None:
    columns = [plain(chart(scores_of([(1, 0.0), (2, 1.0), (4, 0.5)]), 24, 9, max_steps=4)).splitlines()][0]
    body = [line[4:] for line in columns[:-1]]

    assert body[-1][2] == "_"
    assert body[0][2] == " "
    assert body[0][6] == "█"
    assert all(line[10] == " " for line in body)  # step 3 was not measured
    assert [line.strip()[:3] for line in (columns[0], columns[-2])] == ["1.0", "0.0"]


def test_minibatch_and_validation_are_drawn_with_different_signs() -> None:
    text = plain(chart(scores_of([(1, 0.25)], [(0, 0.5), (1, 0.75)]), 30, 9, max_steps=3))

    assert text.count("◆") == 2
    assert "█" in text
    assert "┈" in text


@given(
    st.lists(st.floats(0, 1), max_size=30), st.lists(st.floats(0, 1), min_size=1, max_size=30),
    st.integers(5, 80), st.integers(2, 20), st.integers(0, 40),
)  # fmt: skip
def test_a_chart_of_any_scores_keeps_its_size(
    minibatch: list[float], validation: list[float], cells: int, height: int, max_steps: int
) -> None:
    scores = scores_of(list(enumerate(minibatch, 1)), list(enumerate(validation)))

    lines = chart(scores, cells, height, max_steps=max_steps)

    assert len(lines) == height
    assert all(width(line) == cells for line in lines[:-1])


def test_a_run_without_steps_has_a_chart_of_its_start() -> None:
    lines = chart(scores_of([], [(0, 0.5)]), 40, 9, max_steps=0)

    assert plain(lines).count("◆") == 1


@pytest.mark.parametrize("value", [-1e308, -3.0, 7.0, 1e308, float("inf")])
def test_a_chart_of_scores_that_no_run_has_is_drawn(value: float) -> None:
    scores = scores_of([(1, value), (2, value)], [(0, value), (10**18, value)])

    assert len(chart(scores, 40, 9, max_steps=3)) == 9


def test_the_status_line_drops_what_matters_least_first() -> None:
    view = view_of(6, finished=False)

    texts = ["".join(text for text, _ in first_line(view, 75, cells)) for cells in (200, 78, 58, 40)]

    assert [cell_len(text) <= cells for text, cells in zip(texts, (200, 78, 58, 40), strict=True)] == [True] * 4
    assert "2031-05-04-hotpot" in texts[0]
    assert "1:15" in texts[0]
    assert "$" in texts[1]
    assert "calls" in texts[2]
    assert "best 0.77 (n=60)" in texts[3]


@pytest.mark.parametrize(
    ("state", "in_flight", "words"),
    [
        ("pausing", 3, "pausing: 3 calls finish first"),
        ("pausing", 1, "pausing: 1 call finishes first"),
        ("stopping", 2, "stopping: 2 calls finish first"),
        ("paused", 0, ""),
        ("running", 2, "2 calls open"),
    ],
)
@pytest.mark.parametrize("cells", [58, 118])
def test_a_pause_says_which_calls_it_waits_for(state: str, in_flight: int, words: str, cells: int) -> None:
    view = replace(view_of(2, finished=False), control=Control(state, "", in_flight))  # type: ignore[arg-type]
    line = plain((second_line(view, cells, behind=False),))
    assert line.endswith(words or line)
    assert ("first" in line) is ("first" in words)


def test_errors_stand_before_what_a_narrow_terminal_drops_and_say_where_to_read_them() -> None:
    opened = small_run()[0]
    view = after(RunView(), opened, Interrupted("SIGTERM"))
    assert "1 error in 7 Log" in plain((first_line(view, 75, 58),))
    again = after(view, opened)
    assert "error" not in plain((first_line(again, 75, 200),))
    assert "error" not in plain((first_line(after(again, Warned("odd")), 75, 200),))
    assert "1 error in 7 Log" in plain((first_line(after(again, Interrupted("SIGHUP")), 75, 58),))


@pytest.mark.parametrize(
    ("name", "cells", "shown"),
    [
        ("query.format", 12, "query.format"), ("query.format", 9, "qu…format"), ("answer.format", 6, "a…rmat"),
        ("query", 4, "que…"), ("日本語日本語", 6, "日本… "),
    ],
)  # fmt: skip
def test_a_name_is_cut_inside_so_that_its_end_still_tells_it_apart(name: str, cells: int, shown: str) -> None:
    assert inner_cut(name, cells) == shown


def test_the_second_line_says_what_goes_on_and_how_far() -> None:
    view = view_of(1, finished=False)
    assert "17/60" in plain((second_line(replace(view, progress=replace(view.progress, done=17)), 78, behind=False),))
    assert "loading…" in plain((second_line(RunView(), 78, behind=False),))
    assert "catching up" in plain((second_line(view, 78, behind=True),))


def test_an_error_ends_the_run_on_the_second_line_with_its_hint() -> None:
    view = view_of(1)
    assert isinstance(view.finished, RunFinished)
    failed = replace(
        view,
        finished=replace(
            view.finished, status="failed", error=ErrorInfo("ModelRejected", "no such model", "mend models.task")
        ),
    )

    text = plain((second_line(failed, 100, behind=False),))

    assert "no such model · mend models.task" in text
    assert text.endswith("press q")


def test_a_tiny_terminal_is_told_state_step_and_best() -> None:
    view = view_of(2, finished=False)

    assert plain((tiny_line(view, 59),)) == "● running · step 2/12 · best 0.57 · enlarge the terminal"
    assert width(tiny_line(view, 20)) <= 20


def test_columns_fill_the_table_and_keep_the_verdict() -> None:
    for cells in range(50, 200):
        columns = Columns.for_width(cells)
        assert columns.key + columns.texts + columns.minibatch + columns.validation + columns.fate == cells
        assert columns.fate >= 18


def test_a_proposal_is_shown_whole() -> None:
    view = view_of(2)
    won = next(one for one in view.proposals.newest_first(99) if one.fate == "accepted")

    text = plain(proposal_lines(view, won))

    for words_ in ("accepted", "better on the whole set", won.changes[0].method, "asked by", "{+", won.candidate):
        assert words_ in text
    assert "n=60" in text
    assert proposal_state(won) == "accepted"


def test_who_asked_for_a_proposal_is_named_with_what_it_asks() -> None:
    view = view_of(2)
    won = next(one for one in view.proposals.newest_first(99) if one.changes and one.changes[0].asked_by)
    asked = won.changes[0].asked_by
    known = replace(view, inputs={example: {"question": f"What about {example}? " * 20} for example in asked[1:]})
    lines = plain(proposal_lines(known, won, 60)).split("\n")

    at = next(n for n, line in enumerate(lines) if line.startswith("asked by"))
    told = lines[at : at + len(asked)]
    assert told[0].startswith(f"asked by    {asked[1]}  What about {asked[1]}?")
    assert told[-1].strip() == f"also {asked[0]}"
    assert all(len(line) <= 60 for line in told)


def test_a_node_is_read_with_its_prompt_feedback_and_last_exchange() -> None:
    view = view_of(3)

    text = plain(node_lines(view, "query.task", 70))
    assert view.texts["query.task"].value.split(".")[0] in text
    assert "call 1 · from query" in text
    assert "call 2 · from query" in text
    assert text.index("call 1") < text.index("call 2")

    exchange = plain(node_lines(view, "answer", 70))
    assert "Ana Torres directed it." in exchange
    assert "Last exchange" in exchange


def test_a_verdict_that_does_not_fit_is_said_in_fewer_words() -> None:
    won = next(one for one in view_of(3).proposals.newest_first(99) if one.fate == "accepted")

    assert _states(replace(won, vetoed=True)) == ("accepted, then vetoed", "vetoed")
    assert _states(replace(won, fate="skipped"))[-1] == "skipped"


def test_wherever_examples_are_listed_what_they_ask_is_beside_their_ids() -> None:
    view = view_of(6)
    won = next(one for one in view.proposals.newest_first(99) if one.fate == "accepted" and one.changes[0].asked_by)
    asks = f"Who directed the film of {won.changes[0].asked_by[0]}?"

    turned = plain(proposal_lines(view, won)).split("\n")
    first = next(number for number, line in enumerate(turned) if line.startswith("+ fixed "))
    assert turned[first + 1].split("asks")[1].strip() == f"Who directed the film of {turned[first].split()[2]}?"
    assert asks in plain(proposal_lines(view, won))
    assert asks in plain(tuple(blame_lines(view, 100)))
    assert "Who directed the film of train-" in plain(node_lines(view, "query.task", 70))


def test_an_input_shows_the_newest_values_or_that_they_will_come() -> None:
    view = view_of(3)
    newest = view.batch.forward[-1].example

    text = plain(node_lines(view, "question", 70))
    assert f"example {newest}\n  Who directed the film of {newest}?" in text
    assert "do not" not in text
    older = plain(node_lines(replace(view, inputs={}), "question", 70))
    assert "this run's journal does not hold them" in older
    early = replace(RunView(), graph=view.graph)
    assert "come with the data of the run" in plain(node_lines(early, "question", 70))


def test_a_proposal_that_was_refused_unrun_is_not_said_to_be_run_later() -> None:
    refused = ProposalView(2, 1, "c", (), {}, fate="lint", lint="repeat")

    assert "On the minibatch  not judged there" in plain(proposal_lines(RunView(), refused))
    assert "comes when it is run" in plain(proposal_lines(RunView(), replace(refused, fate=None, lint="")))


def test_a_node_is_read_again_only_when_something_about_it_changed() -> None:
    events = recorded(2)
    view, changes = RunView(), 0
    for stamped in events:
        after = reduce(view, stamped)
        same = all(a is b for a, b in zip(made_of(view, "answer.task"), made_of(after, "answer.task"), strict=True))
        if same:
            assert node_lines(view, "answer.task") == node_lines(after, "answer.task")
        changes += not same
        view = after
    assert changes < len(events) / 20


def test_the_registry_has_no_key_twice_and_knows_what_cannot_be_done() -> None:
    keys = [key for action in ACTIONS for key in action.keys]
    pause, quit_ = by_id("toggle_pause"), by_id("leave")
    ended = view_of(1)

    assert len(keys) == len(set(keys))
    assert refusal(pause, RunView(), "live") == ""
    assert refusal(pause, RunView(), "watch")
    assert refusal(pause, ended, "live") == "the run has ended"
    assert refusal(quit_, ended, "watch") == ""
    paused = replace(RunView(), control=replace(RunView().control, state="paused"))
    assert (name_now(pause, RunView()), name_now(pause, paused)) == ("Pause", "Resume")


def test_a_proposal_of_demos_reads_as_what_it_shows_and_why() -> None:
    shots = "\n\n".join(f"How many of {n}?\nAnswer: {n}" for n in range(400))
    made = TextChange("demos", shots, "demos", "2 raw (expected answers): e1; e2.", ("e1", "e2"), 0)
    text = plain(proposal_lines(RunView(), ProposalView(3, 1, "c", (made,), {"demos": ""})))

    assert "method      demos" in text
    assert "shows       e1, e2" in text
    assert "asked by" not in text
    assert "2 raw (expected answers): e1; e2." in text
    assert "{+How many of 0?" in text
    assert "How many of 399?" in text


def test_a_text_of_demos_is_a_trained_text_without_feedback() -> None:
    view = RunView(
        graph=GraphView({"demos": NodeInfo("demos", "demos", "shows examples", 1)}, {}),
        texts={"demos": TextView(TextInfo("demos", "shows examples", "demos", ""))},
    )
    text = plain(node_lines(view, "demos"))

    assert text.startswith("trained examples · shows examples")
    assert "Examples  as it started\n(empty)" in text
    assert "none: examples get scores alone" in text


def test_an_unusable_proposal_tells_what_was_wrong_with_each_reply() -> None:
    one = ProposalView(
        2, 1, "c", (), {}, "task: there is no text", ("task: it was cut off",), reason="task: there is no text"
    )
    page = plain(proposal_lines(RunView(), one, 200)).split("\n")
    assert page[1].strip() == FATES["unusable"]
    assert page[2:4] == ["1st reply   task: it was cut off", "2nd reply   task: there is no text"]
    alone = plain(proposal_lines(RunView(), replace(one, tried=()), 200)).split("\n")
    assert alone[2] == "problem     task: there is no text"


def test_examples_that_a_proposal_quotes_are_named_with_the_reason_why_they_do_not_count() -> None:
    compared = Comparison("train", "exact_match", 2, 0.5, 1.0, 1, 0, 1, 1.0, excluded=("e3",), quoted=("e1", "e2"))
    one = ProposalView(2, 1, "c", (), {}, fate="minibatch", minibatch=compared)

    text = plain(proposal_lines(RunView(), one, 200))

    assert "left out on both sides (quoted: the new text repeats them, so they would prove nothing): e1, e2" in text
    assert "left out on both sides (a call failed, which says nothing about a prompt): e3" in text


def test_what_stayed_the_same_is_listed_with_what_it_asks_as_far_as_that_is_known_and_has_room() -> None:
    def scored(example: str, score: float) -> ExampleScored:
        return ExampleScored(2, "p1.validation", "val", example, "exact_match", score, "7", "8", "", ())

    told = Trail([*(scored(f"w{n}", 0.0) for n in range(14)), *(scored(f"r{n}", 1.0) for n in range(5))])
    one = ProposalView(2, 1, "c", (), {}, old=Samples(validation=told), new=Samples(validation=told))
    known = RunView(inputs={f"{kind}{n}": {"q": f"How many of\n{n}? " * 20} for kind in "wr" for n in range(14)})

    lines = plain(proposal_lines(known, one, 60)).split("\n")
    wrong, right = lines.index("= same, wrong 14"), lines.index("= same, right 5")
    asked = lines[wrong + 1 : wrong + 13]
    assert [line.split()[0] for line in asked] == [f"w{n}" for n in range(12)]
    assert all(len(line) == 60 and "How many of" in line and line.endswith("…") for line in asked)
    assert lines[wrong + 13].strip() == "also w12, w13"
    assert [line.split()[0] for line in lines[right + 1 : right + 6]] == ["r0", "r1", "r2", "r3", "also"]

    unknown = plain(proposal_lines(RunView(), one, 60)).split("\n")
    assert unknown[unknown.index("= same, right 5") + 1].strip() == "r0, r1, r2, r3, r4"


def test_the_name_in_the_graph_is_whole_before_the_counts_are() -> None:
    left, right = (("query.task", ""),), ((" 814→", ""), (" 18←", ""))
    assert [plain((both_ends(left, right, cells),)).split() for cells in (20, 15, 12)] == [
        ["query.task", "814→", "18←"], ["query.task", "18←"], ["query.…", "18←"],
    ]  # fmt: skip


def test_an_error_that_ended_an_earlier_execution_is_not_counted_in_the_status_line() -> None:
    view = view_of(2, finished=False)
    notes = replace(view.notes, errors=Trail(["budget: spent", "ModelUnavailable: nobody"]))

    lines = [plain((first_line(replace(view, notes=replace(notes, past_errors=n)), 0, 200),)) for n in (0, 1, 2)]

    assert ["2 errors" in lines[0], "1 error " in lines[1], "error" in lines[2]] == [True, True, False]


def test_an_example_that_is_not_right_says_what_was_answered_in_place_of_what_and_the_first_row_how_often() -> None:
    view = RunView()
    for stamped in recorded(3):
        view = reduce(view, stamped)
    rows = {row.key: "".join(part[0] for part in row.line) for row in heat_rows(view, 140, "wrong")}
    newest = list(by_example(view.standings[-1]).values())
    wrong = [each for each in newest if each.score < 1]

    assert 0 < len(wrong) < len(newest)
    assert f"{len(wrong)} of {len(newest)} not right, {len(wrong)} × {wrong[0].answer}" in rows["mean"]
    for each in newest:
        told = f"{each.answer}, not {each.expected} · {view.asks(each.example)}"
        assert (told in rows[f"example {each.example}"]) == (each in wrong)
        assert view.asks(each.example) in rows[f"example {each.example}"]


@pytest.mark.parametrize("width", [140, 100, 74, 54, 40])
def test_the_map_of_examples_drops_columns_whole_and_never_half_a_word_and_its_summary_is_always_there(
    width: int,
) -> None:
    view = RunView()
    for stamped in recorded(6):
        view = reduce(view, stamped)
    header = plain((heat_header(view.standings, width),))
    rows = [(row, "".join(part[0] for part in row.line)) for row in heat_rows(view, width, "wrong")]
    newest = view.standings[-1]
    wrong = [each for each in newest.results if each.score < 1]
    summary = " ".join(text for row, text in rows if row.key.startswith("mean"))

    assert all(len(text) <= width for _, text in rows)
    assert header.split()[:2] == ["example", "start"]
    assert newest.key in header.split()
    assert f"{len(wrong)} of {len(newest.results)} not right" in summary
    assert "…" not in summary
    known = {each.example: each for each in newest.results}
    columns = "example", "start", *(standing.key for standing in view.standings[1:])
    shown = [name for name in header.split() if name in columns]
    for row, text in rows:
        if row.target:
            rest = text[header.index(shown[-1]) + 6 :]
            asked = f"{known[row.target].answer}, not {known[row.target].expected} {view.asks(row.target)}"
            words = {word.strip(",…") for word in f"{asked} right wrong better worse in part again since ·".split()}
            assert {word.strip(",…") for word in rest.split()} <= {*words, *columns}
