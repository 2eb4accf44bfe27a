"""The ``omniseg`` command."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import Annotated

import typer
import typer.main

from omniseg_backend.cli.lazy_commands import LazyCommands, plain_typer
from omniseg_backend.cli.outlets import StdoutError, use_lenient_outlets
from omniseg_backend.common.plain_text import one_line

#: Set to anything but 0 or nothing, unexpected errors show where in the code they arose.
DEBUG_VARIABLE = "OMNISEG_DEBUG"

#: What typer ends with after a Ctrl-C that came before a command listened, and what we do.
_INTERRUPTED_EARLY, _INTERRUPTED = 130, 4

app = plain_typer("omniseg", LazyCommands)


def _version(asked: bool) -> None:
    if asked:
        from omniseg_backend.common.provenance import DISTRIBUTION, software_version

        typer.echo(f"{DISTRIBUTION} {software_version()}")
        raise typer.Exit


@app.callback()
def _omniseg(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Medical image segmentation on ordinary computers. Research use; no result is reviewed."""


def main() -> None:
    """Run the command; the process ends with 0, 2 (usage), 3 (data) or 4 (interrupted)."""
    if os.environ.get(DEBUG_VARIABLE, "0") in ("", "0"):
        sys.excepthook = _one_sentence
    use_lenient_outlets()
    try:
        code = _exit_code()
        sys.stdout.flush()
    except StdoutError as error:
        sys.stderr.write(f"{error}\n")
        code = error.told.exit_code
    sys.exit(code)


def _exit_code() -> int | str | None:
    try:
        # Not app(), which would put typer's own hook in the place of ours.
        typer.main.get_command(app)(prog_name="omniseg")
    except SystemExit as end:
        return _INTERRUPTED if end.code == _INTERRUPTED_EARLY else end.code
    return 0


def _one_sentence(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """What an error that nobody foresaw leaves on the screen; Python then ends with 1."""
    sys.stderr.write(
        f"omniseg: found an unexpected {kind.__name__} ({one_line(str(error))}), expected none; "
        f"run again with {DEBUG_VARIABLE}=1 and report what is printed then.\n"
    )


if __name__ == "__main__":
    main()
