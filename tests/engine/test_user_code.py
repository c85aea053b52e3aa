import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autodiff_engine.errors import ConfigError, ProgramError
from autodiff_engine.user_code import forget, load, loaded

WHERE = "task.metric"


@pytest.fixture(autouse=True)
def _clean_imports() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def test_a_file_may_import_what_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "words_of_mine.py").write_text("WORD = 'here'\n", encoding="utf-8")
    (tmp_path / "mine.py").write_text("from words_of_mine import WORD\ndef say():\n    return WORD\n", encoding="utf-8")

    assert load("mine.py:say", tmp_path, where=WHERE)() == "here"
    assert sys.path[0] == str(tmp_path)


def test_a_file_is_executed_once(tmp_path: Path) -> None:
    (tmp_path / "once.py").write_text(
        "from pathlib import Path\nwith open(Path(__file__).parent / 'log', 'a', encoding='utf-8') as f:\n"
        "    f.write('x')\ndef a(): ...\ndef b(): ...\n",
        encoding="utf-8",
    )

    assert load("once.py:a", tmp_path, where=WHERE) is not load("once.py:b", tmp_path, where=WHERE)
    assert (tmp_path / "log").read_text(encoding="utf-8") == "x"


def test_two_files_of_one_name_and_a_file_named_like_a_library_are_kept_apart(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "json.py").write_text(f"def where():\n    return '{folder}'\n", encoding="utf-8")
        (tmp_path / folder / "same.py").write_text(f"def where():\n    return '{folder}'\n", encoding="utf-8")

    for name in ("same", "json"):
        found = [load(f"{folder}/{name}.py:where", tmp_path, where=WHERE)() for folder in ("a", "b")]
        assert found == ["a", "b"]


def test_a_missing_file_and_a_missing_function_are_answered_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("VALUE = 3\ndef score(): ...\n", encoding="utf-8")

    with pytest.raises(ConfigError, match=r"no file .*mne\.py; did you mean .*mine\.py\?"):
        load("mne.py:score", tmp_path, where=WHERE)
    with pytest.raises(ConfigError, match=r"mine\.py has no function scor; did you mean score\?"):
        load("mine.py:scor", tmp_path, where=WHERE)
    with pytest.raises(ConfigError, match="VALUE is not a function"):
        load("mine.py:VALUE", tmp_path, where=WHERE)


def test_a_file_that_cannot_be_imported_says_why_and_may_be_mended(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("import no_such_library\n", encoding="utf-8")

    with pytest.raises(ProgramError, match=r"task\.metric: bad\.py cannot be imported: ModuleNotFoundError") as raised:
        load("bad.py:score", tmp_path, where=WHERE)

    assert isinstance(raised.value.__cause__, ModuleNotFoundError)
    (tmp_path / "bad.py").write_text("def score():\n    return 'mended'\n", encoding="utf-8")
    assert load("bad.py:score", tmp_path, where=WHERE)() == "mended"


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_after_forgetting_a_file_and_what_it_imports_are_what_they_hold_now(tmp_path: Path) -> None:
    main, helper, later = tmp_path / "fresh_main.py", tmp_path / "fresh_helper.py", tmp_path / "fresh_later.py"
    helper.write_text("WORD = 'old'\n", encoding="utf-8")
    later.write_text("WORD = 'old'\n", encoding="utf-8")
    main.write_text(
        "import fresh_helper\ndef say():\n    import fresh_later\n"
        "    return 'a', fresh_helper.WORD, fresh_later.WORD\n",
        encoding="utf-8",
    )
    before = load("fresh_main.py:say", tmp_path, where=WHERE)
    assert before() == ("a", "old", "old")

    for path, old, new in ((main, "'a'", "'b'"), (helper, "'old'", "'newer'"), (later, "'old'", "'newer'")):
        then = path.stat().st_mtime_ns
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
        os.utime(path, ns=(then, then))  # not even the time of its last change says that it changed

    assert load("fresh_main.py:say", tmp_path, where=WHERE) is before
    forget()
    assert load("fresh_main.py:say", tmp_path, where=WHERE)() == ("b", "newer", "newer")


def test_the_hash_of_a_file_is_of_what_was_executed_whatever_it_holds_by_now(tmp_path: Path) -> None:
    main, helper = tmp_path / "told_main.py", tmp_path / "told_helper.py"
    helper.write_text("WORD = 'old'\n", encoding="utf-8")
    main.write_text("from told_helper import WORD\ndef say():\n    return WORD\n", encoding="utf-8")
    expected = {(path.name, sha256(path)) for path in (main, helper)}
    load("told_main.py:say", tmp_path, where=WHERE)

    helper.write_text("WORD = 'new'\n", encoding="utf-8")
    main.unlink()

    assert set(loaded(main)) == expected
    forget()
    assert not list(loaded(main))


def test_what_another_file_of_the_folder_imported_for_an_earlier_plan_is_not_among_what_this_one_did(
    tmp_path: Path,
) -> None:
    for name in ("one", "two"):
        (tmp_path / f"beside_{name}.py").write_text("def say(): ...\n", encoding="utf-8")
    load("beside_one.py:say", tmp_path, where=WHERE)
    forget()
    load("beside_two.py:say", tmp_path, where=WHERE)

    assert [name for name, _ in loaded(tmp_path / "beside_two.py")] == ["beside_two.py"]


def test_a_file_that_is_named_like_a_library_has_a_hash_too(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("def where(): ...\n", encoding="utf-8")
    load("json.py:where", tmp_path, where=WHERE)

    assert list(loaded(tmp_path / "json.py")) == [("json.py", sha256(tmp_path / "json.py"))]


def test_what_an_import_that_failed_brought_may_be_mended_too(tmp_path: Path) -> None:
    (tmp_path / "mended_helper.py").write_text("", encoding="utf-8")
    (tmp_path / "mended.py").write_text(
        "from mended_helper import WORD\ndef say():\n    return WORD\n", encoding="utf-8"
    )
    with pytest.raises(ProgramError, match="cannot import name 'WORD'"):
        load("mended.py:say", tmp_path, where=WHERE)

    (tmp_path / "mended_helper.py").write_text("WORD = 'mended'\n", encoding="utf-8")

    assert load("mended.py:say", tmp_path, where=WHERE)() == "mended"
