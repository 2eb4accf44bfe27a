"""What the user said about layers: how to read their axes, what they show."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from omniseg_backend.images.modality import Modality, ModalityStatement

if TYPE_CHECKING:
    from napari.layers import Image

#: For people.
MODALITY_WORDS: dict[Modality, str] = {
    Modality.CT: "CT",
    Modality.MRI: "MRI",
    Modality.ULTRASOUND: "ultrasound",
    Modality.OCT: "OCT",
    Modality.MICROSCOPY: "microscopy",
    Modality.DERMOSCOPY: "dermoscopy",
    Modality.ENDOSCOPY: "endoscopy",
}


class ImageChoices:
    """Remembered for each layer while it lives, so that going to and fro asks nothing twice."""

    def __init__(self) -> None:
        self._axes: weakref.WeakKeyDictionary[Image, str] = weakref.WeakKeyDictionary()
        self._modality: weakref.WeakKeyDictionary[Image, Modality] = weakref.WeakKeyDictionary()

    def axes(self, layer: Image, readings: tuple[str, ...]) -> str:
        """How a layer is read: as the user said, or else the likeliest way."""
        said = self._axes.get(layer)
        return said if said in readings and said is not None else readings[0]

    def read_as(self, layer: Image, axes: str) -> None:
        """The user says how."""
        self._axes[layer] = axes

    def modality(self, layer: Image, stated: ModalityStatement | None) -> ModalityStatement | None:
        """What the user says a layer shows, against the file's word if need be; None if nothing.

        Args:
            layer: The layer.
            stated: What its file says.
        """
        said = self._modality.get(layer)
        if said is None:
            return None
        against = stated is not None and stated.is_known and stated.value is not said
        return ModalityStatement(said, "override" if against else "user")

    def shows(self, layer: Image, modality: Modality | None) -> None:
        """The user says what; None for what the file says."""
        if modality is None:
            self._modality.pop(layer, None)
        else:
            self._modality[layer] = modality


def statement_words(stated: ModalityStatement | None) -> str:
    """What is known without the user: ``CT (as the file says)``, ``CT (a guess)``, ``unknown``."""
    if stated is None or stated.value is None:
        return "unknown"
    word = MODALITY_WORDS[stated.value]
    return f"{word} (a guess)" if stated.stated_by == "guess" else f"{word} (as the file says)"
