"""What the channel names of a data set state about its modality."""

from __future__ import annotations

from collections.abc import Sequence

from omniseg_backend.images.modality import Modality

#: Whole names only, in lower case: a name that is not here states nothing. Sequence names of
#: magnetic resonance are as good as the word itself; R, G and B are colours of many modalities.
_MODALITY_OF_NAME = {
    "ct": Modality.CT,
    "cta": Modality.CT,
    "ncct": Modality.CT,
    "mri": Modality.MRI,
    "mr": Modality.MRI,
    "t1": Modality.MRI,
    "t1w": Modality.MRI,
    "t1gd": Modality.MRI,
    "t1ce": Modality.MRI,
    "t2": Modality.MRI,
    "t2w": Modality.MRI,
    "flair": Modality.MRI,
    "adc": Modality.MRI,
    "dwi": Modality.MRI,
    "ultrasound": Modality.ULTRASOUND,
    "us": Modality.ULTRASOUND,
    "oct": Modality.OCT,
    "microscopy": Modality.MICROSCOPY,
    "fluorescence": Modality.MICROSCOPY,
    "dermoscopy": Modality.DERMOSCOPY,
    "endoscopy": Modality.ENDOSCOPY,
    "laparoscopy": Modality.ENDOSCOPY,
}


def stated_modality(channel_names: Sequence[str]) -> Modality | None:
    """The modality that every channel name states, or None where one states another or none."""
    stated = {_MODALITY_OF_NAME.get(name.strip().lower()) for name in channel_names}
    return stated.pop() if len(stated) == 1 else None
