from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from omniseg_backend.common.errors import DataError, GeometryError
from omniseg_backend.datasets.layouts import open_dataset
from omniseg_backend.datasets.loading import ChannelError, load_record
from omniseg_backend.images.modality import Modality


def test_a_grey_picture_and_its_class_indices(nnunet_set, make_grey, make_square):
    dataset = open_dataset(nnunet_set())
    image, mask = load_record(dataset.records[0], dataset)
    assert image.array.shape == (1, 1, 8, 6, 1)
    assert np.array_equal(image.array[0, 0, :, :, 0], make_grey(0).T)
    assert np.array_equal(mask.labels[0, :, :, 0], make_square().T)
    assert image.channel_names == ("MRI",)
    assert image.modality.value == Modality.MRI
    assert image.modality.is_known
    assert mask.geometry is image.geometry
    assert mask.classes == dataset.classes


def test_a_colour_picture_has_three_channels(nnunet_set, write_picture, make_grey):
    root = nnunet_set(train=1, test=0, channel_names={"0": "R", "1": "G", "2": "B"})
    pixels = make_grey(1, (6, 8, 3))
    write_picture(root / "imagesTr/a0_0000.png", pixels)
    dataset = open_dataset(root)
    image, _ = load_record(dataset.records[0], dataset)
    assert np.array_equal(image.array[0, :, :, :, 0], pixels.transpose(2, 1, 0))
    assert not image.modality.is_known


def test_a_mask_of_255_keeps_its_value(paired_set):
    dataset = open_dataset(paired_set((255, 255)))
    _, mask = load_record(dataset.records[0], dataset)
    assert set(np.unique(mask.labels)) == {0, 255}


@pytest.fixture
def volume_set(tmp_path, write_volume):
    """An nnU-Net set of one volume with two channels; arguments replace parts of it."""

    def make(second_affine=None, mask_affine=None, mask_shape=(4, 5, 6), second_shape=(4, 5, 6)):
        root = tmp_path / "volumes"
        affine = np.diag([-1.0, -2.0, 3.0, 1.0])
        first = np.arange(120, dtype=np.int16).reshape(4, 5, 6)
        second = np.full(second_shape, 7, np.int16)
        mask = np.zeros(mask_shape, np.uint8)
        mask[1, 2, 3] = 5
        write_volume(root / "imagesTr/v_0000.nii.gz", first, affine)
        write_volume(
            root / "imagesTr/v_0001.nii.gz",
            second,
            affine if second_affine is None else second_affine,
        )
        write_volume(
            root / "labelsTr/v.nii.gz", mask, affine if mask_affine is None else mask_affine
        )
        facts = {
            "channel_names": {"0": "T1", "1": "FLAIR"},
            "labels": {"background": 0, "lesion": 5},
            "numTraining": 1,
            "file_ending": ".nii.gz",
        }
        (root / "dataset.json").write_text(json.dumps(facts))
        return open_dataset(root)

    return make


def test_channel_files_are_stacked(volume_set):
    dataset = volume_set()
    image, mask = load_record(dataset.records[0], dataset)
    assert image.array.shape == (1, 2, 4, 5, 6)
    assert image.channel_names == ("T1", "FLAIR")
    assert np.array_equal(image.array[0, 0].ravel(), np.arange(120))
    assert (image.array[0, 1] == 7).all()
    assert image.geometry.spacing == (1.0, 2.0, 3.0)
    assert mask.labels[0, 1, 2, 3] == 5


def test_channels_on_another_grid_are_refused(volume_set):
    moved = np.diag([-1.0, -2.0, 3.0, 1.0])
    moved[0, 3] = 4.0
    dataset = volume_set(second_affine=moved)
    with pytest.raises(GeometryError, match=r"v_0001.*voxels up to 4 mm away from those of v_0000"):
        load_record(dataset.records[0], dataset)


def test_channels_of_another_shape_are_refused(volume_set):
    dataset = volume_set(second_shape=(4, 5, 7))
    with pytest.raises(GeometryError, match=r"v_0001.*the shape \(4, 5, 7\)"):
        load_record(dataset.records[0], dataset)


def test_a_mask_of_another_shape_is_refused(volume_set):
    dataset = volume_set(mask_shape=(4, 6, 5))
    with pytest.raises(GeometryError, match=r"v\.nii\.gz: found the shape \(4, 6, 5\)"):
        load_record(dataset.records[0], dataset)


def test_a_mask_on_another_grid_is_refused_but_rounding_is_not(volume_set):
    rounded = np.diag([-1.0, -2.0, 3.0, 1.0])
    rounded[:3, 3] = 0.01
    dataset = volume_set(mask_affine=rounded)
    image, mask = load_record(dataset.records[0], dataset)
    assert mask.geometry.is_close(image.geometry)
    mirrored = volume_set(mask_affine=np.diag([1.0, -2.0, 3.0, 1.0]))
    with pytest.raises(GeometryError, match=r"labelsTr.v\.nii\.gz.*away"):
        load_record(mirrored.records[0], mirrored)


def test_a_label_without_class_is_refused(nnunet_set, write_picture, make_square):
    root = nnunet_set()
    write_picture(root / "labelsTr/a0.png", make_square(9))
    dataset = open_dataset(root)
    with pytest.raises(DataError, match=r"a0\.png: found the values? 9,"):
        load_record(dataset.records[0], dataset)


def test_a_grey_picture_among_colour_ones_is_refused(nnunet_set):
    root = nnunet_set(train=1, test=0, channel_names={"0": "R", "1": "G", "2": "B"})
    dataset = open_dataset(root)
    with pytest.raises(ChannelError, match=r"1 channels?, expected 3 \(R, G, B\)"):
        load_record(dataset.records[0], dataset)


def test_a_missing_file_is_refused(nnunet_set):
    dataset = open_dataset(nnunet_set())
    gone = dataclasses.replace(dataset.records[0], label_path=dataset.root / "gone.png")
    with pytest.raises(DataError, match=r"gone\.png"):
        load_record(gone, dataset)
