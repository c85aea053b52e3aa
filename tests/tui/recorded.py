"""A training run as its events: the same at every call, realistic in what follows what."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from autodiff_engine.events import (
    FACT_TYPES,
    CallCounts,
    CallFinished,
    CallStarted,
    CandidateScored,
    Comparison,
    ControlChanged,
    DataLoaded,
    EdgeInfo,
    Event,
    ExampleInputs,
    ExampleScored,
    ExamplesShown,
    FeedbackGiven,
    GraphGrew,
    InputValue,
    LedgerUpdated,
    ModelInfo,
    NodeInfo,
    PhaseStarted,
    ProgramDescribed,
    ProposalCounts,
    ProposalJudged,
    ProposalMade,
    RunFinished,
    RunOpened,
    Stamped,
    StepFinished,
    StepStarted,
    TestCompared,
    TestScores,
    TextChange,
    TextInfo,
    TokenCounts,
    TracedCall,
    ValScores,
)

RUN_ID = "2031-05-04-hotpot-3f9a"
VAL, TEST, BATCH, MAX_STEPS = 60, 100, 4, 12
TEXTS = (
    TextInfo("query.task", "tells the model how to write a search query", "prompt", "Write a search query."),
    TextInfo("query.format", "what a query looks like", "prompt", "Reply with the query alone."),
    TextInfo("answer.task", "tells the model how to answer", "prompt", "Answer the question from the context."),
    TextInfo("answer.format", "what an answer looks like", "prompt", "Reply in a few words."),
)
_ADVICE = (
    "The query repeats the whole question. Ask for the one entity that the second hop needs.",
    "The second query did not use what the first passages said; it asked the same thing again.",
    "The answer names the film and not its director. Say which entity the question asks for.",
    "The context holds the answer in its third passage; the model answered from memory instead.",
    "The answer is a sentence where the metric expects the bare name.",
)
_SENTENCES = (
    "Name the one entity that is still missing.",
    "Use what the passages found so far say; do not repeat an earlier query.",
    "Answer with the bare name or number and nothing else.",
    "Quote the passage that supports the answer before you decide.",
    "If two entities share a name, add the year or the place.",
)
_METHODS = ("add instructions", "rephrase or replace", "add examples", "delete")


@dataclass
class Recorder:
    """Numbers events as a run would: ``seq`` for all, ``fact`` for facts."""

    events: list[Stamped] = field(default_factory=list)
    t: float = 0.0
    facts: int = 0
    calls: int = 0
    cached: int = 0
    tokens: int = 0
    open: int = 0

    def say(self, *events: Event) -> None:
        for event in events:
            is_fact = isinstance(event, FACT_TYPES)
            self.facts += is_fact
            self.t += 0.05
            self.events.append(Stamped(len(self.events) + 1, self.t, self.facts if is_fact else None, event))

    def call(self, at: str, role: str, node: str, *, cached: bool = False) -> None:
        self.open += 1
        self.say(CallStarted(at, role, node, self.open))
        self.open -= 1
        model = "openai/gpt-4o-mini" if role == "task" else "openai/gpt-4o"
        self.say(CallFinished(at, role, node, model, f"key-{at}", 0.8, 420, 35, 0.0002, cached, "", self.open))
        self.calls, self.cached = self.calls + (not cached), self.cached + cached
        self.tokens += 0 if cached else 455

    def ledger(self) -> None:
        counts = CallCounts(self.calls, self.cached, 0)
        tokens = TokenCounts(self.tokens - 35 * self.calls, 35 * self.calls)
        self.say(LedgerUpdated(counts, tokens, self.calls * 0.0002))


def recorded(steps: int = 6, *, seed: int = 7, finished: bool = True) -> list[Stamped]:
    """Return the events of a run of ``steps`` steps; the same list at every call."""
    return _Story(random.Random(seed)).tell(steps, finished=finished)


def _asking(split: str, count: int) -> ExamplesShown:
    names = [f"{split}-{index}" for index in range(count)]
    told = (ExampleInputs(name, (InputValue("question", f"Who directed the film of {name}?"),)) for name in names)
    return ExamplesShown(split, tuple(told))


class _Story:
    """A run whose candidates get better by chance."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.out = Recorder()
        self.values = {text.name: text.value for text in TEXTS}
        self.val = 29 / VAL
        self.incumbent = "c0"
        self.gates = ProposalCounts()

    def tell(self, steps: int, *, finished: bool) -> list[Stamped]:
        self.open()
        for step in range(1, steps + 1):
            self.step(step)
        if finished:
            self.close(steps)
        return self.out.events

    def open(self) -> None:
        models = (ModelInfo("task", "openai/gpt-4o-mini"), ModelInfo("optimizer", "openai/gpt-4o"))
        self.out.say(
            RunOpened(RUN_ID, f"runs/{RUN_ID}", "hotpot.toml", "0.1.0", "2031-05-04T09:00:00Z", False),
            ControlChanged("running", "", 0),
            ProgramDescribed(
                "multi_hop_cycle", TEXTS, "exact_match", "equal after normalising", "exact_match", models, MAX_STEPS, 4
            ),
            DataLoaded("hotpot:hotpot.json", 120, VAL, TEST, 3, "f1a2"),
            _asking("val", VAL),
            _asking("train", 120),
            PhaseStarted(0, "start.validation", VAL),
        )
        for index in range(VAL):
            self.example(0, "start.validation", "val", f"val-{index}", float(index < 29))
            if index == 0:
                self.grow()
        self.out.ledger()
        self.out.say(CandidateScored(0, "start", "c0", "val", "exact_match", self.val, VAL, 0.36, 0.61, 2))

    def grow(self) -> None:
        nodes = [NodeInfo(text.name, "text", text.role, 1) for text in TEXTS]
        nodes += [
            NodeInfo("question", "input", "the user's question", 1),
            NodeInfo("query", "answer", "a search query", 2),
            NodeInfo("retrieve", "retrieved", "the best passages", 2),
            NodeInfo("combine", "function", "passages without repeats", 1),
            NodeInfo("answer", "answer", "the answer", 1),
            NodeInfo("loss", "loss", "exact match", 1),
        ]
        pairs = (
            ("answer", "loss"), ("answer.task", "answer"), ("answer.format", "answer"), ("question", "answer"),
            ("combine", "answer"), ("retrieve", "combine"), ("query", "retrieve"), ("query.task", "query"),
            ("query.format", "query"), ("question", "query"), ("retrieve", "query"),
        )  # fmt: skip
        self.out.say(GraphGrew(tuple(nodes), tuple(EdgeInfo(a, b, False) for a, b in pairs)))

    def example(self, step: int, phase: str, split: str, example: str, score: float) -> None:
        for t in (1, 2):
            self.out.call(f"{step}/{phase}/{example}/query/{t}", "task", "query", cached=t == 2 and step > 1)
        self.out.call(f"{step}/{phase}/{example}/answer/1", "task", "answer")
        trace: tuple[TracedCall, ...] = ()
        if phase == "forward" or phase.endswith("minibatch"):
            asked = f"{self.values['query.task']}\n\nQuestion: who directed the film that {example} names?"
            trace = (
                TracedCall("query", 1, "k1", asked, "director of the film"),
                TracedCall("query", 2, "k2", asked + "\nFound: a 1994 film", "1994 film director"),
                TracedCall("answer", 1, "k3", self.values["answer.task"] + "\n\nContext: …", "Ana Torres directed it."),
            )
        why = "equal" if score else "expected 'Ana Torres'"
        answer = "Ana Torres" if score else "A Ferry North"
        self.out.say(
            ExampleScored(step, phase, split, example, "exact_match", score, answer, "Ana Torres", why, (), trace)
        )

    def step(self, step: int) -> None:
        batch = tuple(f"train-{step * BATCH + index}" for index in range(BATCH))
        scores = [float(self.rng.random() < 0.45) for _ in batch]
        scores[-1] = 0.0
        self.out.say(StepStarted(step, batch, batch[:1] if step > 1 else ()), PhaseStarted(step, "forward", BATCH))
        for example, score in zip(batch, scores, strict=True):
            self.example(step, "forward", "train", example, score)
        self.feedback(step, [example for example, score in zip(batch, scores, strict=True) if not score])
        accepted = None
        for k in range(1, 5):
            if self.propose(step, k, batch, sum(scores) / BATCH):
                accepted = k
                break
        outcome = "accepted" if accepted else "rejected"
        self.out.ledger()
        self.out.say(StepFinished(step, outcome, accepted, self.incumbent, self.val))

    def feedback(self, step: int, failures: list[str]) -> None:
        self.out.say(PhaseStarted(step, "backward", len(failures) * 3))
        for example in failures:
            self.out.call(f"{step}/backward/{example}/loss/1", "backward", "loss")
            said = self.rng.choice(_ADVICE)
            self.out.say(FeedbackGiven(step, example, "loss", "answer", 1, False, said, True, "loss"))
            self.out.call(f"{step}/backward/{example}/answer/1", "backward", "answer")
            for name in ("answer.task", "answer.format"):
                said = self.rng.choice(_ADVICE)
                self.out.say(FeedbackGiven(step, example, "answer", name, 1, True, said, name.endswith("task"), "llm"))
            for t in (1, 2):
                self.out.call(f"{step}/backward/{example}/query/{t}", "backward", "query")
                for name in ("query.task", "query.format"):
                    said = self.rng.choice(_ADVICE)
                    self.out.say(FeedbackGiven(step, example, "query", name, t, True, said, True, "llm"))

    def propose(self, step: int, k: int, batch: tuple[str, ...], before: float) -> bool:
        self.out.say(PhaseStarted(step, f"p{k}.propose", 2))
        changes: list[TextChange] = []
        for name in self.rng.sample(list(self.values), 2):
            self.out.call(f"{step}/p{k}.propose/{name}/1", "optimizer", name)
            value = f"{self.values[name]} {self.rng.choice(_SENTENCES)}"
            why = "Three failures asked for the same entity twice; the text now says what is missing."
            changes.append(TextChange(name, value, self.rng.choice(_METHODS), why, batch[1:], 0))
        candidate, made = f"c{step}{k}", ProposalMade(step, k, f"c{step}{k}", self.incumbent, tuple(changes))
        self.out.say(made)
        if self.rng.random() < 0.15:
            reason = "says the same as the proposal before"
            self.out.say(ProposalJudged(step, k, candidate, "lint", reason, "equal to a failed one"))
            self._count(linted=1)
            return False
        right = min(BATCH, round(before * BATCH) + self.rng.choice((-1, 0, 1, 1, 2)))
        self.gate(step, f"p{k}.minibatch", "train", batch, right)
        wins, losses = max(0, right - round(before * BATCH)), max(0, round(before * BATCH) - right)
        mini = Comparison(
            "train", "exact_match", BATCH, before, right / BATCH, wins, losses, BATCH - wins - losses, 1.0
        )
        if right / BATCH <= before:
            self.out.say(ProposalJudged(step, k, candidate, "minibatch", "not better on the minibatch", "", mini))
            self._count(mini=1)
            return False
        return self.validate(step, k, made, mini)

    def validate(self, step: int, k: int, made: ProposalMade, mini: Comparison) -> bool:
        old = round(self.val * VAL)
        new = old + self.rng.choice((-2, 1, 2, 4))
        if new <= old:
            self.gate(step, f"p{k}.validation", "val", tuple(f"val-{index}" for index in range(41)), 20)
            stopped = Comparison("val", "exact_match", VAL, self.val, 20 / 41, 3, 6, 32, None, 41, (old - 1) / VAL)
            reason = f"stopped after 41 of {VAL}: it could not win any more"
            self.out.say(ProposalJudged(step, k, made.candidate, "validation", reason, "", mini, stopped))
            self._count(mini=1, passed=1, val=1)
            return False
        self.gate(step, f"p{k}.validation", "val", tuple(f"val-{index}" for index in range(VAL)), new)
        whole = Comparison("val", "exact_match", VAL, self.val, new / VAL, new - old + 3, 3, VAL - new + old - 6, 0.34)
        self.out.say(ProposalJudged(step, k, made.candidate, "accepted", "better on the whole set", "", mini, whole))
        self._count(mini=1, passed=1, val=1, accepted=1)
        self.val, self.incumbent = new / VAL, made.candidate
        self.values.update({change.name: change.value for change in made.changes})
        best = CandidateScored(step, "best", made.candidate, "val", "exact_match", self.val, VAL, 0.4, 0.65, 1)
        self.out.say(best)
        return True

    def gate(self, step: int, phase: str, split: str, examples: tuple[str, ...], right: int) -> None:
        self.out.say(PhaseStarted(step, phase, VAL if split == "val" else BATCH))
        for index, example in enumerate(examples):
            self.example(step, phase, split, example, float(index < right))

    def _count(self, *, linted: int = 0, mini: int = 0, passed: int = 0, val: int = 0, accepted: int = 0) -> None:
        was = self.gates
        self.gates = ProposalCounts(
            was.made + 1, was.linted + linted, was.minibatch_judged + mini, was.minibatch_passed + passed,
            was.validation_judged + val, was.validation_passed + accepted,
        )  # fmt: skip

    def close(self, steps: int) -> None:
        test = Comparison("test", "exact_match", TEST, 0.47, 0.55, 13, 5, 82, 0.096)
        self.out.say(TestCompared(test))
        gates, out = self.gates, self.out
        out.ledger()
        mini = gates.minibatch_passed / gates.minibatch_judged if gates.minibatch_judged else None
        whole = gates.validation_passed / gates.validation_judged if gates.validation_judged else None
        calls = CallCounts(out.calls, out.cached)
        tokens = TokenCounts(out.tokens - 35 * out.calls, 35 * out.calls)
        val, test_scores = ValScores(29 / VAL, self.val, VAL), TestScores(0.47, 0.55, TEST, 0.096)
        out.say(
            RunFinished(
                RUN_ID, f"runs/{RUN_ID}", "done", steps, gates.validation_passed, gates, mini, whole, val, test_scores,
                calls, tokens, out.calls * 0.0002, out.t, "best.toml", None,
            )
        )  # fmt: skip
