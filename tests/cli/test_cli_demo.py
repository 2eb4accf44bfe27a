"""``omniseg demo``: which model runs on which sample, and what is left in the folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from omniseg_backend.bundles.models import ModelEntry, available_models
from omniseg_backend.cli.demo_run import fits, run_demo
from omniseg_backend.common.progress import no_progress
from omniseg_backend.images.modality import Modality
from omniseg_backend.images.reading import read_image, read_segmentation
from omniseg_sample_data.samples import Sample, samples
from tests.cli.conftest import MakeModel, Omniseg, document

FETAL_HEAD, NUCLEI = "fetal_head_us", "fluorescence_nuclei"


def sample(name: str) -> Sample:
    return next(one for one in samples() if one.id == name)


def users_models() -> list[ModelEntry]:
    return [entry for entry in available_models() if entry.origin == "user"]


def test_a_model_fits_by_modality_and_class_names(add: MakeModel) -> None:
    add(Modality.MICROSCOPY, classes=((1, "Nucleus"),))
    add(Modality.MICROSCOPY, classes=((1, "mitochondrion"),))
    add(Modality.ULTRASOUND, classes=((1, "nucleus"),))
    fitting = [entry for entry in users_models() if fits(sample(NUCLEI), entry)]
    assert [entry.manifest.classes[0].name for entry in fitting] == ["Nucleus"]


def test_a_fitting_sample_is_segmented_scored_and_drawn(add: MakeModel, tmp_path: Path) -> None:
    # Every pixel above zero becomes a nucleus: a poor model, with figures that can be checked.
    bundle = add(Modality.MICROSCOPY, classes=((7, "nucleus"),), synthetic=True)
    output, shown = tmp_path / "demo_output", sample(NUCLEI)
    found = run_demo(
        [sample(FETAL_HEAD), shown],
        users_models(),
        output,
        threads=1,
        progress=no_progress,
        cancel=None,
    )
    assert found.no_model_shipped == (FETAL_HEAD,)
    (row,) = found.rows
    mask_path = output / f"{NUCLEI}_{bundle.manifest.id}.png"
    assert {path.name for path in output.iterdir()} == {mask_path.name, f"{NUCLEI}.png"}
    mask = read_segmentation(mask_path)
    truth = read_segmentation(shown.truth_path).labels > 0
    predicted = mask.labels == 7
    dice = 2 * np.sum(truth & predicted) / (truth.sum() + predicted.sum())
    assert row.dice == pytest.approx(float(dice))
    assert row.measurement.value == predicted.sum()
    assert (row.class_name, row.synthetic, row.note) == ("nucleus", True, None)
    assert mask.geometry.is_close(read_image(shown.image_path).geometry)
    with Pillow.open(output / f"{NUCLEI}.png") as picture:
        assert picture.mode == "RGB"
        assert picture.width > 2 * 256


def test_it_replaces_what_it_made_before(add: MakeModel, tmp_path: Path) -> None:
    add(Modality.MICROSCOPY, classes=((1, "nucleus"),))
    for _ in range(2):
        found = run_demo(
            [sample(NUCLEI)],
            users_models(),
            tmp_path / "out",
            threads=1,
            progress=no_progress,
            cancel=None,
        )
        assert len(found.rows) == 1


def test_the_command_accounts_for_every_sample(omniseg: Omniseg, tmp_path: Path) -> None:
    result = omniseg("demo", "--output", tmp_path / "out", "--threads", "1", "--json")
    content = document(result)
    assert set(content) == {"output", "rows", "no_model_shipped"}
    told = {row["sample"] for row in content["rows"]} | set(content["no_model_shipped"])
    assert told == {one.id for one in samples()}
    assert all("class" in row for row in content["rows"])
    of_patients = [row for row in content["rows"] if not row["synthetic"]]
    assert of_patients
    for row in content["rows"]:
        assert (row["note"] is None) == row["synthetic"]
    assert all("trained on patients, shown a phantom" in row["note"] for row in of_patients)
    assert all("test part" in row["note"] for row in of_patients)


def test_people_read_under_the_table_why_a_model_of_patients_does_poorly_here(
    add: MakeModel, tmp_path: Path
) -> None:
    from omniseg_backend.cli.demo import _tables

    add(Modality.MICROSCOPY, classes=((1, "nucleus"),), synthetic=False)
    add(Modality.MICROSCOPY, classes=((1, "nucleus"),), synthetic=True)
    shown, out = [sample(NUCLEI)], tmp_path / "out"
    found = run_demo(shown, users_models(), out, threads=1, progress=no_progress, cancel=None)
    _, *sentences = map(str, _tables(found))
    noted = [sentence for sentence in sentences if sentence.startswith("* ")]
    assert len(noted) == 1
    assert "shown a phantom" in noted[0]
