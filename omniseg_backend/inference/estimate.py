"""What a run will take on this machine, told before it starts."""

from __future__ import annotations

import dataclasses
import math
import statistics
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.bundles.store import Bundle
from omniseg_backend.common.flags import Flag
from omniseg_backend.images.image import Image
from omniseg_backend.inference.arithmetic import chosen_arithmetic
from omniseg_backend.inference.arithmetic_choice import ArithmeticChoice
from omniseg_backend.inference.batches import batch_size
from omniseg_backend.inference.components import count_classes
from omniseg_backend.inference.confidence import ConfidenceSums, tally
from omniseg_backend.inference.memory import bytes_needed
from omniseg_backend.inference.probabilities import softmax, strongest
from omniseg_backend.inference.region import PlaneBox, Region, in_planes
from omniseg_backend.inference.runtime_session import Provider
from omniseg_backend.inference.session import NetworkSession
from omniseg_backend.inference.session_cache import SESSIONS
from omniseg_backend.inference.threaded import worthwhile_threads
from omniseg_backend.inference.uncertainty import views_for
from omniseg_backend.inference.work import plan_work
from omniseg_backend.preprocessing.frame import PreparedFrame
from omniseg_backend.preprocessing.sampling import Blend

Result = TypeVar("Result")

#: Timed runs of one batch; their median, since another program may have had the core.
_REPEATS = 3


@dataclasses.dataclass(frozen=True)
class Estimate:
    """What ``segment`` will take for one image.

    Attributes:
        seconds: Wall-clock time once the network is loaded, reading and writing files not
            counted.
        load_seconds: What loading and proving the network took when this process did so; a
            new process takes it again.
        bytes: Memory on top of the image and the loaded network, at the most.
        planes: Planes to segment, over all frames.
        windows: Network inputs, over all frames; each once per look if uncertainty is asked.
        flags: What the user must know before the run.
    """

    seconds: float
    load_seconds: float
    bytes: int
    planes: int
    windows: int
    flags: tuple[Flag, ...]


def estimate(
    image: Image,
    bundle: Bundle,
    *,
    region: Region | None = None,
    uncertainty: bool = False,
    override_modality: bool = False,
    threads: int | None = None,
    provider: Provider = "cpu",
    arithmetic: ArithmeticChoice = ArithmeticChoice.FP32,
) -> Estimate:
    """Predict what ``segment`` with the same arguments takes.

    One batch of the image's own windows is run and timed, and one plane goes through every
    other stage; both are multiplied. The batch's time is kept with the session.

    Raises:
        UsageError: The region leaves the image, or the task needs one and got none.
        DataError: The image does not fit the task.
        BundleError: The network cannot be run or fails its self-test.
    """
    manifest = bundle.manifest
    work = plan_work(image, manifest, region, override_modality=override_modality)
    session = SESSIONS.get(
        bundle,
        threads=threads,
        provider=provider,
        arithmetic=chosen_arithmetic(bundle, arithmetic, provider),
    )
    looks = 1 + (len(views_for(manifest.symmetric_axes)) if uncertainty else 0)
    box = in_planes(work.region, work.layout, work.image.geometry)
    prepared, fitting = _timed(lambda: PreparedFrame(work.image, manifest.preprocessing))
    needed = prepared.plan.windows_over(box.rows, box.columns)
    planes = box.planes[1] - box.planes[0]
    windows = planes * len(needed)
    batch = min(batch_size(prepared.plan.window), windows)

    middle = (box.planes[0] + box.planes[1]) // 2
    padded, preparing = _timed(lambda: prepared.plane(middle))
    if planes > 1:  # With neighbours, the first plane prepares theirs too.
        padded, preparing = _timed(lambda: prepared.plane(middle - 1))
    inputs = np.stack(
        [prepared.plan.cut_one(padded, needed[n % len(needed)]) for n in range(batch)]
    )
    probabilities, running = _time_batch(session, inputs, manifest.temperature)
    combining, counting = _time_combining(prepared, box, needed, probabilities)
    # Planes that one batch finishes are combined on threads.
    together = min(
        worthwhile_threads(work.layout.plane_shape, session.threads), max(1, batch // len(needed))
    )

    frame_seconds = (
        fitting
        + planes * preparing
        + math.ceil(windows / batch) * looks * running
        + planes * combining * (2 if uncertainty else 1) / together
        + planes * counting
    )
    frames = work.image.frames
    return Estimate(
        seconds=frames * frame_seconds,
        load_seconds=session.load_seconds,
        bytes=bytes_needed(image, work, manifest, uncertainty=uncertainty),
        planes=frames * planes,
        windows=frames * windows,
        flags=work.flags,
    )


def _time_batch(
    session: NetworkSession, inputs: NDArray[np.float32], temperature: float
) -> tuple[NDArray[np.float32], float]:
    """Probabilities of one batch, and the seconds it takes once the session is warm."""
    probabilities = softmax(session.run(inputs), temperature)
    known = session.batch_seconds.get(inputs.shape)
    if known is None:
        timings = [
            _timed(lambda: softmax(session.run(inputs), temperature))[1] for _ in range(_REPEATS)
        ]
        known = session.batch_seconds[inputs.shape] = statistics.median(timings)
    return probabilities, known


def _time_combining(
    prepared: PreparedFrame,
    box: PlaneBox,
    needed: tuple[int, ...],
    probabilities: NDArray[np.float32],
) -> tuple[float, float]:
    """Seconds from one plane's window outputs to its classes, and to count their components."""
    sums = ConfidenceSums(probabilities.shape[1])
    rows, columns = slice(*box.rows), slice(*box.columns)

    def combine() -> NDArray[np.uint8]:
        blend = Blend(prepared.plan)
        for place, index in enumerate(needed):
            blend.add(index, probabilities[place % len(probabilities)])
        plane = blend.plane()[:, rows, columns]
        chosen, certainty = strongest(plane)
        sums.add(tally(chosen, certainty, plane))
        return chosen

    chosen, combining = _timed(combine)
    return combining, _timed(lambda: count_classes(chosen, probabilities.shape[1] - 1))[1]


def _timed(call: Callable[[], Result]) -> tuple[Result, float]:
    start = time.perf_counter()
    result = call()
    return result, time.perf_counter() - start
