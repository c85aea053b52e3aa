import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.synthetic import given as input_of
from tests.synthetic import made_of, reply_of, text

from autodiff_engine.backward import Piece, Said, backward
from autodiff_engine.errors import ModelRefused, ModelUnavailable
from autodiff_engine.graph import Feedback, Kind, Node, reached_by_texts, topological

Asked = tuple[Node, tuple[str, ...], tuple[Node, ...], int]


@dataclass
class Spoken:
    """A critic that keeps what it was asked; ``says`` makes its words, ``delay`` lets answers arrive in any order."""

    says: Callable[[Node, Node], str] = lambda node, target: f"{node.name}#{node.t} on {target.name}"
    delay: Callable[[], float] = lambda: 0.0
    blameless: Sequence[str] = ()
    asked: list[Asked] = field(default_factory=list[Asked])

    async def blame(
        self, node: Node, feedback: Sequence[Feedback], targets: Sequence[Node], *, calls: int
    ) -> Mapping[Node, Said]:
        self.asked.append((node, tuple(each.text for each in feedback), tuple(targets), calls))
        await asyncio.sleep(self.delay())
        return {each: Said(self.says(node, each), each.name not in self.blameless, "llm") for each in targets}

    @property
    def nodes(self) -> list[str]:
        return [node.name for node, *_ in self.asked]


def seed(node: Node, words: str = "wrong", loss: str = "loss") -> Piece:
    return Piece(node, Feedback("a1", node.t, loss, words, "loss"))


def told(pieces: Sequence[Piece]) -> list[tuple[str, str, int, str, int]]:
    return [(p.feedback.source, p.target.name, p.feedback.t, p.feedback.text, p.feedback.count) for p in pieces]


def diamond() -> Node:
    start = reply_of("start", text("plan"), input_of("question"))
    left, right = reply_of("left", text("l"), start), reply_of("right", text("r"), start)
    longer = reply_of("longer", text("m"), right)
    return reply_of("answer", text("a"), left, longer)


async def test_in_a_diamond_each_consumer_gives_feedback_once_and_a_node_is_asked_with_all_of_it() -> None:
    critic = Spoken()
    root = diamond()
    pieces = await backward([seed(root)], critic)
    assert sorted(critic.nodes) == ["answer", "left", "longer", "right", "start"]
    by_name = {node.name: words for node, words, *_ in critic.asked}
    assert by_name["start"] == ("left#1 on start", "right#1 on start")  # though one of the paths is longer
    assert critic.nodes.index("start") == 4
    assert [each for each in told(pieces) if each[1] == "plan"] == [("start", "plan", 1, "start#1 on plan", 1)]


async def test_feedback_is_in_structural_order_whatever_arrives_first() -> None:
    results: list[list[tuple[str, str, int, str, int]]] = []
    for draw in map(random.Random, range(8)):
        root = diamond()
        critic = Spoken(delay=lambda draw=draw: draw.random() * 0.003)
        results.append(told(await backward([seed(root)], critic)))
    assert all(each == results[0] for each in results)
    assert results[0][:4] == [
        ("loss", "answer", 1, "wrong", 1),
        ("answer", "a", 1, "answer#1 on a", 1),
        ("answer", "left", 1, "answer#1 on left", 1),
        ("answer", "longer", 1, "answer#1 on longer", 1),
    ]


async def test_calls_of_one_level_run_at_once() -> None:
    both, waiting = asyncio.Event(), 0

    class Meeting(Spoken):
        async def blame(
            self, node: Node, feedback: Sequence[Feedback], targets: Sequence[Node], *, calls: int
        ) -> Mapping[Node, Said]:
            nonlocal waiting
            if node.name != "answer":
                waiting += 1
                if waiting == 2:
                    both.set()
                await both.wait()
            return await super().blame(node, feedback, targets, calls=calls)

    root = reply_of("answer", reply_of("x", text("a")), reply_of("y", text("b")))
    await asyncio.wait_for(backward([seed(root)], Meeting()), 5)
    assert waiting == 2


async def test_branches_that_no_text_reaches_cost_no_call_and_are_no_targets() -> None:
    frozen = reply_of("frozen", input_of("question"), Node("k", Kind.HYPERPARAMETER, "how many", "3"))
    root = reply_of("answer", text("a"), frozen, input_of("question"))
    critic = Spoken()
    await backward([seed(root)], critic)
    assert critic.nodes == ["answer"]
    assert [target.name for target in critic.asked[0][2]] == ["a"]


async def test_a_graph_without_texts_costs_nothing_and_gives_nothing() -> None:
    root = reply_of("answer", input_of("question"))
    critic = Spoken()
    assert await backward([seed(root)], critic) == ()
    assert critic.asked == []


async def test_a_function_with_one_predecessor_that_can_carry_feedback_passes_it_through() -> None:
    k = Node("k", Kind.HYPERPARAMETER, "how many", "3")
    query = reply_of("query", text("q"))
    retrieved = made_of("retrieve", query, k, input_of("question"))
    critic = Spoken()
    pieces = await backward([seed(retrieved, "nothing fits")], critic)
    assert critic.nodes == ["query"]
    assert critic.asked[0][1] == ("nothing fits",)
    assert [each.feedback.how for each in pieces] == ["loss", "pass-through", "llm"]


async def test_a_function_with_several_such_predecessors_makes_one_call_for_all_of_them() -> None:
    first, second = reply_of("query", text("q"), t=1), reply_of("query", text("q"), t=2)
    combined = made_of("combine", first, second, input_of("question"))
    critic = Spoken()
    await backward([seed(combined)], critic)
    assert critic.nodes == ["combine", "query", "query"]
    assert critic.asked[0][2] == (first, second)


async def test_a_skip_connection_beside_the_normal_path_gives_one_copy_with_count_two() -> None:
    query = reply_of("query", text("q"))
    retrieved = made_of("retrieve", query)
    answer = reply_of("answer", retrieved, skips=(query,))
    critic = Spoken(says=lambda node, target: "too  vague." if target is query else "Too VAGUE.")
    pieces = await backward([seed(answer)], critic)
    assert [each for each in told(pieces) if each[1] == "query"] == [("retrieve", "query", 1, "Too VAGUE.", 2)]
    assert critic.nodes == ["answer", "query"]
    assert critic.asked[1][1] == ("Too VAGUE.",)


async def test_what_was_said_twice_is_passed_through_with_its_count() -> None:
    query = reply_of("query", text("q"))
    shared = made_of("retrieve", query)
    root = reply_of("answer", reply_of("x", shared), reply_of("y", shared))
    pieces = await backward([seed(root)], Spoken(says=lambda node, target: "vague"))
    assert [each for each in told(pieces) if each[1] == "query"] == [("retrieve", "query", 1, "vague", 2)]


async def test_equal_words_that_blame_and_that_do_not_are_two_pieces() -> None:
    task = text("task")
    fine, bad = reply_of("fine", task), reply_of("bad", task)
    root = reply_of("answer", fine, bad)

    class Divided(Spoken):
        async def blame(
            self, node: Node, feedback: Sequence[Feedback], targets: Sequence[Node], *, calls: int
        ) -> Mapping[Node, Said]:
            return {each: Said("It is vague.", node is not fine, "llm") for each in targets}

    pieces = await backward([seed(root)], Divided())
    assert [each.feedback.to_blame for each in pieces if each.target is task] == [True, False]  # bad stands later


async def test_a_node_that_nobody_blames_opens_no_call_and_its_feedback_is_kept() -> None:
    upstream = reply_of("upstream", text("u"))
    root = reply_of("answer", text("a"), upstream)
    critic = Spoken(blameless=["upstream", "a"])
    pieces = await backward([seed(root)], critic)
    assert critic.nodes == ["answer"]
    assert [(p.target.name, p.feedback.to_blame) for p in pieces] == [
        ("answer", True),
        ("a", False),
        ("upstream", False),
    ]


async def test_a_node_that_only_some_blame_hears_only_them() -> None:
    shared = reply_of("shared", text("s"))
    x, y = reply_of("x", text("a"), shared), reply_of("y", text("b"), shared)
    root = reply_of("answer", x, y)

    class Half(Spoken):
        async def blame(
            self, node: Node, feedback: Sequence[Feedback], targets: Sequence[Node], *, calls: int
        ) -> Mapping[Node, Said]:
            said = await super().blame(node, feedback, targets, calls=calls)
            return {each: Said(f"from {node.name}", node is not x, word.how) for each, word in said.items()}

    critic = Half()
    await backward([seed(root)], critic)
    assert {node.name: words for node, words, *_ in critic.asked}["shared"] == ("from y",)


async def test_calls_of_one_name_say_how_often_it_was_called_and_their_feedback_has_their_t() -> None:
    task = text("task")
    first = reply_of("query", task, t=1)
    second = reply_of("query", task, first, t=2)
    critic = Spoken()
    pieces = await backward([seed(second)], critic)
    assert [(node.t, calls) for node, _, _, calls in critic.asked] == [(2, 2), (1, 2)]
    assert [p.feedback.t for p in pieces if p.target is task] == [2, 1]


@pytest.mark.parametrize("error", [ModelUnavailable("nobody"), ModelRefused("too long"), ValueError("defect")])
async def test_an_error_of_a_call_surfaces_as_itself_and_cancels_the_rest(error: Exception) -> None:
    cancelled: list[str] = []

    class Failing(Spoken):
        async def blame(
            self, node: Node, feedback: Sequence[Feedback], targets: Sequence[Node], *, calls: int
        ) -> Mapping[Node, Said]:
            if node.name == "x":
                raise error
            if node.name == "y":
                try:
                    await asyncio.sleep(30)
                except asyncio.CancelledError:
                    cancelled.append(node.name)
                    raise
            return await super().blame(node, feedback, targets, calls=calls)

    root = reply_of("answer", reply_of("x", text("a")), reply_of("y", text("b")))
    with pytest.raises(type(error)) as raised:
        await backward([seed(root)], Failing())
    assert raised.value is error
    assert cancelled == ["y"]


async def test_nothing_is_written_into_the_graph_so_that_two_passes_are_equal() -> None:
    root = diamond()
    before = [repr(node) for node in topological([root])]
    assert await backward([seed(root)], Spoken()) == await backward([seed(root)], Spoken())
    assert [repr(node) for node in topological([root])] == before


async def test_feedback_runs_down_a_chain_of_2000_nodes() -> None:
    node = reply_of("start", text("task"))
    for t in range(1, 2_000):
        node = made_of("next", node, t=t)
    critic = Spoken()
    pieces = await backward([seed(node)], critic)
    assert critic.nodes == ["start"]
    assert len(pieces) == 2_001


@dataclass
class Multiplying:
    """A critic of numbers: an edge has a weight, what is said of a target is the sum heard times the edge's weight."""

    weights: Mapping[tuple[Node, Node], int]

    async def blame(
        self, node: Node, feedback: Sequence[Feedback], targets: Sequence[Node], *, calls: int
    ) -> Mapping[Node, Said]:
        heard = sum(int(each.text) * each.count for each in feedback)
        return {each: Said(str(heard * self.weights[node, each]), True, "llm") for each in targets}


Weights = Mapping[tuple[Node, Node], int]


@st.composite
def programs(draw: st.DrawFn) -> tuple[list[Node], dict[tuple[Node, Node], int]]:
    """A random program as it is traced: peers, loops that are unrolled, functions, skips; and a weight for every edge.

    Returns the nodes that losses are on, the last of them the answer.
    """
    texts = [text(f"p{i}") for i in range(draw(st.integers(1, 4)))]
    calls: Counter[str] = Counter()
    nodes: list[Node] = [input_of("question")]

    def step(name: str, peers: Sequence[Node], parents: Sequence[Node], skips: Sequence[Node]) -> Node:
        calls[name] += 1
        made = (
            reply_of(name, *peers, *parents, t=calls[name], skips=tuple(skips))
            if name in LLMS
            else (made_of(name, *parents, t=calls[name], skips=tuple(skips)))
        )
        nodes.append(made)
        return made

    def parents_and_skips() -> tuple[list[Node], list[Node]]:
        parents = draw(st.lists(st.sampled_from(nodes), min_size=1, max_size=3))
        return parents, draw(st.lists(st.sampled_from([*nodes, *texts]), max_size=2))

    for _ in range(draw(st.integers(1, 3))):
        if draw(st.booleans()):  # a loop: each round goes on from the one before, the same texts serve all of them
            body = draw(st.lists(st.sampled_from(STEPS), min_size=1, max_size=2))
            peers = {name: draw(st.lists(st.sampled_from(texts), max_size=3, unique_by=id)) for name in body}
            state, (beside, skips) = nodes[-1], parents_and_skips()
            for _ in range(draw(st.integers(2, 3))):
                for name in body:
                    state = step(name, peers[name], [state, *beside[:1]], skips[:1])
        for _ in range(draw(st.integers(1, 2))):
            name = draw(st.sampled_from(STEPS))
            step(name, draw(st.lists(st.sampled_from(texts), max_size=3, unique_by=id)), *parents_and_skips())
    roots = [*draw(st.lists(st.sampled_from(nodes), max_size=3)), nodes[-1]]
    order = topological(roots)
    carriers = reached_by_texts(order)
    weights: dict[tuple[Node, Node], int] = {}
    edges = [(each, parent) for each in order for parent in each.predecessors]
    for node, parent in edges:
        through = node.kind is not Kind.ANSWER and sum(each in carriers for each in node.predecessors) == 1
        weights[node, parent] = 1 if through else draw(st.integers(-3, 3))
    return roots, weights


LLMS = ("query", "answer")
STEPS = (*LLMS, "retrieve", "combine")


def sum_over_paths(roots: Sequence[Node], seeds: Sequence[int], weights: Weights) -> dict[str, int]:
    """By brute force: for each text the sum, over all paths from all losses to it, of the product along the path."""
    sums: dict[str, int] = {}

    def walk(node: Node, product: int) -> None:
        if node.kind is Kind.TEXT:
            sums[node.name] = sums.get(node.name, 0) + product
        for parent in node.predecessors:
            walk(parent, product * weights[node, parent])

    for root, seeded in zip(roots, seeds, strict=True):
        walk(root, seeded)
    return sums


@settings(max_examples=300, deadline=None)
@given(programs(), st.lists(st.integers(-2, 2), min_size=4, max_size=4))
async def test_numbers_that_are_multiplied_along_edges_sum_up_over_all_paths_from_all_losses(
    drawn: tuple[list[Node], dict[tuple[Node, Node], int]], numbers: list[int]
) -> None:
    roots, weights = drawn
    seeded = numbers[: len(roots)]
    seeds = [seed(root, str(number), f"loss.{i}") for i, (root, number) in enumerate(zip(roots, seeded, strict=True))]
    pieces = await backward(seeds, Multiplying(weights))
    sums: dict[str, int] = {}
    for piece in pieces:
        if piece.target.kind is Kind.TEXT:
            number = int(piece.feedback.text) * piece.feedback.count
            sums[piece.target.name] = sums.get(piece.target.name, 0) + number
    assert sums == sum_over_paths(roots, seeded, weights)


@settings(max_examples=100, deadline=None)
@given(programs())
async def test_only_llm_steps_and_steps_with_a_choice_are_asked_each_once_for_all_losses(
    drawn: tuple[list[Node], dict[tuple[Node, Node], int]],
) -> None:
    roots, _ = drawn
    critic = Spoken()
    pieces = await backward([seed(root, loss=f"loss.{i}") for i, root in enumerate(roots)], critic)
    carriers = reached_by_texts(topological(roots))
    expected = [
        node
        for node in carriers
        if node.kind is Kind.ANSWER
        or (node.kind is not Kind.TEXT and sum(each in carriers for each in node.predecessors) > 1)
    ]
    assert Counter(id(node) for node, *_ in critic.asked) == Counter(map(id, expected))
    assert all(all(target in carriers for target in targets) for _, _, targets, _ in critic.asked)
    kept = [(id(p.target), p.feedback.t, " ".join(p.feedback.text.lower().split())) for p in pieces]
    assert len(kept) == len(set(kept))  # one copy for (example, t, target, normalised text)


async def test_a_node_is_asked_once_when_the_feedback_of_all_losses_is_there() -> None:
    query = reply_of("query", text("q"))
    found = made_of("retrieve", query)
    answer = reply_of("answer", text("a"), found)
    critic = Spoken()
    pieces = await backward(
        [seed(found, "misses a title", "loss.retrieve"), seed(answer, "is wrong", "loss.answer")], critic
    )
    assert critic.nodes == ["answer", "query"]
    assert critic.asked[1][1] == ("misses a title", "answer#1 on retrieve")
    assert told(pieces)[:2] == [
        ("loss.retrieve", "retrieve", 1, "misses a title", 1),
        ("loss.answer", "answer", 1, "is wrong", 1),
    ]
    assert [each[:2] for each in told(pieces) if each[1] == "q"] == [("query", "q")]


async def test_every_call_of_a_repeated_node_can_be_seeded_and_hears_how_often_it_was_called() -> None:
    task = text("task")
    calls = [reply_of("query", task, t=t) for t in (1, 2, 3)]
    critic = Spoken()
    pieces = await backward([seed(calls[0], "one"), seed(calls[1], "two")], critic, beside=calls)
    assert [(node.t, words, times) for node, words, _, times in critic.asked] == [(2, ("two",), 3), (1, ("one",), 3)]
    assert sorted(p.feedback.t for p in pieces if p.target is task) == [1, 2]


async def test_a_loss_on_what_no_text_reaches_is_left_out_and_the_others_are_not() -> None:
    constant, answer = made_of("clock", input_of("question")), reply_of("answer", text("a"))
    critic = Spoken()
    pieces = await backward([seed(constant, loss="loss.clock"), seed(answer)], critic)
    assert [p.target.name for p in pieces] == ["answer", "a"]
    assert await backward([], critic) == ()


async def test_a_skip_to_a_trained_text_says_the_same_once_at_one_time_and_apart_at_two() -> None:
    task = text("planner.task")
    first = reply_of("planner", task, t=1)
    second = reply_of("planner", task, first, t=2)
    combine = made_of("combine", second, skips=(task,))
    critic = Spoken(says=lambda node, target: "Plan one step less.")
    pieces = await backward([seed(combine)], critic)
    said = [(p.feedback.source, p.feedback.t, p.feedback.count) for p in pieces if p.target is task]
    assert said == [("planner", 1, 2), ("planner", 2, 1)]  # of equal words, those of the call that was sent the text
    assert critic.nodes == ["combine", "planner", "planner"]
