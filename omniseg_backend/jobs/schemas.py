"""JSON schemas of a job's folder, for front ends that read it without our code."""

from __future__ import annotations

from pydantic import BaseModel

from omniseg_backend.jobs.config import Config
from omniseg_backend.jobs.events import EVENTS
from omniseg_backend.jobs.kinds import kinds
from omniseg_backend.jobs.state_file import JobState


def folder_models() -> dict[str, type[BaseModel]]:
    """What is described, by the schema's name: the state, each event, each kind's spec."""
    return {
        "config": Config,
        "job-state": JobState,
        **{f"job-event-{name}": event for name, event in EVENTS.items()},
        **{f"job-spec-{name}": spec for name, spec in kinds().items()},
    }
