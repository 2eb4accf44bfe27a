"""The loop over planes and windows: batches in, finished planes out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.progress import Cancel, check_cancel
from omniseg_backend.inference.clock import StageClock
from omniseg_backend.inference.probabilities import softmax
from omniseg_backend.inference.region import PlaneBox
from omniseg_backend.inference.session import NetworkSession
from omniseg_backend.inference.uncertainty import View, mean_over_views
from omniseg_backend.preprocessing.frame import PreparedFrame
from omniseg_backend.preprocessing.sampling import Blend

#: Pixels in a batch: four windows of 256 x 256, one of 512 x 512. Compact on two cores takes
#: 18.1, 16.1, 15.3 and 15.1 ms a window of 256 in batches of 1, 2, 4 and 8; a larger batch
#: gains nothing but memory, some 480 bytes a pixel, and makes cancelling slower.
_BATCH_PIXELS = 4 * 256 * 256
_LARGEST_BATCH = 8


@dataclasses.dataclass(frozen=True, eq=False)
class FinishedPlane:
    """What the network says of one plane, inside the region; still on the network's grid.

    Bringing it to the image's grid takes longer than a small network, so it is left to whoever
    takes it, on a thread of its own.

    Attributes:
        plane: Which plane.
        blends: The windows' outputs, and the mean over altered looks if any were asked for.
        box: The region.
    """

    plane: int
    blends: Sequence[Blend]
    box: PlaneBox

    def probabilities(self) -> NDArray[np.float32]:
        """Calibrated, (class, rows, columns) of the region."""
        return self._inside(self.blends[0])

    def over_views(self) -> NDArray[np.float32] | None:
        """Their mean over altered looks; None if none were asked for."""
        return self._inside(self.blends[1]) if len(self.blends) > 1 else None

    def _inside(self, blend: Blend) -> NDArray[np.float32]:
        return blend.plane()[:, slice(*self.box.rows), slice(*self.box.columns)]


@dataclasses.dataclass(frozen=True, eq=False)
class _Window:
    plane: int
    index: int
    values: NDArray[np.float32]


class PlanePredictor:
    """Runs a network over the planes of prepared frames.

    Args:
        session: The network.
        temperature: The manifest's.
        views: Altered looks for uncertainty; empty for none.
        clock: Where time is counted.
        cancel: Looked at before every run of the network: with altered looks, several a batch.
        advance: Called with the number of windows after every batch.
    """

    def __init__(
        self,
        session: NetworkSession,
        temperature: float,
        *,
        views: Sequence[View] = (),
        clock: StageClock | None = None,
        cancel: Cancel | None = None,
        advance: Callable[[int], None] = lambda windows: None,
    ) -> None:
        self._session = session
        self._temperature = temperature
        self._views = views
        self._clock = clock or StageClock()
        self._cancel = cancel
        self._advance = advance

    def predict(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Calibrated probabilities (N, class, H, W) of network inputs (N, C, H, W).

        Raises:
            CancelledError: The user cancelled.
        """
        check_cancel(self._cancel, "segmenting")
        with self._clock.stage("network"):
            logits = self._session.run(inputs)
        with self._clock.stage("combine"):
            return softmax(logits, self._temperature)

    def planes(self, prepared: PreparedFrame, box: PlaneBox) -> Iterator[list[FinishedPlane]]:
        """Run the planes of a box, in order, batches reaching across planes.

        Only windows that the box depends on are run, so that the result inside the box is
        that of the whole plane.

        Yields:
            The planes that each batch finished.

        Raises:
            CancelledError: The user cancelled.
        """
        plan = prepared.plan
        needed = plan.windows_over(box.rows, box.columns)
        open_planes: dict[int, list[Blend]] = {}
        for batch in self._batches(prepared, box, needed):
            layers = self._layers(np.stack([window.values for window in batch]))
            finished = []
            with self._clock.stage("combine"):
                for position, window in enumerate(batch):
                    blends = open_planes.setdefault(window.plane, [Blend(plan) for _ in layers])
                    for blend, layer in zip(blends, layers, strict=True):
                        blend.add(window.index, layer[position])
                    if window.index == needed[-1]:
                        del open_planes[window.plane]
                        finished.append(FinishedPlane(window.plane, blends, box))
            self._advance(len(batch))
            yield finished

    def _layers(self, inputs: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        probabilities = self.predict(inputs)
        if not self._views:
            return [probabilities]
        return [probabilities, mean_over_views(inputs, probabilities, self._views, self.predict)]

    def _batches(
        self, prepared: PreparedFrame, box: PlaneBox, needed: Sequence[int]
    ) -> Iterator[list[_Window]]:
        size = batch_size(prepared.plan.window)
        batch: list[_Window] = []
        for plane in range(*box.planes):
            with self._clock.stage("prepare"):
                padded = prepared.plane(plane)
            for index in needed:
                batch.append(_Window(plane, index, prepared.plan.cut_one(padded, index)))
                if len(batch) == size:
                    yield batch
                    batch = []
        if batch:
            yield batch


def batch_size(window: tuple[int, int]) -> int:
    """Windows that run together, at least one."""
    return max(1, min(_LARGEST_BATCH, _BATCH_PIXELS // (window[0] * window[1])))
