"""What a segmentation run gives back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.bundles.rules import ReviewRule
from omniseg_backend.common.flags import Flag
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.inference.measurements import Measurement


@dataclasses.dataclass(frozen=True)
class ClassResult:
    """One class of a result.

    Attributes:
        value: Its label in the segmentation.
        name: Its name.
        voxels: Voxels labelled so, over all frames.
        measurement: Its size; of a series in time the mean over frames.
        frame_measurements: Its size in each frame.
        components: Connected components; of a series the most in any frame.
        confidence: Mean calibrated probability of the voxels where the network chose it, None
            where it chose it nowhere or clean-up left nothing.
        peak: The largest calibrated probability it had anywhere.
        review: Whether a person should look again.
        none_found: Whether the result holds none of it.
    """

    value: int
    name: str
    voxels: int
    measurement: Measurement
    frame_measurements: tuple[Measurement, ...]
    components: int
    confidence: float | None
    peak: float
    review: bool
    none_found: bool


@dataclasses.dataclass(frozen=True, eq=False)
class SegmentResult:
    """A segmentation and what is to be known about it.

    Attributes:
        segmentation: Labels on the image's geometry, with names and provenance.
        classes: One result per class, in the class table's order.
        flags: What the user must see.
        seconds: Wall-clock seconds by stage: ``check``, ``load``, ``prepare``, ``network``,
            ``combine``, ``clean_up``, ``measure`` and ``total``.
        uncertainty: Shape (time, i, j, k), 0 (certain) to 255 (all classes equally likely);
            None unless asked for.
    """

    segmentation: Segmentation
    classes: tuple[ClassResult, ...]
    flags: tuple[Flag, ...]
    seconds: Mapping[str, float]
    uncertainty: NDArray[np.uint8] | None = None

    @property
    def none_found(self) -> bool:
        """Whether no class was found."""
        return all(result.none_found for result in self.classes)


def class_flags(classes: Sequence[ClassResult], rule: ReviewRule) -> tuple[Flag, ...]:
    """Say in words what was not found and what should be looked at again."""
    absent = [f"{c.name} (highest probability {c.peak:.2f})" for c in classes if c.none_found]
    doubtful = [_doubt(c) for c in classes if c.review]
    flags = []
    if absent:
        flags.append(Flag("none_found", f"None found: {', '.join(absent)}."))
    if doubtful:
        sentence = f"Look again: {', '.join(doubtful)}; the review threshold is {rule.threshold:g}."
        flags.append(Flag("review", sentence))
    return tuple(flags)


def _doubt(result: ClassResult) -> str:
    if result.confidence is None:
        return f"{result.name} (none found, but a probability of {result.peak:.2f})"
    return f"{result.name} (mean confidence {result.confidence:.2f})"
