"""Memory is estimated from headers before voxels are read, and the estimate is true."""

from __future__ import annotations

import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from omniseg_backend.common.errors import ResourceError
from omniseg_backend.images.checks import refuse_larger_than_memory
from omniseg_backend.images.dicom_files import dicom_files
from omniseg_backend.images.dicom_geometry import arrange
from omniseg_backend.images.dicom_pixels import decode
from omniseg_backend.images.dicom_series import read_series
from tests.images.dicom_writing import write_ct, write_dicom

MEBIBYTE = 2**20


def test_the_sentence_has_both_numbers_and_the_smaller_choice():
    path = Path("scan.nii")
    refuse_larger_than_memory(path, 100, available=lambda: 100)
    with pytest.raises(ResourceError) as caught:
        refuse_larger_than_memory(path, 5 * 2**30, available=lambda: 3 * 2**29)
    assert str(caught.value) == (
        "scan.nii: found an image that takes 5.0 GiB of memory, expected at most 1.5 GiB, which "
        "is free now; crop or downsample the image, or use a machine with more memory."
    )
    with pytest.raises(ResourceError, match=r"300\.0 MiB.*; cut it, or use"):
        refuse_larger_than_memory(
            path, 300 * MEBIBYTE, smaller="cut it", available=lambda: 2 * MEBIBYTE
        )


def scaled(folder):
    """Whole numbers that a slope makes real: float32 beside the stored int16."""
    volume = np.zeros((16, 256, 256), np.int16)
    return write_ct(folder, volume, RescaleSlope="0.5", RescaleIntercept="0"), 4 * volume.size


def clip(folder):
    frames = np.zeros((16, 256, 256, 3), np.uint8)
    by_time = {"FrameIncrementPointer": 0x00181063, "FrameTime": "40"}
    return write_dicom(folder / "clip", frames, **by_time), frames.nbytes


@pytest.mark.parametrize("write", [scaled, clip])
def test_a_series_is_refused_before_its_pixels_are_read(tmp_path, write):
    path, least = write(tmp_path / "series")
    with dicom_files(path) as files:
        headers = read_series(path, files, None)
        arrangement = arrange(path, headers)
        tracemalloc.start()
        with pytest.raises(ResourceError, match="folder with fewer slices") as caught:
            decode(path, headers, arrangement, available=lambda: least)
        refusing = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        array = decode(path, headers, arrangement)
        reading = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    estimate = float(re.search(r"takes ([\d.]+) MiB", caught.value.found)[1]) * MEBIBYTE
    assert refusing < MEBIBYTE
    assert array.nbytes == least
    assert 0.5 * estimate < reading <= 1.05 * estimate
