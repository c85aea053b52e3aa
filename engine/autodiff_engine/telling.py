"""The trainer's values as events and as words: pure, so that what is told can be tested without a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from .backward import Piece
from .comparison import mean
from .critic import sent, times
from .evaluate import Outcome
from .events import (
    CandidateScored,
    Comparison,
    EdgeInfo,
    ExampleExcluded,
    ExampleScored,
    FeedbackGiven,
    GraphGrew,
    LossMean,
    LossScore,
    NodeInfo,
    TracedCall,
    Warned,
)
from .graph import Exchange, Kind, Node, topological
from .objective import TermScore, expected_of
from .proposal import Evidence
from .statistics import wilson
from .validation import Verdict


class GraphSeen:
    """The program's graph as far as it has been seen, by node name; one owner, the trainer."""

    def __init__(self) -> None:
        self._nodes: dict[str, NodeInfo] = {}
        self._edges: dict[EdgeInfo, None] = {}

    def grow(self, *roots: Node) -> GraphGrew | None:
        """Take in the graph of one example, all that leads to ``roots``; return what is new in it, or None."""
        nodes: dict[str, NodeInfo] = {}
        edges: dict[EdgeInfo, None] = {}
        for node in topological(roots):
            known = nodes.get(node.name) or self._nodes.get(node.name)
            if known is None or known.calls < node.t:
                nodes[node.name] = NodeInfo(node.name, node.kind.value, node.role, node.t)
            for parent in node.predecessors:
                edge = EdgeInfo(parent.name, node.name, parent not in node.parents)
                if edge not in self._edges:
                    edges[edge] = None
        self._nodes |= nodes
        self._edges |= edges
        return GraphGrew(tuple(nodes.values()), tuple(edges)) if nodes or edges else None


def scored(
    outcome: Outcome, *, step: int, phase: str, split: str, metric: str, traced: bool
) -> ExampleScored | ExampleExcluded:
    """Return the fact that an outcome is; ``traced`` puts its calls into it."""
    if outcome.unavailable:
        return ExampleExcluded(step, phase, outcome.example.id, outcome.unavailable)
    return ExampleScored(
        step=step,
        phase=phase,
        split=split,
        example=outcome.example.id,
        metric=metric,
        score=float(outcome.score),
        answer=outcome.parsed,
        expected=outcome.example.expected,
        why=outcome.why,
        keys=outcome.keys,
        trace=_calls(outcome) if traced else (),
        losses=tuple(_loss_score(each) for each in outcome.losses),
        on_answer=None if outcome.on_answer is None else float(outcome.on_answer),
    )


def _loss_score(told: TermScore) -> LossScore:
    scores = tuple(float(call.score) for call in told.calls)
    return LossScore(told.term.node, told.term.metric.name, float(told.score), scores)


def candidate_scored(
    outcomes: Sequence[Outcome], step: int, which: Literal["start", "best"], candidate: str, split: str, metric: str
) -> CandidateScored:
    """Return the fact that a whole split's score is, with its interval, and each of several losses apart."""
    graded = [each.score for each in outcomes if not each.unavailable]
    average, n = mean(graded), len(graded)
    low, high = wilson(average, n)
    wrong = sum(each.wrong_format for each in outcomes)
    return CandidateScored(
        step, which, candidate, split, metric, average, n, low, high, wrong, loss_means(outcomes), on_answer(outcomes)
    )


def loss_means(outcomes: Sequence[Outcome]) -> tuple[LossMean, ...]:
    """Return the mean of each of several losses, in the order of the config, over the outcomes that have a score."""
    scored = [each.losses for each in outcomes if not each.unavailable]
    return tuple(
        LossMean(of[0].term.node, of[0].term.metric.name, float(of[0].term.weight), mean([each.score for each in of]))
        for of in zip(*scored, strict=True)
    )


def on_answer(outcomes: Sequence[Outcome]) -> float | None:
    """Return the mean of the task's metric on the answers where several losses make the score, else None."""
    scores = [each.on_answer for each in outcomes if each.on_answer is not None]
    return mean(scores) if scores else None


def warning_of(outcomes: Sequence[Outcome]) -> Warned | None:
    """Return a warning when most replies cannot be read, with what is looked for in them."""
    unread = [each for each in outcomes if each.wrong_format]
    if 2 * len(unread) <= len(outcomes):
        return None
    asked = [each.answer.exchange for each in unread if each.answer is not None and each.answer.exchange is not None]
    forms = list(dict.fromkeys(each.form for each in asked if each.form))
    what = f": {forms[0]}" if len(forms) == 1 else ""
    hint = f"say in a start text in which form to answer (program.answer reads it){what}"
    return Warned(f"no answer could be read from {len(unread)} of {len(outcomes)} replies: {hint}")


def in_words(outcomes: Sequence[Outcome]) -> str:
    """Return a split's score as the optimizer is shown it."""
    graded = [each.score for each in outcomes if not each.unavailable]
    return f"{mean(graded):.3f} (n={len(graded)})"


def ungraded(outcomes: Sequence[Outcome], step: int, phase: str) -> Warned | None:
    """Return a warning when a judge could not grade some outcomes of a phase."""
    lost = sum(each.ungraded for each in outcomes)
    told = f"step {step}, {phase}: no reply of the judge held a grade for {lost} of {len(outcomes)} examples"
    return Warned(f"{told}: they are left out on both sides") if lost else None


def feedback_given(step: int, piece: Piece) -> FeedbackGiven:
    """Return the fact that a piece of feedback is."""
    told = piece.feedback
    return FeedbackGiven(
        step=step,
        example=told.example,
        source=told.source,
        target=piece.target.name,
        t=told.t,
        on_text=piece.target.kind is Kind.TEXT,
        text=told.text,
        to_blame=told.to_blame,
        how=told.how,
        count=told.count,
        left_out=told.left_out,
    )


def feedback_evidence(outcomes: Sequence[Outcome], pieces: Sequence[Sequence[Piece]]) -> dict[str, list[Evidence]]:
    """Return by text name what feedback asks for: by example in the order of ``outcomes``, then t ascending (eq. 6, 8).

    What a step says along a skip connection, whose t is of other calls, stands after the last call that was sent the
    text before that step.

    A text that nobody blames is not in it.
    """
    evidence: dict[str, list[Evidence]] = {}
    blamed: set[str] = set()
    for outcome, told in zip(outcomes, pieces, strict=True):
        calls = {(node.name, node.t): node for node in outcome.graph}
        on_texts = [piece for piece in told if piece.target.kind is Kind.TEXT]
        places = _places(outcome.graph) if any(node.skips for node in calls.values()) else {}
        for piece in sorted(on_texts, key=lambda piece: _place(piece, calls, places)):
            shown = _shown(outcome, piece, calls)
            evidence.setdefault(piece.target.name, []).append(Evidence(outcome.example.id, shown))
            if piece.feedback.to_blame:
                blamed.add(piece.target.name)
    return {name: each for name, each in evidence.items() if name in blamed}


_Place = tuple[int, int]
"""When a text was spoken of: the call that it was sent in, then the steps that look back at it, as they happened."""


def _place(piece: Piece, calls: Mapping[tuple[str, int], Node], places: Mapping[tuple[Node, Node], _Place]) -> _Place:
    source = calls.get((piece.feedback.source, piece.feedback.t))
    sent_in = piece.feedback.t, 0
    return places.get((source, piece.target), sent_in) if source else sent_in


def _places(graph: Sequence[Node]) -> dict[tuple[Node, Node], _Place]:
    """Return, of each step and each text that it has a skip connection to, when it happened, seen from the text."""
    latest: dict[tuple[Node, Node], int] = {}
    places: dict[tuple[Node, Node], _Place] = {}
    texts = [node for node in graph if node.kind is Kind.TEXT]
    for number, node in enumerate(graph, 1):
        for text in texts:
            before = max((latest[each, text] for each in node.predecessors), default=0)
            latest[node, text] = max(before, node.t) if text in node.parents else before
            if text in node.skips and text not in node.parents:
                places[node, text] = before, number
    return places


def data_evidence(outcomes: Sequence[Outcome], texts: Sequence[str]) -> dict[str, list[Evidence]]:
    """Return, for every text alike, the failed examples themselves (OPRO with data)."""
    shown = [Evidence(outcome.example.id, _example(outcome)) for outcome in outcomes]
    return dict.fromkeys(texts, shown) if shown else {}


def peers_of(outcomes: Sequence[Outcome]) -> dict[str, tuple[str, ...]]:
    """Return by text name the other texts, demos too, that some call was sent with it, in the program's order."""
    peers: dict[str, dict[str, None]] = {}
    for outcome in outcomes:
        for node in outcome.graph:
            texts = [parent.name for parent in node.parents if parent.kind in (Kind.TEXT, Kind.DEMOS)]
            for name in texts:
                peers.setdefault(name, {}).update(dict.fromkeys(each for each in texts if each != name))
    return {name: tuple(each) for name, each in peers.items()}


def forms_of(outcomes: Sequence[Outcome]) -> dict[str, tuple[str, ...]]:
    """Return by text name what is read, in words, from the replies of the calls that the text was sent in."""
    forms: dict[str, dict[str, None]] = {}
    for outcome in outcomes:
        for node in outcome.graph:
            for parent in node.parents:
                if parent.kind is Kind.TEXT and node.exchange is not None and node.exchange.form:
                    forms.setdefault(parent.name, {})[node.exchange.form] = None
    return {name: tuple(each) for name, each in forms.items()}


def result(verdict: Verdict) -> str:
    """Return both gate scores and the reason of a rejection in one line, for the optimizer's history (CH)."""
    gates = [("on these examples", verdict.minibatch), ("on the validation examples", verdict.validation)]
    told = [f"{where} {_scores(gate)}" for where, gate in gates if gate is not None]
    return "; ".join([*told, f"rejected: {verdict.reason}"])


def _scores(gate: Comparison) -> str:
    if gate.after is None:
        return "not scored"
    if gate.stopped_after is not None and gate.at_most is not None:
        return f"at most {gate.at_most:.2f} against {gate.before:.2f} (n={gate.n})"
    return f"{gate.after:.2f} against {gate.before:.2f} (n={gate.n}; {gate.wins} better, {gate.losses} worse)"


def _calls(outcome: Outcome) -> tuple[TracedCall, ...]:
    asked = [(node.name, node.t, node.exchange) for node in outcome.graph if outcome.answer and node.exchange]
    judged = [(call.name, call.t, call.exchange) for call in outcome.calls]
    return tuple(
        TracedCall(name, t, exchange.key, sent(exchange), exchange.reply) for name, t, exchange in [*asked, *judged]
    )


def _shown(outcome: Outcome, piece: Piece, calls: Mapping[tuple[str, int], Node]) -> str:
    told = piece.feedback
    node = calls.get((told.source, told.t))
    lines = [f"Example {outcome.example.id}, score {float(outcome.score):g}{_of_losses(outcome)}"]
    if node is not None and node.exchange is not None:
        repeated = max(t for name, t in calls if name == node.name) > 1
        lines[0] += f", call {node.t} of {node.name}" if repeated else ""
        lines += [f"sent: {_without_demos(node.exchange)}", f"replied: {node.exchange.reply}"]
    elif node is not None:
        lines += [f"computed: {node.value}"]
    lines.append(f"feedback: {times(told)}{'' if told.to_blame else 'this text is not to blame. '}{told.text}")
    return "\n".join(lines)


def _without_demos(exchange: Exchange) -> str:
    """Return the user half; with demos in it every piece of feedback would repeat them all."""
    return exchange.user if exchange.bare is None else exchange.bare


def _example(outcome: Outcome) -> str:
    lines = [f"{name}: {value}" for name, value in outcome.example.inputs.items()]
    lines.append(f"answered: {outcome.answer.value if outcome.answer else 'nothing'}")
    if outcome.example.expected is not None:
        lines.append(f"expected: {outcome.example.expected}")
    for each in outcome.losses:
        wanted = expected_of(outcome.example, each.term.expected) if each.term.expected else None
        lines += [] if wanted is None else [f"expected of {each.term.node}: {', '.join(wanted.splitlines())}"]
    return "\n".join([*lines, f"score: {float(outcome.score):g}{_of_losses(outcome)}"])


def _of_losses(outcome: Outcome) -> str:
    """Return what each of several losses says; nothing where one metric is the score."""
    told = ", ".join(f"{each.term.shown} {float(each.score):g}" for each in outcome.losses)
    return f" ({told})" if told else ""
