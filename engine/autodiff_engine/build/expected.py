"""Whether the expected answers of the data can ever be right: known before anything is paid."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches

from ..answer import last_number, reader
from ..config import Answer, LabelsAnswer, RunConfig
from ..dataset import Example, Splits
from ..errors import DataError
from ..metric import Comparing, Metric
from ..pipeline import Pipeline
from ..pipelines.trec import LABELS

_MOST = 60
"""Characters of an expected answer that a message shows."""


def check_expected(
    config: RunConfig, splits: Splits, on_answer: Sequence[Metric], elsewhere: Sequence[Metric]
) -> tuple[str, ...]:
    """Refuse data that can never score, and return a line for each thing that is odd about it.

    ``on_answer`` are the metrics that compare the program's answer with the expected one, ``elsewhere`` those that
    compare something else with it. A judge and the user's own metrics may make of it what they want.

    Raises:
        DataError: An expected answer is missing, is no label of the program, or none can ever be right; one line.
    """
    examples = sorted((*splits.train, *splits.val, *splits.test), key=_place_of)
    compared = list({each.name: each for each in on_answer if isinstance(each, Comparing)}.values())
    if compared or any(isinstance(each, Comparing) for each in elsewhere):
        _refuse_empty(examples, splits.source)
    told = _answer_of(config)
    if isinstance(told, LabelsAnswer):
        for metric in compared:
            _refuse_unknown(examples, told.labels, metric, splits.source)
        return ()
    form = "the answer" if told is None else reader(told).form
    warnings = (_unreachable(examples, metric, told, form, splits.source) for metric in compared)
    return tuple(warning for warning in warnings if warning)


def check_named(config: RunConfig, program: Pipeline) -> tuple[str, ...]:
    """Return a warning where an LLM has to choose among labels and nothing that it is sent tells it any of them.

    Examples that are shown to it tell them too.
    """
    told = _answer_of(config)
    if not isinstance(told, LabelsAnswer) or any(text.kind == "demos" for text in program.texts):
        return ()
    templates = [config.program.system, config.program.user] if config.program else []
    sent = " ".join([*templates, *(text.value for text in program.texts)]).casefold()
    if any(label.casefold() in sent for label in told.labels):
        return ()
    return (f"no start text says which labels there are: name them under [prompts]: {', '.join(told.labels)}",)


def _answer_of(config: RunConfig) -> Answer | None:
    """Return what a program reads out of a reply, as far as its config says so."""
    match config.task.pipeline:
        case "prompt":
            return config.program.answer if config.program else None
        case "trec":
            return LabelsAnswer(labels=LABELS)
        case "object_count":
            return "last_number"
        case _:
            return None


def _refuse_empty(examples: Sequence[Example], source: str) -> None:
    empty = [each for each in examples if not (each.expected or "").strip()]
    if empty:
        raise DataError(
            f"{source}: {len(empty)} of {len(examples)} examples have no expected answer, the first in "
            f"{_where(empty[0], source)}",
            "fill it in, or leave these examples out; the metric judge needs none",
        )


def _refuse_unknown(examples: Sequence[Example], labels: Sequence[str], metric: Comparing, source: str) -> None:
    known: dict[str, bool] = {}
    for text in (each.expected or "" for each in examples):
        if text not in known:
            known[text] = any(metric.compare(label, text) == 1 for label in labels)
    unknown = _grouped(each for each in examples if not known[each.expected or ""])
    if not unknown:
        return
    label, having = next(iter(unknown.items()))
    more = f" ({len(unknown) - 1} more such labels)" if len(unknown) > 1 else ""
    near = get_close_matches(label.casefold(), [each.casefold() for each in labels], 1, 0.5)
    meant = next((each for each in labels if near and each.casefold() == near[0]), None)
    raise DataError(
        f"{source}: the label {_shown(label)} of {len(having)} example{'s' * (len(having) > 1)}, the first in "
        f"{_where(having[0], source)}, is none of the program's: {', '.join(labels)}{more}",
        (f"did you mean {meant}? " if meant else "") + "mend the data, or add the label to program.answer",
    )


def _unreachable(examples: Sequence[Example], metric: Comparing, told: Answer | None, form: str, source: str) -> str:
    """Return the warning that some expected answers can never be right, empty when all can."""
    right = _right(metric, told)
    lost = [each for each in examples if not right(each.expected or "")]
    if not lost:
        return ""
    first = f"{_shown(lost[0].expected or '')} ({_where(lost[0], source)})"
    why = f"the metric {metric.name} compares {first} with {form}"
    if len(lost) == len(examples):
        raise DataError(
            f"{source}: none of the {len(examples)} expected answers can ever be right: {why}",
            "choose another metric or another program.answer, or mend the data",
        )
    return f"{source}: {len(lost)} of {len(examples)} expected answers can never be right: {why}"


def _right(metric: Comparing, told: Answer | None) -> Callable[[str], bool]:
    """Return whether some reply would score with an expected answer: what can be read is a number, or any text."""
    digits = told == "last_number" and metric.name != "numeric"  # that one compares numbers however they are written

    def right(expected: str) -> bool:
        answer = last_number(expected) if digits else expected
        return answer is not None and metric.compare(answer, expected) > 0

    return right


def _grouped(examples: Iterable[Example]) -> dict[str, list[Example]]:
    groups: dict[str, list[Example]] = {}
    for example in examples:
        groups.setdefault(example.expected or "", []).append(example)
    return groups


def _place_of(example: Example) -> tuple[int, int]:
    split = example.id.partition(":")[0]
    return ("train", "val", "test").index(split) if ":" in example.id else 0, example.line


def _where(example: Example, source: str) -> str:
    split, colon, _ = example.id.partition(":")
    line = f"{'row' if source.startswith('hf:') else 'line'} {example.line}"
    return f"{line} of the {split} data" if colon else line


def _shown(text: str) -> str:
    line = " ".join(text.split())
    return f'"{line[:_MOST]}{"…" if len(line) > _MOST else ""}"'
