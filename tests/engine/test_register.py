from pathlib import Path

from autodiff_engine.register import FILE, Elsewhere, enter, registered


def test_what_lies_elsewhere_is_entered_once_and_read_back_in_order(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    for name in ("b", "a"):
        (tmp_path / f"{name}\nü").mkdir()
    for name in ("b", "a", "b"):
        enter(root, name, tmp_path / f"{name}\nü")

    assert registered(root) == [Elsewhere("b", tmp_path / "b\nü"), Elsewhere("a", tmp_path / "a\nü")]
    assert len((root / FILE).read_text(encoding="utf-8").splitlines()) == 2


def test_a_run_in_its_usual_place_needs_no_line_and_no_folder(tmp_path: Path) -> None:
    enter(tmp_path / "runs", "r1", tmp_path / "runs" / "r1")

    assert not (tmp_path / "runs").exists()
    assert registered(tmp_path / "runs") == []


def test_what_is_gone_and_lines_that_are_broken_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    enter(tmp_path, "there", tmp_path / "there" / ".." / "there")
    enter(tmp_path, "gone", tmp_path / "gone")
    with (tmp_path / FILE).open("ab") as file:
        file.write(b'not json\n{"id": 1, "folder": "x"}\n[]\n{"id": "x"\xff')

    assert [each.id for each in registered(tmp_path)] == ["there"]
