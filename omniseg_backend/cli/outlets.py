"""stdout and stderr that end well when nobody reads them or their disk is full."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from omniseg_backend.common.atomic import write_refusal
from omniseg_backend.common.errors import ResourceError

if TYPE_CHECKING:
    from typing_extensions import Buffer


class StdoutError(Exception):
    """The answer could not be delivered.

    Not an ``OSError``: the command line library would end with its own code on some of these,
    and with a code of the shell's on others.

    Args:
        told: The sentence and the exit code.
    """

    def __init__(self, told: ResourceError) -> None:
        super().__init__(str(told))
        self.told = told


class _Outlet(io.FileIO):
    """A file descriptor that takes whatever comes after its first failure and drops it.

    A reader that has gone (``| head -1``) has had what it wanted: that is no error. Anything
    else is raised once, unless it is about stderr, where there is nobody left to tell.
    """

    def __init__(self, descriptor: int, name: str, *, silent: bool) -> None:
        super().__init__(descriptor, "wb", closefd=False)
        self._subject, self._silent, self._failed = name, silent, False

    def write(self, data: Buffer, /) -> int:
        """Write, or drop what nobody can take."""
        if not self._failed:
            try:
                return super().write(data)
            except OSError as error:
                self._failed = True
                if not (self._silent or isinstance(error, BrokenPipeError)):
                    raise StdoutError(self._explained(error)) from error
        return memoryview(data).nbytes

    def _explained(self, error: OSError) -> ResourceError:
        refusal = write_refusal(self._subject, error)
        if isinstance(refusal, ResourceError):
            return refusal
        return ResourceError(
            self._subject,
            found=f"an output that takes nothing ({error.strerror})",
            expected="a place for the answer",
            remedy="send it to a file or a program that can take it",
        )


def use_lenient_outlets() -> None:
    """Give the process, for the rest of its life, a stdout and a stderr that end well.

    Terminals keep their own: they neither fill up nor lose their reader. Streams that were
    closed before the start become places where words are dropped. Writing to or flushing stdout
    raises ``StdoutError`` where it cannot be delivered.
    """
    sys.stdout = _outlet(sys.stdout, 1, "stdout", silent=False)
    sys.stderr = _outlet(sys.stderr, 2, "stderr", silent=True)


def _outlet(stream: TextIO | None, descriptor: int, name: str, *, silent: bool) -> TextIO:
    if stream is None:
        # It takes the free descriptor 1 or 2 as well, which the next file would get otherwise:
        # a native library's messages would land in it. It lives as long as the process.
        return Path(os.devnull).open("w", encoding="utf-8")
    if stream.isatty():
        return stream
    raw = _Outlet(descriptor, name, silent=silent)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=silent,
    )
