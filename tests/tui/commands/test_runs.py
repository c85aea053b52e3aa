from __future__ import annotations

import json
import os
from contextlib import nullcontext
from pathlib import Path

import pytest

from autodiff_engine.events import Event
from autodiff_engine.journal import Journal
from autodiff_engine.lock import locked
from autodiff_tui.cli import run

from ..pages import Page
from ..runs import small_run


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def record(name: str, events: list[Event]) -> Path:
    folder = Path("runs") / name
    folder.mkdir(parents=True)
    journal = Journal(folder, lambda _: None)
    for event in events:
        journal.append(event)
    journal.close()
    return folder


def test_runs_lists_each_run_with_its_state(capsys: pytest.CaptureFixture[str]) -> None:
    record("r1", small_run())

    assert run(["runs"]) == 0

    heading, row = capsys.readouterr().out.splitlines()
    assert heading.startswith("run")
    assert row.split()[:2] == ["r1", "done"]


def test_runs_as_json_is_an_object_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    record("r1", small_run())
    record("r2", small_run()[:6])

    assert run(["runs", "--ui", "json"]) == 0

    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["folder"], row["state"], row["best"], row["n"]) for row in rows] == [
        ("runs/r1", "done", 0.75, 4),
        ("runs/r2", "unfinished", 0.5, 4),
    ]


def test_a_run_that_a_process_executes_now_is_running(capsys: pytest.CaptureFixture[str]) -> None:
    folder = record("r1", small_run()[:6])

    for state in ("running", "unfinished"):
        with locked(folder) if state == "running" else nullcontext():
            assert run(["runs", "--ui", "json"]) == 0
        assert json.loads(capsys.readouterr().out)["state"] == state


def test_without_runs_stdout_is_empty(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["runs"]) == 0

    assert capsys.readouterr() == ("", "no runs in runs/ yet; try: autodiff-tui demo\n")


def test_a_broken_journal_does_not_hide_the_other_runs(capsys: pytest.CaptureFixture[str]) -> None:
    record("r1", small_run())
    (record("r2", small_run()) / "journal.jsonl").write_text("not json\n", encoding="utf-8")

    assert run(["runs"]) == 0

    said = capsys.readouterr()
    assert [line.split()[0] for line in said.out.splitlines()] == ["run", "r1"]
    assert said.err.startswith("error: runs/r2/journal.jsonl: line 1")


@pytest.mark.parametrize("name", ["latest", "r1", "r", "runs/r1"])
def test_show_finds_a_run_by_each_of_its_names(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    record("r1", small_run())

    assert run(["show", name]) == 0

    assert "  + Count with care." in capsys.readouterr().out.splitlines()


def test_show_says_that_the_last_line_was_cut_short(capsys: pytest.CaptureFixture[str]) -> None:
    journal = record("r1", small_run()) / "journal.jsonl"
    journal.write_text(journal.read_text(encoding="utf-8")[:-20], encoding="utf-8")

    assert run(["show", "r1"]) == 0

    said = capsys.readouterr()
    assert "not finished" in said.out.splitlines()[0]
    assert "cut short" in said.err


def test_show_of_an_unknown_run_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    record("r1", small_run())

    assert run(["show", "nope"]) == 2

    said = capsys.readouterr()
    assert said.out == ""
    assert "nope" in said.err
    assert "r1" in said.err


def test_show_writes_a_page_and_says_so_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    record("r1", small_run())

    assert run(["show", "r1", "--html", "r1.html"]) == 0

    said = capsys.readouterr()
    html = Path("r1.html").read_text(encoding="utf-8")
    assert said.out == ""
    assert said.err.startswith("wrote r1.html: all of runs/r1, ")
    assert Page(html).faults == []
    assert "Count with care." in Page(html).text


def test_a_page_is_overwritten_only_by_force(capsys: pytest.CaptureFixture[str]) -> None:
    record("r1", small_run())
    Path("r1.html").write_text("mine", encoding="utf-8")

    assert run(["show", "r1", "--html", "r1.html"]) == 2
    assert Path("r1.html").read_text(encoding="utf-8") == "mine"
    assert "--force" in capsys.readouterr().err
    assert run(["show", "r1", "--html", "r1.html", "--force", "--quiet"]) == 0
    assert Path("r1.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert capsys.readouterr() == ("", "")


def test_a_page_on_stdout_is_the_page_and_nothing_else(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    record("r1", small_run())
    run(["show", "r1", "--html", "r1.html", "--quiet"])
    capfdbinary.readouterr()

    assert run(["show", "r1", "--html", "-"]) == 0

    assert capfdbinary.readouterr() == (Path("r1.html").read_bytes(), b"")


def test_a_page_says_what_of_the_journal_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    journal = record("r1", small_run()) / "journal.jsonl"
    journal.write_text(journal.read_text(encoding="utf-8")[:-20], encoding="utf-8")

    assert run(["show", "r1", "--html", "r1.html"]) == 0

    text = Page(Path("r1.html").read_text(encoding="utf-8")).text
    assert "cut short" in text
    assert "not finished" in text
    assert "cut short" in capsys.readouterr().err


def test_ascii_holds_for_data_too(capsys: pytest.CaptureFixture[str]) -> None:
    record("r1", small_run())

    assert run(["show", "latest", "--ascii"]) == 0

    assert capsys.readouterr().out.isascii()


def test_a_front_end_from_the_environment_is_for_runs_that_execute(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AUTODIFF_UI", "tui")
    record("r1", small_run())

    assert run(["runs"]) == 0

    assert capsys.readouterr().out.startswith("run ")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a folder that even root cannot write in is Linux's")
@pytest.mark.parametrize(
    "words",
    [
        ["export", "r1", "-o", "/proc/best.toml"],
        ["show", "r1", "--html", "/proc/run.html"],
        ["pack", "r1", "-o", "/proc/run.zip"],
        ["init", "/proc/project"],
        ["cache", "stats", "--cache-dir", "/proc/answers"],
        ["cache", "path", "--cache-dir", "/proc/answers"],
        ["cache", "clear", "--cache-dir", "/proc/answers"],
    ],
)
def test_a_place_that_cannot_be_written_is_wrong_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    folder = record("r1", small_run())
    (folder / "best.toml").write_text('[prompts]\ntask = "Count."\n', encoding="utf-8")

    assert run(words) == 2

    said = capsys.readouterr()
    error, hint = said.err.splitlines()
    assert (said.out, error) == ("", f"error: {words[-1]}: cannot be written: No such file or directory")
    assert hint.startswith(("hint: name another", "hint: choose another"))


def test_export_of_a_latest_run_without_prompts_names_the_newest_that_has_some(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for age, name in enumerate(("r1", "r2", "r3")):
        folder = record(name, small_run())
        os.utime(folder / "journal.jsonl", ns=(age * 10**9, age * 10**9))
        if name != "r3":
            (folder / "best.toml").write_text('[prompts]\ntask = "Count."\n', encoding="utf-8")

    assert [run(["export", "latest"]), run(["export", "r2", "-o", "b.toml"]), run(["export", "r3"])] == [2, 0, 2]

    first, hint, _, again, other = capsys.readouterr().err.splitlines()
    assert (first, hint) == (
        "error: runs/r3: has no best.toml yet",
        "hint: of an older run: autodiff-tui export runs/r2",
    )
    assert (again, other) == (first, "hint: it is written when the start prompts have been scored")
