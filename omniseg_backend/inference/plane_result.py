"""One plane's probabilities reduced to what is kept of them."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.inference.batches import FinishedPlane
from omniseg_backend.inference.confidence import PlaneTally, tally
from omniseg_backend.inference.probabilities import strongest
from omniseg_backend.inference.uncertainty import entropy_levels


@dataclasses.dataclass(frozen=True, eq=False)
class PlaneResult:
    """Of one plane, inside the region.

    Attributes:
        plane: Which plane.
        classes: Most probable class of each pixel, (rows, columns).
        tally: How often each was chosen, and how surely.
        entropy: In 255 steps, (rows, columns); None unless altered looks were asked for.
    """

    plane: int
    classes: NDArray[np.uint8]
    tally: PlaneTally
    entropy: NDArray[np.uint8] | None


def reduce_plane(finished: FinishedPlane) -> PlaneResult:
    """Bring a plane to the image's grid and choose; several planes may do so at once."""
    probabilities = finished.probabilities()
    chosen, certainty = strongest(probabilities)
    over_views = finished.over_views()
    return PlaneResult(
        plane=finished.plane,
        classes=chosen,
        tally=tally(chosen, certainty, probabilities),
        entropy=None if over_views is None else entropy_levels(over_views),
    )
