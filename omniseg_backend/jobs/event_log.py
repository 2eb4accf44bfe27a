"""Writing and following ``events.jsonl``: appended, flushed to the disk, readable at any moment."""

from __future__ import annotations

import os
import threading
from collections import deque
from pathlib import Path

from omniseg_backend.common.atomic import writing_errors
from omniseg_backend.jobs.events import Event, Progressed, parse_event

#: Bytes read at once: some hundreds of events.
_CHUNK = 1 << 16
#: Enough of the file's end to hold the last progress event behind any metric.
_TAIL = 1 << 14


class EventLog:
    """Appends events to a file.

    A line that a crash has torn stays alone: the next event starts on a line of its own.

    Args:
        path: The file; made by the first event.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._one_at_a_time = threading.Lock()

    def append(self, event: Event) -> None:
        """Write an event; it is on the disk when this returns.

        Raises:
            DataError: The file cannot be written.
            ResourceError: The disk is full.
        """
        line = event.model_dump_json().encode() + b"\n"
        with self._one_at_a_time, writing_errors(self._path):
            descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                if _is_torn(descriptor):
                    line = b"\n" + line
                while line:
                    line = line[os.write(descriptor, line) :]
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


class EventTail:
    """Reads what was appended since the last look; a bounded piece at a time.

    Args:
        path: The file; it need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._waiting: deque[Event] = deque()

    def read(self, limit: int) -> list[Event]:
        """At most ``limit`` events that were not given before, oldest first."""
        if len(self._waiting) < limit:
            self._look()
        return [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]

    @property
    def waiting(self) -> int:
        """Events that were read and not yet given."""
        return len(self._waiting)

    def read_all(self) -> list[Event]:
        """All events that were not given before."""
        while self._look():
            pass
        return self.read(len(self._waiting))

    def _look(self) -> bool:
        """Read a piece; gives whether there was any."""
        try:
            with self._path.open("rb") as stream:
                stream.seek(self._offset)
                chunk = stream.read(_CHUNK)
        except OSError:
            # Removed by another client, or not begun yet.
            return False
        complete = chunk.rfind(b"\n") + 1
        if not complete and len(chunk) == _CHUNK:
            # No event of ours is that long; what follows it is still read.
            complete = len(chunk)
        self._offset += complete
        events = (parse_event(line) for line in chunk[:complete].splitlines())
        self._waiting.extend(event for event in events if event is not None)
        return complete > 0


def all_events(path: Path) -> list[Event]:
    """Every event of a file; none if there is no such file."""
    return EventTail(path).read_all()


def last_progress(path: Path) -> Progressed | None:
    """The latest progress event near a file's end."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - _TAIL))
            lines = stream.read().splitlines()
    except OSError:
        return None
    for line in reversed(lines):
        event = parse_event(line)
        if isinstance(event, Progressed):
            return event
    return None


def _is_torn(descriptor: int) -> bool:
    size = os.lseek(descriptor, 0, os.SEEK_END)
    if not size:
        return False
    os.lseek(descriptor, size - 1, os.SEEK_SET)
    return os.read(descriptor, 1) != b"\n"
