"""What the examples of a run ask, as marks for people: the beginnings of their inputs."""

from __future__ import annotations

from .dataset import Example, Splits
from .events import ExampleInputs, ExamplesShown, InputValue

MOST_CHARS = 300
"""Of one input: enough to know a question again; the whole of it is in the prompts of traced calls."""
MOST_EXAMPLES = 5000
"""Of one split: a mark is one line of the journal."""


def shown(splits: Splits) -> tuple[ExamplesShown, ...]:
    """Return a mark for the validation set and one for the training set; the test set is looked at once, not here."""
    return tuple(
        ExamplesShown(name, tuple(map(_inputs, examples[:MOST_EXAMPLES])))
        for name, examples in (("val", splits.val), ("train", splits.train))
    )


def _inputs(example: Example) -> ExampleInputs:
    return ExampleInputs(example.id, tuple(InputValue(name, _cut(text)) for name, text in example.inputs.items()))


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARS else f"{text[: MOST_CHARS - 1]}…"
