"""What only metrics compare with: no prompt of any role holds it."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest
from tests.synthetic import answer, of_role, prompt_of, splits, trained

from autodiff_engine.llm import ScriptedModel

SECRET = "The Title That Nobody May See"


@pytest.mark.parametrize("gradients", ["text", "data", "none"])
@pytest.mark.parametrize("loss_feedback", ["llm", "template"])
async def test_no_llm_is_shown_the_columns_for_metrics(gradients: str, loss_feedback: str) -> None:
    data = splits()
    gold = MappingProxyType({"gold_titles": SECRET})
    train, val, test = (tuple(replace(each, gold=gold) for each in part) for part in (data.train, data.val, data.test))
    model = ScriptedModel(answer)

    await trained(
        model, replace(data, train=train, val=val, test=test), max_steps=2, gradients=gradients,
        loss_feedback=loss_feedback,
    )  # fmt: skip

    assert of_role(model, "task")
    assert of_role(model, "optimizer")
    assert bool(of_role(model, "backward")) == (gradients == "text")
    assert not [call for call in model.seen if SECRET in prompt_of(call)]
