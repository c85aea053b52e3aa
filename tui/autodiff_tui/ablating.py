"""An ablation without the app: its runs one after another, a line for each step, and the table at the end."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from autodiff_engine.encoding import encode
from autodiff_engine.errors import ConfigError
from autodiff_engine.events import CandidateScored, LedgerUpdated, RunFinished, Stamped, StepFinished, Warned

from . import ablation_table, summary
from .exits import Exit, complain
from .flags import Flags
from .format import cost, counted, duration, score, tested
from .front import conclude
from .headless import follow, write_line
from .narration import Narrator
from .safe import one_line
from .saving import check, save
from .session import LiveSession

if TYPE_CHECKING:
    from autodiff_engine.build import Ablation, Cell

SUFFIXES = (".md", ".csv")


def check_output(path: Path | None) -> None:
    """Refuse a file that no table could be written to, before anything runs.

    Raises:
        ConfigError: Its name does not say Markdown or CSV, its folder is not there or cannot be written in, or it holds
            something else.
    """
    if path is None:
        return
    if path.suffix not in SUFFIXES:
        raise ConfigError(f"-o {path}: a table is written as .md or .csv", f"as in -o {path.with_suffix('.md')}")
    check(path, option="-o", example="table.md", overwrite=None, ours=_is_table, what="table")


def _is_table(path: Path) -> bool:
    return path.read_bytes().startswith((b"| variant |", b"variant,"))


def execute(ablation: Ablation, flags: Flags, output: Path | None) -> int:
    """Execute what is not done, show and write the table, and return the exit code.

    The first run that does not come to its own end (a signal, a spent budget, a failure) ends the ablation; what is
    done is kept and in the table.

    Raises:
        ConfigError: Another process executes it.
        StorageError: A journal or the table cannot be read or written.
    """
    teller = _Teller(flags, len(ablation.cells))
    with ablation.opened():
        teller.begin(ablation)
        code = _all(ablation, teller, flags)
        left = sum(ablation.done(cell) is None for cell in ablation.cells)
        _show(ablation, flags, output)
    if code != Exit.DONE:
        done = f"{len(ablation.cells) - left} of {counted(len(ablation.cells), 'run')} done and kept in"
        say = f"the budget is over the whole ablation; {done}" if code == Exit.BUDGET else done
        complain(f"{say} {ablation.folder}", "the same command goes on from there; what was answered is stored")
    return code


def _all(ablation: Ablation, teller: _Teller, flags: Flags) -> int:
    for cell in ablation.cells:
        teller.turn_to(cell)
        done = ablation.done(cell)
        if done is not None:
            if done.last is not None:
                teller.hear_earlier(done.last)
            continue
        run = ablation.run(cell)
        session = LiveSession(run.execute, attended=False)
        followed = follow(session, teller.hear)
        ablation.record(cell)
        if teller.unheard:
            return Exit.INTERRUPTED
        if ablation.done(cell) is None:
            return conclude(session.error, followed, run.run_dir, flags, says_result=False) or Exit.FAILED
    return Exit.DONE


def _show(ablation: Ablation, flags: Flags, output: Path | None) -> None:
    rows = ablation.rows
    if flags.ui == "plain":
        width = shutil.get_terminal_size((160, 24)).columns
        heading = f"ablation {ablation.id}: metric {ablation.metric}, seeds {', '.join(map(str, ablation.seeds))}"
        legend = () if flags.quiet else ("", *ablation_table.LEGEND)
        for line in (heading, "", *ablation_table.lines(rows, width, ascii_only=flags.ascii), *legend):
            write_line(one_line(line), sys.stdout, ascii_only=flags.ascii)
    if output is None:
        return
    text = ablation_table.markdown(rows) if output.suffix == ".md" else ablation_table.as_csv(rows)
    save(output, text.encode("utf-8"), option="-o", example="table.md", overwrite=None, ours=_is_table, what="table")


@dataclass(slots=True)
class _Teller:
    """Says how the ablation goes: plain lines on stderr, or the last event of each run as JSON on stdout."""

    flags: Flags
    total: int
    unheard: bool = False
    """Whether nobody reads what is said any more (``| head``): no further run is then begun."""
    _number: int = 0
    _name: str = ""
    _variant: str = ""
    _seed: int = 0
    _max_steps: int = 0
    _spent: str = ""
    _narrator: Narrator = field(default_factory=lambda: Narrator(verbose=True))

    def begin(self, ablation: Ablation) -> None:
        """Say what is going to be executed."""
        done = sum(ablation.done(cell) is not None for cell in ablation.cells)
        variants = counted(len(ablation.rows), "variant")
        so_far = f"; {done} done before" if done else ""
        seeds = counted(len(ablation.seeds), "seed")
        self._say(f"ablation {ablation.id} in {ablation.folder}: {variants} × {seeds}{so_far}")

    def turn_to(self, cell: Cell) -> None:
        """Say from now on what this run does."""
        self._number += 1
        self._variant, self._seed = cell.variant.name, cell.seed
        self._name = f"[{self._number}/{self.total}] {self._variant} s{self._seed}"
        self._spent, self._narrator = "0 calls", Narrator(verbose=True)

    def hear(self, stamped: Stamped) -> None:
        """Take in an event of the run that is executed.

        Raises:
            BrokenPipeError: Nobody reads what is said about it.
        """
        try:
            self._hear(stamped)
        except BrokenPipeError:
            self.unheard = True
            raise

    def _hear(self, stamped: Stamped) -> None:
        event = stamped.event
        if self.flags.verbose and self.flags.ui == "plain":
            for line in self._narrator.lines(event):
                self._say(f"{self._name}  {line}")
        match event:
            case LedgerUpdated():
                self._spent = f"{counted(event.calls.made, 'call')}, {cost(event.cost_usd)}"
            case CandidateScored(which="start", split="val"):
                self._say(f"{self._name}: start val {score(event.mean, event.n)}; {self._spent}")
            case StepFinished():
                number = f" proposal {event.accepted_k}" if event.accepted_k is not None else ""
                best = f"best val {score(event.val)}"
                self._say(f"{self._name}: step {event.step} {event.outcome}{number}; {best}; {self._spent}")
            case Warned():
                self._say(f"{self._name}: warning: {event.message}")
            case RunFinished():
                self._finish(stamped, event, event.status)
            case _:
                pass

    def hear_earlier(self, stamped: Stamped) -> None:
        """Take in the last event of a run that was done before."""
        if isinstance(stamped.event, RunFinished):
            self._finish(stamped, stamped.event, "done before")

    def _finish(self, stamped: Stamped, event: RunFinished, how: str) -> None:
        if self.flags.ui == "json":
            told = json.loads(encode(stamped))
            told |= {"variant": self._variant, "seed": self._seed}
            sys.stdout.write(f"{json.dumps(told)}\n")
            sys.stdout.flush()
            return
        val, test = event.val, event.test
        scores = [f"val {score(val.start)} → {score(val.best, val.n)}"]
        if test is not None:
            scores.append(f"test {score(test.start)} → {score(test.best, test.n)}, {tested(test)}")
        spent = f"calls {summary.calls(event.calls)}; {cost(event.cost_usd)}; {duration(event.seconds)}"
        self._say(f"{self._name} {how}: {'; '.join(scores)}; {spent}")

    def _say(self, line: str) -> None:
        if self.flags.ui == "plain" and not self.flags.quiet:
            write_line(one_line(line), sys.stderr, ascii_only=self.flags.ascii)
