"""What a CT's values say about their scale, and images that show nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.modality import Modality
from omniseg_backend.images.plausibility import doubtful_values
from omniseg_backend.images.reading import read_image


def body(side: int = 48) -> NDArray[np.float64]:
    """HU of a round body in air: fat around soft tissue around bone, with noise."""
    i, j, _ = np.mgrid[:side, :side, :6] - side / 2
    radius = np.hypot(i, j)
    values = np.select([radius < 3, radius < 16, radius < 20], [1100.0, 50.0, -100.0], -1000.0)
    return values + np.random.default_rng(0).normal(0, 12, values.shape)


def image_of(values: NDArray[Any]) -> Image:
    return Image(
        values[np.newaxis, np.newaxis], Geometry(values.shape, np.eye(4), "mm", 3), name="scan.nii"
    )


def codes(values: NDArray[Any], modality: Modality | None = Modality.CT) -> list[str]:
    return [flag.code for flag in doubtful_values(image_of(values), modality)]


def padded(values: NDArray[np.float64], padding: float) -> NDArray[np.float64]:
    values = values.copy()
    values[:5] = padding
    return values


HOUNSFIELD = {
    "a body": body(),
    "clipped as by a scanner": body().clip(-1024, 3071).round(),
    "padded outside of the round field": padded(body(), -3024),
    "air removed": np.where(body() < -500, -1000, body()),
    "windowed to soft tissue": body().clip(-160, 240),
    "organs without fat in one value of air": np.where(body() < 0, -1000, body()),
}
OTHER = {
    "grey levels": (body().clip(-160, 240) + 160) * 255 / 400,
    "bytes": ((body().clip(-160, 240) + 160) * 255 / 400).astype(np.uint8),
    "shifted": body().clip(-1024, None) + 1024,
    "shifted and padded": padded(body().clip(-1024, None) + 1024, -2000 + 1024),
    "shifted and resampled": padded(body().clip(-1024, None) + 1024, -5),
    "grey levels that ring": padded((body().clip(-160, 240) + 160) * 255 / 400, -4),
    "zero to one": (body().clip(-160, 240) + 160) / 400,
    "standardised": (body() - body().mean()) / body().std(),
    "unsigned": (body() + 32768).astype(np.uint16),
}


@pytest.mark.parametrize("values", HOUNSFIELD.values(), ids=HOUNSFIELD)
def test_hounsfield_units_pass(values: NDArray[Any]) -> None:
    assert codes(values) == []


@pytest.mark.parametrize("values", OTHER.values(), ids=OTHER)
def test_other_scales_are_flagged_for_ct_alone(values: NDArray[Any]) -> None:
    assert codes(values) == ["not_hounsfield"]
    assert codes(values, Modality.MRI) == codes(values, None) == []


def test_the_sentence_names_the_file_and_what_it_holds() -> None:
    (flag,) = doubtful_values(image_of(OTHER["bytes"]), Modality.CT)
    assert "scan.nii (0 to 255)" in flag.sentence
    assert "Hounsfield" in flag.sentence


@pytest.mark.parametrize("name", ["ct-spleen2_img.nii.gz"])
def test_real_scans_pass(shared_data: Path, name: str) -> None:
    assert doubtful_values(read_image(shared_data / "volumes" / name), Modality.CT) == ()


def test_an_image_of_one_value_is_flagged_once() -> None:
    assert codes(np.zeros((8, 8, 2), np.int16)) == ["constant"]
    (flag,) = doubtful_values(image_of(np.full((8, 8, 2), 7.5)), Modality.MRI)
    assert "scan.nii" in flag.sentence
    assert "7.5 everywhere" in flag.sentence


def test_a_flat_channel_is_named() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (9, 8, 3), np.uint8)
    picture[..., 2] = 4
    (flag,) = doubtful_values(Image.from_picture(picture, name="p.png"), Modality.DERMOSCOPY)
    assert flag.code == "constant"
    assert "B is 4 everywhere" in flag.sentence
