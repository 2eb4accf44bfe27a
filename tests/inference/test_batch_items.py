"""What of a folder is an image, and what its masks are called."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from omniseg_backend.common.errors import CancelledError
from omniseg_backend.inference.batch.items import FoundItems, Item, find_items
from omniseg_backend.inference.batch.names import output_names
from omniseg_backend.inference.batch.weight import bytes_of_item, decoded_bytes
from tests.images.dicom_writing import write_ct
from tests.inference.batch_makers import write_picture

VOLUME = np.zeros((3, 6, 5), np.int16)


def labels(found: FoundItems) -> list[str]:
    return [item.label for item in found.items]


def test_every_image_file_is_an_item_and_nothing_else(tmp_path: Path) -> None:
    for name in ("b.png", "deep/er/a.PNG", "c.jpg"):
        write_picture(tmp_path / name)
    for name in (".hidden.png", ".git/d.png", "omniseg-batch/thumbnails/b.png", "out/b.png"):
        write_picture(tmp_path / name)
    (tmp_path / "out" / "omniseg-batch").mkdir()
    for name in ("readme.txt", "b.json", "cases.csv", "1.2.3"):
        (tmp_path / name).write_text("x")
    (tmp_path / "damaged.nii.gz").write_bytes(b"")
    found = find_items(tmp_path, leave_out=[tmp_path / "out"])
    assert labels(found) == ["b.png", "c.jpg", "damaged.nii.gz", "deep/er/a.PNG"]
    assert not found.is_one_image
    assert not found.only_dicom


def test_a_folder_of_one_series_is_one_image(tmp_path: Path) -> None:
    write_ct(tmp_path / "scan", VOLUME, names=["IM1", "IM2", "IM3"])
    (tmp_path / "scan" / "readme.txt").write_text("x")
    assert find_items(tmp_path / "scan").is_one_image
    assert find_items(tmp_path).is_one_image  # whose only files they are
    write_picture(tmp_path / "scan" / "a.png")
    assert not find_items(tmp_path / "scan").is_one_image


def test_each_series_is_one_item_called_by_its_folder_if_that_is_its_own(tmp_path: Path) -> None:
    write_ct(tmp_path / "ct", VOLUME)
    for beginning in "ab":
        write_ct(tmp_path / "two", VOLUME, names=[f"{beginning}{k}" for k in range(3)])
    found = find_items(tmp_path)
    assert labels(found) == ["ct", "two/a0", "two/b0"]
    assert [len(item.files) for item in found.items] == [3, 3, 3]
    assert [item.path for item in found.items] == [
        tmp_path / "ct", tmp_path / "two", tmp_path / "two",
    ]  # fmt: skip
    assert found.only_dicom
    assert not found.is_one_image


def test_a_series_in_several_folders_is_one_item(tmp_path: Path) -> None:
    write_ct(tmp_path / "s" / "1", VOLUME[:1], SeriesInstanceUID="1.2.3")
    write_ct(tmp_path / "s" / "2", VOLUME[:1], SeriesInstanceUID="1.2.3")
    write_picture(tmp_path / "a.png")
    assert labels(find_items(tmp_path)) == ["a.png", "s"]


def test_voxels_beside_a_header_belong_to_it(tmp_path: Path) -> None:
    for name in ("a.mhd", "a.raw", "ab.raw", "c.hdr", "c.img"):
        (tmp_path / name).write_bytes(b"12345")
    found = find_items(tmp_path)
    assert [[file.name for file in item.files] for item in found.items] == [
        ["a.mhd", "a.raw"],
        ["c.hdr", "c.img"],
    ]


def test_a_damaged_dicom_file_is_an_item_with_its_problem(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png")
    (tmp_path / "cut").write_bytes(b"\0" * 128 + b"DICM" + b"\x02\0")
    (item,) = (item for item in find_items(tmp_path).items if item.label == "cut")
    assert item.problem is not None


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_that_is_no_text_is_a_problem_and_can_be_shown(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path)
    with open(os.path.join(folder, b"\xff.png"), "wb") as stream:  # noqa: PTH118, PTH123
        stream.write(b"x")
    (item,) = find_items(tmp_path).items
    assert item.problem is not None
    assert (item.label + str(item.problem)).encode("utf-8")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    os.mkfifo(tmp_path / "pipe")
    assert find_items(tmp_path).items == ()


def test_the_search_can_be_stopped(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(CancelledError):
        find_items(tmp_path, cancel=stop)


def items(*names: str) -> list[Item]:
    return [Item(name, Path(name), (Path(name),)) for name in names]


def test_masks_are_called_like_their_images() -> None:
    names = output_names(items("a/scan.nii.gz", "b/scan.nii.gz", "c.ome.tif", "1.2.840.1"), {})
    assert list(names.values()) == ["a/scan", "b/scan", "c", "1.2.840.1"]


def test_no_two_masks_share_a_name() -> None:
    names = output_names(items("scan.png", "Scan.jpg", "scan-png.bmp", "scan-jpg"), {})
    assert names == {
        "scan.png": "scan-png",
        "Scan.jpg": "Scan-jpg",
        "scan-png.bmp": "scan-png-bmp",
        "scan-jpg": "scan-jpg-2",
    }


def test_a_name_once_given_is_kept() -> None:
    names = output_names(items("scan.jpg", "scan.png"), {"scan.png": "scan"})
    assert names == {"scan.png": "scan", "scan.jpg": "scan-jpg"}


def test_a_folder_with_a_dot_keeps_its_name() -> None:
    series = Item("a.nii", Path("a.nii"), (Path("a.nii/IM1"), Path("a.nii/IM2")), is_series=True)
    assert output_names([series], {}) == {"a.nii": "a.nii"}


def test_what_gzip_unpacks_to_is_counted(tmp_path: Path) -> None:
    import gzip

    path = tmp_path / "a.nii.gz"
    path.write_bytes(gzip.compress(bytes(1_000_000)))
    assert decoded_bytes([path]) == 1_000_000
    assert decoded_bytes([tmp_path / "gone.nii.gz"]) == 0
    assert bytes_of_item(2) > bytes_of_item(1)
