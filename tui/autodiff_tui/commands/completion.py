"""The command that lets a shell complete our words: ``completion``."""

from __future__ import annotations

import sys

import click
from click.shell_completion import get_completion_class

from .helptext import GroupedCommand

NAME = "autodiff-tui"
VARIABLE = "_AUTODIFF_TUI_COMPLETE"
"""What shells set when they ask how a word goes on."""


@click.command(
    cls=GroupedCommand,
    examples=(
        "autodiff-tui completion bash >> ~/.bashrc",
        "autodiff-tui completion zsh >> ~/.zshrc",
        "autodiff-tui completion fish > ~/.config/fish/completions/autodiff-tui.fish",
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> int:
    """Print what SHELL needs to complete commands, options, run ids and files."""
    known = get_completion_class(shell)
    if known is None:
        raise click.UsageError(f"click knows no {shell}", context)
    sys.stdout.write(f"{known(context.find_root().command, {}, NAME, VARIABLE).source()}\n")
    return 0
