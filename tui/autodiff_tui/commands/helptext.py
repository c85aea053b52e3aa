"""Help pages: options in groups, examples as they are typed, command modules loaded on call."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import click


class GroupedOption(click.Option):
    """An option that stands under a heading of its own on the help page."""

    def __init__(self, *args: Any, heading: str = "Options", **kwargs: Any) -> None:  # noqa: ANN401 - click's own
        super().__init__(*args, **kwargs)
        self.heading = heading


class GroupedCommand(click.Command):
    """A command whose help lists its options by heading and its ``examples`` line by line."""

    def __init__(self, *args: Any, examples: tuple[str, ...] = (), **kwargs: Any) -> None:  # noqa: ANN401 - click's own
        super().__init__(*args, **kwargs)
        self.examples = examples

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a list of options for each heading, in the order in which headings first occur."""
        by_heading: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is None or isinstance(parameter, click.Argument):
                continue
            heading = parameter.heading if isinstance(parameter, GroupedOption) else "Options"
            by_heading.setdefault(heading, []).append(record)
        for heading, records in by_heading.items():
            with formatter.section(heading):
                formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples; they are never wrapped, so that they can be copied."""
        super().format_epilog(ctx, formatter)
        _write_examples(self.examples, formatter)


@dataclass(frozen=True, slots=True)
class Entry:
    """A command in a group's list: what it does, in one line, and where it comes from when it is called."""

    name: str
    summary: str
    load: Callable[[], click.Command]


class LazyGroup(click.Group):
    """A group that knows its commands' names and summaries, and imports a command only to run it."""

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 - click's own
        entries: Mapping[str, tuple[Entry, ...]],
        examples: tuple[str, ...] = (),
        **kwargs: Any,  # noqa: ANN401 - click's own
    ) -> None:
        super().__init__(*args, **kwargs)
        self._by_heading = entries
        self._by_name = {entry.name: entry for group in entries.values() for entry in group}
        self._examples = examples

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the help page."""
        return list(self._by_name)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module and return the command; None when there is no such name."""
        entry = self._by_name.get(cmd_name)
        return entry.load() if entry is not None else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command.

        Raises:
            UsageError: There is none of that name; the message names the nearest one.
        """
        name = args[0]
        if name not in self._by_name and not name.startswith("-") and not ctx.resilient_parsing:
            near = difflib.get_close_matches(name, self._by_name, n=1)
            meant = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(self._by_name)}"
            raise click.UsageError(f"there is no command {name!r}{meant}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands by heading without importing any."""
        width = max(len(name) for name in self._by_name)
        for heading, entries in self._by_heading.items():
            with formatter.section(heading):
                formatter.write_dl([(entry.name.ljust(width), entry.summary) for entry in entries])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        super().format_epilog(ctx, formatter)
        _write_examples(self._examples, formatter)


def _write_examples(examples: tuple[str, ...], formatter: click.HelpFormatter) -> None:
    if examples:
        with formatter.section("Examples"):
            for line in examples:
                formatter.write(f"{' ' * formatter.current_indent}{line}\n")
