"""From corrected masks to the current model: the rooms agree on hashes, parts and classes."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from omniseg_backend.bundles import models
from omniseg_backend.bundles.current import roll_back
from omniseg_backend.bundles.models import available_models
from omniseg_backend.bundles.store import Bundle, load_bundle
from omniseg_backend.cli.main import app
from omniseg_backend.datasets.site.check import check_site
from omniseg_backend.datasets.site.dataset import SiteDataset
from omniseg_backend.evaluation.compare import compare
from omniseg_backend.evaluation.comparison import record_comparison
from omniseg_backend.evaluation.promotion import promote
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.modality import Modality
from omniseg_backend.images.segmentation import Segmentation
from tests.training.conftest import draw_case

PATIENTS = 35
CLASSES = ClassTable.from_names(["square", "disc"], [2, 5])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> SiteDataset:
    """Pictures of 35 patients, seven of them reserved, named as the toy is."""
    folder = tmp_path_factory.mktemp("site") / "site"
    made = SiteDataset.create(folder, CLASSES, name="Toy", modality=Modality.MICROSCOPY)
    for seed in range(200, 200 + PATIENTS):
        values, labels = draw_case(seed)
        image = Image.from_picture(values, name=f"{seed}.png")
        geometry = Geometry.of_picture(*reversed(labels.shape))
        mask = Segmentation(labels.T[None, :, :, None], geometry, CLASSES)
        made.add(image, mask, patient=f"P{seed}")
    return made


@pytest.fixture(scope="module")
def site_bundle(site: SiteDataset, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A Compact really trained on the site data set, by the command."""
    pytest.importorskip("torch", reason="training needs the train extra")
    target = tmp_path_factory.mktemp("site-bundle") / "site.omniseg"
    options = {
        "variant": "compact", "steps": 60, "batch-size": 4, "validations": 2, "input-size": 32,
        "learning-rate": 3e-3, "threads": 1, "accelerator": "cpu",
    }  # fmt: skip
    typed = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMNISEG_HOME", str(target.parent / "home"))
        result = CliRunner().invoke(app, ["train", str(site.folder), "-o", str(target), *typed])
        assert result.exit_code == 0, result.stderr
        (listed,) = [e for e in available_models() if e.origin == "user"]
    bundle = load_bundle(target)
    assert (listed.manifest_hash, listed.status) == (bundle.manifest_hash, "candidate")
    return bundle


def test_training_sees_every_training_case_and_no_reserved_one(
    site: SiteDataset, site_bundle: Bundle
) -> None:
    cases = site.document().omniseg.cases.values()
    record = site_bundle.manifest.training
    seen = {*record.train_hashes, *record.validation_hashes}
    assert seen == {case.image_hash for case in cases if case.part == "train"}
    assert not seen & {case.image_hash for case in cases if case.part == "test"}
    assert record.by_patient
    assert (record.train_patients or 0) + (record.validation_patients or 0) == 28
    assert [p for p in check_site(site.folder) if p.severity == "error"] == []


def test_it_is_compared_on_the_reserved_patients_promoted_and_taken_back(
    site: SiteDataset,
    site_bundle: Bundle,
    weak_bundle: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMNISEG_HOME", str(tmp_path / "home"))
    weak = load_bundle(weak_bundle)
    promote(weak)
    comparison = compare(weak, site_bundle, site.dataset())
    assert comparison.overall.patients == 7
    assert comparison.verdict == "better"
    assert comparison.trained_on == ()
    # Values differ (2 and 5 there, 1 and 2 here); names decide.
    assert [entry.name for entry in comparison.classes] == ["square", "disc"]
    record_comparison(comparison)
    promote(site_bundle)
    kind = ("toy", "compact")
    assert models.model(*kind).manifest_hash == site_bundle.manifest_hash
    roll_back(*kind)
    assert models.model(*kind).manifest_hash == weak.manifest_hash
