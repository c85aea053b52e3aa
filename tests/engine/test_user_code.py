import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autodiff_engine.errors import ConfigError, ProgramError
from autodiff_engine.user_code import load

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

    with pytest.raises(ConfigError, match=r"no file .*mne\.py; did you mean mine\.py\?"):
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
