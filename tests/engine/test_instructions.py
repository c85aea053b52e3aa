from pathlib import Path

import pytest

from autodiff_engine.errors import StorageError
from autodiff_engine.instructions import Instructions, names, packaged, read
from autodiff_engine.llm import Message
from autodiff_engine.template import Template


def test_a_run_keeps_the_instructions_that_it_began_with(tmp_path: Path) -> None:
    folder = tmp_path / "run" / "instructions"
    packaged().write(folder)
    assert sorted(file.name for file in folder.iterdir()) == sorted(names())
    assert read(folder) == packaged()


def test_a_changed_file_is_what_is_sent(tmp_path: Path) -> None:
    packaged().write(tmp_path)
    (tmp_path / "loss.system.j2").write_text("Be short.", encoding="utf-8")
    values = {"inputs": [], "reply": "", "parsed": "", "form": "", "expected": None, "metric": "", "score": "0"}
    assert read(tmp_path).ask("loss", values)[0] == Message("system", "Be short.")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    packaged().write(tmp_path)
    (tmp_path / "repair.user.j2").unlink()
    with pytest.raises(StorageError, match=r"repair\.user\.j2: No such file"):
        read(tmp_path)


def test_what_an_older_run_did_not_keep_is_missed_only_by_who_asks_for_it(tmp_path: Path) -> None:
    packaged().write(tmp_path)
    for half in ("system", "user"):
        (tmp_path / f"judge.{half}.j2").unlink()
    kept = read(tmp_path)
    assert sorted(kept.templates) == sorted(name for name in names() if not name.startswith("judge"))
    with pytest.raises(StorageError, match=r"judge\.system\.j2 and judge\.user\.j2 are not among the instructions"):
        kept.ask("judge", {})


def test_a_repair_goes_on_with_the_conversation() -> None:
    instructions = Instructions({"repair.user.j2": Template("Mend{{ ' yours' if shown }}: {{ problem }}")})
    asked = (Message("system", "s"), Message("user", "u"))
    assert instructions.ask_again(asked, "so {{ x }}", "{{ no }}") == (
        *asked,
        Message("assistant", "so {{ x }}"),
        Message("user", "Mend yours: {{ no }}"),
    )


@pytest.mark.parametrize("reply", ["", " \n"])
def test_a_repair_without_a_reply_to_show_asks_the_question_again(reply: str) -> None:
    instructions = Instructions({"repair.user.j2": Template("Mend{{ ' yours' if shown }}: {{ problem }}")})
    asked = (Message("system", "s"), Message("user", "u"))
    assert instructions.ask_again(asked, reply, "{{ no }}") == (asked[0], Message("user", "u\n\nMend: {{ no }}"))
