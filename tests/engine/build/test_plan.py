from pathlib import Path

from autodiff_engine.build.fingerprints import changed, parts_of_run
from autodiff_engine.build.plan import Plan, plan_of
from autodiff_engine.config import load, parse
from autodiff_engine.dataset import Example
from autodiff_engine.instructions import packaged

CONFIG = """
[task]
pipeline = "prompt"
metric = "plan_metric.py:score"

[data]
source = "questions.csv"
train = 2
val = 2
test = 2

[prompts]
task = "Count."

[program]
system = "{{ task }}"

[models.task]
model = "openai/worker"
"""


def planned(folder: Path) -> Plan:
    """Return the plan that a command of this process makes now, whatever was planned before."""
    loaded = load(folder / "c.toml")
    return plan_of(loaded.config, loaded.base, packaged(), recorded=True)


async def test_a_plan_is_made_of_the_users_files_as_they_are_now_and_so_are_its_fingerprints(tmp_path: Path) -> None:
    rows = "".join(f"How many are {number} things?,{number}\n" for number in range(6))
    (tmp_path / "questions.csv").write_text(f"question,answer\n{rows}", encoding="utf-8")
    (tmp_path / "c.toml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "plan_words.py").write_text("GOOD = 1\n", encoding="utf-8")
    (tmp_path / "plan_metric.py").write_text(
        "from plan_words import GOOD\ndef score(answer, expected):\n    return GOOD\n", encoding="utf-8"
    )
    config = load(tmp_path / "c.toml").config
    first = planned(tmp_path)
    before = parts_of_run("", first.instructions, config, tmp_path)

    (tmp_path / "plan_words.py").write_text("GOOD = 0\n", encoding="utf-8")

    assert parts_of_run("", first.instructions, config, tmp_path) == before  # what is loaded has not changed
    second = planned(tmp_path)
    asked = Example("a1", {}, "8", 1)
    assert [(await plan.metric.score("8", asked)).value for plan in (first, second)] == [1, 0]
    now = parts_of_run("", second.instructions, config, tmp_path)
    assert list(changed(before, now)) == ["plan_words.py"]


def test_of_a_corpus_folder_the_files_that_are_read_count_and_no_others(tmp_path: Path) -> None:
    told = {
        "task": {"pipeline": "vanilla_rag"},
        "data": {"source": "questions.csv"},
        "retrieval": {"corpus": "."},
        "models": {"task": {"model": "openai/worker"}},
    }
    (tmp_path / "notes.md").write_text("Mud is wet.", encoding="utf-8")
    before = parts_of_run("", packaged(), parse(told), tmp_path)

    (tmp_path / "runs" / "r1").mkdir(parents=True)
    (tmp_path / "runs" / "r1" / "journal.jsonl").write_text("{}", encoding="utf-8")
    (tmp_path / "runs" / "notes.txt").write_text("of a run", encoding="utf-8")
    (tmp_path / "best.toml").write_text("", encoding="utf-8")
    assert parts_of_run("", packaged(), parse(told), tmp_path) == before

    (tmp_path / "More.TXT").write_text("Sand is dry.", encoding="utf-8")
    now = parts_of_run("", packaged(), parse(told), tmp_path)
    assert list(changed(before, now)) == [f"corpus {tmp_path.name}"]
