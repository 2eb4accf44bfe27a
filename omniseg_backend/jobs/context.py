"""What a job's work is given: where to write, whom to tell, when to stop."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from omniseg_backend.common.atomic import write_bytes_atomic
from omniseg_backend.jobs.event_log import EventLog
from omniseg_backend.jobs.events import Measured, Previewed, Progressed, Tried, Warned
from omniseg_backend.jobs.folder import JobFolder

#: Seconds between two progress events.
_EVERY = 0.25
#: A stage's speed is told once it has run so long; before, the first steps would mislead.
_SPEED_AFTER = 1.0
_NUMBERS = re.compile(r"\d[\d.,]*")


class Flags:
    """The requests to stop a job, as files that any client may make; a ``Cancel``."""

    def __init__(self, folder: JobFolder) -> None:
        self._folder = folder

    def is_set(self) -> bool:
        """Whether the work should stop, for whichever reason."""
        return self.cancelled or self.paused

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked to cancel."""
        return self._folder.cancel_flag.exists()

    @property
    def paused(self) -> bool:
        """Whether somebody asked to pause."""
        return self._folder.pause_flag.exists()


class StageProgress:
    """A ``Progress`` that appends events, at most four a second.

    Args:
        log: Where to.
        clock: Seconds that only grow.
    """

    def __init__(self, log: EventLog, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._kind: str | None = None
        self._begun = self._next = 0.0
        self._first = 0.0

    def __call__(self, stage: str, fraction: float, /) -> None:
        """Tell ``fraction`` (0 to 1) of ``stage``; stages that differ in numbers only are one."""
        now = self._clock()
        kind = _NUMBERS.sub("#", stage)
        if kind != self._kind:
            self._kind, self._begun, self._first = kind, now, fraction
        if now < self._next:
            return
        self._next = now + _EVERY
        inside = min(max(fraction, 0.0), 1.0)
        self._log.append(
            Progressed(stage=stage, fraction=inside, remaining_seconds=self._left(now, inside))
        )

    def _left(self, now: float, fraction: float) -> float | None:
        done, spent = fraction - self._first, now - self._begun
        if done <= 0 or spent < _SPEED_AFTER:
            return None
        return spent / done * (1.0 - fraction)


class JobContext:
    """One attempt at a job, as its work sees it.

    Attributes:
        folder: The job's.
        progress: Told how far the work is.
        cancel: Set when the work should stop.
        overwrite: Whether the spec allows replacing an output.
    """

    def __init__(self, folder: JobFolder, *, progress: Callable[[str, float], None]) -> None:
        self.folder = folder
        self.progress = progress
        self.cancel = Flags(folder)
        self._log = folder.log_events()

    @property
    def checkpoints(self) -> Path:
        """For what the next attempt goes on from."""
        return self.folder.checkpoints

    @property
    def partial(self) -> Path:
        """For results; empty at first, moved to ``result/`` when the work is done."""
        return self.folder.partial

    def metric(self, group: str, step: int, values: Mapping[str, float | None]) -> None:
        """Tell figures to plot."""
        self._log.append(Measured(group=group, step=step, values=dict(values)))

    def trial(
        self,
        group: str,
        step: int,
        objectives: Mapping[str, float | None],
        *,
        label: str = "",
        chosen: bool = False,
    ) -> None:
        """Tell a point to draw in a plane of two objectives; see ``Tried``."""
        self._log.append(
            Tried(group=group, step=step, objectives=dict(objectives), label=label, chosen=chosen)
        )

    def preview(self, picture: bytes, step: int, caption: str) -> None:
        """Show a PNG of the work as it is now."""
        path = self.folder.previews / f"step-{step:07d}.png"
        write_bytes_atomic(path, picture)
        self._log.append(
            Previewed(
                picture=path.relative_to(self.folder.path).as_posix(), step=step, caption=caption
            )
        )

    def warn(self, sentence: str) -> None:
        """Tell the user something that does not stop the job."""
        self._log.append(Warned(sentence=sentence))
