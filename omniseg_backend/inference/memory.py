"""The memory that a run takes, known before it starts."""

from __future__ import annotations

import math
from collections.abc import Callable

from omniseg_backend.bundles.manifest import Manifest
from omniseg_backend.common.errors import ResourceError
from omniseg_backend.common.platform import available_memory
from omniseg_backend.images.image import Image
from omniseg_backend.inference.batches import batch_size
from omniseg_backend.inference.region import in_planes
from omniseg_backend.inference.work import Work
from omniseg_backend.preprocessing.sampling import sampling_plan

#: Working memory of the network per input pixel and channel, each stage's channels weighed by
#: its share of the pixels. Measured: Compact 430 to 490 bytes a pixel, Accurate 1260.
_NETWORK_BYTES = 42
#: Percentiles look at no more than about this many values of a channel, in three copies.
_FITTED_VALUES = 2_000_000
#: Masks, numbered components and their copies, of two classes at once: bytes per voxel of the
#: classes' bounding boxes. Measured: 12 to 14, and 7 to 9 with one thread.
_COUNTING_BYTES = 14
_FLOAT = 4


def bytes_needed(image: Image, work: Work, manifest: Manifest, *, uncertainty: bool) -> int:
    """Memory on top of the image and the loaded network, at the most.

    Args:
        image: The whole image.
        work: What of it is segmented.
        manifest: The bundle's.
        uncertainty: Whether the uncertainty map is made too.
    """
    settings, architecture = manifest.preprocessing, manifest.architecture
    plan = sampling_plan(work.layout, settings)
    box = in_planes(work.region, work.layout, work.image.geometry)
    planes = box.planes[1] - box.planes[0]
    batch = min(batch_size(plan.window), planes * len(plan.windows_over(box.rows, box.columns)))
    voxels = math.prod(after - first for first, after in (box.planes, box.rows, box.columns))
    classes = architecture.out_channels
    window, padded, plane = math.prod(plan.window), math.prod(plan.padded), math.prod(plan.plane)

    maps = 2 if uncertainty else 1
    width = 2 if max(entry.value for entry in manifest.classes) > 255 else 1
    held = maps * work.image.frames * math.prod(work.image.geometry.shape) * width
    if work.cropped_to is not None:
        held += maps * work.image.frames * math.prod(image.geometry.shape) * width

    features = sum(width / 4**stage for stage, width in enumerate(architecture.widths))
    network = int(batch * window * features * _NETWORK_BYTES)
    inputs = batch * window * settings.network_channels * _FLOAT
    outputs = batch * window * classes * _FLOAT * (5 if uncertainty else 3)
    kept_planes = (2 * settings.neighbours + 3) * settings.image_channels * padded * _FLOAT
    blends = maps * classes * (2 * padded + plane) * _FLOAT
    running = network + inputs + outputs + kept_planes + blends
    frame = math.prod(work.image.geometry.shape)
    fitting = 3 * min(frame, _FITTED_VALUES) * _FLOAT
    return held + max(running, voxels * _COUNTING_BYTES, fitting)


def refuse_beyond_memory(
    image: Image,
    work: Work,
    manifest: Manifest,
    *,
    uncertainty: bool,
    available: Callable[[], int] = available_memory,
) -> None:
    """Refuse a run that the free memory cannot hold, rather than be ended by the system.

    Args:
        image: The whole image.
        work: What of it is to be segmented.
        manifest: The bundle's.
        uncertainty: Whether the uncertainty map is asked for too.
        available: Says how many bytes are free.

    Raises:
        ResourceError: The run needs more than is available now.
    """
    needed, free = bytes_needed(image, work, manifest, uncertainty=uncertainty), available()
    if needed <= free:
        return
    plain = bytes_needed(image, work, manifest, uncertainty=False)
    if uncertainty and plain <= free:
        remedy = f"leave the uncertainty map out, which takes {plain / 1e9:.2g} GB"
    else:
        remedy = "close other programs, or segment a region of it alone"
    raise ResourceError(
        image.name,
        found=f"a run that needs {needed / 1e9:.2g} GB of memory, with {free / 1e9:.2g} GB free",
        expected="a run that fits",
        remedy=remedy,
    )
