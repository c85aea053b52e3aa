from autodiff_tui.diffing import diff
from autodiff_tui.safe import marked
from autodiff_tui.toned import columns, diff_lines, line, spelled


def test_plain_output_spells_what_was_added_and_removed() -> None:
    told = [spelled(each) for each in diff_lines(diff("Count.\nSlowly.", "Count well.\nSlowly."))]

    assert told == ["  Count{+ well+}.", "  Slowly."]


def test_a_long_diff_is_cut_and_says_so() -> None:
    told = [spelled(each) for each in diff_lines(diff("", "word " * 20_000))]

    assert sum(map(len, told)) < 30_000
    assert any("more characters" in each for each in told)


def test_columns_are_as_wide_as_what_they_hold_and_the_last_is_whole() -> None:
    told = [spelled(each) for each in columns([("a", "b" * 60, "c" * 60), ("long", "x", "y")])]

    assert told == [f"a     {'b' * 45}…  {'c' * 60}", f"long  x{' ' * 45}  y"]


def test_foreign_text_cannot_drive_the_terminal() -> None:
    hostile = "\x1b]0;x\x07\u202e[/red][@click=app.quit]"

    for told in (line(hostile), *columns([(hostile, hostile)]), *diff_lines(diff("", hostile))):
        text = "".join(part for part, _ in told)
        assert "\x1b" not in text
        assert marked(text) == text
