"""The command line: the list of commands, and how an invocation ends."""

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

from .commands.helptext import Entry, LazyGroup
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


def _train() -> click.Command:
    from .commands.training import train

    return train


def _demo() -> click.Command:
    from .commands.training import demo

    return demo


def _resume() -> click.Command:
    from .commands.resuming import resume

    return resume


def _ablate() -> click.Command:
    from .commands.ablate import ablate

    return ablate


def _eval() -> click.Command:
    from .commands.evaluation import evaluate

    return evaluate


def _export() -> click.Command:
    from .commands.runs import export

    return export


def _runs() -> click.Command:
    from .commands.runs import runs

    return runs


def _show() -> click.Command:
    from .commands.runs import show

    return show


def _config() -> click.Command:
    from .commands.config import config

    return config


def _cache() -> click.Command:
    from .commands.cache import cache

    return cache


def _replay() -> click.Command:
    from .commands.replay import replay

    return replay


def _watch() -> click.Command:
    from .commands.watch import watch

    return watch


def _compare() -> click.Command:
    from .commands.compare import compare

    return compare


def _init() -> click.Command:
    from .commands.init import init

    return init


def _doctor() -> click.Command:
    from .commands.doctor import doctor

    return doctor


def _pack() -> click.Command:
    from .commands.pack import pack

    return pack


def _completion() -> click.Command:
    from .commands.completion import completion

    return completion


_COMMANDS = {
    "Train": (
        Entry("train", "Train the prompts of a program.", _train),
        Entry("resume", "Go on with a run after a stop, a crash or a spent budget.", _resume),
        Entry("ablate", "Compare variants of the method over seeds, in one table.", _ablate),
        Entry("demo", "Execute a recorded training run again: no key, no network.", _demo),
    ),
    "Use what was trained": (
        Entry("eval", "Score prompts on a split of the data.", _eval),
        Entry("export", "Write the best prompts of a run to a file.", _export),
        Entry("pack", "Put a run into one file that can be replayed anywhere.", _pack),
    ),
    "Look back": (
        Entry("runs", "List the runs of this folder.", _runs),
        Entry("show", "Show what a run did and what came of it.", _show),
        Entry("replay", "Show a run again as it happened, or execute it again to compare.", _replay),
        Entry("watch", "Follow a run that another process executes.", _watch),
        Entry("compare", "Hold two runs against each other.", _compare),
    ),
    "Set up": (
        Entry("init", "Make a working project to edit.", _init),
        Entry("doctor", "Say what would fail before money is spent.", _doctor),
        Entry("config", "Show, check and describe configs.", _config),
        Entry("cache", "Look at or clear the stored answers.", _cache),
        Entry("completion", "Let a shell complete commands, runs and files.", _completion),
    ),
}


@click.group(
    cls=LazyGroup,
    entries=_COMMANDS,
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
