"""The loop's own words; whole runs are in test_invariants."""

from dataclasses import replace

import pytest
from tests.synthetic import TEXTS, parts

from autodiff_engine.control import Control
from autodiff_engine.events import Event, Warned
from autodiff_engine.llm import ScriptedModel
from autodiff_engine.pipelines.prompt import one_call
from autodiff_engine.trainer import Trainer


@pytest.mark.parametrize(("reply", "warned"), [("perhaps", True), ("yes", False)])
async def test_replies_that_nobody_can_read_are_warned_of_before_any_step(reply: str, warned: bool) -> None:
    made = parts(ScriptedModel(lambda call: reply), max_steps=0)
    pipeline = one_call(
        "synthetic",
        texts=TEXTS,
        system="{{ task }}\n{{ format }}",
        user="{{ question }}",
        parse=lambda text: text if text == "yes" else None,
    )
    events: list[Event] = []
    trainer = Trainer(
        replace(made, task=replace(made.task, pipeline=pipeline)), Control(), events.append, lambda progress: None
    )

    await trainer.fit()

    messages = [event.message for event in events if isinstance(event, Warned)]
    assert [message[:43] for message in messages] == ["no answer could be read from 10 of 10 repli"] * warned
