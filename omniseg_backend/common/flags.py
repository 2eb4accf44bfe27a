"""Remarks about an image or a result that its user must see."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Flag:
    """One remark; the run went on.

    Attributes:
        code: For programs: ``spacing_outside``.
        sentence: For people, complete, with the numbers found and expected.
    """

    code: str
    sentence: str

    def __str__(self) -> str:
        return self.sentence
