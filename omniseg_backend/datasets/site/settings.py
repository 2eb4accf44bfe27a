"""What making a site data set and adding to it are asked to do, for commands and forms."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from omniseg_backend.common.settings import InWords, Option, Settings
from omniseg_backend.datasets.site.patients import STATED_PATTERN, STATED_WORDS
from omniseg_backend.images.modality import Modality


class CreateSettings(Settings):
    """A new, empty site data set."""

    folder: Path
    """Its folder; nnU-Net itself wants a name such as Dataset201_Liver."""
    name: str | None = None
    """Its name for people; the folder's if nothing is said."""
    model: str | None = None
    """Bundle, or model id, whose classes, modality and channels it takes over."""
    classes: Annotated[tuple[str, ...], Option("class")] = ()
    """Name of a class, in the order of the values 1, 2, 3, ..."""
    channels: Annotated[tuple[str, ...], Option("channel")] = ()
    """Name of a channel, in the images' order; from the modality if nothing is said."""
    modality: Modality | None = None
    """What its images are."""
    description: str = ""
    """What the images are and how they are outlined."""
    licence: str | None = None
    """What the images may be used for."""

    @field_validator("classes")
    @classmethod
    def _are_names(cls, classes: tuple[str, ...]) -> tuple[str, ...]:
        for name in classes:
            if not name.strip() or name.strip().lower() == "background" or not name.isprintable():
                raise ValueError(
                    "names of what masks hold, on one line: background is value 0 and no class"
                )
        return classes


class AddSettings(Settings):
    """One image and its corrected mask, for a site data set."""

    folder: Path
    """The site data set."""
    image: Path
    """An image file, or a folder of DICOM files."""
    mask: Path
    """The corrected mask, on the image's own grid."""
    patient: Annotated[str | None, Field(pattern=STATED_PATTERN), InWords(STATED_WORDS)] = None
    """Pseudonym of the patient, kept as it is typed: no name, no hospital number. For DICOM a
    keyed hash of the Patient ID if nothing is said."""
    model: str | None = None
    """Bundle, or model id, whose result was corrected; by default what the mask itself says."""
    modality: Modality | None = None
    """What the image is, if its file and the data set are silent."""
    series: str | None = None
    """UID of the DICOM series, where a folder holds several."""
