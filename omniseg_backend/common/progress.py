"""Progress and cancellation, as every long call takes them."""

from __future__ import annotations

from typing import Protocol

from omniseg_backend.common.errors import CancelledError


class Progress(Protocol):
    """Receives how far a long call is."""

    def __call__(self, stage: str, fraction: float, /) -> None:
        """Take note of ``fraction`` (0 to 1) of ``stage``, a short phrase for the user."""


class Cancel(Protocol):
    """Anything with ``is_set``: a ``threading.Event``, a job's flag file."""

    def is_set(self) -> bool:
        """Whether the user asked to stop."""


def no_progress(stage: str, fraction: float, /) -> None:
    """Ignore progress: the default of every long call."""


def check_cancel(cancel: Cancel | None, subject: object = "the run") -> None:
    """Raise CancelledError if ``cancel`` is set."""
    if cancel is not None and cancel.is_set():
        raise CancelledError(subject)
