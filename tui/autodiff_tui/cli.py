"""The command line: what is invoked, and how an invocation ends."""

from __future__ import annotations

import errno
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from io import TextIOWrapper
from typing import Any, NoReturn, cast

import click

from autodiff_engine.errors import EngineError

from .commands.catalog import COMMANDS
from .commands.helptext import LazyGroup
from .commands.options import look_options
from .exits import Exit, complain, complain_about, of_error

_NAME = "autodiff-tui"
_COMPLETION = "_AUTODIFF_TUI_COMPLETE"
"""What shells set when they ask how a word goes on."""
_REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG)
"""What the system says of a path that somebody else has to be named for; the rest, as a full disk, is no usage."""
_WORDS = {
    "a valid integer range": "a whole number",
    "a valid integer": "a whole number",
    "a valid float range": "a number",
}
"""What click calls the types of options, and what people do."""
_FULL = (errno.ENOSPC, errno.EIO)


@click.group(
    cls=LazyGroup,
    entries=COMMANDS,
    examples=("autodiff-tui demo", "autodiff-tui train my.toml", "autodiff-tui train --help"),
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name=_NAME, prog_name=_NAME, message="%(prog)s %(version)s")
@look_options
@click.pass_context
def root(context: click.Context, /, **look: object) -> int:
    """Train the prompts of programs made of LLM calls, with textual gradients, live in your terminal.

    Without a command: the home of configs and past runs, in a terminal; else this page.
    """
    if context.invoked_subcommand is not None:
        context.default_map = _for(context, {name: value for name, value in look.items() if value})
        return Exit.DONE
    if sys.stdin.isatty() and sys.stderr.isatty():
        from .commands import home  # help must not wait for the engine

        if home.wanted():
            return home.home(run, root.list_commands(context), home.Look(**cast("Mapping[str, Any]", look)))
    click.echo(context.get_help())
    return Exit.DONE


def _for(context: click.Context, look: Mapping[str, object]) -> dict[str, object]:
    """Return what was said before the command's name as defaults of the command, or of each one in a group."""
    name = str(context.invoked_subcommand)
    command = root.get_command(context, name)
    inner = command.list_commands(context) if look and isinstance(command, click.Group) else ()
    return {name: {each: dict(look) for each in inner} or dict(look)}


def main() -> NoReturn:
    """Run the command that the process was started with and exit with its code."""
    _open_streams()
    if not sys.warnoptions:  # warnings are for developers, and would be written over the app
        logging.captureWarnings(capture=True)
    sys.exit(run(sys.argv[1:]))


def _open_streams() -> None:
    """Put nothing in the place of a stream that was closed before we began, as by ``>&-``: Python has None there."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - as long as the process


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; every way to end is said in at most two lines on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal of another encoding shows escapes, and nothing fails
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _invoke(arguments)
        sys.stdout.flush()
    except click.ClickException as error:
        return _usage(error)
    except EngineError as error:
        complain_about(error)
        return of_error(error)
    except (KeyboardInterrupt, click.Abort):
        complain("interrupted")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        from .headless import fall_silent

        fall_silent()  # as after ``runs | head``: the reader has what it wanted
        return Exit.DONE
    except OSError as error:
        return _of_system(error)
    except Exception as error:  # noqa: BLE001 - the last stop: a defect is said in one line, without locals
        return _defect(error)
    return int(code) if isinstance(code, int) else Exit.DONE


def _invoke(arguments: Sequence[str]) -> object:
    """Call the command; unlike ``root.main`` this leaves a closed pipe and Ctrl-C to ``run``."""
    if _COMPLETION in os.environ:
        root.main(prog_name=_NAME, complete_var=_COMPLETION)
    try:
        with root.make_context(_NAME, list(arguments)) as context:
            return root.invoke(context)
    except click.exceptions.Exit as ended:  # --help and --version
        return ended.exit_code


def _of_system(error: OSError) -> int:
    """Say what the system refused: a file that is not ours to read or write is no defect, and the user's to mend."""
    if error.filename is not None:
        complain(f"{error.filename}: {error.strerror or error}", "is it there, and yours to read and write?")
        return Exit.USAGE if error.errno in _REFUSED else Exit.FAILED
    if not _here():
        complain("the folder that you are in is gone", "go to one that is there")
        return Exit.USAGE
    if error.errno in _FULL:
        from .headless import fall_silent

        fall_silent()
        complain(f"the output cannot be written: {error.strerror}")
        return Exit.FAILED
    return _defect(error)


def _defect(error: Exception) -> int:
    from .crash import headline

    complain(headline(error), "please report it, with the command that you ran")
    return Exit.FAILED


def _here() -> bool:
    try:
        return bool(os.getcwd())
    except OSError:
        return False


def _usage(error: click.ClickException) -> int:
    context = error.ctx if isinstance(error, click.UsageError) else None
    message = error.format_message()
    if isinstance(error, click.exceptions.NoArgsIsHelpError):  # its message is the whole page
        named = (
            ", ".join(error.ctx.command.list_commands(error.ctx)) if isinstance(error.ctx.command, LazyGroup) else ""
        )
        message = f"{error.ctx.command_path} needs a command: {named}"
    for theirs, ours in _WORDS.items():
        message = message.replace(theirs, ours)
    complain(message, f"see {context.command_path} --help" if context is not None else "")
    return Exit.USAGE
