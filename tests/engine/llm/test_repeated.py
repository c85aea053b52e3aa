from dataclasses import replace

import pytest
from tests.engine.llm.calls import a_call

from autodiff_engine.errors import ModelRefused, ModelUnavailable
from autodiff_engine.llm import ScriptedModel
from autodiff_engine.llm.repeated import Failures, RepeatedModel


async def test_what_failed_fails_again_with_its_words_and_nobody_is_asked() -> None:
    inner = ScriptedModel(lambda _: "fine")
    model = RepeatedModel(inner, Failures(unavailable={"1/forward/a": "nobody answered"}))

    with pytest.raises(ModelUnavailable, match=r"^nobody answered$"):
        await model.complete(replace(a_call(), at="1/forward/a/answer/1"))
    assert inner.seen == []
    assert (await model.complete(replace(a_call(), at="1/forward/aa/answer/1"))).text == "fine"
    assert (await model.complete(replace(a_call(), at="2/forward/a/answer/1"))).text == "fine"


async def test_of_an_example_that_was_refused_only_the_request_that_was_fails() -> None:
    inner = ScriptedModel(lambda _: "fine")
    bad, good = a_call("too long"), a_call("short")
    failures = Failures(refused={"1/forward/a": "no"}, keys={"no": frozenset([bad.request.key])})
    model = RepeatedModel(inner, failures)

    assert (await model.complete(replace(good, at="1/forward/a/first/1"))).text == "fine"
    with pytest.raises(ModelRefused, match=r"^no$"):
        await model.complete(replace(bad, at="1/forward/a/second/1"))
    assert (await model.complete(replace(bad, at="1/forward/b/second/1"))).text == "fine"
