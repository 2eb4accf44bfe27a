"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

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
