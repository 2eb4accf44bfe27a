"""The samples that ship with the project."""

from __future__ import annotations

import numpy as np
import pydantic
import pytest

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.reading import read_image, read_segmentation
from omniseg_sample_data.dataset import FIRST_TRAINING_SEED
from omniseg_sample_data.phantoms import PHANTOMS
from omniseg_sample_data.samples import Sample, main, samples, samples_folder, write_sample

SAMPLES = pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.id)


def test_there_is_one_sample_of_each_family_and_no_other_file():
    listed = samples()
    assert [sample.id for sample in listed] == list(PHANTOMS)
    files = {"index.json"} | {s.image for s in listed} | {s.truth for s in listed}
    assert {path.name for path in samples_folder().iterdir()} == files


def test_they_are_small_synthetic_and_unseen_in_training():
    assert sum(path.stat().st_size for path in samples_folder().iterdir()) < 3_000_000
    assert all(sample.synthetic for sample in samples())
    assert all(sample.seed < FIRST_TRAINING_SEED for sample in samples())


@SAMPLES
def test_the_generator_still_draws_what_is_shipped(sample: Sample):
    phantom = PHANTOMS[sample.id].generate(sample.seed)
    image = read_image(sample.image_path)
    truth = read_segmentation(sample.truth_path)
    np.testing.assert_array_equal(image.array, phantom.image.array)
    np.testing.assert_array_equal(truth.labels, phantom.truth.labels)
    assert image.geometry.is_close(phantom.image.geometry)
    assert truth.geometry.is_close(phantom.image.geometry)
    assert image.channel_names == phantom.image.channel_names
    assert truth.classes.names == phantom.truth.classes.names


@SAMPLES
def test_the_index_says_what_the_files_hold(sample: Sample):
    family = PHANTOMS[sample.id]
    assert sample.title == family.title
    assert sample.modality is family.modality
    assert sample.classes == family.classes.entries
    values = set(np.unique(read_segmentation(sample.truth_path).labels)) - {0}
    assert values == {entry.value for entry in sample.classes}


def test_an_index_cannot_call_a_sample_real():
    with pytest.raises(pydantic.ValidationError):
        Sample.model_validate({**samples()[0].model_dump(), "synthetic": False})


def test_writing_a_sample_again_gives_the_shipped_bytes(tmp_path):
    for _ in range(2):
        sample = write_sample(PHANTOMS["retinal_oct"], tmp_path)
    assert sample in samples()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [sample.image, sample.truth]
    for name in names:
        assert (tmp_path / name).read_bytes() == (samples_folder() / name).read_bytes()


def test_the_command_reports_a_place_that_cannot_be_written(tmp_path, capsys):
    target = tmp_path / "file"
    target.write_text("in the way")
    assert main(["--folder", str(target)]) == DataError.exit_code
    assert str(target) in capsys.readouterr().err
