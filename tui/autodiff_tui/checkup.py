"""What would fail before money is spent, as lines: this machine, this terminal, and a config part by part."""

from __future__ import annotations

import locale
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .toned import Tone, Toned, columns

if TYPE_CHECKING:
    from autodiff_engine.build import Finding, RunOptions
    from autodiff_engine.config import Loaded

_MARKS: Mapping[str, tuple[str, Tone]] = {
    "ok": ("ok", "good"),
    "warning": ("warning", "warn"),
    "problem": ("problem", "bad"),
}
_SMALLEST = (60, 16)


def findings(loaded: Loaded | None, options: RunOptions, environ: Mapping[str, str] | None = None) -> Iterator[Finding]:
    """Yield all findings but those that need a call; ``loaded`` None looks at the machine alone."""
    from autodiff_engine import build  # help must not wait for the engine

    yield from build.installed()
    yield from terminal(os.environ if environ is None else environ)
    yield from build.storage(options, loaded)
    if loaded is not None:
        yield from build.checkup(loaded)


def terminal(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what the app would find: whether it may start, its size, its colours and its characters."""
    from autodiff_engine.build import Finding

    size = shutil.get_terminal_size()
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        yield Finding("ok", "terminal", "none here: runs are shown as plain lines")
    elif environ.get("TERM", "") in ("", "dumb") or environ.get("CI"):
        yield Finding("warning", "terminal", "TERM is not usable or CI is set: no app", "set TERM=xterm-256color")
    elif size.columns < _SMALLEST[0] or size.lines < _SMALLEST[1]:
        yield Finding(
            "warning", "terminal", f"{size.columns}×{size.lines}: the app needs 60×16", "enlarge the terminal"
        )
    else:
        yield Finding("ok", "terminal", f"{size.columns}×{size.lines}, {environ.get('TERM', '')}, {_colours(environ)}")
    encoding = (sys.stderr.encoding or locale.getpreferredencoding(False)).lower().replace("-", "")
    if encoding == "utf8":
        yield Finding("ok", "characters", "UTF-8")
    else:
        yield Finding("warning", "characters", f"{encoding}, not UTF-8", "set LC_ALL=C.UTF-8, or say --ascii")


def worst(found: Iterable[Finding]) -> bool:
    """Return whether there is a problem among them: nothing can be trained then."""
    return any(each.level == "problem" for each in found)


def lines(found: Iterable[Finding]) -> Iterator[Toned]:
    """Return a line for each finding, with its fix below."""
    for each in found:
        mark, tone = _MARKS[each.level]
        (line,) = columns([(mark.ljust(7), each.about.ljust(16), each.text)], (tone, "muted", "plain"))
        yield line
        if each.fix:
            yield (("".ljust(27), "plain"), ("→ ", "muted"), *next(columns([(each.fix,)], ("strong",))))


def of_config(path: Path, flags_options: RunOptions) -> tuple[Finding, ...]:
    """Look at one config as ``findings`` does; one that cannot be loaded is a finding itself."""
    from autodiff_engine import build, config
    from autodiff_engine.errors import ConfigError

    try:
        loaded = config.load(path, environ=os.environ, user=config.user_config_path())
    except ConfigError as error:
        return (build.refused("config", error),)
    return (*build.storage(flags_options, loaded), *build.checkup(loaded))


def _colours(environ: Mapping[str, str]) -> str:
    if environ.get("NO_COLOR"):
        return "no colours (NO_COLOR)"
    if environ.get("COLORTERM") in ("truecolor", "24bit"):
        return "16 million colours"
    return "256 colours" if "256" in environ.get("TERM", "") else "16 colours"
