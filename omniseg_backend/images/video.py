"""Reading AVI and MP4 video: RGB frames along the time axis.

Pixels are taken as they are decoded; a camera's rotation mark is not applied, so that labels
match the stored frames. The unit is ``px``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, NoReturn

import imageio.v3 as iio
import numpy as np
from av.error import FFmpegError
from imageio.core.v3_plugin_api import PluginV3
from numpy.typing import NDArray

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.platform import available_memory
from omniseg_backend.common.wording import counted
from omniseg_backend.images.checks import refuse_larger_than_memory
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image

#: What PyAV and imageio's plugin raise on damaged files; they look for streams and numbers
#: that such a file does not have.
_DAMAGE = (
    ArithmeticError,
    AttributeError,
    FFmpegError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
#: Frames to begin with where the file tells neither their number nor its length.
_UNKNOWN_LENGTH = 64
#: The decoder's own frames, beside the array.
_DECODER_FRAMES = 16


class _Announced(NamedTuple):
    """What the container says before a frame is decoded; 0 where it is silent."""

    frames: int
    height: int
    width: int
    per_second: float
    seconds: float


def load_image(path: Path, *, available: Callable[[], int] = available_memory) -> Image:
    """Read a video as RGB pictures in time.

    Args:
        path: An AVI or MP4 file; its first video stream is read.
        available: Says how many bytes of memory are free.

    Returns:
        uint8 as (time, 3, i, j, 1), unspaced; ``frame_seconds`` from the frame rate.

    Raises:
        DataError: The file is damaged, cut off or in a coding that cannot be decoded.
        ResourceError: Its frames do not fit into memory; said before one is decoded.
    """
    try:
        with iio.imopen(path, "r", plugin="pyav") as video:
            announced = _announced(video)
            frames = _decode(path, video, announced, available)
    except _DAMAGE as error:
        raise _damaged(path, "a video that cannot be decoded", "a complete video") from error
    if not len(frames) or len(frames) < announced.frames:
        raise _damaged(
            path,
            counted(len(frames), "frame"),
            f"the {announced.frames or 1} that the file announces",
        )
    return Image(
        array=frames.transpose(0, 3, 2, 1)[..., np.newaxis],
        geometry=Geometry.of_picture(frames.shape[2], frames.shape[1]),
        channel_names=("R", "G", "B"),
        name=path.name,
        has_time=True,
        frame_seconds=1.0 / announced.per_second if announced.per_second else None,
    )


def load_labels(path: Path) -> NoReturn:
    """Refuse: a video's compression changes values.

    Raises:
        DataError: Always.
    """
    raise DataError(
        path,
        found="a video, whose compression changes label values",
        expected="a segmentation in a lossless format",
        remedy="store the mask as NIfTI, NRRD or TIFF",
    )


def holds_labels(path: Path) -> bool:
    """Never: a video's compression changes values."""
    return False


def _announced(video: PluginV3) -> _Announced:
    metadata = video.metadata()
    shape = video.properties().shape
    rate, seconds = (_positive(metadata.get(key)) for key in ("fps", "duration"))
    return _Announced(max(0, int(shape[0])), int(shape[1]), int(shape[2]), rate, seconds)


def _positive(value: object) -> float:
    number = float(value) if isinstance(value, (int, float)) else 0.0
    return number if math.isfinite(number) and number > 0 else 0.0


def _decode(
    path: Path, video: PluginV3, announced: _Announced, available: Callable[[], int]
) -> NDArray[np.uint8]:
    """All frames as (time, rows, columns, 3)."""
    estimated = math.ceil(announced.seconds * announced.per_second) + 1
    count = announced.frames or (estimated if estimated > 1 else _UNKNOWN_LENGTH)
    frames = _room(path, count, announced, available)
    found = 0
    for frame in video.iter():
        if found == len(frames):  # more than was announced
            larger = _room(path, 2 * found, announced, available)
            larger[:found] = frames
            frames = larger
        frames[found] = frame
        found += 1
    return frames[:found]


def _room(
    path: Path, count: int, announced: _Announced, available: Callable[[], int]
) -> NDArray[np.uint8]:
    """An array for ``count`` frames, if there is memory for them."""
    frame_bytes = announced.height * announced.width * 3
    free_frames = max(0, available() // max(1, frame_bytes) - _DECODER_FRAMES)
    part = f" of {free_frames / announced.per_second:.0f} s" if announced.per_second else ""
    refuse_larger_than_memory(
        path,
        (count + _DECODER_FRAMES) * frame_bytes,
        smaller=f"cut it into parts{part} or less, or scale it down",
        available=available,
    )
    return np.empty((count, announced.height, announced.width, 3), np.uint8)


def _damaged(path: Path, found: str, expected: str) -> DataError:
    return DataError(
        path,
        found=found,
        expected=expected,
        remedy="copy the file again, or convert it to MP4 with H.264",
    )
