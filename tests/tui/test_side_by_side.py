"""Two columns: each spells its text, what was not changed is level, and all fits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from autodiff_tui.widgets.diff_text import changes, diff_lines
from autodiff_tui.widgets.paint import plain, width
from autodiff_tui.widgets.side_by_side import columns, fits

texts = st.lists(
    st.sampled_from(["one two three", "one two four", "", "a much longer line of words", "日本 語"]), max_size=6
)
sizes = st.integers(44, 120)


def sides(old: str, new: str, cells: int) -> tuple[list[str], list[str]]:
    lines = [plain((line,)).ljust(cells) for line in diff_lines(old, new, cells, beside=True)[0]]
    pairs = [line.split(" │", 1) for line in lines]
    return [left.rstrip() for left, _ in pairs], [right.strip() for _, right in pairs]


def spelled(column: list[str]) -> str:
    told = "".join("".join(column[1:]).split())
    for sign in ("[-", "-]", "{+", "+}"):
        told = told.replace(sign, "")
    return told


@given(texts, texts, sizes)
def test_the_left_column_spells_the_old_text_and_the_right_one_the_new(
    before: list[str], after: list[str], cells: int
) -> None:
    old, new = "\n".join(before), "\n".join(after)

    left, right = sides(old, new, cells)

    assert spelled(left) == "".join(old.split())
    assert spelled(right) == "".join(new.split())


@given(texts, texts, sizes)
def test_every_line_fits_and_has_its_divider_at_one_place(before: list[str], after: list[str], cells: int) -> None:
    lines, _ = diff_lines("\n".join(before), "\n".join(after), cells, beside=True)

    assert all(width(line) <= cells for line in lines)
    places = {width(((plain((line,)).split("│")[0], ""),)) for line in lines}
    assert len(places) == 1


def test_what_was_not_changed_is_level_after_lines_that_were_added_or_are_gone() -> None:
    left, right = sides("keep\ngone\nstay\nlast", "keep\nstay\nnew one\nnew two\nlast", 60)

    assert left == ["before: [-removed-]", "keep", "[-gone-]", "stay", "", "", "last"]
    assert right == ["after: {+added+}", "keep", "", "stay", "{+new one+}", "{+new two+}", "last"]


def test_next_change_finds_the_changes_of_both_columns_and_not_the_heading() -> None:
    lines, words = diff_lines("a\nb\nc\nd", "a\nx\nc\nd\ne", 60, beside=True)

    assert changes(lines) == (2, 5)
    assert words == (2, 1)


def test_two_columns_are_for_wide_terminals_with_room() -> None:
    assert [fits(*size) for size in ((139, 130), (140, 79), (140, 80))] == [False, False, True]
    assert list(columns((), 80)) != [], "an empty text is an empty line"


def test_a_flood_of_changes_is_cut_and_says_so() -> None:
    old, new = ("\n".join(f"{sign} and {sign}\nkeep {n}" for n in range(990)) for sign in "ab")

    lines, _ = diff_lines(old, new, 100, beside=True)

    assert plain(lines[-1:]).endswith("more changes")
