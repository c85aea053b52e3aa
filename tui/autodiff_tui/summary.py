"""What a run amounts to, in a few lines: printed on stdout when it is over, and by ``show``."""

from __future__ import annotations

from autodiff_engine.errors import AnswerMissing
from autodiff_engine.events import AtMost, CallCounts, RunFinished, Spent, TestScores, TokenCounts, ValScores

from .format import accepted, cost, counted, duration, rate, score, tested, tokens
from .safe import one_line
from .view import RunView


def lines(view: RunView) -> list[str]:
    """Return the result, safe for a terminal: scores with n, pass rates, spending, where the best prompts are."""
    finished, ledger = view.finished, view.traffic.ledger
    rows = [("run", _run(view)), *_corpus(view), ("validation", _validation(view))]
    rows += _losses(view, "val")
    if finished is not None and finished.test is not None:
        rows.append(("test", _test(finished.test)))
        rows += _losses(view, "test")
    rows += _proposals(view)
    told = finished or ledger
    if told is not None:
        rows += spending(told.spent, view.traffic.failed_earlier)
    rows += _places(view)
    return [one_line(f"{name:<11}{text}") for name, text in rows]


def spending(spent: Spent, earlier: int = 0) -> list[tuple[str, str]]:
    """Return what was used, and apart from it what nobody knows the end of, each with its name.

    ``earlier``: how many calls failed before the run was resumed.
    """
    rows = [("calls", f"{calls(spent.calls, earlier)}; tokens {paid(spent.tokens)}; cost {cost(spent.cost_usd)}")]
    return [*rows, ("unsettled", unsettled(spent.unsettled))] if spent.unsettled.calls else rows


def unsettled(most: AtMost) -> str:
    """Return how many calls have no known end, and what they can have taken."""
    money = "" if most.cost_usd == 0 else f", cost {cost(most.cost_usd)}"
    used = f"{tokens(most.prompt)} in, {tokens(most.completion)} out{money}"
    return f"{counted(most.calls, 'call')} cut off or without usage, at most {used}"


def calls(counts: CallCounts, earlier: int = 0) -> str:
    """Return how many calls were made, came from the cache, and failed, ``earlier`` of them before a resumption."""
    failed = f", {counts.failed:,} failed" if counts.failed else ""
    if failed and earlier:
        of_them = "" if earlier == counts.failed else f", {earlier:,} of them"
        failed += f"{of_them} in an earlier execution"
    return f"{counts.made:,} made, {counts.cached:,} from the cache{failed}"


def paid(counts: TokenCounts) -> str:
    """Return the tokens paid for, and those that the cache saved."""
    saved = counts.cached_prompt + counts.cached_completion
    from_cache = f" ({tokens(saved)} more from the cache)" if saved else ""
    return f"{tokens(counts.prompt)} in, {tokens(counts.completion)} out{from_cache}"


def _run(view: RunView) -> str:
    name = view.opened.run_id if view.opened else "?"
    done = view.finished.steps if view.finished else len(view.steps)
    state = view.finished.status if view.finished else "not finished"
    return f"{name}: {state} after {counted(done, 'step')}, {duration(view.elapsed_s)}"


def _corpus(view: RunView) -> list[tuple[str, str]]:
    """Return what the program looks things up in, where it does."""
    passages = view.data.passages if view.data else 0
    return [("corpus", counted(passages, "passage"))] if passages else []


def _validation(view: RunView) -> str:
    if view.finished is not None:
        return _scores(view.finished.val)
    start, best = view.scores.start, view.scores.best
    n = start.n if start else view.data.val if view.data else 0
    return _scores(ValScores(start.mean if start else None, best.mean if best else None, n))


def _scores(val: ValScores) -> str:
    return f"best {score(val.best)}, start {score(val.start)} (n={val.n})"


def _test(test: TestScores) -> str:
    return f"best {score(test.best)}, start {score(test.start)} (n={test.n}, {tested(test)})"


def _losses(view: RunView, split: str) -> list[tuple[str, str]]:
    """Return each of several losses on its own, and the task's metric: the start prompts and the best ones."""
    start = view.scores.bounds.get(("start", split))
    best = view.scores.bounds.get(("best", split)) or start
    if start is None or best is None or not start.losses:
        return []
    pairs = [(f"{a.node} {a.metric}", b.mean, a.mean) for a, b in zip(start.losses, best.losses, strict=True)]
    if start.on_answer is not None and best.on_answer is not None and view.program:
        pairs.append((f"{view.program.metric} of the answer", best.on_answer, start.on_answer))
    return [("", f"{name}: best {score(new)}, start {score(old)}") for name, new, old in pairs]


def _proposals(view: RunView) -> list[tuple[str, str]]:
    gates = view.finished.proposals if view.finished else view.gates
    made = f"{gates.made} made, {gates.linted} refused by lint, {accepted(view)}"
    minibatch = rate(gates.minibatch_passed, gates.minibatch_judged)
    validation = rate(gates.validation_passed, gates.validation_judged)
    return [("proposals", made), ("passed", f"minibatch {minibatch}, validation {validation}")]


def _places(view: RunView) -> list[tuple[str, str]]:
    finished: RunFinished | None = view.finished
    if finished is None:
        return [("folder", view.opened.run_dir)] if view.opened else []
    rows = [("folder", finished.run_dir)]
    if finished.best:
        rows.append(("best", finished.best))
    if finished.status not in ("done", "stopped") or (finished.status == "stopped" and not finished.best):
        rows.append(("next", f"autodiff-tui resume {finished.run_dir}{_otherwise(view, finished)}"))
    elif finished.best:
        rows.append(("next", f"autodiff-tui export {finished.run_dir}"))
    return rows


def _otherwise(view: RunView, finished: RunFinished) -> str:
    """Return what has to be another than it was for the run to come further, as the end of a sentence."""
    if finished.status == "budget":
        return ", with a larger budget"
    asks = view.opened is not None and not view.opened.recorded
    if asks and finished.error is not None and finished.error.kind == AnswerMissing.__name__:
        return ", without --offline: it asks for what is missing"
    return ""
