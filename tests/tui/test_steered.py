"""Steering and looking back, key by key."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.tui.recorded import recorded
from tests.tui.screens import at_rest, screen_text, settled
from tests.tui.sources import ListSource
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from autodiff_engine.events import (
    Decision,
    ProgramDescribed,
    ProposalEdited,
    ProposalJudged,
    ProposalMade,
    ProposalSkipped,
    ProposalVetoed,
    ProposalWritten,
    Stamped,
    StepStarted,
    TextFrozen,
    TextValue,
    ValidationChosen,
)
from autodiff_tui.app import RunApp
from autodiff_tui.captions import _PHASES, DONE, WATCHED, caption, pace
from autodiff_tui.screens.examples import ExamplesScreen
from autodiff_tui.screens.leaving import QuitScreen
from autodiff_tui.screens.run import RunScreen
from autodiff_tui.screens.steering import LineScreen, PickScreen
from autodiff_tui.screens.writing import WritingScreen
from autodiff_tui.tape import EVERY
from autodiff_tui.view import RunView, incumbent_proposal, judged_now, reduce
from autodiff_tui.widgets.paint import plain, width
from autodiff_tui.widgets.painted import Painted
from autodiff_tui.widgets.proposal_table import Columns, _line

EVENTS = recorded(3)
MADE = [n for n, one in enumerate(EVENTS) if isinstance(one.event, ProposalMade)]
LAST = next(n for n in MADE if not any(isinstance(one.event, ProposalJudged) for one in EVENTS[n : n + 4]))
JUDGED = EVENTS[: LAST + 4]
"""A run of which a proposal is being judged."""
BEGUN = [n for n, one in enumerate(EVENTS, 1) if isinstance(one.event, StepStarted)]


class DecidedSource(ListSource):
    """Keeps the decisions themselves."""

    def __init__(self, events: Sequence[Stamped], **options: bool) -> None:
        super().__init__(events, **options)
        self.decisions: list[Decision] = []

    def decide(self, decision: Decision) -> None:
        self.decisions.append(decision)


def live(events: Sequence[Stamped] = JUDGED) -> tuple[RunApp, DecidedSource]:
    source = DecidedSource(events, endless=True)
    return RunApp(source, clock=lambda: 0.0), source


def judged_key() -> tuple[int, int]:
    event = JUDGED[LAST].event
    assert isinstance(event, ProposalMade)
    return event.step, event.k


async def opened(app: RunApp, pilot: Pilot[None], kind: type) -> None:
    for _ in range(20):
        await pilot.pause()
        if isinstance(app.screen, kind):
            return
    assert isinstance(app.screen, kind)


@pytest.mark.parametrize(("key", "kind"), [("c", ProposalSkipped), ("v", ValidationChosen)])
async def test_one_key_skips_the_proposal_that_is_judged_or_validates_it(
    key: str, kind: Callable[[int, int, int], Decision]
) -> None:
    app, source = live()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(app, pilot)
        await pilot.press(key)
        text = await at_rest(app, pilot)
    assert source.decisions == [kind(0, *judged_key())]
    assert "asked to" in text


@pytest.mark.parametrize("key", ["c", "v", "E"])
async def test_where_nothing_is_judged_they_say_so(key: str) -> None:
    app, source = live(EVENTS[: MADE[0]])
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(app, pilot)
        await pilot.press(key)
        assert "no proposal is being judged" in await at_rest(app, pilot)
    assert source.decisions == []


async def test_a_veto_asks_why() -> None:
    app, source = live()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app, pilot)
        await pilot.press("r")
        await opened(app, pilot, LineScreen)
        assert "Veto proposal {}.{}".format(*judged_key()) in await at_rest(app, pilot)
        await pilot.press("escape", "r")
        await opened(app, pilot, LineScreen)
        await pilot.press(*"too rude", "enter")
        await pilot.pause()
        assert isinstance(app.screen, RunScreen)
    assert source.decisions == [ProposalVetoed(0, *judged_key(), "too rude")]


async def test_without_a_judged_one_the_veto_is_about_the_best() -> None:
    accepted = next(n for n, one in enumerate(EVENTS) if isinstance(one.event, ProposalJudged) and one.event.accepted)
    app, source = live(EVENTS[: accepted + 1])
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app, pilot)
        best = incumbent_proposal(app.view)
        assert best is not None
        await pilot.press("r")
        await opened(app, pilot, LineScreen)
        await pilot.press("enter")
        await pilot.pause()
    assert source.decisions == [ProposalVetoed(0, best.step, best.k, "")]


async def test_a_person_edits_the_judged_proposal_in_a_text_area() -> None:
    app, source = live()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app, pilot)
        changed = judged_now(app.view)
        assert changed is not None
        await pilot.press("E")
        await opened(app, pilot, PickScreen)
        await pilot.press("enter")
        await opened(app, pilot, WritingScreen)
        area = app.screen.query_one(TextArea)
        values = {change.name: change.value for change in changed.changes}
        name = next(each for each in app.view.texts if each in values)
        assert area.text == values[name]
        area.text = "Do it well.\nShort."
        await pilot.press("ctrl+s")
        await pilot.pause()
    assert source.decisions == [ProposalEdited(0, *judged_key(), name, "Do it well.\nShort.")]


async def test_a_person_writes_a_text_and_what_is_unchanged_or_left_is_no_proposal() -> None:
    app, source = live()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(app, pilot)
        name = list(app.view.texts)[1]
        for keys in (("ctrl+s",), ("x", "escape"), ("home", "N", "o", "w", "space", "ctrl+s")):
            await pilot.press("w")
            await opened(app, pilot, PickScreen)
            await pilot.press("down", "enter")
            await opened(app, pilot, WritingScreen)
            await pilot.press(*keys)
            await pilot.pause()
            assert isinstance(app.screen, RunScreen)
        await pilot.press("w", "escape")
    value = app.view.texts[name].value
    assert source.decisions == [ProposalWritten(0, (TextValue(name, f"Now {value}"),))]


async def test_their_own_editor_changes_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "editor.py"
    script.write_text("import sys\npath = sys.argv[1]\nopen(path, 'a').write(' And more.\\n')\n", encoding="utf-8")
    app, source = live()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(app, pilot)
        await pilot.press("w")
        await opened(app, pilot, PickScreen)
        await pilot.press("enter")
        await opened(app, pilot, WritingScreen)
        await pilot.press("ctrl+o")
        assert "cannot be left to an editor" in await at_rest(app, pilot)  # a test has no terminal to leave
        from autodiff_tui.screens import editor

        text, problem = editor.change("Text.", {"EDITOR": f"{sys.executable} {script}"})
        assert (text, problem) == ("Text. And more.", "")
        assert editor.change("Text.", {})[0] is None
        assert editor.change("Text.", {"EDITOR": "false"})[0] is None
        assert editor.change("Text.", {"EDITOR": "/nowhere/editor"})[0] is None
    assert source.decisions == []


async def test_what_could_drive_the_terminal_is_a_mark_in_the_text_area() -> None:
    app, _ = live()
    hostile = "\x1b]0;x\x07 \u202e [/b] [@click=app.quit]x"
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app, pilot)
        app.push_screen(WritingScreen(hostile, hostile))
        await opened(app, pilot, WritingScreen)
        area = app.screen.query_one(TextArea)
        assert not set(area.text) & set("\x1b\x07\u202e")
        area.insert("\x9b2J")
        await pilot.pause()
        assert "\x9b" not in area.text
        assert not set(screen_text(app)) & set("\x1b\x07\u202e\x9b")


async def test_ctrl_c_in_a_dialog_copies_what_is_selected_there() -> None:
    app, source = live()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app, pilot)
        await pilot.press("r")
        await opened(app, pilot, LineScreen)
        await pilot.press(*"abc")
        app.screen.query_one(Input).select_all()
        await pilot.press("ctrl+c")
    assert app.clipboard == "abc"
    assert "stop" not in source.told


async def test_a_text_is_frozen_and_freed() -> None:
    app, source = live()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app, pilot)
        name = next(iter(app.view.texts))
        await pilot.press("f")
        await opened(app, pilot, PickScreen)
        await pilot.press("enter")
        await pilot.pause()
        assert source.decisions == [TextFrozen(0, name, True)]
        source.events = [*source.events, Stamped(10**6, 0.0, None, TextFrozen(9, name, True))]
        await settled(app, pilot)
        assert app.view.frozen == (name,)
        await pilot.press("f")
        await opened(app, pilot, PickScreen)
        assert "frozen" in await at_rest(app, pilot)
        await pilot.press("enter")
        await pilot.pause()
    assert source.decisions[1:] == [TextFrozen(0, name, False)]


async def test_a_phase_is_run_by_its_key() -> None:
    app, source = live()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app, pilot)
        await pilot.press("s", "S")
    assert source.told == ["start", "step", "phase"]


@pytest.mark.parametrize("mode", ["watch", "replay"])
@pytest.mark.parametrize("key", ["s", "S", "c", "v", "r", "E", "w", "f"])
async def test_what_does_not_execute_here_cannot_be_steered(mode: str, key: str) -> None:
    source = DecidedSource(JUDGED, endless=True)
    app = RunApp(source, clock=lambda: 0.0, mode=mode)  # type: ignore[arg-type]
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app, pilot)
        await pilot.press(key)
        await pilot.pause()
        assert isinstance(app.screen, RunScreen)
        await pilot.press("q")
    assert (source.told, source.decisions) == (["start"], [])


# looking back


def replayed(events: Sequence[Stamped] = EVENTS, **options: object) -> tuple[RunApp, list[float]]:
    now = [0.0]
    app = RunApp(DecidedSource(events), clock=lambda: now[0], mode="replay", **options)  # type: ignore[arg-type]
    return app, now


async def test_a_replay_plays_holds_and_goes_by_events_and_steps() -> None:
    app, now = replayed(speed=2.0)
    async with app.run_test(size=(120, 40)) as pilot:
        text = await settled(app, pilot)
        assert "replay ▶ 2× · event 0 of" in text.replace("event 1 of", "event 0 of")
        now[0] = 1.0
        app.drain_now()
        played = app.transport.position
        assert played == pytest.approx(40, abs=2)
        await pilot.press("p")
        now[0] = 9.0
        app.drain_now()
        assert app.transport.position == played
        for key, position in (
            (".", played + 1), (",", played), (">", BEGUN[0]), (">", BEGUN[1]), ("<", BEGUN[0]), ("<", 0), (",", 0),
            ("G", len(EVENTS)), ("<", BEGUN[-1]),
        ):  # fmt: skip
            await pilot.press(
                {".": "full_stop", ",": "comma", ">": "greater_than_sign", "<": "less_than_sign"}.get(key, key)
            )
            assert app.transport.position == position, key
        text = await at_rest(app, pilot)
        assert f"replay ‖ held · event {BEGUN[-1]:,} of {len(EVENTS):,} · step 3" in text
        await pilot.press("plus", "plus", "minus")
        assert app.transport.speed == 4.0
        await pilot.press("q")
    assert app.return_code == 0


async def test_a_replay_goes_to_a_step_by_its_number() -> None:
    app, _ = replayed()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(app, pilot)
        for number, position in (("2", BEGUN[1]), ("77", BEGUN[1]), ("0", 0)):
            await pilot.press("g")
            await opened(app, pilot, LineScreen)
            await pilot.press(*number, "enter")
            await pilot.pause()
            assert app.transport.position == position
            if number == "77":
                assert "there is no step 77" in await at_rest(app, pilot)


async def test_what_is_shown_is_the_run_as_it_was_there() -> None:
    app, _ = replayed()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app, pilot)
        await pilot.press("greater_than_sign")
        shown = app.screen
        assert isinstance(shown, RunScreen)
        view = RunView()
        for stamped in EVENTS[: BEGUN[0]]:
            view = reduce(view, stamped)
        assert shown.view == view
        told = (await at_rest(app, pilot)).splitlines()[0]
        assert told.startswith(f" ‖ recording held   event {BEGUN[0]} of {len(EVENTS):,}   step 1/12   best 0.48")
        await pilot.press("G")
        assert "✓ done" in (await at_rest(app, pilot)).splitlines()[0]


async def test_of_a_live_run_one_looks_back_while_it_goes_on() -> None:
    app, source = live(EVENTS[:900])
    async with app.run_test(size=(120, 40)) as pilot:
        text = await settled(app, pilot)
        assert "looking back" not in text
        await pilot.press("less_than_sign", "comma")
        at = app.transport.position
        source.events = EVENTS[:1000]
        text = await settled(app, pilot)
        assert "looking back" in text
        assert f"event {at:,} of 1,000" in text
        assert app.transport.position == at
        assert app.view.facts > app.transport.view.facts
        await pilot.press("p")
        assert source.told[-1] == "pause"  # the run is steered as it is now
        await pilot.press("G")
        assert "looking back" not in await at_rest(app, pilot)
        source.events = EVENTS[:1100]
        await settled(app, pilot)
        assert app.transport.position == 1100


async def test_ten_thousand_events_go_back_and_on_with_few_repaints() -> None:
    events = [*EVENTS, *(Stamped(10**6 + n, 99.0, None, EVENTS[50].event) for n in range(10_000 - len(EVENTS)))]
    app, _ = replayed(events)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app, pilot)
        await pilot.press("p", "G")
        await pilot.pause()
        folded = app.tape.folded
        paints = sum(widget.paints for widget in app.screen.query(Painted))
        for key in ("comma", "comma", "less_than_sign", "greater_than_sign", "full_stop"):
            await pilot.press(key)
        await at_rest(app, pilot)
        assert app.tape.folded - folded <= 5 * EVERY
        assert sum(widget.paints for widget in app.screen.query(Painted)) - paints <= 100


async def test_a_demo_says_what_to_look_at() -> None:

    first = EVENTS[0]
    demo = [replace(first, event=replace(first.event, recorded=True)), *JUDGED[1:]]  # type: ignore[type-var]
    app, _ = live(demo)
    async with app.run_test(size=(120, 40)) as pilot:
        assert caption(app.view)[0] == "Models and data are made ready."
        text = await settled(app, pilot)
        assert caption(app.view)[0] in text


def test_every_caption_fits_80_cells_and_in_fewer_words_60() -> None:
    said = (*_PHASES.values(), DONE, WATCHED)
    assert [words for words, _ in said if len(words) > 78] == []
    assert [fewer for _, fewer in said if len(fewer) > 58] == []


def test_every_phase_of_a_run_has_its_words() -> None:
    said: dict[str, str] = {}
    view = RunView()
    for stamped in EVENTS:
        view = reduce(view, stamped)
        said[view.progress.phase.rpartition(".")[2]] = caption(view)[0]
    assert len(set(said.values())) >= 6
    assert "made ready" not in "".join(text for phase, text in said.items() if phase)


def test_speeds_are_said_as_people_say_them() -> None:
    assert [pace(speed) for speed in (0.25, 0.5, 1.0, 4.0, 4096.0)] == ["¼×", "½×", "1×", "4×", "4096×"]


ENDED = [*JUDGED, *recorded(3)[-1:]]
"""The run of JUDGED, ended under whatever is open."""


def until_settled() -> list[Stamped]:
    """The run of JUDGED until its proposal has a verdict."""
    verdict = next(n for n, one in enumerate(EVENTS) if n > LAST and isinstance(one.event, ProposalJudged))
    return EVENTS[: verdict + 1]


@pytest.mark.parametrize(
    ("keys", "kind"),
    [
        (("w",), PickScreen), (("w", "enter"), WritingScreen), (("E",), PickScreen), (("E", "enter"), WritingScreen),
        (("f",), PickScreen), (("r",), LineScreen), (("q",), QuitScreen),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)  # fmt: skip
async def test_a_question_about_a_run_that_ends_under_it_closes_with_a_word_why(
    keys: tuple[str, ...], kind: type
) -> None:
    app, source = live()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(app, pilot)
        for key in keys:
            await pilot.press(key)
            await at_rest(app, pilot)
        assert isinstance(app.screen, kind)
        app.drain_now()
        assert isinstance(app.screen, kind)
        source.events = ENDED
        app.drain_now()
        await opened(app, pilot, RunScreen)
        assert [each.message for each in app._notifications][-1].startswith("closed: the run has ended")
    assert source.decisions == []


async def test_a_text_that_was_written_is_not_lost_when_the_run_ends_under_it() -> None:
    app, source = live()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(app, pilot)
        await pilot.press("w", "enter")
        await opened(app, pilot, WritingScreen)
        app.screen.query_one(TextArea).text = "Be brief."
        source.events = ENDED
        app.drain_now()
        assert "the run has ended · ctrl+s copies it · ctrl+o $EDITOR · esc closes" in await at_rest(app, pilot)
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert isinstance(app.screen, WritingScreen)
        assert app.clipboard == "Be brief."
        (told,) = [each.message for each in app._notifications]
        assert told == "not handed in: the run has ended; sent to the terminal's clipboard"
        await pilot.press("escape")
        await opened(app, pilot, RunScreen)
    assert source.decisions == []


@pytest.mark.parametrize("keys", [("E", "enter"), ("r",)])
async def test_an_edit_or_a_veto_closes_when_its_proposal_was_judged_meanwhile(keys: tuple[str, ...]) -> None:
    app, source = live()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(app, pilot)
        for key in keys:
            await pilot.press(key)
            await at_rest(app, pilot)
        source.events = until_settled()
        app.drain_now()
        accepted = incumbent_proposal(app.view)
        key = "{}.{}".format(*judged_key())
        assert accepted is None or accepted.key != key
        await opened(app, pilot, RunScreen)
        assert key in [each.message for each in app._notifications][-1]
    assert source.decisions == []


async def test_a_question_that_is_closed_twice_in_one_moment_leaves_the_run_in_sight() -> None:
    """The person answers, and the run ends under it before that is done: Textual alone would close the run, too."""
    app, source = live()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(app, pilot)
        for key, kind in (("f", PickScreen), ("x", ExamplesScreen)):
            await pilot.press(key)
            await opened(app, pilot, kind)
            over = app.screen
            over.dismiss(None)
            over.dismiss(None)
            await opened(app, pilot, RunScreen)
    assert source.decisions == []


async def test_what_is_answered_in_the_moment_in_which_the_run_ends_is_not_said_to_be_asked_of_it() -> None:
    app, source = live()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(app, pilot)
        await pilot.press("f")
        await opened(app, pilot, PickScreen)
        app.tape.extend(ENDED[len(JUDGED) :])
        await pilot.press("enter")
        await opened(app, pilot, RunScreen)
        (told,) = [each.message for each in app._notifications]
        assert told in ("not done: the run has ended", "closed: the run has ended")  # by which of the two came first
    assert source.decisions == []


async def test_edit_lists_the_text_that_the_proposal_changes_before_the_others() -> None:
    names = [text.name for one in EVENTS if isinstance(one.event, ProgramDescribed) for text in one.event.texts]

    def about_last(one: Stamped) -> Stamped:
        made = one.event
        if not isinstance(made, ProposalMade):
            return one
        return replace(one, event=replace(made, changes=(replace(made.changes[0], name=names[-1]),)))

    app, _ = live([about_last(one) for one in JUDGED])
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app, pilot)
        await pilot.press("E")
        assert isinstance(app.screen, PickScreen)
        assert [name for name, _ in app.screen._options] == [names[-1], *names[:-1]]
        await pilot.press("escape", "w")
        assert isinstance(app.screen, PickScreen)
        assert [name for name, _ in app.screen._options] == names


@pytest.mark.parametrize("cells", [44, 58, 78, 118, 160])
@pytest.mark.parametrize("method", ["written by a person", "edited by a person"])
def test_the_table_says_of_a_proposal_that_a_person_wrote_it(cells: int, method: str) -> None:
    view = RunView()
    for one in JUDGED:
        view = reduce(view, one)
    made = view.proposals.newest_first(1)[0]
    by_hand = replace(made, changes=tuple(replace(each, method=method) for each in made.changes))
    columns = Columns.for_width(cells)
    assert "✎" not in plain((_line(made, columns),))
    told = plain((_line(by_hand, columns),))
    assert "✎" in told
    assert ("by a person" in told) is (cells >= 118)
    assert width(_line(by_hand, columns)) == width(_line(made, columns))
