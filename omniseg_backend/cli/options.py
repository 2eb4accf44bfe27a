"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from omniseg_backend.networks.architecture import Variant


def path_argument(text: str) -> Any:  # noqa: ANN401 - typer says what it returns
    """An argument that names a file or folder; whether it can be used is the command's matter.

    Left to itself the library tries the file's permissions before any command runs, and calls
    an unreadable image wrong usage (2) rather than bad data (3).
    """
    return typer.Argument(help=text, readable=False)


def path_option(*names: str, text: str) -> Any:  # noqa: ANN401 - typer says what it returns
    """An option that names a file or folder, as ``path_argument``."""
    return typer.Option(*names, help=text, show_default=False, readable=False)


Json = Annotated[
    bool,
    typer.Option("--json", help="One JSON document on stdout, everything else on stderr."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        min=1,
        max=256,
        show_default=False,
        help="Threads of the network; by default all that this process may use.",
    ),
]
OnlyTask = Annotated[
    str | None, typer.Option("--task", show_default=False, help="Only this task's.")
]
OnlyVariant = Annotated[
    Variant | None, typer.Option("--variant", show_default=False, help="Only this variant.")
]
