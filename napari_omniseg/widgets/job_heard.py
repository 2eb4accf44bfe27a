"""What is said when a job's request was heard, as long as the job has still to do it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from napari_omniseg.models.job_rows import Action, JobRow, awaited
from napari_omniseg.widgets.message_line import MessageLine

#: The state follows when the job has heeded it.
_HEARD: Mapping[Action, str] = MappingProxyType(
    {
        Action.PAUSE: "Asked to pause: it stops where it can go on from exactly.",
        Action.CANCEL: "Asked to cancel: it stops within two seconds.",
        Action.RESUME: "It goes on when its turn comes.",
        Action.REMOVE: "The job was removed.",
    }
)


class JobHeard:
    """Says it in a message line, and takes it back.

    Args:
        message: Where it is said; what others say there meanwhile is left alone.
    """

    def __init__(self, message: MessageLine) -> None:
        self._message = message
        self._job = ""
        self._action = Action.REMOVE
        self._passed_over = 0

    def tell(self, job: str, action: Action, *, looking: bool) -> None:
        """Say that a job was asked something.

        Args:
            job: Its id.
            action: What.
            looking: Whether a look is under way, which may have seen the job before.
        """
        self._job, self._action, self._passed_over = job, action, int(looking)
        self._message.say(_HEARD[action])

    @property
    def removed(self) -> bool:
        """Whether it is said that a job was removed."""
        return self._message.text() == _HEARD[Action.REMOVE]

    def see(self, rows: tuple[JobRow, ...]) -> None:
        """Take back what is no longer so: the job did it, or somebody asked otherwise since."""
        if self._passed_over:
            self._passed_over -= 1
            return
        row = next((row for row in rows if row.id == self._job), None)
        if row is None or self._action is Action.REMOVE or awaited(row, self._action):
            return
        self._job = ""
        if self._message.text() == _HEARD[self._action]:
            self._message.clear()
