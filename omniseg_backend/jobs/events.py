"""What happens to a job, one JSON object a line in ``events.jsonl``.

A reader ignores keys that it does not know and hands events of an unknown type on as
``UnknownEvent``, so that an older front end can follow a newer runner.
"""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError


def _no_nan(value: float | None) -> float | None:
    """JSON has no NaN and no infinity."""
    return value if value is not None and math.isfinite(value) else None


#: A number to plot.
Figure = Annotated[float | None, AfterValidator(_no_nan)]


def now() -> str:
    """The time now, ISO 8601 in UTC, to the microsecond: queued jobs are ordered by it."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds")


class Event(BaseModel):
    """Base of all events."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    time: str = Field(default_factory=now)
    """When, ISO 8601 in UTC."""


class Queued(Event):
    """The job waits to be started, for the first time or again."""

    event: Literal["queued"] = "queued"


class Started(Event):
    """A runner has taken the job."""

    event: Literal["started"] = "started"
    attempt: Annotated[int, Field(ge=1)]
    """1 at first, one more after each resume."""
    process: int
    """The runner's process id."""


class Progressed(Event):
    """How far the job is; at most four a second."""

    event: Literal["progress"] = "progress"
    stage: str
    """What is being done, for people."""
    fraction: Annotated[float, Field(ge=0, le=1)]
    """Of this stage."""
    remaining_seconds: Annotated[float, Field(ge=0)] | None
    """Until the stage ends, at its speed so far; null where nothing can be said yet."""


class Measured(Event):
    """Figures to plot. The same group and step may come again after a resume: the last counts."""

    event: Literal["metric"] = "metric"
    group: str
    """Figures of one group share a plot: ``loss``, ``Dice``."""
    step: Annotated[int, Field(ge=0)]
    """Place on the horizontal axis."""
    values: dict[str, Figure]
    """By name; null where undefined."""


class Tried(Event):
    """One of several things that were tried, and how it did in two objectives: a point in a plane.

    The same group and step may come again, after a resume or when the point is chosen: the last
    counts.
    """

    event: Literal["trial"] = "trial"
    group: str
    """Points of one group share a plot: ``Dice against latency``."""
    step: Annotated[int, Field(ge=0)]
    """Its number; a search counts its candidates."""
    objectives: Annotated[dict[str, Figure], Field(min_length=2, max_length=2)]
    """By name, with the unit in it: the horizontal, then the vertical; null where undefined."""
    label: str = ""
    """What was tried, for people."""
    chosen: bool = False
    """Whether it is one of those to look at, as the front of a search is."""


class Previewed(Event):
    """A picture of the state of the work."""

    event: Literal["preview"] = "preview"
    picture: str
    """A PNG, relative to the job's folder."""
    step: Annotated[int, Field(ge=0)]
    """When it was made, in the metrics' steps."""
    caption: str
    """What it shows."""


class Warned(Event):
    """A remark that the user should see; the job goes on."""

    event: Literal["warning"] = "warning"
    sentence: str
    """For people, complete."""


class Failed(Event):
    """The job ended by an error; it can be resumed when its cause is gone."""

    event: Literal["error"] = "error"
    sentence: str
    """For people, complete."""
    traceback: str | None
    """A file that says where in the code, relative to the job's folder; null for bad data."""
    details: tuple[str, ...] = ()
    """Every fault, where there are several: all problems of a data set."""


class Stopped(Event):
    """The job stopped before its end and can be resumed."""

    event: Literal["stopped"] = "stopped"
    state: Literal["paused", "interrupted", "cancelled"]
    """How."""


class Finished(Event):
    """The job is done."""

    event: Literal["finished"] = "finished"
    results: tuple[str, ...]
    """What it made: relative to the job's folder, or absolute where an output was named."""


class UnknownEvent(Event):
    """An event of a type that this version does not know."""

    event: str
    """Its type."""


EVENTS: Mapping[str, type[Event]] = MappingProxyType(
    {
        "queued": Queued,
        "started": Started,
        "progress": Progressed,
        "metric": Measured,
        "trial": Tried,
        "preview": Previewed,
        "warning": Warned,
        "error": Failed,
        "stopped": Stopped,
        "finished": Finished,
    }
)


def parse_event(line: bytes) -> Event | None:
    """Read one line; None if it is no event, as after a crash in the middle of writing."""
    try:
        content = json.loads(line)
    except ValueError:
        return None
    if not isinstance(content, dict) or not isinstance(content.get("event"), str):
        return None
    try:
        return EVENTS.get(content["event"], UnknownEvent).model_validate(content)
    except ValidationError:
        return None
