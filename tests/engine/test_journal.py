import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import UnionType
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autodiff_engine.encoding import decode, encode, placeless
from autodiff_engine.errors import ConfigError, StorageError
from autodiff_engine.events import (
    FACT_TYPES,
    AtMost,
    CallCounts,
    CallStarted,
    Event,
    ExampleScored,
    FeedbackMissing,
    LedgerUpdated,
    LossScore,
    PhaseStarted,
    ProposalMade,
    RunFinished,
    RunOpened,
    RunResumed,
    Spent,
    Stamped,
    StepStarted,
    StopChosen,
    TokenCounts,
    Warned,
)
from autodiff_engine.finding import find_run, list_runs
from autodiff_engine.journal import FILE, Journal, read
from autodiff_engine.register import enter

EVENTS: list[type[Any]] = [kind for group in get_args(Event) for kind in (get_args(group) or (group,))]
OPENED = RunOpened("r1", "/somewhere", "c.toml", "0.1", "2026-01-01T00:00:00+00:00", False)


def journal(folder: Path, events: Sequence[Event]) -> list[Stamped]:
    folder.mkdir(parents=True, exist_ok=True)
    heard: list[Stamped] = []
    writer = Journal(folder, heard.append)
    for event in events:
        assert writer.append(event) is heard[-1]
    writer.close()
    return heard


def values(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Values of an event, from its type hints; texts with every character, half ones too."""
    return st.builds(kind)


for leaf, strategy in (
    (str, st.text(st.characters())),
    (float, st.floats(allow_nan=False, allow_infinity=False)),
    (int, st.integers(-(2**60), 2**60)),
):
    st.register_type_strategy(leaf, strategy)


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
@settings(max_examples=8)
@given(data=st.data())
def test_every_event_is_read_back_as_it_was(kind: type[Any], data: st.DataObject, tmp_path_factory: Any) -> None:
    event = data.draw(values(kind))
    line = encode(Stamped(1, 0.5, None, event))
    assert "\n" not in line
    assert line.isascii()
    folder = tmp_path_factory.mktemp("run")
    heard = journal(folder, [event])
    assert read(folder).events == tuple(heard)


def test_what_many_lines_say_is_in_memory_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path, lambda _: None)
    for n in range(2):
        scored = ExampleScored(
            0, "start.validation", "val", "question 17", "exact_match", 1.0, "8", "8", "no", (f"{n}",)
        )
        journal.append(scored)
    journal.close()
    one, other = (each.event for each in read(tmp_path).events)
    assert isinstance(one, ExampleScored)
    assert isinstance(other, ExampleScored)
    assert one.example is other.example
    assert one.phase is other.phase
    assert one.why is other.why


def test_every_kind_of_event_is_known() -> None:
    assert len(EVENTS) == len(set(EVENTS)) >= 24
    assert set(FACT_TYPES) < set(EVENTS)
    assert not any(isinstance(kind, UnionType) for kind in EVENTS)


def test_facts_are_numbered_by_themselves_and_lines_by_all(tmp_path: Path) -> None:
    heard = journal(tmp_path, [OPENED, StepStarted(1, ("a",), ()), Warned("x"), StepStarted(2, ("a",), ())])
    assert [(each.seq, each.fact) for each in heard] == [(1, None), (2, 1), (3, None), (4, 2)]
    line = json.loads((tmp_path / FILE).read_text().splitlines()[1])
    assert list(line)[:5] == ["v", "seq", "t", "type", "fact"]
    assert (line["v"], line["type"]) == (1, "StepStarted")


def test_facts_and_marks_are_on_disk_before_the_run_goes_on_and_telemetry_follows(tmp_path: Path) -> None:
    writer = Journal(tmp_path, lambda stamped: None)
    writer.append(CallStarted("1/forward/a/n/1", "task", "n", 1))
    assert (tmp_path / FILE).read_text() == ""
    writer.append(StepStarted(1, ("a",), ()))
    assert [each["type"] for each in map(json.loads, (tmp_path / FILE).read_text().splitlines())] == [
        "CallStarted",
        "StepStarted",
    ]
    writer.append(Warned("x"))
    assert len((tmp_path / FILE).read_text().splitlines()) == 3
    writer.close()


def test_a_torn_last_line_is_dropped_and_said(tmp_path: Path) -> None:
    heard = journal(tmp_path, [OPENED, Warned("x"), Warned("y")])
    whole = (tmp_path / FILE).read_bytes()
    for cut in range(1, len(whole.splitlines()[-1]) + 1):
        (tmp_path / FILE).write_bytes(whole[:-cut])
        recorded = read(tmp_path)
        assert (recorded.torn, recorded.events) == (True, tuple(heard[:2]))
    assert read(tmp_path).unknown == 0


def test_an_event_of_a_later_version_is_counted_and_unknown_fields_are_left(tmp_path: Path) -> None:
    heard = journal(tmp_path, [OPENED, Warned("x")])
    with (tmp_path / FILE).open("a") as file:
        file.write('{"v": 2, "seq": 3, "t": 0.0, "type": "SomethingNew", "what": 1}\n')
        file.write('{"v": 2, "seq": 4, "t": 0.0, "type": "Warned", "message": "y", "how": "loud"}\n')
    recorded = read(tmp_path)
    assert (recorded.unknown, recorded.torn) == (1, False)
    assert [each.event for each in recorded.events] == [heard[0].event, Warned("x"), Warned("y")]


@pytest.mark.parametrize("broken", ['{"v": 1', "[]", "7", "{}", '{"type": "Warned", "seq": 1, "t": 0}', '{"type": {}}'])
def test_a_broken_line_in_the_middle_is_an_error_that_names_it(tmp_path: Path, broken: str) -> None:
    journal(tmp_path, [OPENED])
    with (tmp_path / FILE).open("a") as file:
        file.write(f"{broken}\n")
    with (tmp_path / FILE).open("a") as file:
        file.write(encode(Stamped(3, 0.0, None, Warned("x"))) + "\n")
    with pytest.raises(StorageError, match=r"journal\.jsonl: line 2: not an event of ours"):
        read(tmp_path)


def test_what_is_no_text_or_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"journal\.jsonl: No such file"):
        read(tmp_path)
    (tmp_path / FILE).write_bytes(b"\xff\xfe\n")
    with pytest.raises(StorageError, match=r"journal\.jsonl: byte 0 is no text"):
        read(tmp_path)


def test_equal_runs_have_equal_facts_wherever_and_whenever_they_ran(tmp_path: Path) -> None:
    facts: list[Event] = [StepStarted(1, ("a",), ()), FeedbackMissing(1, "a", "nobody"), StopChosen(2)]
    one = journal(tmp_path / "one", [OPENED, *facts, Warned("x")])
    journal(tmp_path / "two", [replace(OPENED, run_id="r2", run_dir="/else"), Warned("a"), Warned("b"), *facts])
    journal(tmp_path / "three", [OPENED, *facts[:2]])
    first, second, third = (read(tmp_path / name).facts for name in ("one", "two", "three"))
    assert first == second != third
    assert len(first) == 3
    assert [each.seq for each in one if each.fact] == [2, 3]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the disk that is always full is Linux's")
def test_a_full_disk_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / FILE).symlink_to("/dev/full")
    heard: list[Stamped] = []
    writer = Journal(tmp_path, heard.append)
    with pytest.raises(StorageError, match=r"journal\.jsonl: No space left on device"):
        writer.append(StepStarted(1, ("a",), ()))
    assert heard == []
    writer.tell(Warned("x"))
    assert [each.event for each in heard] == [Warned("x")]
    with pytest.raises(StorageError, match="No space left on device"):
        writer.close()


def test_what_was_taken_back_stands_no_longer_and_new_facts_have_its_numbers(tmp_path: Path) -> None:
    facts = [StepStarted(step, ("a",), ()) for step in range(1, 5)]
    journal(tmp_path, [OPENED, *facts[:3], StopChosen(3), StepStarted(9, (), ())])
    writer = Journal(tmp_path, lambda stamped: None, read(tmp_path))
    for event in (OPENED, RunResumed(2), StepStarted(3, ("b",), ()), StopChosen(3)):
        writer.append(event)
    writer.close()

    told = read(tmp_path)
    assert [(each.seq, each.fact) for each in told.events][-4:] == [(7, None), (8, None), (9, 3), (10, None)]
    standing = [(each.fact, each.event) for each in told.standing if each.fact or isinstance(each.event, StopChosen)]
    assert standing == [(1, facts[0]), (2, facts[1]), (3, StepStarted(3, ("b",), ())), (None, StopChosen(3))]
    assert len(told.facts) == 4


def test_a_torn_line_is_taken_out_when_the_journal_goes_on(tmp_path: Path) -> None:
    heard = journal(tmp_path, [OPENED, Warned("x"), Warned("y")])
    (tmp_path / FILE).write_bytes((tmp_path / FILE).read_bytes()[:-5])
    writer = Journal(tmp_path, heard.append, read(tmp_path))
    writer.append(Warned("z"))
    writer.close()

    told = read(tmp_path)
    assert ([each.event for each in told.events], told.torn) == ([OPENED, Warned("x"), Warned("z")], False)
    assert [each.seq for each in told.events] == [1, 2, 3]
    assert told.size == (tmp_path / FILE).stat().st_size


def test_what_a_call_may_take_is_on_disk_before_it_is_sent(tmp_path: Path) -> None:
    writer = Journal(tmp_path, lambda stamped: None)
    writer.append(LedgerUpdated(CallCounts(1), TokenCounts(5, 2), 0.5))
    assert (tmp_path / FILE).read_text() == ""
    writer.append(LedgerUpdated(CallCounts(1), TokenCounts(5, 2), 0.5, AtMost(2, 30, 20, 0.25)))
    last = read(tmp_path).events[-1].event
    assert isinstance(last, LedgerUpdated)
    assert last.committed == Spent(CallCounts(3), TokenCounts(5, 2), 0.5, AtMost(2, 30, 20, 0.25))
    assert last.committed.most_usd == 0.75
    writer.close()


def test_a_run_is_found_by_folder_id_prefix_and_as_the_latest(tmp_path: Path) -> None:
    for age, name in enumerate(("20260102-bb", "20260101-aa", "20260103-cc")):
        journal(tmp_path / name, [OPENED])
        os.utime(tmp_path / name / FILE, ns=(age * 10**9, age * 10**9))
    (tmp_path / "not-a-run").mkdir()
    assert [run.name for run in list_runs(tmp_path)] == ["20260102-bb", "20260101-aa", "20260103-cc"]
    assert find_run(str(tmp_path / "20260101-aa"), Path()) == tmp_path / "20260101-aa"
    assert find_run("20260101-aa", tmp_path).name == "20260101-aa"
    assert find_run("20260102", tmp_path).name == "20260102-bb"
    assert find_run("latest", tmp_path).name == "20260103-cc"


def test_the_runs_of_an_ablation_lie_one_folder_deeper_and_are_found_by_both_names(tmp_path: Path) -> None:
    for age, name in enumerate(("20260101-aa", "20260102-ablate/full-s1", "20260102-ablate/full-s2")):
        (tmp_path / name).mkdir(parents=True)
        journal(tmp_path / name, [OPENED])
        os.utime(tmp_path / name / FILE, ns=(age * 10**9, age * 10**9))
    earlier = tmp_path / "20260102-ablate/full-s1/earlier/1"
    earlier.mkdir(parents=True)
    journal(earlier, [OPENED])
    (tmp_path / "20260102-ablate/ablation.toml").write_text("", encoding="utf-8")

    assert [run.name for run in list_runs(tmp_path)] == ["20260101-aa", "full-s1", "full-s2"]
    assert find_run("20260102-ablate/full-s1", tmp_path) == tmp_path / "20260102-ablate" / "full-s1"
    assert find_run("latest", tmp_path).name == "full-s2"
    with pytest.raises(ConfigError, match="2 runs begin so: 20260102-ablate/full-s1, 20260102-ablate/full-s2"):
        find_run("20260102", tmp_path)


def test_what_nobody_may_look_into_hides_no_other_run(tmp_path: Path) -> None:
    journal(tmp_path / "20260101-aa", [OPENED])
    (tmp_path / "20260102-bb").symlink_to("x" * 300)  # as a folder without rights, also for root
    (tmp_path / "20260103-cc").mkdir()
    (tmp_path / "20260103-cc" / FILE).symlink_to("x" * 300)
    enter(tmp_path, "20260104-dd", tmp_path / ("x" * 300))

    assert [run.name for run in list_runs(tmp_path)] == ["20260101-aa"]
    assert find_run("latest", tmp_path).name == "20260101-aa"


def test_runs_elsewhere_are_listed_and_found_by_id_as_long_as_they_exist(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    places = {"20260101-aa": root / "20260101-aa", "20260102-bb": tmp_path / "x", "20260103-cc": root / "mine"}
    for age, (name, place) in enumerate([*places.items(), ("20260104-dd", tmp_path / "abl" / "full-s1")]):
        journal(place, [OPENED])
        os.utime(place / FILE, ns=(age * 10**9, age * 10**9))
        enter(root, name, place.parent if place.parent.name == "abl" else place)

    assert [run.name for run in list_runs(root)] == ["20260101-aa", "x", "mine", "full-s1"]
    assert find_run("20260102", root) == tmp_path / "x"
    assert find_run("20260103", root) == find_run("mine", root) == root / "mine"
    assert find_run("20260104-dd/full-s1", root) == find_run("latest", root) == tmp_path / "abl" / "full-s1"
    (tmp_path / "x" / FILE).unlink()
    assert len(list_runs(root)) == 3


def test_an_id_that_is_the_beginning_of_another_is_found(tmp_path: Path) -> None:
    for name in ("run", "run-2"):
        journal(tmp_path / name, [OPENED])
    assert find_run("run", tmp_path).name == "run"


@pytest.mark.parametrize(
    ("name", "says"),
    [("nope", "nope: no such run in"), ("2026", "2026: 2 runs begin so: 2026a, 2026b"), ("not-a-run", "no such run")],
)
def test_a_run_that_is_not_there_or_not_the_only_one_is_named(tmp_path: Path, name: str, says: str) -> None:
    for run in ("2026a", "2026b"):
        journal(tmp_path / run, [OPENED])
    (tmp_path / "not-a-run").mkdir()
    with pytest.raises(ConfigError, match=says):
        find_run(name, tmp_path)
    with pytest.raises(ConfigError, match="latest: no such run"):
        find_run("latest", tmp_path / "nowhere")


def test_the_last_event_of_a_run_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    journal(tmp_path, [OPENED, ExampleScored(1, "forward", "train", "a", "m", 1.0, "8", "8", "", ()), StopChosen(1)])
    assert len(synced) == 1
    assert RunFinished in EVENTS


def test_what_came_later_is_written_where_it_says_something_and_read_where_it_is_missing(tmp_path: Path) -> None:
    plain = ExampleScored(1, "forward", "train", "a1", "f1", 0.5, "7", "8", "", ("k",))
    several = replace(plain, losses=(LossScore("retrieve", "recall@4", 0.5, (0.0, 1.0)),), on_answer=0.0)
    journal(tmp_path, [plain, several])
    lines = [json.loads(line) for line in (tmp_path / FILE).read_text().splitlines()]
    assert not {"losses", "on_answer"} & lines[0].keys()  # a run with one loss is written as it always was
    assert lines[1]["losses"] == [{"node": "retrieve", "metric": "recall@4", "score": 0.5, "calls": [0.0, 1.0]}]
    assert lines[1]["on_answer"] == 0.0
    assert [each.event for each in read(tmp_path).events] == [plain, several]


def test_what_was_wrong_with_earlier_replies_is_kept_and_is_no_difference() -> None:
    made = ProposalMade(1, 2, "c", "p", (), "task: it is empty")
    remarked = replace(made, tried=("task: it was cut off",))

    assert decode(encode(Stamped(7, 0.5, 3, remarked)), "line 1") == Stamped(7, 0.5, 3, remarked)
    assert "tried" not in encode(Stamped(7, 0.5, 3, made))
    assert placeless(Stamped(7, 0.5, 3, remarked)) == placeless(Stamped(8, 0.9, 3, made))
    assert placeless(Stamped(7, 0.5, 3, made)) != placeless(Stamped(7, 0.5, 3, replace(made, problem="other")))


@pytest.mark.parametrize(
    "spoiled",
    [
        ('"seq": 1', '"seq": "1"'), ('"seq": 1', '"seq": 1.5'), ('"seq": 1', '"seq": true'), ('"seq": 1', '"seq": []'),
        ('"t": ', '"t": [], "was": '), ('"t": ', '"t": 1e999, "was": '), ('"t": ', '"t": NaN, "was": '),
        ('"fact": 1', '"fact": "one"'), ('"fact": 1', '"fact": ' + "9" * 301),
        ('"total": 7', '"total": 1e400'), ('"total": 7', '"total": ' + "9" * 5000), ('"total": 7', '"total": {}'),
        ('"phase": "forward"', '"phase": ' + "[" * 100_000),
    ],
    ids=lambda pair: pair[1][:40],
)  # fmt: skip
def test_a_line_whose_values_no_run_says_is_refused_by_its_number(tmp_path: Path, spoiled: tuple[str, str]) -> None:
    line = encode(Stamped(1, 0.5, 1, PhaseStarted(3, "forward", 7)))
    assert spoiled[0] in line
    (tmp_path / FILE).write_text(f"{line.replace(*spoiled)}\n", encoding="utf-8")

    with pytest.raises(StorageError, match="line 1: not an event of ours"):
        read(tmp_path)
