"""What activations span on real tiles: measured at export, kept in the manifest."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.inference.int8_plan import int8_plan
from omniseg_backend.inference.runtime_session import session_options

#: Of a tile's values. The outermost thousandth is clipped: with it the levels lie so far apart
#: that the cardiac Balanced loses 1.2 points of Dice on its test patients, without it 0.05 (0.4
#: when a ten-thousandth is clipped).
PERCENTILE = 99.9


def measure_ranges(
    model: bytes, tiles: Iterable[NDArray[np.float32]], threads: int, subject: object = "model"
) -> dict[str, tuple[float, float]]:
    """The range of each activation that 8 bits must hold: that of the tile that reaches furthest.

    Args:
        model: The bytes of ``model.onnx``.
        tiles: Network inputs (C, H, W), at least one.
        threads: Threads of the network.
        subject: What an error names.

    Returns:
        Lower and upper end, by the activation's name.

    Raises:
        BundleError: ``model`` is no ONNX model.
    """
    import onnxruntime

    plan = int8_plan(model, subject)
    image = plan.graph.input.name
    names = [name for name in plan.scaled if name != image]
    session = onnxruntime.InferenceSession(
        plan.graph.model(tuple(names)),
        session_options(threads),
        providers=["CPUExecutionProvider"],
    )
    ranges: dict[str, tuple[float, float]] = {}
    for tile in tiles:
        values = session.run(names, {image: tile[np.newaxis]})
        for name, found in zip(names, values, strict=True):
            low, high = _span(found)
            before = ranges.get(name, (low, high))
            ranges[name] = (min(low, before[0]), max(high, before[1]))
    return ranges


def _span(values: NDArray[np.float32]) -> tuple[float, float]:
    """The values' ends without the outermost thousandth on either side."""
    flat = values.reshape(-1)
    outside = int(flat.size * (1.0 - PERCENTILE / 100.0))
    ordered = np.partition(flat, (outside, flat.size - 1 - outside))
    return float(ordered[outside]), float(ordered[flat.size - 1 - outside])
