"""What a new job can be: the kinds, the models to name, and whether anything can train here."""

from __future__ import annotations

import dataclasses

from omniseg_backend.bundles.models import available_models
from omniseg_backend.common.errors import OmniSegError
from omniseg_backend.jobs.interpreters import training_interpreter
from omniseg_backend.jobs.kinds import kinds
from omniseg_backend.jobs.spec import JobSpec


@dataclasses.dataclass(frozen=True)
class JobOffer:
    """What was found.

    Attributes:
        kinds: Specs by name, also those that other distributions bring.
        models: As shown, and the id or path that names each.
        training_problem: Why no job that trains can run, with the remedy; empty if they can.
    """

    kinds: dict[str, type[JobSpec]]
    models: tuple[tuple[str, str], ...]
    training_problem: str


def job_offer() -> JobOffer:
    """Look for kinds, models and a Python that trains. Reads files: never on the main thread."""
    try:
        training_interpreter()
        problem = ""
    except OmniSegError as error:
        problem = str(error)
    models = [
        (
            f"{entry.manifest.id} {entry.manifest.version} ({entry.status})",
            # An id names the first of several; a path names this one.
            str(entry.path),
        )
        for entry in available_models()
    ]
    return JobOffer(kinds(), tuple(models), problem)
