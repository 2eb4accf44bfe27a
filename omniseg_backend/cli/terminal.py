"""Where a command's words go: one answer on stdout, everything else on stderr."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

import typer

from omniseg_backend.cli.interrupt import Interrupt
from omniseg_backend.cli.progress_line import ProgressDisplay, progress_display
from omniseg_backend.common.errors import (
    CancelledError,
    DataError,
    OmniSegError,
    ResourceError,
    UsageError,
)
from omniseg_backend.common.plain_text import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType

    from omniseg_backend.cli.documents import Document

DocumentT = TypeVar("DocumentT", bound="Document")

#: Columns of tables where stdout is no terminal, so that no name is cut.
_WIDTH = 160


class _Harmless:
    """A display of stages and lines that quote files and titles: nothing in them steers it."""

    def __init__(self, display: ProgressDisplay) -> None:
        self._display = display

    def __call__(self, stage: str, fraction: float, /) -> None:
        self._display(one_line(stage), fraction)

    def say(self, text: str) -> None:
        self._display.say(one_line(text))

    def close(self) -> None:
        self._display.close()


class Terminal:
    """What a command talks to; control characters in what it says are shown by their numbers.

    Args:
        json: Whether the answer is a JSON document rather than tables.
    """

    def __init__(self, *, json: bool) -> None:
        self.json = json
        self.progress: ProgressDisplay = _Harmless(progress_display())
        self.cancel = Interrupt(self._say_stopping)

    def _say_stopping(self) -> None:
        text = "Stopping cleanly; press Ctrl-C again to end at once."
        try:
            self.say(text)
        except RuntimeError:
            # Ctrl-C came while a line was being written, and Python's streams are not
            # re-entrant: past the stream, or not at all.
            with contextlib.suppress(OSError):
                os.write(2, f"{text}\n".encode())

    def say(self, text: str) -> None:
        """Write a line to stderr."""
        self.progress.say(text)

    def answer(
        self, document: DocumentT, tables: Callable[[DocumentT], Sequence[RenderableType]]
    ) -> None:
        """Give the command's one answer: the document, or the tables made of it."""
        self.progress.close()
        if self.json:
            sys.stdout.write(document.as_json())
            sys.stdout.flush()
            return
        from rich.console import Console

        console = Console(
            width=None if sys.stdout.isatty() else _WIDTH, markup=False, highlight=False
        )
        for part in tables(document):
            console.print(one_line(part) if isinstance(part, str) else part)

    def choose(self, question: str, answers: Sequence[str]) -> int:
        """Ask the user at the keyboard for one of ``answers``, numbered from 1.

        Returns:
            The place of the chosen one, from 0.

        Raises:
            CancelledError: The user pressed Ctrl-C or ended the input.
        """
        self.progress.close()
        for number, answer in enumerate(answers, start=1):
            self.say(f"{number:3d}  {answer}")
        with self.cancel.paused():
            while True:
                try:
                    given: str = typer.prompt(question, err=True)
                except typer.Abort as error:
                    raise CancelledError("the question") from error
                if given.isdecimal() and 1 <= int(given) <= len(answers):
                    return int(given) - 1
                self.say(f"Please type a number from 1 to {len(answers)}.")

    def fail(self, error: OmniSegError) -> None:
        """Say an error's sentence, and as the document where one was asked for."""
        self.progress.close()
        for fault in error.details:
            sys.stderr.write(f"{one_line(fault)}\n")
        sys.stderr.write(f"{one_line(str(error))}\n")
        if self.json:
            from omniseg_backend.cli.documents import ErrorDocument

            sys.stdout.write(ErrorDocument.of(error).as_json())
            sys.stdout.flush()


@contextlib.contextmanager
def command(*, json: bool, log_level: int = logging.WARNING) -> Iterator[Terminal]:
    """Run a command's body: bad data ends it with one sentence and the error's exit code.

    Args:
        json: Whether the answer is a JSON document.
        log_level: From which level on the libraries' messages are shown.
    """
    terminal = Terminal(json=json)
    try:
        with terminal.cancel.listening(), _shown_log(terminal, log_level):
            yield terminal
    except OmniSegError as error:
        terminal.fail(error)
        raise typer.Exit(error.exit_code) from error
    except KeyboardInterrupt as interrupt:
        stopped = CancelledError("the command")
        terminal.fail(stopped)
        raise typer.Exit(stopped.exit_code) from interrupt
    except MemoryError as error:
        short = out_of_memory()
        terminal.fail(short)
        raise typer.Exit(short.exit_code) from error
    except OSError as error:
        refusal = _of_a_file(error)
        if refusal is None:
            raise
        terminal.fail(refusal)
        raise typer.Exit(refusal.exit_code) from error
    finally:
        terminal.progress.close()


def out_of_memory() -> ResourceError:
    """The error of a computation that did not fit."""
    return ResourceError(
        "memory",
        found="too little for this image or data set",
        expected="room for the whole of it",
        remedy="close other programs, limit the work with --region, or use a larger machine",
    )


def _of_a_file(error: OSError) -> DataError | None:
    """The error of a file that no command expected to fail, None where it is about no file.

    Commands explain what they open and write; this is for what changes under their hands, such
    as a folder whose permissions end in the middle of a path.
    """
    from omniseg_backend.common.atomic import write_refusal
    from omniseg_backend.common.reading import unreadable

    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return write_refusal(error.filename or "the output", error)
    if error.filename is None:
        return None
    return unreadable(error.filename, error, expected="a file or folder that can be used")


def contradiction(first: str, second: str) -> UsageError:
    """The error of two options that exclude each other."""
    return UsageError(
        first,
        found=f"{first} together with {second}",
        expected="one of them",
        remedy="leave one out",
    )


class _ToTerminal(logging.Handler):
    def __init__(self, terminal: Terminal) -> None:
        super().__init__()
        self._terminal = terminal

    def emit(self, record: logging.LogRecord) -> None:
        self._terminal.say(record.getMessage())


@contextlib.contextmanager
def _shown_log(terminal: Terminal, level: int) -> Iterator[None]:
    logger = logging.getLogger("omniseg_backend")
    handler = _ToTerminal(terminal)
    before = (logger.level, logger.propagate)
    logger.addHandler(handler)
    logger.setLevel(level)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before[0])
        logger.propagate = before[1]
