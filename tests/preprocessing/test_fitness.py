"""What is refused and what is flagged before anything is computed."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.modality import UNKNOWN, Modality, ModalityStatement
from omniseg_backend.preprocessing.fitness import check_image
from omniseg_backend.preprocessing.settings import (
    FitToSize,
    PreprocessingSettings,
    SeenRange,
    Slicing,
    TargetSpacing,
    Window,
)

SEEN = SeenRange(spacing_mm=(0.5, 1.0), extent=(100.0, 200.0), extent_unit="mm")


def settings_of(**changes: Any) -> PreprocessingSettings:
    return PreprocessingSettings(
        **{
            "modality": Modality.MRI,
            "image_channels": 1,
            "normalisation": Window(low=-1, high=1),
            "sampling": FitToSize(),
            **changes,
        }
    )


def volume(
    shape: tuple[int, int, int] = (160, 150, 3),
    spacing: tuple[float, float, float] = (0.8, 0.8, 5.0),
    modality: ModalityStatement = UNKNOWN,
) -> Image:
    geometry = Geometry(shape, np.diag([*spacing, 1.0]), "mm", 3)
    values = np.random.default_rng(0).integers(-1000, 1000, (1, 1, *shape), np.int16)
    return Image(values, geometry, modality=modality, name="v.nii.gz")


def picture(shape: tuple[int, ...] = (150, 160), dtype: type = np.uint8) -> Image:
    values = np.random.default_rng(0).integers(0, 255, shape).astype(dtype)
    return Image.from_picture(values, name="p.png")


def codes(image: Image, settings: PreprocessingSettings, **options: bool) -> list[str]:
    return [flag.code for flag in check_image(image, settings, **options).flags]


class TestModality:
    """Who says what an image is."""

    @pytest.mark.parametrize(
        "stated", [UNKNOWN, ModalityStatement(Modality.MRI, "guess")], ids=["none", "same guess"]
    )
    def test_naming_the_task_states_it(self, stated: ModalityStatement) -> None:
        checked = check_image(volume(modality=stated), settings_of())
        assert checked.image.modality == ModalityStatement(Modality.MRI, "task")
        assert checked.flags == ()

    def test_a_guess_that_differs_is_flagged_and_the_task_counts(self) -> None:
        image = volume(modality=ModalityStatement(Modality.CT, "guess"))
        checked = check_image(image, settings_of())
        assert checked.image.modality == ModalityStatement(Modality.MRI, "task")
        (flag,) = checked.flags
        assert flag.code == "modality_guess_differs"
        assert "looks like ct (a guess)" in flag.sentence

    @pytest.mark.parametrize("witness", ["file", "user"])
    def test_what_is_known_and_agrees_stays_on_record(self, witness: Any) -> None:
        stated = ModalityStatement(Modality.MRI, witness)
        checked = check_image(volume(modality=stated), settings_of(), override_modality=True)
        assert checked.image.modality == stated
        assert checked.flags == ()

    @pytest.mark.parametrize("witness", ["file", "user", "task"])
    def test_what_is_known_to_differ_is_refused(self, witness: Any) -> None:
        image = volume(modality=ModalityStatement(Modality.CT, witness))
        with pytest.raises(DataError, match=r"v\.nii\.gz: found the modality ct .*expected mri"):
            check_image(image, settings_of())

    def test_an_override_is_recorded_and_flagged(self) -> None:
        image = volume(modality=ModalityStatement(Modality.CT, "file"))
        checked = check_image(image, settings_of(), override_modality=True)
        assert checked.image.modality == ModalityStatement(Modality.MRI, "override")
        (flag,) = checked.flags
        assert flag.code == "modality_override"
        assert "ct (stated by the file)" in flag.sentence


class TestChannels:
    """Channels as the task takes them."""

    @pytest.mark.parametrize(("shape", "wanted"), [((9, 9, 3), 2), ((9, 9), 3), ((9, 9, 2), 1)])
    def test_another_number_is_refused(self, shape: tuple[int, ...], wanted: int) -> None:
        with pytest.raises(DataError, match=f"p.png: found . channels? .* expected {wanted}"):
            check_image(picture(shape), settings_of(image_channels=wanted))

    def test_grey_stored_as_colour_is_taken_as_grey(self) -> None:
        grey = np.random.default_rng(0).integers(0, 255, (20, 30), np.uint8)
        image = Image.from_picture(np.stack([grey] * 3, axis=-1), name="p.png")
        checked = check_image(image, settings_of())
        assert [flag.code for flag in checked.flags] == ["grey_as_colour"]
        np.testing.assert_array_equal(checked.image.array[0, :, :, :, 0], grey.T[np.newaxis])

    def test_colour_is_never_taken_as_grey(self) -> None:
        pixels = np.zeros((20, 30, 3), np.uint8)
        pixels[7, 9, 2] = 1  # one pixel, one step of blue
        with pytest.raises(DataError, match="3 channels"):
            check_image(Image.from_picture(pixels), settings_of())


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(bad: float) -> None:
    array = np.zeros((1, 1, 8, 8, 2), np.float32)
    array[0, 0, 3, 4, 1] = bad
    image = Image(array, Geometry((8, 8, 2), np.eye(4), "mm", 3), name="v.nii.gz")
    with pytest.raises(DataError, match="not finite"):
        check_image(image, settings_of())


def test_a_spacing_task_refuses_an_image_without_spacing() -> None:
    settings = settings_of(sampling=TargetSpacing(spacing_mm=0.7))
    with pytest.raises(DataError, match=r"p\.png: found no pixel spacing.* works at 0\.7 mm"):
        check_image(picture(), settings)
    assert codes(volume(), settings) == []


class TestValues:
    """Images that show nothing, and CT in another unit than the task reads."""

    def test_a_picture_of_one_value_is_flagged(self) -> None:
        black = Image.from_picture(np.zeros((150, 160), np.uint8), name="p.png")
        assert codes(black, settings_of()) == ["constant"]

    def test_a_ct_of_grey_levels_is_flagged_for_a_task_that_read_hounsfield_units(self) -> None:
        task = settings_of(modality=Modality.CT, seen=SEEN)
        grey = dataclasses.replace(volume(), array=np.abs(volume().array) % 256)
        assert codes(volume(), task) == []
        assert codes(grey, task) == ["not_hounsfield"]

    def test_a_task_trained_on_pictures_of_ct_reads_their_grey_levels(self) -> None:
        seen = SeenRange(spacing_mm=None, extent=(100, 200), extent_unit="px")
        assert codes(picture(), settings_of(modality=Modality.CT, seen=seen)) == []


class TestSeenRange:
    """Inputs unlike those of training."""

    def test_inside_is_silent(self) -> None:
        assert codes(volume(), settings_of(seen=SEEN)) == []

    def test_before_training_nothing_is_known(self) -> None:
        assert codes(volume(spacing=(9, 9, 9)), settings_of(seen=None)) == []

    @pytest.mark.parametrize("spacing", [(0.8, 1.2, 5.0), (0.4, 0.8, 5.0)])
    def test_an_unseen_spacing_in_either_direction(self, spacing: Any) -> None:
        assert "spacing_outside" in codes(volume(spacing=spacing), settings_of(seen=SEEN))

    def test_the_distance_of_slices_is_not_in_the_plane(self) -> None:
        assert codes(volume(spacing=(0.8, 0.8, 40.0)), settings_of(seen=SEEN)) == []
        coronal = settings_of(seen=SEEN, slicing=Slicing.CORONAL)
        assert "spacing_outside" in codes(volume(spacing=(0.8, 0.8, 40.0)), coronal)

    def test_a_spacing_rounded_by_a_header_is_inside(self) -> None:
        edge = float(np.float32(1.0)) * (1 + 1e-6)
        assert codes(volume(spacing=(edge, edge, 5.0)), settings_of(seen=SEEN)) == []

    @pytest.mark.parametrize("shape", [(300, 20, 3), (20, 30, 3)])
    def test_an_unseen_extent(self, shape: Any) -> None:
        flags = check_image(volume(shape=shape), settings_of(seen=SEEN)).flags
        assert [flag.code for flag in flags] == ["extent_outside"]
        assert "100 to 200 mm" in flags[0].sentence

    def test_a_single_size_seen_is_said_once(self) -> None:
        seen = SeenRange(spacing_mm=None, extent=(256, 256), extent_unit="px")
        (flag,) = check_image(picture((150, 260)), settings_of(seen=seen)).flags
        assert "outside of the 256 px seen" in flag.sentence

    def test_pixels_are_compared_with_pixels(self) -> None:
        seen = SeenRange(spacing_mm=None, extent=(100, 200), extent_unit="px")
        assert codes(picture((150, 160)), settings_of(seen=seen)) == []
        assert codes(picture((150, 260)), settings_of(seen=seen)) == ["extent_outside"]
        # 160 pixels, whatever they measure.
        assert codes(volume(spacing=(9.0, 9.0, 9.0)), settings_of(seen=seen)) == []

    def test_an_image_without_spacing_cannot_be_compared(self) -> None:
        assert codes(picture(), settings_of(seen=SEEN)) == ["spacing_unknown"]


def test_a_single_slice_has_no_neighbours() -> None:
    settings = settings_of(neighbours=1)
    assert codes(picture(), settings) == ["no_neighbours"]
    assert codes(volume(), settings) == []


def test_the_users_image_is_left_alone() -> None:
    image = volume()
    before = dataclasses.replace(image)
    check_image(image, settings_of(seen=SEEN))
    assert image.modality == before.modality
    assert image.array is before.array
