"""``omniseg study``: questions about the method, answered by many trainings."""

from __future__ import annotations

from omniseg_backend.cli.lazy_commands import plain_typer
from omniseg_backend.cli.study_fine_tuning import fine_tuning

commands = plain_typer("study")
commands.command("fine-tuning")(fine_tuning)


@commands.callback()
def study() -> None:
    """Answer a question about the method by many trainings; each goes on where it was stopped."""
