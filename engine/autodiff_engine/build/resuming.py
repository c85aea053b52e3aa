"""A run that was begun, ready to go on: executed again over its stored answers, live where its journal ends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from ..config import Loaded, load, meaning, to_toml
from ..errors import ConfigError, StorageError
from ..events import DECISION_TYPES, ProgramDescribed, RunFinished, Stamped, Warned
from ..llm.recorded import read_answers
from ..lock import locked
from ..past import Past, past_of
from ..rerun import Rerun
from ..run import Run
from ..run_folder import Opening
from .changes import FILE, changes, plan_again, since
from .demo import PACK
from .fingerprints import parts_of_run
from .lost import lost_answers
from .models import Place, Record
from .options import RunOptions, check_answers, check_writable
from .plan import Plan
from .training import caps_of, machine_of

_NEUTRAL = ("budget.", "limits.", "cache.")


@dataclass(frozen=True, slots=True)
class Resumption:
    """A run that goes on, and what it said before; ``run`` is None where nothing is left to do, and ``why`` says so."""

    run: Run | None
    history: tuple[Stamped, ...]
    why: str = ""


def resumption(loaded: Loaded, options: RunOptions, *, anyway: bool) -> Resumption:
    """Check that the run whose folder holds the config ``loaded`` is what it was; changes nothing.

    Budget, limits and cache may be others than before; once the run is executed its folder's config says them too.

    Raises:
        ConfigError: Another process executes it, or something has changed or is no longer stored (``anyway``: go on all
            the same).
        StorageError: The folder is not whole.
    """
    folder = loaded.base
    past = _read(folder)
    if why := _over(past):
        return Resumption(None, (), why + _changed_since(past, loaded, why, anyway=anyway))
    check_writable(folder, "--run-dir")
    answers = options.answers(loaded.config, loaded.base)
    check_answers(answers)
    plan = plan_again(past, loaded, offline=options.offline)
    record = record_of(past)
    warnings = [*_allowed(past, plan, loaded, anyway=anyway), *_new(plan.warnings, past)]
    if record is None:
        warnings[:0] = _lost(past, loaded, answers, anyway=anyway)
    _check_price(past, loaded)
    rerun = Rerun(past, past.going_on, before=past.totals, anyway=anyway)
    run_id = past.opened.run_id
    place = Place(run_id, answers, folder / "debug.log", options.offline, record, rerun)
    text = _text(loaded)
    opening = Opening(
        run_id, folder, past.opened.config, text, version("autodiff-tui"), plan.instructions, past.opened.recorded,
        caps_of(loaded.config), tuple(warnings),
        parts_of_run(text, plan.instructions, loaded.config, loaded.base),
    )  # fmt: skip
    make = machine_of(plan, run_id, folder, place, rerun.decided)
    return Resumption(Run(opening, make, rerun), _history(past))


def _allowed(past: Past, plan: Plan, loaded: Loaded, *, anyway: bool) -> tuple[str, ...]:
    """Return a warning where something has changed and the run goes on all the same.

    Raises:
        ConfigError: It has, and nobody said so.
    """
    differ = [*_flags(loaded), *changes(past, plan, loaded)]
    if differ and not anyway:
        raise ConfigError(
            f"{loaded.base}: {since(differ)}",
            "change that back; or --anyway goes on, live from the first fact that then differs",
        )
    return (since(differ),) if differ else ()


def _text(loaded: Loaded) -> str:
    """Return the run's config as it holds from now on: with what flags change, so that the next execution knows."""
    own = load(loaded.base / FILE)
    return (loaded.base / FILE).read_text(encoding="utf-8") if own.config == loaded.config else to_toml(loaded.config)


def _read(folder: Path) -> Past:
    try:
        with locked(folder):
            return past_of(folder)
    except OSError as error:
        raise StorageError(f"{error.filename or folder}: {error.strerror}", "is the folder yours to write?") from error


def _over(past: Past) -> str:
    """Return why nothing is left to do, empty where something is."""
    ended = past.finished
    if ended is None or ended.status not in ("done", "stopped"):
        return ""
    if ended.status == "done":
        return f"done after {ended.steps} steps"
    described = next((each.event for each in past.said if isinstance(each.event, ProgramDescribed)), None)
    whole = described is not None and ended.steps >= described.max_steps
    return f"stopped after the last of {ended.steps} steps" if whole or ended.val.best == 1 else ""


def _changed_since(past: Past, loaded: Loaded, why: str, *, anyway: bool) -> str:
    """Return, to be said of a run that is over, what it was made of and that is another now; empty where nothing is.

    Raises:
        ConfigError: Something is (not with ``anyway``): whoever asks for more of the run gets none of what changed.
    """
    try:
        differ = [*_flags(loaded), *changes(past, plan_again(past, loaded, offline=True), loaded)]
    except (ConfigError, StorageError):
        if not anyway:
            raise
        return ""  # what is gone cannot be compared, and nobody needs it
    if not differ:
        return ""
    said = since(differ)
    if not anyway:
        raise ConfigError(
            f"{loaded.base}: {said}, and it is {why}: nothing is left to go on with",
            "train anew with what is there now, or change that back",
        )
    return f"; {said}"


def _flags(loaded: Loaded) -> Iterable[str]:
    """Yield the keys that a flag changes, but for those that change no result."""
    own = load(loaded.base / FILE)
    if meaning(own.config) == meaning(loaded.config):
        return
    before, now = ({row.key: row.value for row in each.rows} for each in (own, loaded))
    for key in dict.fromkeys((*before, *now)):
        if before.get(key) != now.get(key) and not key.startswith(_NEUTRAL):
            yield key


def record_of(past: Past) -> Record | None:
    """Return the answers that the demo ships, where the run is one of the demo."""
    if not past.opened.recorded:
        return None
    return Record(read_answers(Path(str(files("autodiff_engine") / PACK)) / "answers.jsonl"), 0.0)


def _lost(past: Past, loaded: Loaded, folder: Path, *, anyway: bool) -> tuple[str, ...]:
    """Return a warning where answers that the run was made from are no longer stored and are to be asked again.

    Raises:
        ConfigError: Some are not, and nobody said that they may be paid for again.
    """
    gone = lost_answers(past, folder, loaded.config.cache.mode)
    if gone and not anyway:
        raise ConfigError(
            f"{folder}: {gone}",
            "name the --cache-dir that holds them; or --anyway asks, and pays, for these again",
        )
    return (f"{gone}; these are asked again",) if gone else ()


def _check_price(past: Past, loaded: Loaded) -> None:
    if loaded.config.budget.usd is not None and past.totals.spent.most_usd is None:
        raise ConfigError(
            "budget.usd cannot be kept: what the run has cost so far is not known", "use budget.tokens instead"
        )


def _new(warnings: Iterable[str], past: Past) -> Iterable[str]:
    """Yield the warnings that the run has not told yet."""
    told = {each.event.message for each in past.recorded.events if isinstance(each.event, Warned)}
    return (warning for warning in warnings if warning not in told)


def _history(past: Past) -> tuple[Stamped, ...]:
    """Return what a resumed run goes on from, as whoever shows it needs it: none of its earlier ends is one."""
    kept = {each.seq for each in past.going_on}
    return tuple(
        each
        for each in past.recorded.standing
        if each.seq in kept or not (each.fact or isinstance(each.event, (*DECISION_TYPES, RunFinished)))
    )
