import asyncio
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.synthetic import Stack, answer, instructions, of_role, parts

from autodiff_engine.control import Control
from autodiff_engine.errors import (
    AnswerMissing,
    BudgetExhausted,
    EngineError,
    ModelRejected,
    ModelUnavailable,
    StorageError,
)
from autodiff_engine.events import (
    BudgetEnded,
    ControlChanged,
    Event,
    ExampleScored,
    Interrupted,
    ProposalJudged,
    RunFinished,
    RunOpened,
    Stamped,
    StepFinished,
    StopChosen,
    Warned,
)
from autodiff_engine.instructions import Instructions
from autodiff_engine.journal import read
from autodiff_engine.llm import Call, ScriptedModel
from autodiff_engine.progress import Progress
from autodiff_engine.run import Machine, Run, Spent
from autodiff_engine.run_folder import Opening
from autodiff_engine.template import Template
from autodiff_engine.trainer import Trainer

Answer = Callable[[Call], str]


class Bench:
    """A trainer of the synthetic task over the real stack, as a run's machine."""

    def __init__(
        self, stack: Stack, control: Control, emit: Callable[[Event], object], closing: Exception | None
    ) -> None:
        self._stack, self._emit, self._closing = stack, emit, closing
        self.trainer = Trainer(parts(stack.model, max_steps=3), control, emit, self._keep)

    def opening_facts(self) -> tuple[Event, ...]:
        return ()

    def spent(self) -> Spent:
        return self._stack.meter.totals.spent

    async def aclose(self) -> None:
        self._stack.store.close()
        self._emit(Warned("closing"))
        if self._closing:
            raise self._closing

    def _keep(self, progress: Progress) -> None:
        (self._stack.store.folder.parent / "run" / "best.toml").write_text(str(len(progress.accepted)))


class Executed:
    """A run in ``folder``; ``script`` answers, ``on_event`` may steer."""

    def __init__(
        self,
        folder: Path,
        script: Answer = answer,
        *,
        on_event: Callable[[Stamped, Control], None] = lambda stamped, control: None,
        make: EngineError | None = None,
        closing: Exception | None = None,
        attended: bool = False,
    ) -> None:
        self.folder = folder / "run"
        self.control = Control(attended=attended)
        self.model = ScriptedModel(script)
        self.heard: list[Stamped] = []

        async def build(control: Control, emit: Callable[[Event], object]) -> Machine:
            if make is not None:
                raise make
            return Bench(Stack(self.model, folder / "answers", control), control, emit, closing)

        opening = Opening("r1", self.folder, "c.toml", "[task]\n", "0.1", instructions())
        self.run = Run(opening, build)
        self._on_event = on_event

    async def finish(self) -> RunFinished:
        def listen(stamped: Stamped) -> None:
            self.heard.append(stamped)
            self._on_event(stamped, self.control)

        return await self.run.execute(self.control, listen)

    def events(self, kind: type[Event]) -> list[Event]:
        return [each.event for each in self.heard if isinstance(each.event, kind)]

    def check(self, finished: RunFinished) -> None:
        """The journal on disk is whole, is what was heard, and ends with the last event."""
        recorded = read(self.folder)
        assert (recorded.torn, recorded.unknown) == (False, 0)
        assert recorded.events == tuple(self.heard)
        assert isinstance(recorded.events[0].event, RunOpened)
        assert recorded.events[-1].event == finished
        assert len(self.events(RunFinished)) == 1
        assert self.control.in_flight == 0


async def test_a_run_that_is_done_tells_its_scores_counts_and_place(tmp_path: Path) -> None:
    executed = Executed(tmp_path)
    finished = await executed.finish()
    executed.check(finished)
    assert (finished.status, finished.error, finished.steps) == ("done", None, 3)
    judged = [each for each in executed.events(ProposalJudged) if isinstance(each, ProposalJudged)]
    counts = finished.proposals
    assert finished.accepted == sum(each.accepted for each in judged) > 0
    assert counts.made == len(judged)
    assert counts.minibatch_judged == sum(each.minibatch is not None for each in judged)
    assert counts.validation_judged == sum(each.validation is not None for each in judged)
    assert finished.minibatch_pass_rate == counts.minibatch_passed / counts.minibatch_judged
    assert finished.validation_pass_rate == finished.accepted / counts.validation_judged
    assert finished.val.start is not None
    assert finished.val.best is not None
    assert finished.val.best > finished.val.start
    assert finished.test is not None
    assert finished.calls.made == len(executed.model.seen)
    assert finished.best == str(executed.folder / "best.toml")
    assert (executed.folder / "config.toml").read_text() == "[task]\n"
    assert stat.S_IMODE(executed.folder.stat().st_mode) == 0o700
    assert (executed.folder / "instructions" / "loss.user.j2").is_file()
    assert not (executed.folder / "crash.txt").exists()


async def test_a_stop_keeps_the_best_and_scores_the_test_split_once(tmp_path: Path) -> None:
    def stop(stamped: Stamped, control: Control) -> None:
        if isinstance(stamped.event, StepFinished) and stamped.event.step == 2:
            control.stop()

    executed = Executed(tmp_path, on_event=stop)
    finished = await executed.finish()
    executed.check(finished)
    assert (finished.status, finished.steps, finished.error) == ("stopped", 2, None)
    assert finished.test is not None
    (chosen,) = executed.events(StopChosen)
    assert isinstance(chosen, StopChosen)
    after = [each for each in executed.heard if each.fact is not None and each.fact > chosen.after]
    assert {each.event.split for each in after if isinstance(each.event, ExampleScored)} == {"test"}


async def test_a_stop_that_comes_with_the_last_fact_still_is_one_with_its_report(tmp_path: Path) -> None:
    def stop(stamped: Stamped, control: Control) -> None:
        if isinstance(stamped.event, StepFinished) and stamped.event.step == 3:
            control.stop()

    executed = Executed(tmp_path, on_event=stop)
    finished = await executed.finish()
    executed.check(finished)
    assert (finished.status, finished.steps) == ("stopped", 3)
    assert finished.test is not None
    assert len(executed.events(StopChosen)) == 1


async def test_a_second_stop_leaves_the_final_report_out(tmp_path: Path) -> None:
    def stop(stamped: Stamped, control: Control) -> None:
        first = isinstance(stamped.event, StepFinished) and stamped.event.step == 1
        if first or (isinstance(stamped.event, ControlChanged) and stamped.event.reason == "final report"):
            control.stop()

    executed = Executed(tmp_path, on_event=stop)
    finished = await executed.finish()
    executed.check(finished)
    assert (finished.status, finished.test) == ("stopped", None)
    assert not [call for call in executed.model.seen if "test" in call.at]


def raising(error: Exception, at: str) -> Answer:
    def script(call: Call) -> str:
        if call.at.startswith(at):
            raise error
        return answer(call)

    return script


async def test_a_spent_budget_ends_it_with_the_best_so_far(tmp_path: Path) -> None:
    executed = Executed(tmp_path, raising(BudgetExhausted("budget.calls is spent", "raise it"), "2/optimizer"))
    finished = await executed.finish()
    executed.check(finished)
    assert (finished.status, finished.steps, finished.test) == ("budget", 1, None)
    assert finished.best == str(executed.folder / "best.toml")
    assert executed.events(BudgetEnded) == [BudgetEnded("budget.calls is spent")]
    assert finished.error is not None
    assert (finished.error.kind, finished.error.hint) == ("BudgetExhausted", "raise it")


@pytest.mark.parametrize(
    "error",
    [
        ModelRejected("wrong key", "set it"),
        AnswerMissing("not recorded"),
        StorageError("the disk is full", "free some"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_an_error_that_we_foresaw_fails_it_and_says_how_to_mend_it(tmp_path: Path, error: EngineError) -> None:
    executed = Executed(tmp_path, raising(error, "2/forward"))
    finished = await executed.finish()
    executed.check(finished)
    assert (finished.status, finished.steps) == ("failed", 1)
    assert finished.error is not None
    told = finished.error
    assert (told.kind, told.message, told.hint) == (type(error).__name__, str(error), error.hint)
    assert not (executed.folder / "crash.txt").exists()


async def test_what_cannot_be_built_fails_it_with_a_whole_journal(tmp_path: Path) -> None:
    executed = Executed(tmp_path, make=ModelRejected("no such model"))
    finished = await executed.finish()
    executed.check(finished)
    assert (finished.status, finished.steps, finished.val.n, finished.test) == ("failed", 0, 0, None)
    assert (finished.minibatch_pass_rate, finished.validation_pass_rate) == (None, None)


async def test_a_defect_leaves_a_traceback_without_local_values_for_the_owner_alone(tmp_path: Path) -> None:
    def script(call: Call) -> str:
        password = "local" + "-value"
        if call.at.startswith("2/forward"):
            raise ValueError(f"defect of {len(password)} letters")
        return answer(call)

    executed = Executed(tmp_path, script)
    finished = await executed.finish()
    executed.check(finished)
    assert finished.status == "failed"
    assert finished.error is not None
    assert (finished.error.kind, finished.error.hint) == ("ValueError", "please report crash.txt")
    crash = executed.folder / "crash.txt"
    assert stat.S_IMODE(crash.stat().st_mode) == 0o600
    told = crash.read_text()
    assert "ValueError: defect of 11 letters" in told
    assert "Traceback" in told
    assert "local-value" not in told


async def test_cancelling_the_task_interrupts_it_with_all_files_whole(tmp_path: Path) -> None:
    tasks: list[asyncio.Task[RunFinished]] = []

    def interrupt(stamped: Stamped, control: Control) -> None:
        if isinstance(stamped.event, StepFinished) and stamped.event.step == 1:
            tasks[0].cancel("SIGTERM")

    executed = Executed(tmp_path, on_event=interrupt)
    tasks.append(asyncio.create_task(executed.finish()))
    finished = await tasks[0]
    executed.check(finished)
    assert (finished.status, finished.steps, finished.error, finished.test) == ("interrupted", 1, None, None)
    assert executed.events(Interrupted) == [Interrupted("SIGTERM")]


async def test_the_last_line_is_written_even_when_a_server_will_not_end(tmp_path: Path) -> None:
    executed = Executed(tmp_path, closing=RuntimeError("a server that will not end"))
    with pytest.raises(RuntimeError, match="will not end"):
        await executed.finish()
    last = read(executed.folder).events[-1].event
    assert isinstance(last, RunFinished)
    assert last.status == "done"


async def test_a_pause_is_told_and_nothing_is_asked_until_it_is_resumed(tmp_path: Path) -> None:
    reached = asyncio.Event()

    def pause(stamped: Stamped, control: Control) -> None:
        if isinstance(stamped.event, StepFinished) and stamped.event.step == 1:
            control.pause("a look")
            reached.set()

    executed = Executed(tmp_path, on_event=pause, attended=True)
    task = asyncio.create_task(executed.finish())
    await reached.wait()
    for _ in range(20):
        await asyncio.sleep(0)
    asked = len(executed.model.seen)
    assert executed.control.state == "paused"
    executed.control.resume()
    finished = await task
    executed.check(finished)
    assert finished.status == "done"
    assert len(executed.model.seen) > asked
    states = [each.state for each in executed.events(ControlChanged) if isinstance(each, ControlChanged)]
    assert states == ["paused", "running"]


async def test_after_one_step_it_pauses(tmp_path: Path) -> None:
    paused = asyncio.Event()

    def watch(stamped: Stamped, control: Control) -> None:
        if isinstance(stamped.event, ControlChanged) and stamped.event.reason == "step finished":
            paused.set()

    executed = Executed(tmp_path, on_event=watch, attended=True)
    executed.control.step()
    task = asyncio.create_task(executed.finish())
    await paused.wait()
    assert len(executed.events(StepFinished)) == 1
    executed.control.stop()
    assert (await task).status == "stopped"


async def test_a_folder_that_cannot_be_made_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file")
    with pytest.raises(StorageError, match="run") as raised:
        await Executed(tmp_path).finish()
    assert "--run-dir" in raised.value.hint
    assert (tmp_path / "run").read_text() == "a file"


async def test_a_folder_that_could_only_be_made_in_part_is_taken_away_again(tmp_path: Path) -> None:
    broken = Instructions({"whole.j2": Template("a"), "no/such/folder.j2": Template("b")})
    for folder, left in ((tmp_path / "new" / "run", []), (tmp_path / "there", ["mine.txt"])):
        for name in left:
            folder.mkdir()
            (folder / name).write_text("mine")
        executed = Executed(tmp_path)
        executed.run = Run(replace(executed.run.opening, folder=folder, instructions=broken), executed.run._make)
        with pytest.raises(StorageError, match=r"folder\.j2: No such file"):
            await executed.finish()
        assert folder.is_dir() == bool(left)
        assert [each.name for each in folder.glob("*")] == left
    assert not (tmp_path / "new").exists()


async def test_a_stop_before_the_first_score_has_nothing_to_report(tmp_path: Path) -> None:
    executed = Executed(tmp_path)
    executed.control.stop()
    finished = await executed.finish()
    executed.check(finished)
    assert (finished.status, finished.val.n, finished.test) == ("stopped", 0, None)
    assert of_role(executed.model, "task") == []


@pytest.mark.parametrize(
    ("at", "status"),
    [pytest.param("0/", "failed", id="no score yet"), pytest.param("2/optimizer", "stopped", id="something to keep")],
)
async def test_a_stop_in_trouble_keeps_the_best_and_where_there_is_none_says_what_the_trouble_was(
    tmp_path: Path, at: str, status: str
) -> None:
    def stop(stamped: Stamped, control: Control) -> None:
        if isinstance(stamped.event, ControlChanged) and stamped.event.state == "paused":
            control.stop()

    down = ModelUnavailable("nobody answers", "start the server", retry_after_s=10_000)  # too long to try again
    executed = Executed(tmp_path, raising(down, at), on_event=stop, attended=True)
    finished = await executed.finish()

    executed.check(finished)
    trouble = [each.trouble for each in executed.events(ControlChanged) if isinstance(each, ControlChanged)]
    (told,) = {each for each in trouble if each is not None}
    assert (told.kind, told.hint) == ("ModelUnavailable", "start the server")
    assert "nobody answers" in told.message
    assert (finished.status, finished.error) == (status, told if status == "failed" else None)
    assert bool(finished.best) == (status == "stopped")
