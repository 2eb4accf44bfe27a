"""Makers of tiny data sets, shared by this room's tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image as Picture

Writer = Callable[..., Path]


@pytest.fixture
def write_picture() -> Writer:
    """Write an array (rows, columns[, 3]) of uint8 in the format that the suffix names."""

    def write(path: Path, pixels: np.ndarray) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        Picture.fromarray(np.asarray(pixels, dtype=np.uint8)).save(path)
        return path

    return write


@pytest.fixture
def write_volume() -> Writer:
    """Write an array (i, j, k) as NIfTI with an affine in millimetres."""

    def write(path: Path, voxels: np.ndarray, affine: np.ndarray | None = None) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        nifti = nibabel.Nifti1Image(voxels, np.eye(4) if affine is None else affine)
        nifti.header.set_xyzt_units("mm")
        nibabel.save(nifti, path)
        return path

    return write


@pytest.fixture
def write_cases() -> Writer:
    """Write ``cases.csv`` with the given rows under the right header."""

    def write(folder: Path, rows: Sequence[str]) -> Path:
        path = folder / "cases.csv"
        path.write_text("\n".join(["file,case,patient,slice", *rows, ""]), encoding="utf-8")
        return path

    return write


def grey(seed: int, shape: tuple[int, ...] = (6, 8)) -> np.ndarray:
    """A random picture."""
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def square(value: int = 1, shape: tuple[int, int] = (6, 8)) -> np.ndarray:
    """A mask with a square of ``value``."""
    mask = np.zeros(shape, dtype=np.uint8)
    mask[2:4, 2:5] = value
    return mask


@pytest.fixture
def nnunet_set(tmp_path: Path, write_picture: Writer) -> Callable[..., Path]:
    """Make an nnU-Net v2 raw set of grey pictures a0, a1, ... (train) and t0, ... (test)."""

    def make(train: int = 4, test: int = 2, **changes: object) -> Path:
        root = tmp_path / "Dataset001_Tiny"
        for index in range(train):
            write_picture(root / f"imagesTr/a{index}_0000.png", grey(index))
            write_picture(root / f"labelsTr/a{index}.png", square())
        for index in range(test):
            write_picture(root / f"imagesTs/t{index}_0000.png", grey(100 + index))
            write_picture(root / f"labelsTs/t{index}.png", square())
        facts: dict[str, object] = {
            "channel_names": {"0": "MRI"},
            "labels": {"background": 0, "heart": 1},
            "numTraining": train,
            "file_ending": ".png",
        }
        facts.update(changes)
        (root / "dataset.json").write_text(json.dumps(facts), encoding="utf-8")
        return root

    return make


@pytest.fixture
def paired_set(tmp_path: Path, write_picture: Writer) -> Callable[..., Path]:
    """Make paired folders of grey pictures p0, p1, ...; ``values`` are the masks' values."""

    def make(values: Sequence[int] = (255, 255), root: str = "polyp", suffix: str = "") -> Path:
        folder = tmp_path / root
        for index, value in enumerate(values):
            write_picture(folder / f"images/p{index}.png", grey(index))
            write_picture(folder / f"masks/p{index}{suffix}.png", square(value))
        return folder

    return make


@pytest.fixture
def make_grey() -> Callable[..., np.ndarray]:
    """Random pictures by seed."""
    return grey


@pytest.fixture
def make_square() -> Callable[..., np.ndarray]:
    """Masks with a square."""
    return square
