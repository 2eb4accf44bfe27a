"""Growth is told from the 20th image on."""

from __future__ import annotations

import pytest

from omniseg_backend.studies.batch_memory import SETTLED_AFTER, BatchMemory


@pytest.mark.parametrize(
    ("at", "growth", "peak"),
    [
        ((*range(100, 100 + SETTLED_AFTER), 125, 122), 3, 6),
        ((*range(100, 100 + SETTLED_AFTER), 115), -4, 0),
        ((100, 150), 0, 0),
    ],
)
def test_growth_starts_where_the_memory_has_settled(
    at: tuple[int, ...], growth: int, peak: int
) -> None:
    memory = BatchMemory(at, 1.0)
    assert (memory.growth, memory.peak_growth) == (growth, peak)
