from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

import pytest

from autodiff_engine.encoding import encode
from autodiff_engine.events import LedgerUpdated, ProposalJudged, ProposalVetoed
from autodiff_engine.journal import FILE, Journal, read
from autodiff_engine.lock import locked
from autodiff_engine.register import enter
from autodiff_tui import found, starter
from autodiff_tui.found import Shelf
from autodiff_tui.found_configs import ConfigShelf, configs
from autodiff_tui.summary import lines
from autodiff_tui.view import RunView, reduce

from .home import add_config, add_run
from .recorded import recorded
from .runs import small_run, stamped

T = TypeVar("T")


def test_configs_are_the_toml_files_with_a_task_here_and_in_configs(tmp_path: Path) -> None:
    add_config(tmp_path / "b.toml", "apples")
    add_config(tmp_path / "configs" / "a.toml")
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n", encoding="utf-8")
    (tmp_path / "broken.toml").write_text("[task", encoding="utf-8")
    (tmp_path / "latin.toml").write_bytes(b"[task]\nx = '\xe9'")

    found = configs(tmp_path)

    assert [(each.name, each.pipeline, each.data) for each in found] == [
        ("b.toml", "object_count", "generated:object_count"),
        ("broken.toml", "", ""),
        ("latin.toml", "", ""),
        ("configs/a.toml", "object_count", "generated:object_count"),
    ]
    assert [bool(each.problem) for each in found] == [False, True, True, False]
    assert found[0].about == "Counts apples."
    assert found[0].models == (("task", "openai/gpt-4o-mini"),)


def test_a_file_that_looks_like_a_config_and_cannot_be_parsed_is_listed_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "sk-0123456789abcdef0123")
    (tmp_path / "a.toml").write_text('key = "sk-0123456789abcdef0123"\n [task]\npipeline = \n', encoding="utf-8")
    (tmp_path / "deep.toml").write_text(f"[task]\nx = {'[' * 5_000}", encoding="utf-8")
    (tmp_path / "latin.toml").write_bytes(b"[task]\nx = '\xe9'")
    (tmp_path / "note.toml").write_text("# about [task]\nx = \n", encoding="utf-8")
    (tmp_path / "other.toml").write_text("[tasks]\nx = \n", encoding="utf-8")

    found = {each.name: each for each in configs(tmp_path)}

    assert list(found) == ["a.toml", "deep.toml", "latin.toml"]
    assert "line 3" in found["a.toml"].problem
    assert "sk-0123456789" not in found["a.toml"].text
    assert "recursion" in found["deep.toml"].problem
    assert "can't decode byte 0xe9" in found["latin.toml"].problem


@pytest.mark.parametrize(
    ("text", "listed"),
    [
        ("[task\npipeline = 'x'\n", True),
        ("x = 1\n [models.task\nmodel = 'm'\n", True),
        ("[trainer\n", True),
        ("[data]]\n", True),
        ("[taks]\npipeline = 'x'\n[data]\nsource = 'q.csv'\n[models.task]\nmodel = 'm'\n", True),
        ("[task-list\n", False),
        ("[tool.other\n", False),
        ("[data]\nx = 1\n", False),
        ("[[models]]\nmodel = 'm'\n[prompts]\ntask = 'best.toml has no table of a training'\n", False),
        ("[[models]]\n[prompts\n", False),
    ],
)
def test_what_was_meant_to_be_a_config_is_listed_with_its_reason_also_where_the_task_is_what_is_broken(
    tmp_path: Path, text: str, listed: bool
) -> None:
    (tmp_path / "a.toml").write_text(text, encoding="utf-8")

    found = configs(tmp_path)

    assert [each.name for each in found] == ["a.toml"] * listed
    assert all(each.problem for each in found)


def test_only_configs_that_changed_are_read_again(tmp_path: Path) -> None:
    add_config(tmp_path / "a.toml")
    add_config(tmp_path / "b.toml")
    shelf = ConfigShelf(tmp_path)
    first = shelf.look()

    (tmp_path / "b.toml").write_text("[task\n", encoding="utf-8")
    again = shelf.look()
    add_config(tmp_path / "b.toml", "apples")
    add_config(tmp_path / "configs" / "c.toml")
    (tmp_path / "a.toml").unlink()
    last = shelf.look()

    assert again[0] is first[0]
    assert "line 1" in again[1].problem
    assert [(each.name, each.problem, each.about) for each in last] == [
        ("b.toml", "", "Counts apples."), ("configs/c.toml", "", "Counts things.")
    ]  # fmt: skip


def test_the_config_of_a_project_one_folder_down_is_found_and_nothing_deeper_or_hidden(tmp_path: Path) -> None:
    starter.write(tmp_path / "proj", "prompt")
    add_config(tmp_path / "b.toml")
    add_config(tmp_path / "configs" / "train.toml")
    add_config(tmp_path / "another" / "train.toml")
    add_config(tmp_path / "another" / "old.toml")
    add_config(tmp_path / ".hidden" / "train.toml")
    add_config(tmp_path / "deep" / "er" / "train.toml")
    (tmp_path / "notes").write_text("no folder", encoding="utf-8")

    found = [each.name for each in configs(tmp_path)]

    assert found == ["b.toml", "configs/train.toml", "another/train.toml", "proj/train.toml"]


def test_of_a_folder_with_very_many_entries_only_the_first_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    isfile = os.path.isfile

    def counted(path: str | Path) -> bool:
        looked.append(str(path))
        return isfile(path)

    monkeypatch.setattr(os.path, "isfile", counted)
    for number in range(2_100):
        (tmp_path / f"n{number}").touch()

    assert configs(tmp_path) == []
    assert len(looked) == 2_000


def test_a_role_without_a_model_says_whose_it_has_and_files_by_split_are_listed(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(
        '[task]\npipeline = "prompt"\n[data]\nsource = {train = "tr.csv", val = "v.csv"}\n'
        '[models.task]\nmodel = "m"\n[models.optimizer]\ntemperature = 1\n',
        encoding="utf-8",
    )

    (found,) = configs(tmp_path)

    assert found.data == "train tr.csv, val v.csv"
    assert found.models == (("task", "m"), ("optimizer", "as task"))


def test_a_run_on_the_shelf_says_what_its_whole_journal_says(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    folder.mkdir()
    journal = Journal(folder, lambda _: None)
    for one in recorded(3):
        journal.append(one.event)
    journal.close()
    whole = RunView()
    for one in read(folder).events:
        whole = reduce(whole, one)

    (run,) = Shelf(tmp_path).names()
    found = Shelf(tmp_path).read(run)

    assert found.view is not None
    assert lines(found.view) == lines(whole)


def test_of_a_run_in_which_a_person_vetoed_the_best_home_knows_what_was_best_before(tmp_path: Path) -> None:
    told = [stamped.event for stamped in recorded(3, finished=False)]
    at, judged = [(n, one) for n, one in enumerate(told) if isinstance(one, ProposalJudged) and one.accepted][-1]
    folder = add_run(tmp_path, "r", events=[*told[: at + 1], ProposalVetoed(1, judged.step, judged.k)])
    whole = RunView()
    for one in read(folder).events:
        whole = reduce(whole, one)

    shelf = Shelf(tmp_path)
    found = shelf.read(shelf.names()[0])

    assert found.view is not None
    assert whole.scores.best is not None
    assert found.view.scores.best is not None
    assert found.view.scores.best.mean == whole.scores.best.mean
    assert whole.scores.best.mean < judged.validation.after
    assert lines(found.view) == lines(whole)
    assert "1 of them vetoed" in "".join(lines(whole))


def test_an_unfinished_run_has_what_it_cost_so_far(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    folder.mkdir()
    journal = Journal(folder, lambda _: None)
    events = [stamped.event for stamped in recorded(3, finished=False)]
    for event in events:
        journal.append(event)
    journal.close()
    shelf = Shelf(tmp_path)

    found = shelf.read(shelf.names()[0])

    assert found.state == "unfinished"
    assert found.view is not None
    assert found.view.traffic.ledger == [each for each in events if isinstance(each, LedgerUpdated)][-1]


def test_a_run_that_a_process_executes_is_running_as_long_as_it_does(tmp_path: Path) -> None:
    folder, shelf = add_run(tmp_path, "r", events=small_run()[:5]), Shelf(tmp_path)
    with locked(folder):
        assert shelf.read(shelf.names()[0]).state == "running"
        assert shelf.names()[0].state == "running"
    assert shelf.read(shelf.names()[0]).state == "unfinished"


@pytest.mark.parametrize("read_before", [False, True])
def test_a_run_that_ends_while_home_reads_its_journal_is_read_again_and_told_as_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read_before: bool
) -> None:
    events = small_run()
    folder, shelf = add_run(tmp_path, "r", events=events[:-1]), Shelf(tmp_path)
    held = ExitStack()
    held.enter_context(locked(folder))
    (run,) = shelf.names()
    if read_before:
        run = shelf.read(run)

    def end_after(look: Callable[..., T]) -> Callable[..., T]:
        def looked(*arguments: object) -> T:
            told = look(*arguments)
            (folder / FILE).write_text("".join(f"{encode(each)}\n" for each in stamped(events)), encoding="utf-8")
            held.close()
            return told

        return looked

    with monkeypatch.context() as changed:
        name = "_stamp" if read_before else "skim"
        changed.setattr(found, name, end_after(getattr(found, name)))
        assert shelf.read(run).state == "running"

    assert shelf.read(shelf.names()[0]).state == "done"


def test_a_run_that_lies_elsewhere_is_on_the_shelf_by_its_id(tmp_path: Path) -> None:
    folder = add_run(tmp_path, "far/away")
    enter(tmp_path / "runs", "r1", folder)

    (run,) = Shelf(tmp_path / "runs").names()

    assert (run.name, run.folder) == ("r1", folder)
    assert Shelf(tmp_path / "runs").read(run).state == "done"


def test_the_newest_run_comes_first_and_a_run_of_an_ablation_by_both_names(tmp_path: Path) -> None:
    for age, name in enumerate(("new", "grid/a-s1", "old")):
        path = add_run(tmp_path, name) / FILE
        os.utime(path, (10_000 - age, 10_000 - age))

    assert [run.name for run in Shelf(tmp_path).names()] == ["new", "grid/a-s1", "old"]


def test_a_journal_is_read_again_only_when_it_changed(tmp_path: Path) -> None:
    add_run(tmp_path, "r", events=small_run()[:5])
    shelf = Shelf(tmp_path)
    first = shelf.read(shelf.names()[0])

    assert shelf.names()[0] is first
    assert shelf.read(first) is first

    journal = Journal(tmp_path / "r", lambda _: None)
    journal.append(small_run()[-1])
    journal.close()

    (again,) = shelf.names()
    assert again.view is None
    assert shelf.read(again).state == "done"


def test_a_broken_journal_is_a_row_that_says_so(tmp_path: Path) -> None:
    folder = add_run(tmp_path, "r")
    (folder / FILE).write_text("not json\n", encoding="utf-8")
    shelf = Shelf(tmp_path)

    found = shelf.read(shelf.names()[0])

    assert found.state == "unreadable"
    assert "line 1" in found.problem


def test_a_toml_file_too_deep_to_be_read_is_passed_over(tmp_path: Path) -> None:
    add_config(tmp_path / "a.toml")
    (tmp_path / "deep.toml").write_text("a = " + "[" * 100_000, encoding="utf-8")

    assert [each.name for each in configs(tmp_path)] == ["a.toml"]
