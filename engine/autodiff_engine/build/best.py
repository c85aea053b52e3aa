"""How far a training has come -> ``best.toml``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ..blame import blame
from ..dataset import Splits
from ..events import ModelInfo, Spent
from ..export import Best, BestScore, BestText, Origin, write_best
from ..metric import Metric
from ..objective import OBJECTIVE
from ..pipeline import Pipeline
from ..progress import Incumbent, Progress
from ..statistics import wilson
from ..telling import loss_means, on_answer
from .players import Cast


def write(
    path: Path, progress: Progress, program: Pipeline, splits: Splits, metric: Metric, players: Cast, *,
    run_id: str, spent: Spent,
) -> None:  # fmt: skip
    """Write the best prompts so far with all that tells where they came from.

    Raises:
        StorageError: The file cannot be written, or does not read back as it was written.
    """
    start, best = progress.start, progress.best
    if start is None or best is None:
        return
    scored_by = OBJECTIVE if any(each.losses for each in best.outcomes) else metric.name
    parents, corpus = _parents(progress.accepted), program.corpus
    write_best(
        path,
        Best(
            run_id=run_id,
            date=datetime.now(UTC).isoformat(timespec="seconds"),
            candidate=best.candidate.id,
            step=best.made_by.step if best.made_by else 0,
            pipeline=program.name,
            texts=tuple(
                BestText(text.name, best.candidate.texts[text.name], text.role, text.kind, parents.get(text.name))
                for text in program.texts
            ),
            scores=(*_val_scores(start, best, metric, scored_by), *_test_scores(progress, scored_by)),
            models=tuple(ModelInfo(role, player.shown) for role, player in players.items()),
            data=splits.source,
            data_fingerprint=splits.fingerprint,
            metric=metric.name,
            metric_description=metric.description,
            cost_usd=spent.cost_usd,
            provenance=_provenance(start, progress.accepted),
            passages=corpus.passages if corpus else None,
            corpus_fingerprint=corpus.fingerprint if corpus else None,
        ),
    )


def _parents(accepted: Sequence[Incumbent]) -> dict[str, str]:
    """Return by text name the candidate that its present value was rewritten from."""
    return {change.name: each.made_by.parent.id for each in accepted if each.made_by for change in each.made_by.changes}


def _val_scores(start: Incumbent, best: Incumbent, metric: Metric, scored_by: str) -> list[BestScore]:
    scores: list[BestScore] = []
    for which, each in (("start", start), ("best", best)):
        average, n = each.mean, each.n
        means = [
            (scored_by, average),
            *((f"{loss.metric} of {loss.node}", loss.mean) for loss in loss_means(each.outcomes)),
        ]
        answer = on_answer(each.outcomes)
        means += [] if answer is None else [(metric.name, answer)]
        scores += [BestScore(which, "val", name, value, n, *wilson(value, n)) for name, value in means]
    return scores


def _test_scores(progress: Progress, scored_by: str) -> list[BestScore]:
    test = progress.test
    if test is None or test.after is None:
        return []
    both = (("start", test.before), ("best", test.after))
    return [BestScore(which, "test", scored_by, each, test.n, *wilson(each, test.n)) for which, each in both]


def _provenance(start: Incumbent, accepted: Sequence[Incumbent]) -> tuple[Origin, ...]:
    """Return every accepted rewrite of every text, oldest first, with the sentences that are left of it."""
    values: dict[str, list[str]] = {name: [value] for name, value in start.candidate.texts.items()}
    for each in accepted:
        for change in each.made_by.changes if each.made_by else ():
            values[change.name].append(change.value)
    told = {name: blame(versions) for name, versions in values.items()}
    counts = dict.fromkeys(values, 0)
    origins: list[Origin] = []
    for each in accepted:
        for origin in _origins(each):
            counts[origin.text] += 1
            left = [one.text.strip() for one in told[origin.text] if one.origin == counts[origin.text]]
            origins.append(replace(origin, sentences=tuple(sentence for sentence in left if sentence)))
    return tuple(origins)


def _origins(accepted: Incumbent) -> list[Origin]:
    made, judged = accepted.made_by, accepted.judged
    if made is None or judged is None:
        return []
    return [
        Origin(
            made.step, made.k, change.name, change.method, change.asked_by,
            judged.before, judged.after if judged.after is not None else judged.before, judged.n, judged.p,
        )
        for change in made.changes
    ]  # fmt: skip
