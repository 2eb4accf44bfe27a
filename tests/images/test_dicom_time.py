"""DICOM slices that repeat their place: time points, if the header says so."""

from __future__ import annotations

import numpy as np
import pytest

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.reading import read_image
from tests.images.dicom_writing import as_text, write_ct, write_dicom

TIMES, SLICES = 3, 2
#: (time, slice, rows, columns), written slice by slice with the times in disorder.
SERIES = np.arange(TIMES * SLICES * 12, dtype=np.int16).reshape(TIMES, SLICES, 3, 4)
ORDER = [(t, k) for k in range(SLICES) for t in (2, 0, 1)]


def write(folder, **of_time):
    """Write the series; ``of_time`` gives elements as functions of the time point."""
    fields = {word: [make(t) for t, _ in ORDER] for word, make in of_time.items()}
    places = [as_text((0.0, 0.0, 4.0 * k)) for _, k in ORDER]
    volume = np.stack([SERIES[t, k] for t, k in ORDER])
    return write_ct(folder, volume, ImagePositionPatient=places, **fields)


@pytest.mark.parametrize(
    ("of_time", "seconds"),
    [
        ({"TemporalPositionIdentifier": lambda t: str(t + 1)}, None),
        (
            {
                "TemporalPositionIdentifier": lambda t: str(t + 1),
                "TemporalResolution": lambda t: "250",
            },
            0.25,
        ),
        ({"TriggerTime": lambda t: str(40 * t)}, 0.04),
        ({"AcquisitionNumber": lambda t: str(7 + t)}, None),
        ({"AcquisitionTime": lambda t: f"1010{10 + 2 * t}.5"}, 2.0),
        ({"AcquisitionDateTime": lambda t: f"20240105235959.{t}+0100"}, 0.1),
        # Uneven times order the points and are no rate.
        ({"TriggerTime": lambda t: str(40 * t * t)}, None),
    ],
)
def test_time_points_are_sorted(tmp_path, of_time, seconds):
    image = read_image(write(tmp_path, **of_time))
    np.testing.assert_array_equal(image.array, SERIES.transpose(0, 3, 2, 1)[:, np.newaxis])
    assert image.has_time
    assert image.frame_seconds == (None if seconds is None else pytest.approx(seconds, rel=1e-3))
    expected = [f"{ORDER.index((t, k)):04}.dcm" for t in range(TIMES) for k in range(SLICES)]
    assert [plane.path.name for plane in image.source.planes] == expected


@pytest.mark.parametrize(
    ("of_time", "reason"),
    [
        ({}, "3 slices at each place, and nothing that tells their order"),
        ({"TriggerTime": lambda t: "40"}, "nothing that tells their order"),
        ({"EchoTime": lambda t: str(t + 1)}, "differ in echo time: 1, 2, 3"),
        (
            {"ImageType": lambda t: ["ORIGINAL", "MPR"[t]], "TriggerTime": str},
            "differ in image type: ORIGINAL M, ORIGINAL P, ORIGINAL R",
        ),
        ({"DiffusionBValue": lambda t: 500.0 * t}, "differ in b-value: 0.0, 1000.0, 500.0"),
    ],
)
def test_what_is_not_time_is_refused(tmp_path, of_time, reason):
    with pytest.raises(DataError, match=reason):
        read_image(write(tmp_path, **of_time))


def test_a_clip_of_one_file_is_time(tmp_path):
    clip = SERIES.reshape(TIMES * SLICES, 3, 4)
    by_time = {"FrameIncrementPointer": 0x00181063, "FrameTime": "40"}
    image = read_image(write_dicom(tmp_path / "clip", clip, **by_time))
    np.testing.assert_array_equal(image.array[:, 0, :, :, 0], clip.transpose(0, 2, 1))
    assert image.frame_seconds == pytest.approx(0.04)
    assert [plane.frame for plane in image.source.planes] == [1, 2, 3, 4, 5, 6]
    by_vector = {"FrameIncrementPointer": 0x00181065, "FrameTimeVector": ["0"] + ["20"] * 5}
    assert read_image(
        write_dicom(tmp_path / "vector", clip, **by_vector)
    ).frame_seconds == pytest.approx(0.02)
    with pytest.raises(DataError, match="6 frames, and no word on whether"):
        read_image(write_dicom(tmp_path / "mute", clip))
