"""What a kind's work is: a function of its spec and the attempt."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, TypeVar

from omniseg_backend.jobs.context import JobContext
from omniseg_backend.jobs.spec import JobSpec

SpecT = TypeVar("SpecT", bound=JobSpec, contravariant=True)


class Work(Protocol[SpecT]):
    """Does a job, or goes on with it."""

    def __call__(self, spec: SpecT, context: JobContext, /) -> Mapping[str, Path]:
        """Write results into ``context.partial``.

        Args:
            spec: The kind's spec.
            context: Where to write, whom to tell, when to stop.

        Returns:
            Names in ``context.partial``, and where the user wants them besides.

        Raises:
            CancelledError: ``context.cancel`` was set.
            OmniSegError: The work cannot be done; the job then failed with its sentence.
        """
