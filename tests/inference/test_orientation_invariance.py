"""However a volume is stored, the same voxels of the patient get the same labels."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable

import numpy as np
import pytest
from scipy import ndimage

from omniseg_backend.bundles.rules import CleanUpRule
from omniseg_backend.bundles.store import Bundle
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.modality import Modality, ModalityStatement
from omniseg_backend.images.orientation import turn_to
from omniseg_backend.inference.region import Region
from omniseg_backend.inference.results import SegmentResult
from omniseg_backend.inference.segment import segment
from omniseg_backend.preprocessing.settings import RobustZScore, Slicing

from .conftest import OMNISEGNET

ORIENTATIONS = [
    "".join(letters)
    for axes in itertools.permutations(("RL", "AP", "SI"))
    for letters in itertools.product(*axes)
]
#: An oblique, anisotropic grid: every axis has its own length and spacing.
AFFINE = np.array(
    [[-0.9, 0.05, 0.1, 40], [0.05, 0.7, 0.2, -30], [0.02, -0.1, 3.0, 10], [0, 0, 0, 1]]
)
FOUND = Region((4, 40), (6, 50), (1, 3))


def patient() -> Image:
    """Smooth random tissue without symmetry."""
    noise = np.random.default_rng(0).normal(size=(44, 58, 4))
    smooth = ndimage.gaussian_filter(noise, (5, 5, 0.5)) * 4000 + 1000
    geometry = Geometry(smooth.shape, AFFINE, "mm", 3)
    stated = ModalityStatement(Modality.MRI, "file")
    return Image(smooth[np.newaxis, np.newaxis].astype(np.float32), geometry, modality=stated)


def stored_as(image: Image, orientation: str) -> Image:
    turn = turn_to(image.geometry, orientation)
    return dataclasses.replace(
        image,
        array=np.ascontiguousarray(turn.apply(image.array)),
        geometry=turn.apply_to_geometry(image.geometry),
    )


@pytest.fixture
def bundle(make_bundle: Callable[..., Bundle], omnisegnet_model: bytes) -> Bundle:
    """A real network with every rule that might depend on the order of voxels."""
    return make_bundle(
        omnisegnet_model,
        classes=((1, "a"), (2, "b")),
        architecture=OMNISEGNET,
        clean_up=(CleanUpRule(class_name="a", keep_largest=True, fill_holes=True),),
        preprocessing={
            "normalisation": RobustZScore(),
            "slicing": Slicing.AXIAL,
            "input_size": (64, 64),
        },
    )


@pytest.fixture
def expected(bundle: Bundle) -> SegmentResult:
    """The answer for the patient as first stored."""
    return segment(patient(), bundle, threads=1)


def test_all_48_ways_to_store_a_volume_give_one_answer(
    bundle: Bundle, expected: SegmentResult
) -> None:
    assert all(not result.none_found for result in expected.classes)
    for orientation in ORIENTATIONS:
        image = stored_as(patient(), orientation)
        found = segment(image, bundle, threads=1)
        turn = turn_to(patient().geometry, orientation)
        np.testing.assert_array_equal(
            found.segmentation.labels, turn.apply(expected.segmentation.labels), orientation
        )
        assert found.segmentation.geometry is image.geometry
        for result, wanted in zip(found.classes, expected.classes, strict=True):
            assert (result.voxels, result.components) == (wanted.voxels, wanted.components)
            assert result.measurement.value == pytest.approx(wanted.measurement.value, rel=1e-9)
            assert result.confidence == pytest.approx(wanted.confidence, rel=1e-9)


@pytest.mark.parametrize("orientation", ["LPS", "SAR", "IRA", "PLI"])
def test_a_region_is_the_same_tissue(bundle: Bundle, orientation: str) -> None:
    expected = segment(patient(), bundle, region=FOUND, threads=1).segmentation.labels
    turn = turn_to(patient().geometry, orientation)
    mark = np.zeros(patient().geometry.shape, np.uint8)
    mark[FOUND.slices] = 1
    (box,) = ndimage.find_objects(turn.apply(mark))
    region = Region(*((side.start, side.stop) for side in box))
    found = segment(stored_as(patient(), orientation), bundle, region=region, threads=1)
    np.testing.assert_array_equal(found.segmentation.labels, turn.apply(expected))
