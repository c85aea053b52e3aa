"""An ablation, ready to be executed: its runs one by one, each with what is left of the budget."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from .. import register
from ..ablation import Executions, Manifest, Measured, Paid, Row, Variant, applied, folder, named, table
from ..config import BudgetConfig, Loaded, RunConfig, load, meaning, rebased, to_toml
from ..errors import ConfigError, StorageError
from ..instructions import packaged
from ..instructions import read as read_instructions
from ..llm.cached import CacheMode
from ..lock import locked
from ..objective import OBJECTIVE
from ..run import Run
from .fingerprints import changed, is_file, parts_of_run
from .first_demos import showing
from .models import Place
from .options import RunOptions, check_answers
from .plan import Plan, plan_of, with_hashes
from .training import run_of


@dataclass(frozen=True, slots=True)
class Cell:
    """One run of the grid."""

    variant: Variant
    seed: int

    @property
    def key(self) -> tuple[str, int]:
        """Its place in the grid."""
        return self.variant.name, self.seed

    @property
    def name(self) -> str:
        """The name of its folder in the ablation's."""
        return f"{self.variant.name}-s{self.seed}"


class Ablation:
    """Runs of one config by variant and seed, in one folder; knows which are done, and what all of them paid.

    Everything was checked and nothing created before ``opened``; one process at a time executes it.
    """

    def __init__(
        self,
        manifest: Manifest,
        place: Path,
        plan: Plan,
        loaded: Loaded,
        options: RunOptions,
        variants: Sequence[Variant],
    ) -> None:
        self.id = manifest.id
        self.folder = place
        self.seeds = manifest.seeds
        self.cells = tuple(Cell(variant, seed) for variant in variants for seed in manifest.seeds)
        self._manifest, self._plan, self._loaded, self._options = manifest, plan, loaded, options
        self._variants = tuple(variants)
        self._plans = {each.key: self._planned(each) for each in self.cells}
        self._grid = {each.key: folder.executions(place / each.name) for each in self.cells}
        for cell in self.cells:
            self._check(cell)

    @property
    def paid(self) -> Paid:
        """What all executions of all runs paid."""
        return sum((each.paid for each in self._grid.values()), Paid())

    @property
    def rows(self) -> tuple[Row, ...]:
        """The table of what is done."""
        return table([each.name for each in self._variants], self.seeds, self._grid)

    @property
    def answers(self) -> Path:
        """The folder of the stored answers, which all runs share."""
        return self._options.answers(self._loaded.config, self._loaded.base)

    @property
    def offline(self) -> bool:
        """Whether nobody may be asked."""
        return self._options.offline

    @property
    def budget(self) -> BudgetConfig:
        """The caps over all runs."""
        return self._loaded.config.budget

    @property
    def cache(self) -> CacheMode:
        """What the runs do with the answers of others."""
        return self._loaded.config.cache.mode

    @property
    def metric(self) -> str:
        """What every score in the table is by: the metric, or the weighted mean of several losses."""
        return OBJECTIVE if self._plan.losses else self._plan.metric.name

    def done(self, cell: Cell) -> Measured | None:
        """Return what a run came to, None while it is not done."""
        return self._grid[cell.key].done

    @contextmanager
    def opened(self) -> Generator[None]:
        """Make the folder if it is new and hold it.

        Raises:
            ConfigError: Another process executes it.
            StorageError: It cannot be written.
        """
        if not (self.folder / folder.FILE).is_file():
            folder.write(self.folder, self._manifest, self._config_in(self._loaded.config, self.folder))
        self._register()
        with locked(self.folder, "ablation"):
            yield

    def _register(self) -> None:
        root = self._options.register
        try:
            if root is not None:
                register.enter(root, self.id, self.folder)
        except OSError as error:
            raise StorageError(
                f"{error.filename or root}: {error.strerror}: an ablation elsewhere could not be found again",
                "leave --run-dir out, or work in a folder that can be written",
            ) from error

    def plan(self, cell: Cell) -> Plan:
        """Return what a run is made of, with the budget of the whole ablation."""
        return replace(self._plans[cell.key], config=applied(self._loaded.config, cell.variant, cell.seed))

    def run(self, cell: Cell) -> Run:
        """Return the run of a cell that is not done, its budget what the others left over.

        A run that was cut short is executed again from its start, under its own id: over its stored answers.

        Raises:
            ConfigError: There is a budget in US dollars, and what earlier runs cost is not known.
            StorageError: An earlier journal cannot be put aside.
        """
        place = self.folder / cell.name
        folder.set_aside(place)
        plan = self.plan(cell)
        config = plan.config
        plan = replace(plan, config=config.model_copy(update={"budget": left_of(config.budget, self.paid)}))
        run_id = f"{self.id}/{cell.name}"
        models = Place(run_id, self.answers, place / "debug.log", self.offline, again="give the same command again")
        return run_of(plan, replace(self._loaded, config=config), run_id, place, models)

    def record(self, cell: Cell) -> Executions:
        """Read what an execution of ``cell`` left on disk."""
        self._grid[cell.key] = folder.executions(self.folder / cell.name)
        return self._grid[cell.key]

    def _config_in(self, config: RunConfig, place: Path) -> RunConfig:
        return with_hashes(rebased(config, self._loaded.base, place), self._plan.players)

    def _planned(self, cell: Cell) -> Plan:
        """Return the plan of a cell: which examples its prompts show at first is drawn by its seed."""
        config = applied(self._loaded.config, cell.variant, cell.seed)
        program, started = showing(self._plan.program, config, self._plan.splits.train)
        return replace(self._plan, config=config, program=program, started=started)

    def _check(self, cell: Cell) -> None:
        """Refuse a run that was begun, whether it is done or not, but of something else than what is asked for now."""
        executions, place = self._grid[cell.key], self.folder / cell.name
        if executions.begun is None:
            return
        differ = self._differences(cell, executions.begun)
        if not differ:
            return
        since = f"{' and '.join(differ)} changed since"
        if executions.done is None:
            raise ConfigError(
                f"{place}: was begun and not done, and {since}: what it is made of would be two things",
                "change that back, begin a new ablation with another --run-dir, or delete that folder",
            )
        raise ConfigError(
            f"{place}: is done, but {since}: it cannot be compared",
            "begin a new ablation with another --run-dir, or delete that folder",
        )

    def _differences(self, cell: Cell, begun: Measured) -> list[str]:
        """Name what a run was made of and is another now, as far as its journal came to say it."""
        place, corpus = self.folder / cell.name, self._plan.program.corpus
        config = applied(self._loaded.config, cell.variant, cell.seed)
        asked = self._config_in(config, place)
        texts = tuple((text.name, text.value) for text in self._plans[cell.key].program.texts)
        now = parts_of_run(to_toml(asked), self._plan.instructions, config, self._loaded.base)
        return [
            what
            for what, same in (
                ("its config", meaning(load(place / folder.CONFIG).config) == meaning(asked)),
                ("the data", begun.data in ("", self._plan.splits.fingerprint)),
                ("the corpus", not begun.data or begun.corpus == (corpus.fingerprint if corpus else "")),
                ("the start texts", begun.texts in ((), texts)),
                ("our instructions to LLMs", _sources(place / "instructions") == _sources(None)),
            )
            if not same
        ] + [name for name in changed(begun.parts, now) if begun.parts and is_file(name)]


def ablation(loaded: Loaded, options: RunOptions, *, variants: Sequence[str], seeds: Sequence[int]) -> Ablation:
    """Check all that a training checks, for every variant, and return the ablation; creates nothing.

    Without ``options.run_dir`` it is the newest one of this config, these variants and seeds under ``runs_root`` that
    has a run to do and that no other process executes, else a new one. No ``variants``: all of them; no ``seeds``:
    the config's.

    Raises:
        ConfigError: Something cannot be run, or the folder holds something else.
    """
    chosen = named(variants)
    plan = plan_of(loaded.config, loaded.base, packaged(), recorded=options.offline)
    check_answers(options.answers(loaded.config, loaded.base))
    asked = Manifest("", tuple(each.name for each in chosen), tuple(seeds) or (loaded.config.trainer.seed,))
    place = options.run_dir
    if place is not None and (place / folder.FILE).is_file():
        found = _there(place, asked, plan, loaded)
        if found is None:
            raise ConfigError(
                f"--run-dir {place}: holds an ablation of another config, other variants or other seeds",
                "say what it was begun with, or name a new folder",
            )
        return Ablation(found, place, plan, loaded, options, chosen)
    going_on = None if place is not None else _unfinished(asked, plan, loaded, options, chosen)
    if going_on is not None:
        return going_on
    name, new = options.place("ablate")
    return Ablation(replace(asked, id=name), new, plan, loaded, options, chosen)


def left_of(budget: BudgetConfig, paid: Paid) -> BudgetConfig:
    """Return what is left of ``budget``; a cap that is None stays so.

    Raises:
        ConfigError: A cap in US dollars cannot be kept after calls of unknown price.
    """
    used, unsettled = paid.used, paid.unsettled
    if budget.usd is not None and (paid.cost_usd is None or paid.unsettled.cost_usd is None):
        raise ConfigError(
            "budget.usd cannot be kept: what earlier runs of this ablation cost is not known",
            "use budget.tokens, or begin anew with another --run-dir",
        )
    usd = None if budget.usd is None else max(0.0, budget.usd - (paid.cost_usd or 0.0) - (unsettled.cost_usd or 0.0))
    tokens = None if budget.tokens is None else max(0, budget.tokens - used.prompt - used.completion - unsettled.tokens)
    calls = None if budget.calls is None else max(0, budget.calls - used.calls)
    minutes = None if budget.minutes is None else max(0.0, budget.minutes - paid.seconds / 60)
    return BudgetConfig(usd=usd, tokens=tokens, calls=calls, minutes=minutes)


def _there(place: Path, asked: Manifest, plan: Plan, loaded: Loaded) -> Manifest | None:
    """Return the manifest of the ablation in ``place`` if that is asked for, in the order of ``asked``."""
    there, config = folder.read(place)
    wanted = with_hashes(rebased(loaded.config, loaded.base, place), plan.players)
    same = there.same_grid(asked) and meaning(config) == meaning(wanted)
    return replace(asked, id=there.id) if same else None


def _unfinished(
    asked: Manifest, plan: Plan, loaded: Loaded, options: RunOptions, variants: Sequence[Variant]
) -> Ablation | None:
    for place in folder.ablations(options.runs_root):
        try:
            with locked(place, "ablation"):
                found = _there(place, asked, plan, loaded)
                there = Ablation(found, place, plan, loaded, options, variants) if found else None
        except ConfigError:  # of another version, its data changed, or another process has it
            continue
        if there is not None and any(there.done(cell) is None for cell in there.cells):
            return there
    return None


def _sources(kept: Path | None) -> dict[str, str]:
    instructions = packaged() if kept is None else read_instructions(kept)
    return {name: template.source for name, template in instructions.templates.items()}
