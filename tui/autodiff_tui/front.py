"""Which front end shows a run, and what is said when the run is over."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from autodiff_engine.config import user_config_path
from autodiff_engine.errors import ConfigError, EngineError, ProgramError

from . import crash, keymap, summary
from .crash import CRASH
from .exits import Exit, complain, complain_about, of_error, of_run, show_frames
from .flags import UI, Flags
from .headless import Followed, follow, reader_for, write_line
from .rewinding import Past
from .session import Execute, LiveSession, Source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autodiff_engine.events import Stamped

    from .actions import Mode

Front = Literal["tui", "plain", "json", "none"]
_PATIENCE_S = 10.0
"""How long the engine may take to write its end after the app has left."""
_ALL = 1_000_000_000


def choose(ui: UI, environ: Mapping[str, str] | None = None) -> Front:
    """Return the front end that ``ui`` means here: auto is the app only where a person can see and steer it.

    Raises:
        ConfigError: The app was asked for and there is no terminal.
    """
    terminal = sys.stdin.isatty() and sys.stderr.isatty()
    if ui == "tui" and not terminal:
        raise ConfigError("--ui tui: stdin and stderr must be a terminal", "leave --ui away, or say --ui plain")
    if ui != "auto":
        return ui
    known = os.environ if environ is None else environ
    usable = known.get("TERM", "") not in ("", "dumb") and not known.get("CI")
    return "tui" if usable and terminal else "plain"


def show(
    execute: Execute,
    run_dir: Path,
    flags: Flags,
    *,
    history: Sequence[Stamped] = (),
    foretold: Sequence[str] = (),
) -> int:
    """Execute a run under the chosen front end, say how it ended, and return the exit code.

    ``run_dir`` is the run's folder; it need not exist yet. ``history`` is what a resumed run said before: the app shows
    it, plain output and JSON lines begin after it. ``foretold`` says, for the app, what the run will take.
    """
    front = choose(flags.ui)
    session = LiveSession(execute, attended=front == "tui", history=history)
    if front == "tui":
        followed = _in_app(session, run_dir, flags, known=len(history), foretold=foretold)
    else:
        followed = follow(session, reader_for(front, flags, known=len(history)), Past(run_dir))
    return conclude(session.error, followed, run_dir, flags, says_result=front in ("tui", "plain"))


def look(source: Source, run_dir: Path, flags: Flags, mode: Mode, *, speed: float = 1.0) -> int:
    """Show a run that does not execute here, one that was recorded or is watched, and return the exit code.

    In the app ``speed`` is that of a recorded run. Elsewhere all is told at once, then the result, as after a training.
    """
    front = choose(flags.ui)
    if front == "tui":
        followed = _in_app(source, run_dir, flags, mode, speed=speed)
    else:
        followed = follow(source, reader_for(front, flags), Past(run_dir))
    if isinstance(source.error, EngineError):
        complain_about(source.error)
        return of_error(source.error)
    if front != "tui" and followed.signal is None and not followed.broke and source.abandoned:
        complain(
            f"{run_dir}: the process that executed this run has ended, and the run has not",
            f"go on with it: autodiff-tui resume {run_dir}",
        )
        return Exit.FAILED
    if followed.signal is None and not followed.broke and front == "plain" and followed.view.finished is not None:
        for line in summary.lines(followed.view):
            write_line(line, sys.stdout, ascii_only=flags.ascii)
    return Exit.FAILED if followed.broke else 128 + followed.signal if followed.signal is not None else Exit.DONE


def colour(*, wanted: bool) -> None:
    """Tell the toolkit, which reads the environment alone, whether colour is wanted."""
    if not wanted:
        os.environ["NO_COLOR"] = "1"
    elif not os.environ.get("NO_COLOR", "1"):
        del os.environ["NO_COLOR"]  # set but empty means that colour is wanted, to all but Textual


def _in_app(
    session: Source,
    run_dir: Path,
    flags: Flags,
    mode: Mode = "live",
    *,
    speed: float = 1.0,
    known: int = 0,
    foretold: Sequence[str] = (),
) -> Followed:
    """Show the run in the app; return when the terminal is restored and the engine has ended or was given up on."""
    from .app import RunApp  # the one front end that needs Textual
    from .terminal import outlive_no_terminal

    colour(wanted=not flags.no_color)
    app = RunApp(
        session, export=lambda: _exported(run_dir), title=run_dir.name, mode=mode, speed=speed, past=Past(run_dir),
        actions=keymap.load(user_config_path()), ascii_only=flags.ascii, known=known,
        foretold=foretold, called=str(run_dir),
    )  # fmt: skip
    app.wear(flags.theme)
    outlive_no_terminal()
    app.run()
    if mode != "live":
        session.abort("the app was left")  # nothing of it executes here that could be waited for
    session.join(_PATIENCE_S)
    app.tape.extend(session.drain(_ALL))  # what came after the app's last look
    code = app.return_code or 0
    return Followed(app.view, code - 128 if code > 128 else None, broke=code == Exit.FAILED)


def _exported(run_dir: Path) -> str:
    from .exporting import copy_best

    target = Path(f"{run_dir.name}-best.toml")
    copy_best(run_dir, target, overwrite=True)  # the name says which run: an older one is of the same
    return f"wrote {target}"


def conclude(error: BaseException | None, followed: Followed, run_dir: Path, flags: Flags, *, says_result: bool) -> int:
    """Say how a run ended and return the exit code; ``error`` is what ended the engine without a last event."""
    finished = followed.view.finished
    if isinstance(error, EngineError):  # before the run's folder could be made
        complain_about(error)
        return of_error(error)
    if finished is None and followed.signal is not None:
        complain("the engine did not end in time after it was told to; what was answered is kept")
        return 128 + followed.signal
    if finished is None:
        return _report_defect(error, run_dir)
    if says_result:
        for line in summary.lines(followed.view):
            write_line(line, sys.stdout, ascii_only=flags.ascii)
    if finished.error is not None:
        if flags.verbose and finished.error.kind == ProgramError.__name__ and (run_dir / CRASH).is_file():
            show_frames((run_dir / CRASH).read_text(encoding="utf-8"))
        complain_about(finished.error)
    return Exit.FAILED if followed.broke else of_run(finished, followed.signal)


def _report_defect(error: BaseException | None, run_dir: Path) -> int:
    """Say that the engine broke for a reason that nobody foresaw, and where its traceback is."""
    error = error or RuntimeError("the run ended without its last event")
    path = crash.write(run_dir, error)
    hint = f"please report it, with {path}" if path else "please report it, with the command that you ran"
    complain(crash.headline(error), hint)
    return Exit.FAILED
