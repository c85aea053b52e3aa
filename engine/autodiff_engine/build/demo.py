"""The demo: a run that was recorded once, executed again by the engine from its recorded answers."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from ..config import load
from ..instructions import read
from ..llm.recorded import read_answers
from ..run import Run
from .models import Place, Record
from .options import RunOptions
from .plan import plan_of
from .training import run_of

PACK = "demo_pack"
DEMO_S = 90.0
"""How long the demo takes at speed 1, about."""


def demo(options: RunOptions, *, speed: float | None) -> Run:
    """Return the recorded run; ``speed`` None executes it at once, 1 in about a minute and a half, 2 in half of that.

    Raises:
        StorageError: The package does not hold the whole record.
    """
    pack = Path(str(resources.files("autodiff_engine") / PACK))
    loaded = load(pack / "config.toml")
    answers = read_answers(pack / "answers.jsonl")
    plan = plan_of(loaded.config, loaded.base, read(pack / "instructions"), recorded=True)
    run_id, folder = options.place("demo")
    pace = 0.0 if speed is None else DEMO_S / (speed * busy_s(pack))
    place = Place(run_id, options.answers(), folder / "debug.log", offline=True, record=Record(answers, pace))
    return run_of(plan, loaded, run_id, folder, place, register=options.register)


def busy_s(pack: Path) -> float:
    """Return how long the recorded run took."""
    return float((pack / "seconds.txt").read_text(encoding="utf-8"))
