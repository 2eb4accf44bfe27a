"""Scans of any size, each through a bundle in a process of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from omniseg_backend.common.errors import CancelledError, ResourceError
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.modality import Modality, ModalityStatement
from omniseg_backend.studies.settings import VolumeSettings
from omniseg_backend.studies.volume import STAGES, VolumeRow, linear_fit, measure_volumes
from omniseg_backend.studies.volume_phantom import stretched_scan
from omniseg_backend.studies.volume_run import VolumeRun, run_volume
from tests.inference import conftest as inference_fixtures

make_bundle = inference_fixtures.make_bundle


def scan() -> Image:
    ramp = np.arange(6 * 5 * 4, dtype=np.int16).reshape(6, 5, 4) * 100
    geometry = Geometry((6, 5, 4), np.diag([-2.0, -2.0, 5.0, 1.0]), "mm", 3)
    modality = ModalityStatement(Modality.CT, "user")
    return Image(ramp[np.newaxis, np.newaxis], geometry, ("CT",), modality)


def test_a_stretched_scan_keeps_its_corners_in_place() -> None:
    source, shape = scan(), (21, 17, 10)
    made = stretched_scan(source, shape)
    assert made.array.shape == (1, 1, *shape)
    for corner in ((0, 0, 0), (1, 1, 1), (1, 0, 1)):
        before = source.geometry.affine @ [*(np.array(corner) * [5, 4, 3]), 1]
        after = made.geometry.affine @ [*(np.array(corner) * [20, 16, 9]), 1]
        np.testing.assert_allclose(after, before)
        there = made.array[0, 0][tuple(np.array(corner) * [20, 16, 9])]
        assert abs(int(there) - int(source.array[0, 0][tuple(np.array(corner) * [5, 4, 3])])) <= 12


def test_a_single_slice_can_be_made() -> None:
    assert stretched_scan(scan(), (16, 16, 1)).geometry.shape == (16, 16, 1)


def test_each_scan_is_measured_in_its_own_process(make_bundle, tmp_path: Path) -> None:
    bundle = make_bundle(preprocessing={"modality": "ct"})
    settings = VolumeSettings(bundle=bundle.path, side=32, slices=(2, 3), threads=1)
    rows = measure_volumes(scan(), settings)
    assert [row.slices for row in rows] == [2, 3]
    for row in rows:
        assert set(row.stages) == set(STAGES)
        assert 0 < sum(row.stages.values()) <= row.seconds
        # An interpreter with ONNX Runtime, and nothing near this test process with torch.
        assert 30e6 < row.peak_bytes < 400e6
        assert sum(row.shares.values()) <= 1


def test_the_mask_is_really_written(make_bundle, tmp_path: Path) -> None:
    from omniseg_backend.images.writing import write_image

    write_image(stretched_scan(scan(), (32, 32, 2)), tmp_path / "scan.nii.gz")
    run = VolumeRun(
        image=tmp_path / "scan.nii.gz",
        modality=Modality.CT,
        bundle=make_bundle(preprocessing={"modality": "ct"}).path,
        output=tmp_path / "mask.nii.gz",
        threads=1,
    )
    figures = run_volume(run)
    assert run.output.exists()
    assert {"read", "network", "write", "total"} <= set(figures.seconds)


def test_a_run_that_fails_says_why(tmp_path: Path) -> None:
    settings = VolumeSettings(bundle=tmp_path / "absent", side=32, slices=(2,), threads=1)
    with pytest.raises(ResourceError, match="absent"):
        measure_volumes(scan(), settings)


def test_cancelling_ends_the_process(make_bundle) -> None:
    class Now:
        def is_set(self) -> bool:
            return True

    bundle = make_bundle(preprocessing={"modality": "ct"})
    settings = VolumeSettings(bundle=bundle.path, side=32, slices=(2,), threads=1)
    with pytest.raises(CancelledError):
        measure_volumes(scan(), settings, cancel=Now())


def timed(slices: int, seconds: float) -> VolumeRow:
    return VolumeRow(slices, seconds, 1, {})


def test_the_line_through_the_times() -> None:
    line = linear_fit([timed(50, 2.0), timed(100, 3.0), timed(200, 5.0)])
    assert line is not None
    assert line.start_seconds == pytest.approx(1.0)
    assert line.seconds_per_slice == pytest.approx(0.02)
    assert line.largest_deviation == pytest.approx(0.0, abs=1e-9)
    bent = linear_fit([timed(50, 1.0), timed(100, 4.0), timed(200, 16.0)])
    assert bent is not None
    assert bent.largest_deviation > 0.1
    assert linear_fit([timed(50, 2.0), timed(100, 3.0)]) is None
