"""Which series lie in a tree of DICOM files, and reading one of them by its files."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import SegmentationStorage

from omniseg_backend.common.errors import CancelledError, DataError
from omniseg_backend.images.dicom_listing import list_series
from omniseg_backend.images.reading import read_image, read_listed_series
from tests.images.dicom_writing import PATIENT, new_dicom, write_ct

VOLUME = np.arange(4 * 6 * 5, dtype=np.int16).reshape(4, 6, 5)


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_series_are_told_apart_across_folders(tmp_path: Path) -> None:
    write_ct(tmp_path / "a", VOLUME)
    write_ct(tmp_path / "b" / "deep", VOLUME[:2])
    listing = list_series(files_of(tmp_path))
    assert [len(series.files) for series in listing.series] == [4, 2]
    assert [series.bytes for series in listing.series] == [4 * 6 * 5 * 2, 2 * 6 * 5 * 2]
    assert len({series.uid for series in listing.series}) == 2
    assert (listing.damaged, listing.others) == ((), 0)


def test_what_is_no_image_is_counted_and_what_is_damaged_is_named(tmp_path: Path) -> None:
    write_ct(tmp_path / "a", VOLUME)
    report = new_dicom(np.zeros((2, 2), np.uint8), SOPClassUID=SegmentationStorage)
    report.save_as(tmp_path / "report.dcm", enforce_file_format=True)
    whole = (tmp_path / "report.dcm").read_bytes()
    (tmp_path / "short.dcm").write_bytes(whole[:170])
    listing = list_series(files_of(tmp_path))
    assert listing.others == 1
    ((path, error),) = listing.damaged
    assert path.name == "short.dcm"
    assert PATIENT not in str(error)
    assert len(listing.series) == 1


def test_files_without_a_series_number_form_one_series_per_folder(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_ct(tmp_path / name, VOLUME, SeriesInstanceUID=None)
    listing = list_series(files_of(tmp_path))
    assert [series.uid for series in listing.series] == ["", ""]


def test_a_listed_series_reads_like_its_folder(tmp_path: Path) -> None:
    write_ct(tmp_path / "a", VOLUME)
    write_ct(tmp_path / "a", VOLUME[:3], names=["x.dcm", "y.dcm", "z.dcm"])
    alone = read_image(write_ct(tmp_path / "alone", VOLUME))
    first, second = list_series(files_of(tmp_path / "a")).series
    read = read_listed_series(tmp_path / "a", first.files)
    np.testing.assert_array_equal(read.array, alone.array)
    assert read.geometry.is_close(alone.geometry, 1e-6)
    assert read_listed_series(tmp_path / "a", second.files).array.shape[-1] == 3


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="found nothing"):
        read_listed_series(tmp_path, [tmp_path / "gone.dcm"])


def test_the_search_can_be_stopped(tmp_path: Path) -> None:
    write_ct(tmp_path / "a", VOLUME)
    stop = threading.Event()
    stop.set()
    with pytest.raises(CancelledError):
        list_series(files_of(tmp_path), cancel=stop)
