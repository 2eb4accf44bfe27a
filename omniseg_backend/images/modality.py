"""What kind of picture an image is, and who said so."""

from __future__ import annotations

import dataclasses
import enum
from typing import Literal


class Modality(enum.StrEnum):
    """The imaging methods that the project normalises for."""

    CT = "ct"
    MRI = "mri"
    ULTRASOUND = "ultrasound"
    OCT = "oct"
    MICROSCOPY = "microscopy"
    DERMOSCOPY = "dermoscopy"
    ENDOSCOPY = "endoscopy"


#: ``file``: the file's header states it (DICOM). ``user``: the user named it. ``task``: the
#: user named a task, which implies it. ``override``: the user insisted against the file.
#: ``guess``: inferred from values; shown as a guess. ``none``: nothing is known.
StatedBy = Literal["file", "user", "task", "override", "guess", "none"]


@dataclasses.dataclass(frozen=True)
class ModalityStatement:
    """A modality together with its witness."""

    value: Modality | None = None
    stated_by: StatedBy = "none"

    @property
    def is_known(self) -> bool:
        """Whether it comes from the file or a person, rather than a guess."""
        return self.value is not None and self.stated_by not in ("guess", "none")

    def as_text(self) -> str:
        """For people: ``ct (stated by the file)``."""
        if self.value is None:
            return "unknown"
        if self.stated_by == "guess":
            return f"{self.value} (a guess)"
        witness = "an override" if self.stated_by == "override" else f"the {self.stated_by}"
        return f"{self.value} (stated by {witness})"


#: What an image has before anybody said anything about it.
UNKNOWN = ModalityStatement()
