"""Progress on stderr: one live line in a terminal, a few plain lines anywhere else."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

#: Without a terminal, seconds between two lines about the same stage.
_LINE_EVERY = 30.0
_NUMBERS = re.compile(r"[\d.,]+")


class ProgressDisplay(Protocol):
    """Shows progress until it is closed."""

    def __call__(self, stage: str, fraction: float, /) -> None:
        """Show ``fraction`` (0 to 1) of ``stage``."""

    def say(self, text: str) -> None:
        """Write a line of its own without tearing the display."""

    def close(self) -> None:
        """Leave the screen as if nothing had been shown."""


def progress_display() -> ProgressDisplay:
    """The display that fits stderr."""
    return LiveLine() if sys.stderr.isatty() else PlainLines()


class PlainLines:
    """One line when a stage begins, then one every half minute.

    Stages that differ in their numbers only ("case 3 of 10") count as one.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._stage = ""
        self._next = 0.0

    def __call__(self, stage: str, fraction: float, /) -> None:
        """Write a line if it is time."""
        kind = _NUMBERS.sub("#", stage)
        now = self._clock()
        if kind == self._stage and now < self._next:
            return
        self._stage, self._next = kind, now + _LINE_EVERY
        self.say(f"{stage} ({fraction:.0%})" if fraction > 0 else stage)

    def say(self, text: str) -> None:
        """Write a line to stderr."""
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def close(self) -> None:
        """Nothing is left to tidy up."""


class LiveLine:
    """One line that is drawn anew: stage, bar, percentage, time since the start."""

    def __init__(self) -> None:
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None

    def __call__(self, stage: str, fraction: float, /) -> None:
        """Draw the line; nothing is loaded or drawn before the first call."""
        if self._bar is None or self._task is None:
            self._bar, self._task = _start_bar(stage)
        self._bar.update(self._task, description=stage, completed=fraction)

    def say(self, text: str) -> None:
        """Write a line above the live one."""
        if self._bar is None:
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()
            return
        self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Take the line away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = self._task = None


def _start_bar(stage: str) -> tuple[RichProgress, TaskID]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        refresh_per_second=4,  # drawing takes a core's time from the network
    )
    bar.start()
    return bar, bar.add_task(stage, total=1.0)
