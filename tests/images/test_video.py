"""AVI and MP4: frames along the time axis."""

from __future__ import annotations

import numpy as np
import pytest

from omniseg_backend.common.errors import DataError, ResourceError
from omniseg_backend.images import video
from omniseg_backend.images.modality import UNKNOWN
from omniseg_backend.images.reading import read_image, read_segmentation
from tests.images.dicom_writing import write_video

TIMES, ROWS, COLUMNS = 6, 24, 32


@pytest.fixture(scope="module")
def frames():
    """A bright square that moves to the right."""
    found = np.full((TIMES, ROWS, COLUMNS, 3), 20, np.uint8)
    for time in range(TIMES):
        found[time, 4:12, 4 * time : 4 * time + 8] = (200, 180, 160)
    return found


@pytest.mark.parametrize("suffix", [".avi", ".mp4"])
def test_frames_lie_along_time(tmp_path, frames, suffix):
    path = write_video(tmp_path / f"clip{suffix}", frames, fps=25)
    image = read_image(path)
    assert image.array.shape == (TIMES, 3, COLUMNS, ROWS, 1)
    assert image.array.dtype == np.uint8
    assert image.channel_names == ("R", "G", "B")
    assert image.has_time
    assert image.frame_seconds == pytest.approx(0.04)
    assert (image.geometry.unit, image.geometry.dimensions) == ("px", 2)
    assert image.modality == UNKNOWN
    # Both codings store colours at half the resolution.
    read = image.array[..., 0].transpose(0, 3, 2, 1).astype(int)
    assert np.abs(read - frames).mean() < 4
    for time in range(TIMES):
        inside = read[time, 6:10, 4 * time + 2 : 4 * time + 6]
        assert np.abs(inside - (200, 180, 160)).max() < 12


def test_too_long_a_video_is_refused_before_a_frame_is_decoded(tmp_path, frames):
    path = write_video(tmp_path / "clip.mp4", frames)
    one = ROWS * COLUMNS * 3
    with pytest.raises(
        ResourceError, match=r"free now; cut it into parts of 0 s or less"
    ) as caught:
        video.load_image(path, available=lambda: 10 * one)
    assert "0.0 MiB" in caught.value.found
    assert video.load_image(path, available=lambda: 30 * one).frames == TIMES


@pytest.mark.parametrize("suffix", [".avi", ".mp4"])
@pytest.mark.parametrize("share", [0.2, 0.6, 0.8])
def test_a_cut_off_video_says_so(tmp_path, frames, suffix, share):
    path = write_video(tmp_path / f"clip{suffix}", frames)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DataError, match=r"frames, expected the 6|cannot be decoded"):
        read_image(path)


def test_a_video_is_no_label_map(tmp_path, frames):
    path = write_video(tmp_path / "clip.avi", frames)
    with pytest.raises(DataError, match="a video, whose compression changes label values"):
        read_segmentation(path)
