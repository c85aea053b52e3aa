"""Whatever became of a journal: it is read or refused in one line, and what is read of it can be shown."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import random
import tempfile
import zlib
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from autodiff_engine.encoding import decode, encode
from autodiff_engine.errors import StorageError
from autodiff_engine.events import (
    Event,
    ProposalEdited,
    ProposalSkipped,
    ProposalVetoed,
    ProposalWritten,
    RunFinished,
    RunOpened,
    RunResumed,
    Stamped,
    StepFinished,
    TextFrozen,
    TextValue,
)
from autodiff_engine.journal import FILE, Tail, read, skim
from autodiff_tui import report
from autodiff_tui.app import RunApp
from autodiff_tui.captions import caption
from autodiff_tui.cli import run
from autodiff_tui.html_report import page
from autodiff_tui.narration import Narrator
from autodiff_tui.view import RunView, reduce, step_rows

from ..fuzzing import Trial, edited, edits, few, many, numbers, one_line, torn_words, words
from .recorded import recorded
from .runs import losses_run, small_run, stamped
from .screens import settled
from .sources import ListSource
from .test_safe import dangerous

DECISIONS: tuple[Event, ...] = (
    ProposalSkipped(9, 1, 2), ProposalVetoed(9, 1, 2, "no"), ProposalEdited(9, 1, 2, "task", "Count."),
    ProposalWritten(9, (TextValue("task", "x"),)), TextFrozen(9, "task", True), RunResumed(4, 2, True, True, "why"),
    ProposalVetoed(9, 7, 7), TextFrozen(9, "nothing", False), ProposalEdited(9, 1, 1, "other", ""),
)  # fmt: skip
STORIES = {
    "small": stamped(small_run()),
    "losses": stamped([*losses_run()[:-1], *DECISIONS, losses_run()[-1]]),
    "long": recorded(1),
}
LINES = {name: [encode(each) for each in told] for name, told in STORIES.items()}
OTHER = st.one_of(
    torn_words, numbers, st.booleans(), st.none(), st.lists(torn_words, max_size=2),
    st.dictionaries(torn_words, torn_words, max_size=2), st.just([[]] * 3),
)  # fmt: skip
KEYS = (
    "1 end up 2 end d 3 enter end n escape e escape 4 5 6 7 enter escape b escape x enter escape comma less_than_sign"
)
names = st.sampled_from(sorted(STORIES))


def told_by(*arguments: str) -> tuple[int, str]:
    """Run a command; return its exit code and what it wrote to stderr."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(arguments)
    assert "a defect in autodiff-tui" not in err.getvalue(), err.getvalue()
    return code, err.getvalue()


def folded(folder: Path) -> None:
    """What is read of a journal is folded, told, listed, and written as a page."""
    view, narrator = RunView(), Narrator(verbose=True)
    for each in read(folder).standing:
        view = reduce(view, each)
        assert not any(dangerous(line) for line in narrator.lines(each.event))
    text = [*report.whole(view), *report.table([report.row(view, "r")])]
    assert not any(dangerous(line) for line in text)
    assert page(view, (), ()).endswith("</html>\n")
    assert caption(view)
    assert len(step_rows(view)) <= len(view.proposals) + len(view.steps) + len(view.scores.minibatch) + 1


def shown(folder: Path) -> None:
    """Every command that shows a run shows this one, or refuses it in an error of one line and a hint."""
    for command in ("show", "show --html -", "replay --ui plain --verbose", "replay --ui json"):
        code, err = told_by(*command.split(), str(folder))
        assert code in (0, 1, 2, 3, 4, 130)
        assert sum(line.startswith("error: ") for line in err.splitlines()) <= 2


def read_or_refused(content: bytes) -> bool:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "r1"
        folder.mkdir()
        (folder / FILE).write_bytes(content)
        refusals = [why for each in (read, lambda place: Tail(place).read(), skimmed) if (why := refusal(each, folder))]
        assert all(one_line(why) and str(folder) in why for why in refusals), refusals
        if not refusal(read, folder):
            folded(folder)
        if zlib.crc32(content) % 8 == 0:  # they take long
            shown(folder)
        return not refusals


def skimmed(folder: Path) -> object:
    return skim(folder, (RunOpened,), (StepFinished, RunFinished))


def refusal(reader: Any, folder: Path) -> str:
    try:
        reader(folder)
    except StorageError as error:
        return str(error)
    return ""


def whole(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass")


def changed_bytes(story: str, done: list[tuple[str, float, bytes]]) -> None:
    read_or_refused(edited(whole(LINES[story]), done))


def changed_order(story: str, seed: int, kept: float, doubled: float, swaps: int) -> None:
    """Lines that are well-formed each, in an order that no run has."""
    draw = random.Random(seed)
    lines = [line for line in LINES[story] for _ in range(1 + (draw.random() < doubled)) if draw.random() < kept]
    for _ in range(swaps if lines else 0):
        a, b = draw.randrange(len(lines)), draw.randrange(len(lines))
        lines[a], lines[b] = lines[b], lines[a]
    assert read_or_refused(whole(lines))


Changes = list[tuple[float, float, object]]


def changed_values(story: str, done: Changes) -> None:
    """One value or another of a line is something else, also deep inside of it."""
    read_or_refused(whole(with_values(story, done)))


def with_values(story: str, done: Changes) -> list[str]:
    lines = [json.loads(line) for line in LINES[story]]
    for where, which, value in done:
        line = lines[int(where * (len(lines) - 1))]
        places = list(_places(line))
        inner, key = places[int(which * (len(places) - 1))]
        inner[key] = deepcopy(value)
    return [json.dumps(line) for line in lines]


def _places(value: Any) -> Any:
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        yield value, key
        if isinstance(item, dict | list):
            yield from _places(item)


def absurd(story: str, seed: int, swaps: int) -> list[Stamped]:
    """Events of a run in another order, some of them again and some not at all, numbered as if that were a run."""
    draw = random.Random(seed)
    told = [each.event for each in STORIES[story] for _ in range(draw.choice((0, 1, 1, 1, 2)))]
    told += draw.sample(DECISIONS, 3)
    for _ in range(swaps if told else 0):
        a, b = draw.randrange(len(told)), draw.randrange(len(told))
        told[a], told[b] = told[b], told[a]
    return stamped(told)


def absurd_stories(story: str, seed: int, swaps: int) -> None:
    assert read_or_refused(whole([encode(each) for each in absurd(story, seed, swaps)]))


def in_the_app(story: str, seed: int, swaps: int) -> None:
    asyncio.run(_in_the_app(absurd(story, seed, swaps)))


def values_in_the_app(story: str, done: Changes) -> None:
    events: list[Stamped] = []
    for number, line in enumerate(with_values(story, done)):
        with contextlib.suppress(StorageError):
            told = decode(line, f"line {number}")
            events += [told] if told is not None else []
    asyncio.run(_in_the_app(events))


async def _in_the_app(events: list[Stamped]) -> None:
    app = RunApp(ListSource(events, endless=True), clock=lambda: 0.0)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(app, pilot)
        for key in KEYS.split():
            app.simulate_key(key)
            await pilot.pause()
        assert app.is_running


seeds = st.integers(0, 10**6)
trials = [
    Trial(changed_bytes, names, edits),
    Trial(changed_order, names, seeds, st.floats(0.3, 1), st.floats(0, 0.5), st.integers(0, 40)),
    Trial(changed_values, names, st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), OTHER), min_size=1, max_size=2)),
    Trial(absurd_stories, names, seeds, st.integers(0, 60)),
]
of_its_kind = st.one_of(st.integers(-3, 3), st.integers(), st.floats(allow_nan=False), words)
app_trials = [
    Trial(in_the_app, names, seeds, st.integers(0, 60)),
    Trial(
        values_in_the_app,
        names,
        st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), of_its_kind), min_size=1, max_size=8),
    ),
]


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))


@pytest.mark.parametrize("story", STORIES)
def test_the_journals_that_others_are_made_from_are_read(story: str) -> None:
    assert read_or_refused(whole(LINES[story]))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("trial", trials)
def test_a_few_hundred_hostile_journals_are_read_or_refused(trial: Trial) -> None:
    few(trial, 60)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("trial", app_trials)
def test_a_few_absurd_stories_do_not_end_the_app(trial: Trial) -> None:
    few(trial, 3)


@pytest.mark.fuzz
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("trial", trials)
def test_thousands_of_hostile_journals_are_read_or_refused(trial: Trial) -> None:
    many(trial, 1000)


@pytest.mark.fuzz
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("trial", app_trials)
def test_a_thousand_absurd_stories_do_not_end_the_app(trial: Trial) -> None:
    many(trial, 500)


def test_runs_lists_the_others_beside_a_journal_that_cannot_be_read(tmp_path: Path) -> None:
    for name, lines in (("good", LINES["small"]), ("bad", ['{"v": 1, "seq": 1, "t": 0, "type": "RunOpened"}'])):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / FILE).write_bytes(whole(lines))

    code, err = told_by("runs")

    assert code == 0
    assert err.count("error: ") == 1
    assert "line 1: not an event of ours" in err
