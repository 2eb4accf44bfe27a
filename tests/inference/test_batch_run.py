"""A batch in this process: what is done, done again, refused and left."""

from __future__ import annotations

import os
import shutil
import threading
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest

from omniseg_backend.common.errors import CancelledError, DataError, ResourceError, UsageError
from omniseg_backend.common.executor import InProcess
from omniseg_backend.common.task_message import Task
from omniseg_backend.images.reading import read_segmentation
from omniseg_backend.inference.batch import layout
from omniseg_backend.inference.batch.record import ItemRecord, read_record
from omniseg_backend.inference.batch.run import run_batch
from tests.images.dicom_writing import PATIENT, PATIENT_ID, write_ct
from tests.inference.batch_makers import (
    endings,
    marked_in,
    rows_of,
    run_here,
    settings_of,
    write_picture,
)
from tests.inference.conftest import MakeBundle


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures, of 256 and 128 bright pixels."""
    write_picture(tmp_path / "in" / "a.png", 8)
    write_picture(tmp_path / "in" / "deep" / "b.png", 4)
    return tmp_path / "in"


def test_every_image_gets_its_mask_and_its_rows(
    make_bundle: MakeBundle, folder: Path, tmp_path: Path
) -> None:
    result = run_here(folder, tmp_path / "out", make_bundle())
    assert endings(result) == {"a.png": "now", "deep/b.png": "now"}
    assert marked_in(tmp_path / "out" / "a.png") == 256
    assert marked_in(tmp_path / "out" / "deep" / "b.png") == 128
    first, second = rows_of(result)
    assert list(first) == [
        "file", "class", "volume", "unit", "confidence", "flag", "error", "mask",
    ]  # fmt: skip
    assert (first["file"], first["class"], first["volume"], first["unit"]) == (
        "a.png", "square", "256", "px",
    )  # fmt: skip
    assert (second["file"], second["mask"]) == ("deep/b.png", "deep/b.png")
    assert (tmp_path / "out" / "omniseg-batch" / "thumbnails" / "deep" / "b.png").is_file()


def test_what_is_done_is_not_done_again_but_still_told(
    make_bundle: MakeBundle, folder: Path, tmp_path: Path
) -> None:
    bundle, output = make_bundle(), tmp_path / "out"
    before = rows_of(run_here(folder, output, bundle))
    stamp = (output / "a.png").stat().st_mtime_ns
    result = run_here(folder, output, bundle)
    assert set(endings(result).values()) == {"before"}
    assert (output / "a.png").stat().st_mtime_ns == stamp
    assert rows_of(result) == before


def test_a_changed_image_is_done_again_and_a_touched_one_is_not(
    make_bundle: MakeBundle, folder: Path, tmp_path: Path
) -> None:
    bundle, output = make_bundle(), tmp_path / "out"
    run_here(folder, output, bundle)
    write_picture(folder / "a.png", 16)
    os.utime(folder / "deep" / "b.png", ns=(1, 1))
    assert endings(run_here(folder, output, bundle)) == {"a.png": "now", "deep/b.png": "before"}
    assert marked_in(output / "a.png") == 512
    record = read_record(layout.record_path(output, "deep/b"))
    assert record is not None
    assert record.files[0].modified == 1


def test_another_image_of_the_same_size_and_time_is_found_by_a_new_name(
    make_bundle: MakeBundle, folder: Path, tmp_path: Path
) -> None:
    bundle, output = make_bundle(), tmp_path / "out"
    run_here(folder, output, bundle)
    write_picture(folder / "a.bmp", 2)
    assert endings(run_here(folder, output, bundle))["a.bmp"] == "now"
    assert marked_in(output / "a.png") == 256
    assert marked_in(output / "a-bmp.png") == 64


def test_a_mask_that_is_gone_is_made_again(
    make_bundle: MakeBundle, folder: Path, tmp_path: Path
) -> None:
    bundle, output = make_bundle(), tmp_path / "out"
    run_here(folder, output, bundle, mask_suffix="nii.gz")
    (output / "a.nii.gz").unlink()  # its record a.json stays
    result = run_here(folder, output, bundle, mask_suffix="nii.gz")
    assert endings(result) == {"a.png": "now", "deep/b.png": "before"}
    assert marked_in(output / "a.nii.gz") == 256


def test_what_another_model_or_option_made_is_not_mixed_in(
    make_bundle: MakeBundle, folder: Path, tmp_path: Path
) -> None:
    first, second, output = make_bundle(), make_bundle(), tmp_path / "out"
    run_here(folder, output, first)
    with pytest.raises(DataError, match=f"masks by {first.manifest.id} .*--overwrite"):
        run_here(folder, output, second)
    with pytest.raises(DataError, match="format nii"):
        run_here(folder, output, first, mask_suffix="nii")
    result = run_here(folder, output, second, overwrite=True)
    assert set(endings(result).values()) == {"now"}
    provenance = read_segmentation(output / "a.png").provenance
    assert provenance is not None
    assert provenance.bundle == second.manifest.id


def test_a_file_that_the_batch_did_not_write_stays(
    make_bundle: MakeBundle, folder: Path, tmp_path: Path
) -> None:
    bundle, output = make_bundle(), tmp_path / "out"
    output.mkdir()
    (output / "a.png").write_text("mine")
    result = run_here(folder, output, bundle)
    assert endings(result) == {"a.png": "failed", "deep/b.png": "now"}
    assert (output / "a.png").read_text() == "mine"
    assert endings(run_here(folder, output, bundle, overwrite=True))["a.png"] == "now"


def test_a_corrected_mask_is_not_lost_when_its_image_changes(
    make_bundle: MakeBundle, folder: Path, tmp_path: Path
) -> None:
    bundle, output = make_bundle(), tmp_path / "out"
    run_here(folder, output, bundle)
    shutil.copy(output / "deep" / "b.png", output / "a.png")
    assert endings(run_here(folder, output, bundle))["a.png"] == "before"
    write_picture(folder / "a.png", 16)
    assert endings(run_here(folder, output, bundle))["a.png"] == "failed"
    assert marked_in(output / "a.png") == 128


def test_bad_files_are_told_and_passed_over(
    make_bundle: MakeBundle, folder: Path, tmp_path: Path
) -> None:
    (folder / "bad.png").write_text("no picture")
    (folder / "empty.nii.gz").touch()
    result = run_here(folder, tmp_path / "out", make_bundle())
    assert (result.segmented, result.before, result.failed) == (2, 0, 2)
    told = {row["file"]: row["error"] for row in rows_of(result)}
    assert "found content of no known image format" in told["bad.png"]
    assert "empty file" in told["empty.nii.gz"]
    assert told["a.png"] == ""
    page = result.page.read_text(encoding="utf-8")
    assert "4 images, 2 segmented, 2 failed" in page


def test_a_killed_run_knows_its_own_mask(
    make_bundle: MakeBundle, folder: Path, tmp_path: Path
) -> None:
    """As if it was killed between the mask and its last record."""
    bundle, output = make_bundle(), tmp_path / "out"
    run_here(folder, output, bundle)
    place = layout.record_path(output, "a")
    record = ItemRecord.model_validate_json(place.read_bytes())
    unfinished = record.model_copy(update={"mask_hash": None, "classes": ()})
    place.write_text(unfinished.model_dump_json())
    assert endings(run_here(folder, output, bundle)) == {"a.png": "now", "deep/b.png": "before"}


class Crowded(InProcess):
    """Two at once, of which the first has too little memory while it is not alone."""

    def __init__(self) -> None:
        self.submitted = 0

    @property
    def capacity(self) -> int:
        return 2

    def submit(self, task: Task, spec: str) -> Future[str]:
        self.submitted += 1
        if self.submitted > 1:
            return super().submit(task, spec)
        starved: Future[str] = Future()
        starved.set_exception(ResourceError("a", found="b", expected="c", remedy="d"))
        return starved


def test_an_image_that_lacked_memory_is_tried_again_alone(
    make_bundle: MakeBundle, folder: Path, tmp_path: Path
) -> None:
    executor = Crowded()
    settings = settings_of(folder, tmp_path / "out", make_bundle())
    result = run_batch(settings, executor=executor)
    assert endings(result) == {"a.png": "now", "deep/b.png": "now"}
    assert executor.submitted == 3


def test_half_a_file_of_a_killed_run_is_removed_and_nothing_else(
    make_bundle: MakeBundle, folder: Path, tmp_path: Path
) -> None:
    bundle, output = make_bundle(), tmp_path / "out"
    run_here(folder, output, bundle)
    for place, name in (("deep", "b.png"), ("omniseg-batch/records", "a.json"), (".", "x.png")):
        half = output / place / f".omniseg-{name}"
        half.mkdir()
        (half / name).write_text("half")
    run_here(folder, output, bundle)
    assert [path.name for path in output.rglob(".omniseg-*")] == [".omniseg-x.png"]


def test_a_stop_keeps_what_is_done_and_the_same_call_goes_on(
    make_bundle: MakeBundle, folder: Path, tmp_path: Path
) -> None:
    bundle, output, stop = make_bundle(), tmp_path / "out", threading.Event()
    with pytest.raises(CancelledError):
        run_batch(
            settings_of(folder, output, bundle),
            executor=InProcess(),
            on_outcome=lambda outcome: stop.set(),
            cancel=stop,
        )
    assert "1 not reached" in (output / layout.PAGE_NAME).read_text(encoding="utf-8")
    assert (output / layout.TABLE_NAME).read_text(encoding="utf-8").count("\n") == 2
    assert endings(run_here(folder, output, bundle)) == {"a.png": "before", "deep/b.png": "now"}


def test_two_batches_do_not_share_a_folder(
    make_bundle: MakeBundle, folder: Path, tmp_path: Path
) -> None:
    bundle, output = make_bundle(), tmp_path / "out"
    refused = []

    def again(outcome: object) -> None:
        with pytest.raises(ResourceError, match="another batch"):
            run_here(folder, output, bundle)
        refused.append(outcome)

    run_batch(settings_of(folder, output, bundle), executor=InProcess(), on_outcome=again)
    assert len(refused) == 2


def test_an_output_inside_the_folder_is_not_searched(make_bundle: MakeBundle, folder: Path) -> None:
    bundle = make_bundle()
    run_here(folder, folder / "masks", bundle)
    assert set(endings(run_here(folder, folder / "masks", bundle))) == {"a.png", "deep/b.png"}
    with pytest.raises(UsageError, match="the folder of the images"):
        run_here(folder, folder, bundle)


def test_an_empty_folder_is_a_sentence(make_bundle: MakeBundle, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(DataError, match="a folder without an image"):
        run_here(tmp_path / "in", tmp_path / "out", make_bundle())
    assert not (tmp_path / "out").exists()


def test_a_damaged_record_is_a_sentence(
    make_bundle: MakeBundle, folder: Path, tmp_path: Path
) -> None:
    bundle, output = make_bundle(), tmp_path / "out"
    run_here(folder, output, bundle)
    layout.record_path(output, "a").write_text("{")
    with pytest.raises(DataError, match=r"a\.json: found a damaged record"):
        run_here(folder, output, bundle)


def test_series_are_segmented_and_no_identity_is_told(
    make_bundle: MakeBundle, tmp_path: Path
) -> None:
    volume = np.zeros((2, 32, 32), np.int16)
    volume[:, :4] = 5
    for name in ("one", "two"):
        write_ct(tmp_path / "in" / name, volume, StudyDescription=PATIENT)
    bundle = make_bundle(preprocessing={"modality": "ct"})
    settings = settings_of(tmp_path / "in", tmp_path / "out", bundle, mask_suffix="seg.nrrd")
    settings = settings.model_copy(update={"modality": None})
    result = run_batch(settings, executor=InProcess())
    assert endings(result) == {"one": "now", "two": "now"}
    assert marked_in(tmp_path / "out" / "one.seg.nrrd") == 256
    assert [row["unit"] for row in rows_of(result)] == ["mL", "mL"]
    for path in (tmp_path / "out").rglob("*"):
        assert "1.2.826" not in path.name
        if path.suffix in (".csv", ".html", ".json"):
            text = path.read_text(encoding="utf-8")
            assert not any(identity in text for identity in (PATIENT, PATIENT_ID, "1.2.826"))
