import asyncio

import pytest
from tests.engine.llm.calls import Held, a_call

from autodiff_engine.control import Control
from autodiff_engine.errors import ModelRefused, RunStopped
from autodiff_engine.llm import Call, Reply, ScriptedModel, Usage
from autodiff_engine.llm.gated import AdmittedModel, CallReport, GatedModel


class Gate:
    def __init__(self, inner: ScriptedModel | Held, at_once: int = 8) -> None:
        self.control = Control()
        self.started: list[tuple[str, int]] = []
        self.finished: list[CallReport] = []
        self.model = AdmittedModel(inner, self.control, self._on_started, self.finished.append, at_once=at_once)
        self.before_the_store = GatedModel(inner, self.control, self._on_started, self.finished.append)

    def _on_started(self, call: Call, in_flight: int) -> None:
        self.started.append((call.at, in_flight))


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_paused_run_lets_no_call_in_until_it_is_resumed() -> None:
    scripted = ScriptedModel(lambda _: "8")
    gate = Gate(scripted)
    gate.control.pause()
    task = asyncio.create_task(gate.model.complete(a_call()))
    await _settle()
    assert (scripted.seen, gate.started) == ([], [])

    gate.control.resume()

    assert (await task).text == "8"
    assert len(gate.finished) == 1


async def test_a_pause_waits_only_for_the_calls_that_were_let_in() -> None:
    held = Held()
    gate = Gate(held, at_once=2)
    tasks = [asyncio.create_task(gate.model.complete(a_call(text=str(i)))) for i in range(5)]
    await _settle()
    assert len(gate.started) == 2

    gate.control.pause()
    held.let.set()
    await _settle()

    assert gate.control.state == "paused"
    assert len(gate.finished) == 2
    gate.control.resume()
    await asyncio.gather(*tasks)
    assert len(gate.finished) == 5


async def test_calls_in_flight_finish_after_a_pause_and_are_reported() -> None:
    held = Held()
    gate = Gate(held)
    task = asyncio.create_task(gate.model.complete(a_call()))
    await _settle()

    gate.control.pause()
    assert gate.control.state == "pausing"
    held.let.set()
    reply = await task

    assert gate.control.state == "paused"
    assert gate.finished == [CallReport(a_call(), reply, "", 0)]


async def test_a_stop_turns_calls_away_at_the_gate_unreported() -> None:
    gate = Gate(ScriptedModel(lambda _: "8"))
    gate.control.stop()

    with pytest.raises(RunStopped):
        await gate.model.complete(a_call())

    assert (gate.started, gate.finished) == ([], [])


async def test_a_failed_call_is_reported_with_its_error_and_leaves_the_gate() -> None:
    def refuse(_: Call) -> str:
        raise ModelRefused("too long")

    gate = Gate(ScriptedModel(refuse))

    with pytest.raises(ModelRefused):
        await gate.model.complete(a_call())

    assert gate.finished == [CallReport(a_call(), None, "too long", 0)]
    assert gate.control.in_flight == 0


async def test_a_cancelled_call_is_reported_and_leaves_the_gate() -> None:
    gate = Gate(Held())
    task = asyncio.create_task(gate.model.complete(a_call()))
    await _settle()

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert [(report.error, report.in_flight) for report in gate.finished] == [("cancelled", 0)]


async def test_reports_count_what_is_in_flight() -> None:
    held = Held()
    gate = Gate(held)
    tasks = [asyncio.create_task(gate.model.complete(a_call(str(n)))) for n in range(3)]
    await _settle()
    held.let.set()
    await asyncio.gather(*tasks)

    assert [count for _, count in gate.started] == [1, 2, 3]
    assert sorted(report.in_flight for report in gate.finished) == [0, 1, 2]


async def test_an_empty_answer_is_an_answer() -> None:
    gate = Gate(ScriptedModel(lambda _: Reply("", "stop", Usage(1, 0))))

    assert (await gate.model.complete(a_call())).text == ""
    assert gate.finished[0].error == ""


async def test_before_the_store_a_paused_run_gets_no_stored_answer_either() -> None:
    scripted = ScriptedModel(lambda _: Reply("8", "stop", Usage(1, 1), cached=True))
    gate = Gate(scripted)
    gate.control.pause()
    task = asyncio.create_task(gate.before_the_store.complete(a_call()))
    await _settle()
    assert scripted.seen == []

    gate.control.resume()
    reply = await task

    assert gate.finished == [CallReport(a_call(), reply, "", 0)]


async def test_before_the_store_only_what_was_not_sent_is_reported() -> None:
    gate = Gate(ScriptedModel(lambda _: "8"))

    await gate.before_the_store.complete(a_call())

    assert (gate.started, gate.finished) == ([], [])
