"""Data whose expected answers can never be right is refused before anything is paid."""

import json
import re
from pathlib import Path

import pytest

from autodiff_engine import build
from autodiff_engine.config import load
from autodiff_engine.control import Control
from autodiff_engine.errors import DataError
from autodiff_engine.events import RunFinished, Stamped, Warned

CONFIG = """
[task]
pipeline = "{pipeline}"
metric = "{metric}"
{task}
[data]
source = {source}
{counts}
{program}
[models.task]
model = "openai/gpt-4o-mini"
api_base = "http://127.0.0.1:9/v1"
[limits]
timeout_s = 1
"""
PROGRAM = """[program]
system = "{{{{ task }}}}"
user = "{{{{ question }}}}"
answer = {answer}
[prompts]
task = "{text}"
"""


def written(
    folder: Path,
    answers: list[str | None],
    *,
    answer: str = '"whole"',
    metric: str = "exact_match",
    task: str = "",
    pipeline: str = "prompt",
    text: str = "Answer positive or negative.",
) -> Path:
    rows = [json.dumps({"question": f"q{number}", "answer": text}) for number, text in enumerate(answers)]
    (folder / "data.jsonl").write_text("\n".join(rows), encoding="utf-8")
    program = PROGRAM.format(answer=answer, text=text) if pipeline == "prompt" else ""
    counts = f"train = 1\nval = 1\ntest = {len(answers) - 2}" if answers else ""  # all of the data is used
    text = CONFIG.format(
        pipeline=pipeline, metric=metric, source='"data.jsonl"', counts=counts, program=program, task=task
    )
    (folder / "c.toml").write_text(text, encoding="utf-8")
    return folder / "c.toml"


def warnings_of(path: Path) -> tuple[str, ...]:
    options = build.RunOptions(run_dir=path.parent / "run", cache_dir=path.parent / "answers", offline=True)
    return build.training(load(path), options).opening.warnings


def refused(path: Path) -> DataError:
    with pytest.raises(DataError) as caught:
        warnings_of(path)
    assert "\n" not in str(caught.value)
    assert not (path.parent / "run").exists()
    return caught.value


LABELS = '{labels = ["positive", "negative"]}'


def test_a_label_that_the_program_does_not_have_is_named_with_its_number_place_and_the_nearest(tmp_path: Path) -> None:
    answers = ["positive", "negative", "Postive", "positive", "Postive", "negative", "other"]

    error = refused(written(tmp_path, [*answers], answer=LABELS))

    said = 'data.jsonl: the label "Postive" of 2 examples, the first in line 3, is none of the program\'s: '
    assert str(error) == f"{said}positive, negative (1 more such labels)"
    assert error.hint.startswith("did you mean positive? ")


@pytest.mark.parametrize("metric", ["exact_match", "em", "f1"])
def test_labels_may_be_written_as_the_metric_reads_them(tmp_path: Path, metric: str) -> None:
    assert (
        warnings_of(written(tmp_path, ["Positive", "negative.", " NEGATIVE"] * 2, answer=LABELS, metric=metric)) == ()
    )


def test_labels_that_no_start_text_names_are_named_in_a_warning_and_by_the_checkup(tmp_path: Path) -> None:
    path = written(tmp_path, ["positive", "negative"] * 3, answer=LABELS, text="Answer.")

    told = "no start text says which labels there are: name them under [prompts]: positive, negative"
    assert warnings_of(path) == (told,)
    assert [each.text for each in build.checkup(load(path)) if (each.level, each.about) == ("warning", "program")] == [
        told
    ]


def test_trec_knows_its_classes(tmp_path: Path) -> None:
    assert warnings_of(written(tmp_path, ["HUM", "LOC", "num", "DESC", "ENTY"], pipeline="trec")) == ()
    assert '"PERSON" of 1 example, the first in line 2,' in str(
        refused(written(tmp_path, ["HUM", "PERSON", "LOC", "NUM"], pipeline="trec"))
    )


@pytest.mark.parametrize("empty", ["", "  ", None])
@pytest.mark.parametrize("answer", ['"whole"', LABELS])
def test_an_example_without_an_expected_answer_is_refused(tmp_path: Path, empty: str | None, answer: str) -> None:
    error = refused(written(tmp_path, ["positive", "negative", empty, "positive", empty], answer=answer))

    assert str(error) == "data.jsonl: 2 of 5 examples have no expected answer, the first in line 3"


def test_a_judge_and_a_metric_of_the_users_own_may_do_without(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def score(answer, expected):\n    return 1.0\n", encoding="utf-8")
    for metric, task in (("judge", 'judge = "It is polite."'), ("mine.py:score", "")):
        assert warnings_of(written(tmp_path, ["a", "", None, "b"], metric=metric, task=task)) == ()
        assert warnings_of(written(tmp_path, ["a", "", None, "b"], metric=metric, task=task, answer=LABELS)) == ()


@pytest.mark.parametrize(
    ("answer", "metric", "answers"),
    [
        ('"last_number"', "exact_match", ["eight", "3/4", "1,234", "8 apples"]),
        ('"last_number"', "numeric", ["eight", "3/4", "8 apples", "IV"]),
        ('"whole"', "numeric", ["eight", "3/4", "8 apples", "IV"]),
        ('{regex = "Answer: (.*)"}', "numeric", ["eight", "3/4", "8 apples", "IV"]),
        ('"last_number"', "em", ["eight", "IV", "8 apples", "many"]),
        ('"last_number"', "f1", ["eight", "IV", "nine", "many"]),
    ],
)
def test_what_no_reply_could_match_is_refused_if_it_is_all_and_else_a_warning(
    tmp_path: Path, answer: str, metric: str, answers: list[str | None]
) -> None:
    error = refused(written(tmp_path, answers, answer=answer, metric=metric))
    (warning,) = warnings_of(written(tmp_path, ["8", "12", *answers, "-3"], answer=answer, metric=metric))

    assert f"none of the 4 expected answers can ever be right: the metric {metric} compares" in str(error)
    assert re.match(
        r'data\.jsonl: 4 of 7 expected answers can never be right: the metric \w+ compares "eight" ', warning
    )
    assert "(line 3)" in warning


@pytest.mark.parametrize(
    ("answer", "metric", "answers"),
    [
        ('"last_number"', "numeric", ["8", "1,234", "$5", ".5", "+7", "-3.0"]),
        ('"last_number"', "exact_match", ["8", "12.", "-3", "0.5"]),
        ('"last_number"', "f1", ["8 apples", "12", "-3", "0.5"]),
        ('"whole"', "exact_match", ["eight", "The end.", "a b", "Ω"]),
        ('{regex = "Answer: (.*)"}', "em", ["the", "An eel", "b", "c"]),
    ],
)
def test_what_some_reply_could_match_is_never_complained_about(
    tmp_path: Path, answer: str, metric: str, answers: list[str | None]
) -> None:
    assert warnings_of(written(tmp_path, answers, answer=answer, metric=metric)) == ()


def test_the_users_own_splits_are_named_with_their_lines(tmp_path: Path) -> None:
    path = written(tmp_path, [])
    for name, answers in (("train", ["8", "9"]), ("val", ["7", "six"])):
        rows = [json.dumps({"question": f"{name}{n}", "answer": text}) for n, text in enumerate(answers)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(rows), encoding="utf-8")
    text = path.read_text(encoding="utf-8")
    files = '{train = "train.jsonl", val = "val.jsonl"}'
    path.write_text(text.replace('"data.jsonl"', files).replace("exact_match", "numeric"), encoding="utf-8")

    (warning,) = warnings_of(path)

    assert "train.jsonl, val.jsonl: 1 of 4 expected answers can never be right" in warning
    assert '"six" (line 2 of the val data)' in warning


async def test_a_run_says_its_warnings_first(tmp_path: Path) -> None:
    path = written(tmp_path, ["8", "12", "eight", "9", "10"], answer='"last_number"', metric="numeric")
    options = build.RunOptions(run_dir=tmp_path / "run", cache_dir=tmp_path / "answers", offline=True)
    heard: list[Stamped] = []

    finished = await build.training(load(path), options).execute(Control(), heard.append)

    assert isinstance(finished, RunFinished)
    assert isinstance(heard[1].event, Warned)
    assert "1 of 5 expected answers can never be right" in heard[1].event.message
