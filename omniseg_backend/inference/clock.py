"""How long each stage of a run took."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator


class StageClock:
    """Adds up wall-clock seconds by stage; a stage may be entered many times."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the time inside the block to ``name``."""
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - start
            self._seconds[name] = self._seconds.get(name, 0.0) + spent

    def seconds(self) -> dict[str, float]:
        """Seconds by stage, in the order first entered, and ``total`` since the start."""
        return {**self._seconds, "total": time.perf_counter() - self._start}
