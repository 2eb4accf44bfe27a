"""Commands that are imported when they are called, so that none pays for another's imports."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import typer
import typer.main
from typer.core import TyperGroup

if TYPE_CHECKING:
    from typer._click.core import Command, Context

#: In the order of the help. A name is a module of this package that holds a function of that
#: name, or a ``typer.Typer`` called ``commands`` with commands of its own.
COMMANDS = (
    "models",
    "segment",
    "train",
    "evaluate",
    "export",
    "jobs",
    "dataset",
    "compare",
    "promote",
    "rollback",
    "describe",
    "doctor",
    "demo",
    "benchmark",
    "study",
)


class LazyCommands(TyperGroup):
    """A group that looks its commands up in ``COMMANDS``."""

    def list_commands(self, ctx: Context) -> list[str]:
        """Their names, in the order of the help."""
        return [*COMMANDS, *super().list_commands(ctx)]

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """The command of a name, imported now; None if there is no such command."""
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        module = importlib.import_module(f"omniseg_backend.cli.{cmd_name}")
        commands = getattr(module, "commands", None)
        if isinstance(commands, typer.Typer):
            return typer.main.get_command(commands)
        return _single(cmd_name, getattr(module, cmd_name))


def plain_typer(name: str | None = None, group: type[TyperGroup] | None = None) -> typer.Typer:
    """A ``typer.Typer`` with the habits of all our commands; its callback tells its help.

    Args:
        name: Of the group.
        group: Where the group finds its commands, if not in itself.
    """
    return typer.Typer(
        name=name,
        cls=group,
        no_args_is_help=group is not None,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def _single(name: str, function: Callable[..., None]) -> Command:
    holder = plain_typer()
    holder.command(name)(function)
    return typer.main.get_command(holder)
