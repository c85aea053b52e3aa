"""What the examples of a run ask, told once and never a fact."""

from pathlib import Path

from tests.engine.test_rerun import rerun

from autodiff_engine.dataset import Example, splits_of
from autodiff_engine.events import DECISION_TYPES, FACT_TYPES, ExampleInputs, ExamplesShown, InputValue, StepStarted
from autodiff_engine.shown_inputs import MOST_CHARS, shown


def example(name: str, text: str) -> Example:
    return Example(name, {"question": text}, "yes", 1, {"titles": "of metrics alone"})


def test_a_run_tells_what_the_examples_of_training_and_validation_ask_and_no_more() -> None:
    val, train = shown(splits_of([[example("1", "Why?")], [example("2", "x" * 999)], [example("3", "tested")]], 0, "s"))

    assert train == ExamplesShown("train", (ExampleInputs("1", (InputValue("question", "Why?"),)),))
    (cut,) = val.examples[0].inputs
    assert (val.split, cut.value) == ("val", "x" * (MOST_CHARS - 1) + "…")


def test_what_examples_ask_is_no_fact_and_is_not_written_twice(tmp_path: Path) -> None:
    told = ExamplesShown("val", (ExampleInputs("1", (InputValue("question", "Why?"),)),))
    again = rerun(tmp_path, [told, StepStarted(1, ("1",), ())])

    assert not isinstance(told, (*FACT_TYPES, *DECISION_TYPES))
    assert again.heard(told) == []
    assert again.facts == 0
