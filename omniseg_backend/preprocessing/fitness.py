"""Whether an image fits a task, before anything is computed.

What cannot be segmented is refused; what can, but lies outside of what training saw or rests
on an assumption, is flagged.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.flags import Flag
from omniseg_backend.common.wording import counted, span
from omniseg_backend.images.image import Image
from omniseg_backend.images.modality import Modality, ModalityStatement
from omniseg_backend.images.plausibility import doubtful_values
from omniseg_backend.preprocessing.layout import PlaneLayout, plane_layout
from omniseg_backend.preprocessing.settings import PreprocessingSettings, TargetSpacing

#: Spacings pass through 32-bit headers: what differs by less than this share is equal.
_ROUNDING = 1e-3


@dataclasses.dataclass(frozen=True)
class CheckedImage:
    """An image that a task can run on.

    Attributes:
        image: The image, its modality as agreed and its channels as the task takes them.
        flags: What the user must know.
    """

    image: Image
    flags: tuple[Flag, ...]


def check_image(
    image: Image, settings: PreprocessingSettings, *, override_modality: bool = False
) -> CheckedImage:
    """Check an image against a manifest's preprocessing.

    Args:
        image: As read.
        settings: The manifest's preprocessing.
        override_modality: Run even if the image is known to be of another modality.

    Raises:
        DataError: The modality is known to differ, channels differ, values are not finite, or
            the task needs a spacing that the image does not state.
    """
    statement, flags = agree_on_modality(
        image, settings.modality, override_modality=override_modality
    )
    image, grey = _match_channels(image.with_modality(statement), settings.image_channels)
    check_values(image)
    _check_spacing(image, settings)
    layout = plane_layout(image.geometry, settings.slicing)
    doubts = doubtful_values(image, settings.modality if _reads_hounsfield(settings) else None)
    outside = _outside_of_seen(layout, settings)
    return CheckedImage(image, (*flags, *grey, *doubts, *_neighbours(layout, settings), *outside))


def agree_on_modality(
    image: Image, wanted: Modality, *, override_modality: bool = False
) -> tuple[ModalityStatement, tuple[Flag, ...]]:
    """Decide which modality an image is taken for, and on whose word.

    Naming a task is the user's statement where nobody stated a modality or it is a guess.
    Only a modality known to differ, from the file or the user, needs an override.

    Returns:
        The statement to record, and flags about a contradiction.

    Raises:
        DataError: The modality is known to differ and ``override_modality`` is false.
    """
    stated = image.modality
    if not stated.is_known:
        if stated.value in (None, wanted):
            return ModalityStatement(wanted, "task"), ()
        sentence = (
            f"{image.name} looks like {stated.value} (a guess), but the task is for {wanted}: "
            f"it was taken as {wanted} since you named the task."
        )
        return ModalityStatement(wanted, "task"), (Flag("modality_guess_differs", sentence),)
    if stated.value is wanted:
        return stated, ()
    if not override_modality:
        refuse_other_modality(image.name, stated, wanted)
    sentence = f"{image.name} is {stated.as_text()}; it was taken as {wanted} by your override."
    return ModalityStatement(wanted, "override"), (Flag("modality_override", sentence),)


def refuse_other_modality(name: str, stated: ModalityStatement, wanted: Modality) -> None:
    """Refuse what is known to be of another modality.

    Args:
        name: The image or data set.
        stated: What is said of it.
        wanted: The task's.

    Raises:
        DataError: It is known to be another.
    """
    if stated.is_known and stated.value is not wanted:
        raise DataError(
            name,
            found=f"the modality {stated.as_text()}",
            expected=f"{wanted}, which this task was trained on",
            remedy=f"choose a task for {stated.value}, or override the modality if that is wrong",
        )


def refuse_other_channels(name: str, channels: Sequence[str], wanted: int) -> None:
    """Refuse another number of channels than the task's.

    Args:
        name: The image or data set.
        channels: The names of its channels.
        wanted: How many the task takes.

    Raises:
        DataError: There are more or fewer.
    """
    if len(channels) != wanted:
        raise DataError(
            name,
            found=f"{counted(len(channels), 'channel')} ({', '.join(channels)})",
            expected=f"{wanted}",
            remedy="use an image of the kind that the task was trained on, or choose another task",
        )


def _match_channels(image: Image, wanted: int) -> tuple[Image, tuple[Flag, ...]]:
    if wanted == 1 and image.channels == 3 and _is_grey(image):
        grey = dataclasses.replace(image, array=image.array[:, :1], channel_names=("intensity",))
        sentence = f"{image.name} stores grey as three equal colours; one of them was taken."
        return grey, (Flag("grey_as_colour", sentence),)
    refuse_other_channels(image.name, image.channel_names, wanted)
    return image, ()


def _is_grey(image: Image) -> bool:
    red, green, blue = (image.array[:, channel] for channel in range(3))
    return bool(np.array_equal(red, green) and np.array_equal(red, blue))


def check_values(image: Image) -> None:
    """Refuse NaN and infinity; the extremes show both without a copy of the image.

    Raises:
        DataError: There are some.
    """
    if not np.issubdtype(image.array.dtype, np.floating):
        return
    extremes = (image.array.min(), image.array.max())
    if not all(np.isfinite(value) for value in extremes):
        raise DataError(
            image.name,
            found="voxels that are not finite numbers (NaN or infinity)",
            expected="finite values everywhere",
            remedy="replace them, for instance by the value of air or background",
        )


def _reads_hounsfield(settings: PreprocessingSettings) -> bool:
    """Whether a CT task was trained on files that hold HU: pictures without spacing do not."""
    return settings.seen is None or settings.seen.extent_unit == "mm"


def _check_spacing(image: Image, settings: PreprocessingSettings) -> None:
    if isinstance(settings.sampling, TargetSpacing) and image.geometry.unit != "mm":
        raise DataError(
            image.name,
            found="no pixel spacing",
            expected=f"a spacing in mm: this task works at {settings.sampling.spacing_mm:g} mm",
            remedy="use a file that states its spacing, such as NIfTI",
        )


def _neighbours(layout: PlaneLayout, settings: PreprocessingSettings) -> tuple[Flag, ...]:
    if settings.neighbours == 0 or layout.planes > 1:
        return ()
    sentence = (
        "The task looks at neighbouring slices, but the image has a single one: it was repeated."
    )
    return (Flag("no_neighbours", sentence),)


def _outside_of_seen(layout: PlaneLayout, settings: PreprocessingSettings) -> tuple[Flag, ...]:
    seen = settings.seen
    if seen is None:
        return ()
    if layout.unit != "mm" and (seen.spacing_mm is not None or seen.extent_unit == "mm"):
        sentence = (
            "The image states no spacing, so its scale cannot be compared with what training saw."
        )
        return (Flag("spacing_unknown", sentence),)
    flags = []
    if seen.spacing_mm is not None:
        low, high = seen.spacing_mm
        if not all(_within(spacing, low, high) for spacing in layout.plane_spacing):
            row, column = layout.plane_spacing
            sentence = (
                f"Pixels of {row:.3g} x {column:.3g} mm lie outside of the "
                f"{span(low, high, 3)} mm seen in training."
            )
            flags.append(Flag("spacing_outside", sentence))
    extent = longer_side(layout, seen.extent_unit)
    low, high = seen.extent
    if not _within(extent, low, high):
        sentence = (
            f"A plane of {extent:.4g} {seen.extent_unit} lies outside of the "
            f"{span(low, high)} {seen.extent_unit} seen in training."
        )
        flags.append(Flag("extent_outside", sentence))
    return tuple(flags)


def longer_side(layout: PlaneLayout, unit: str) -> float:
    """The longer side of a plane, in pixels (``px``) or the layout's millimetres (``mm``)."""
    rows, columns = layout.plane_shape
    if unit == "px":
        return float(max(rows, columns))
    return max(rows * layout.plane_spacing[0], columns * layout.plane_spacing[1])


def _within(value: float, low: float, high: float) -> bool:
    return low * (1 - _ROUNDING) <= value <= high * (1 + _ROUNDING)
