"""The most that a request can take."""

import json
from typing import Any

import pytest
from tests.engine.llm.calls import a_call

from autodiff_engine.llm.budget import Tokens, most_tokens

PLAIN = most_tokens(a_call("00").request)
SCHEMA = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"description": "d " * 3000}}}


def test_numbers_and_words_beside_the_messages_leave_the_bound_as_it_is() -> None:
    plain = a_call("00", temperature=0.0, top_p=0.5, seed=7, reasoning_effort="low", user="u", store=True, x=None)

    assert most_tokens(plain.request) == PLAIN == Tokens(len("Count.00") + 2 * 16 + 64, 50)


@pytest.mark.parametrize(
    "params",
    [
        {"response_format": SCHEMA},
        {"extra_body": {"tools": [SCHEMA]}},
        {"guided_grammar": "é🙂" * 50},
        {"stop": ["é" * 9]},
    ],
    ids=lambda params: next(iter(params)),
)
def test_what_can_be_part_of_a_prompt_counts_with_all_its_bytes(params: dict[str, Any]) -> None:
    most, spelled = most_tokens(a_call("00", **params).request), json.dumps(params, indent=2, ensure_ascii=False)

    assert PLAIN is not None
    assert most is not None
    assert most.prompt >= PLAIN.prompt + len(spelled.encode()) + 600 * ("{" in spelled[1:])
    assert most.completion == PLAIN.completion


def test_of_two_bounds_of_an_answer_the_larger_counts() -> None:
    for small, large in ((1, 64), (64, 1)):
        most = most_tokens(a_call(max_tokens=large, max_completion_tokens=small).request)
        assert most is not None
        assert most.completion == 64
