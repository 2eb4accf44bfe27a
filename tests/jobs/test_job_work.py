"""What the kinds do, in real runner processes; and what their logs keep to themselves."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from omniseg_backend.bundles.store import Bundle, load_bundle
from omniseg_backend.evaluation.comparison import comparison_text, latest_comparison
from omniseg_backend.images.modality import Modality
from omniseg_backend.images.reading import read_image, read_segmentation
from omniseg_backend.inference.segment import segment
from omniseg_backend.jobs.client import JobClient
from omniseg_backend.jobs.event_log import all_events
from omniseg_backend.jobs.events import Event, Failed, Measured, Warned
from omniseg_backend.jobs.failure import write_traceback
from omniseg_backend.jobs.folder import JobFolder
from omniseg_backend.jobs.spec_file import parse_spec
from omniseg_backend.jobs.states import State
from tests.images.ct_series import write_series
from tests.images.dicom_writing import PATIENT, PATIENT_ID
from tests.inference import conftest as inference_fixtures
from tests.jobs.conftest import wait_until
from tests.training.conftest import write_toy

make_bundle = inference_fixtures.make_bundle

MakeBundle = Callable[..., Bundle]


def run_job(kind: str, settings: dict[str, object], **common: object) -> tuple[State, JobFolder]:
    """Submit a job and wait for its end."""
    client = JobClient()
    content = {"kind": kind, "settings": settings, **common}
    job = client.submit(parse_spec(json.loads(json.dumps(content, default=str)))).id
    ends = (State.FINISHED, State.FAILED, State.INTERRUPTED)
    wait_until(lambda: client.job(job).record.known.state in ends, "the job has ended")
    record = client.job(job).record
    return record.known.state, record.folder


@pytest.fixture
def square(tmp_path: Path) -> Path:
    pixels = np.zeros((32, 32), np.uint8)
    pixels[4:12, 16:24] = 200
    path = tmp_path / "square.png"
    Pillow.fromarray(pixels).save(path)
    return path


def test_a_segment_job_gives_what_the_call_gives(
    make_bundle: MakeBundle, square: Path, tmp_path: Path
) -> None:
    bundle = make_bundle(preprocessing={"modality": Modality.MICROSCOPY})
    output, entropy = tmp_path / "out" / "mask.nii.gz", tmp_path / "out" / "entropy.nii.gz"
    output.parent.mkdir()
    settings = {
        "image": square,
        "model": bundle.path,
        "modality": "microscopy",
        "uncertainty": entropy,
    }
    state, folder = run_job("segment", settings, output=output)
    assert state is State.FINISHED
    image = read_image(square, modality=Modality.MICROSCOPY)
    expected = segment(image, bundle).segmentation.labels
    for path in (output, folder.result / output.name):
        assert np.array_equal(read_segmentation(path).labels, expected)
    assert output.with_suffix("").with_suffix(".json").exists()
    assert entropy.exists()
    report = json.loads((folder.result / "report.json").read_text())
    assert report["bundle"] == bundle.manifest.id
    assert report["classes"][0]["voxels"] == np.count_nonzero(expected)


def test_an_evaluate_job_tells_dice_and_rows(toy_bundle: Path, tmp_path: Path) -> None:
    dataset = write_toy(tmp_path / "toy")
    state, folder = run_job("evaluate", {"bundle": toy_bundle, "dataset": dataset, "threads": 1})
    assert state is State.FINISHED
    told = json.loads((folder.result / "evaluation.json").read_text())
    (metric,) = [event for event in all_events(folder.events) if isinstance(event, Measured)]
    assert metric.values["mean"] == told["score"]["mean_dice"] > 0.5
    rows = (folder.result / "cases.csv").read_text().splitlines()
    assert len(rows) == 1 + 2 * 2


def test_a_batch_job_fills_its_folder_and_passes_over_what_is_bad(
    make_bundle: MakeBundle, square: Path, tmp_path: Path
) -> None:
    bundle = make_bundle(preprocessing={"modality": Modality.MICROSCOPY})
    folder = tmp_path / "images"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        shutil.copy(square, folder / name)
    (folder / "bad.png").write_bytes(b"no picture")
    settings = {
        "folder": folder,
        "output": tmp_path / "masks",
        "model": bundle.path,
        "modality": "microscopy",
        "options": {"workers": 1},
    }
    state, job = run_job("batch", settings)
    assert state is State.FINISHED
    told = json.loads((job.result / "batch.json").read_text())
    assert (told["segmented"], told["failed"]) == (2, 1)
    assert Path(told["table"]).is_file()
    (warning,) = [event for event in all_events(job.events) if isinstance(event, Warned)]
    assert "bad.png" in warning.sentence
    _, again = run_job("batch", settings)
    assert json.loads((again.result / "batch.json").read_text())["done_before"] == 2


def test_a_training_that_cannot_be_tells_every_fault_of_its_data(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="training needs the extra 'train'")
    dataset = write_toy(tmp_path / "toy")
    masks = sorted((dataset / "labelsTr").iterdir())
    for mask in masks[:2]:
        # What names tell is refused at submission.
        mask.write_bytes(b"")
    state, folder = run_job("train", {"dataset": dataset, "modality": "microscopy"})
    assert state is State.FAILED
    failed = all_events(folder.events)[-1]
    assert isinstance(failed, Failed)
    told = "\n".join(failed.details)
    assert masks[0].name.partition(".")[0] in told
    assert masks[1].name in told
    assert failed.details[0] in folder.log.read_text()


def test_a_compare_job_records_what_a_promotion_asks_for(
    toy_bundle: Path, weak_bundle: Path, toy_dataset: Path, tmp_path: Path
) -> None:
    output = tmp_path / "compared"
    settings = {"old": weak_bundle, "new": toy_bundle, "dataset": toy_dataset, "pictures": 1}
    state, folder = run_job("compare", settings, output=output)
    assert state is State.FINISHED
    old, new = load_bundle(weak_bundle), load_bundle(toy_bundle)
    recorded = latest_comparison(old.manifest_hash, new.manifest_hash)
    assert recorded is not None
    assert (output / "comparison.json").read_text() == comparison_text(recorded)
    assert len(list(output.glob("01-*.png"))) == 1
    figures = {e.group: e.values for e in all_events(folder.events) if isinstance(e, Measured)}
    assert figures["Dice, new"]["square"] > figures["Dice, old"]["square"]


def test_what_a_job_writes_down_names_no_patient(make_bundle: MakeBundle, tmp_path: Path) -> None:
    bundle = make_bundle(preprocessing={"modality": Modality.CT})
    with warnings.catch_warnings():
        # Values that pydicom complains about, quoting them.
        warnings.simplefilter("ignore")
        series = write_series(
            tmp_path / "series", PatientBirthDate=f"not a date {PATIENT}", StudyID=PATIENT * 9
        )
    settings = {"image": series.folder, "model": bundle.path}
    state, folder = run_job("segment", settings)
    assert state is State.FINISHED
    damaged = sorted(series.folder.iterdir())[2]
    damaged.write_bytes(damaged.read_bytes()[:-20])
    broken_state, broken = run_job("segment", settings)
    assert broken_state is State.FAILED
    for written in (*files_of(folder), *files_of(broken)):
        content = written.read_bytes()
        assert PATIENT.encode() not in content, written.name
        assert PATIENT_ID.encode() not in content, written.name
    assert isinstance(all_events(broken.events)[-1], Event)


def files_of(folder: JobFolder) -> list[Path]:
    """All that a job writes but its result, which for DICOM segmentations names the patient."""
    return [
        path
        for path in folder.path.rglob("*")
        if path.is_file() and folder.result not in path.parents
    ]


def test_a_traceback_leaves_out_what_a_reader_quoted(tmp_path: Path) -> None:
    import pydicom

    try:
        pydicom.Dataset().PatientSize = object()
    except TypeError as error:
        write_traceback(error, tmp_path / "reader.txt")
    else:
        pytest.skip("this pydicom takes any value")
    try:
        raise KeyError(PATIENT)
    except KeyError as error:
        write_traceback(error, tmp_path / "ours.txt")
    assert "message left out" in (tmp_path / "reader.txt").read_text()
    assert PATIENT in (tmp_path / "ours.txt").read_text()


def test_what_a_reader_assumed_is_a_warning(
    make_bundle: MakeBundle, square: Path, tmp_path: Path
) -> None:
    bundle = make_bundle(preprocessing={"modality": Modality.MICROSCOPY})
    turned = tmp_path / "turned.png"
    exif = Pillow.Exif()
    exif[0x0112] = 6  # orientation: shown turned by a quarter
    Pillow.open(square).save(turned, exif=exif)
    settings = {"image": turned, "model": bundle.path, "modality": "microscopy"}
    _, folder = run_job("segment", settings)
    notes = [str(note) for note in read_image(turned, modality=Modality.MICROSCOPY).notes]
    assert [e.sentence for e in all_events(folder.events) if isinstance(e, Warned)] == notes
    assert notes
