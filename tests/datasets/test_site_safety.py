"""A killed writer, two writers at once, and the list of all problems."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from omniseg_backend.common.errors import DataError
from omniseg_backend.datasets.layouts import open_dataset
from omniseg_backend.datasets.site.check import check_site
from omniseg_backend.images.reading import read_segmentation
from omniseg_backend.images.writing import write_segmentation
from tests.datasets.site_makers import filled, mask_of, site, volume

# Each child is killed before its n-th renaming, until one reaches the end.
KILLED = """
import json, os, signal, sys
from pathlib import Path
from omniseg_backend.datasets.layouts import open_dataset
from omniseg_backend.datasets.site.dataset import SiteDataset
from tests.datasets.site_makers import mask_of, volume

folder, seed, value, overwrite = Path(sys.argv[1]), *map(int, sys.argv[2:])
image = volume(seed)

def kill_at(number):
    count = 0
    def hook(event, arguments):
        nonlocal count
        if event == "os.rename":
            count += 1
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)

told = []
for number in range(1, 20):
    child = os.fork()
    if not child:
        kill_at(number)
        SiteDataset.open(folder).add(image, mask_of(image, value), overwrite=bool(overwrite))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    dataset = open_dataset(folder)
    files = [p.is_file() for r in dataset.records for p in (*r.image_paths, r.label_path)]
    told.append((os.WIFSIGNALED(status), len(dataset.records), all(files)))
    if not os.WIFSIGNALED(status):
        break
print(json.dumps(told))
"""

ADD = """
import sys
from omniseg_backend.datasets.site.dataset import SiteDataset
from tests.datasets.site_makers import mask_of, volume

for seed in range(int(sys.argv[2]), int(sys.argv[3])):
    image = volume(seed)
    SiteDataset.open(sys.argv[1]).add(image, mask_of(image))
"""


def run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
    )


def errors(folder: Path) -> list[str]:
    return [problem.found for problem in check_site(folder) if problem.severity == "error"]


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="forks are how it is killed")
@pytest.mark.parametrize("before", [1, 4], ids=["train", "reserved"])
def test_a_writer_killed_at_any_moment_leaves_a_valid_data_set(tmp_path: Path, before: int) -> None:
    made = filled(tmp_path / "set", before)
    told = json.loads(run(KILLED, made.folder, 50, 2, 0).stdout)
    *killed, finished = told
    # image, mask, its sidecar, cases.csv, dataset.json
    assert killed == [[True, before, True]] * 5
    assert finished == [False, before + 1, True]
    assert errors(made.folder) == []
    assert len(open_dataset(made.folder).part("test")) == (1 if before == 4 else 0)


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="forks are how it is killed")
def test_a_replacing_writer_killed_at_any_moment_leaves_a_valid_data_set(tmp_path: Path) -> None:
    made = filled(tmp_path / "set", 2)
    told = json.loads(run(KILLED, made.folder, 1, 5, 1).stdout)
    assert told == [[True, 2, True]] * 5 + [[False, 2, True]]
    assert errors(made.folder) == []


def test_files_of_a_killed_writer_are_named(tmp_path: Path) -> None:
    made = filled(tmp_path / "set", 1)
    (label,) = (made.folder / "labelsTr").glob("*.nii.gz")
    shutil.copy(label, made.folder / "labelsTr" / "case-left.nii.gz")
    shutil.copy(label, made.folder / "imagesTr" / "case-left_0000.nii.gz")
    text = (made.folder / "cases.csv").read_text()
    (made.folder / "cases.csv").write_text(text + "case-left,case-left,case-left,\n")
    assert len(open_dataset(made.folder).records) == 1
    (stray,) = [p for p in check_site(made.folder) if "files of no case" in p.found]
    assert stray.severity == "warning"
    assert "case-left_0000" in stray.subject


def test_two_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    made = site(tmp_path / "set")
    # Overlapping: 4 and 5 are added by both.
    ranges = [(0, 6), (4, 10)]
    both = [
        subprocess.Popen([sys.executable, "-c", ADD, str(made.folder), str(a), str(b)])
        for a, b in ranges
    ]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    dataset = open_dataset(made.folder)
    assert len(dataset.records) == 10
    assert len(dataset.part("test")) == 2
    assert errors(made.folder) == []


def test_an_edited_table_of_patients_is_not_overwritten(tmp_path: Path) -> None:
    made = filled(tmp_path / "set", 2)
    table = made.folder / "cases.csv"
    edited = table.read_text().replace(",P1,", ",P0,")
    table.write_text(edited)
    with pytest.raises(DataError, match="another case or patient"):
        made.add(volume(9), mask_of(volume(9)))
    assert table.read_text() == edited


def test_all_problems_are_in_one_list(tmp_path: Path) -> None:
    made = filled(tmp_path / "set", 5)
    made.add(volume(5), mask_of(volume(5)))
    names = list(made.document().omniseg.cases)
    labels = [made.folder / f"labelsTr/{name}.nii.gz" for name in names[:4]]
    (made.folder / f"imagesTr/{names[0]}_0000.nii.gz").unlink()
    labels[1].write_bytes(b"no NIfTI")
    mask = read_segmentation(labels[2])
    mask.labels[0, 0, 0, 0] = 2
    write_segmentation(mask, labels[2], overwrite=True)
    mask.labels[0, 0, 0, 0] = 1
    np.copyto(mask.labels, 0)
    write_segmentation(mask, labels[3], overwrite=True)
    (made.folder / "imagesTs/stray_0000.nii.gz").write_bytes(b"")
    table = made.folder / "cases.csv"
    table.write_text(table.read_text().replace(",P4,", ",P3,"))
    found = check_site(made.folder)
    told = " | ".join(problem.as_text() for problem in found)
    assert f"{names[0]}_0000.nii.gz" in told
    assert "content of no known image format" in told
    assert told.count("other labels than those that were added") == 2
    assert "another case or patient" in told
    assert "no statement of the patient" in told
    assert "files of no case" in told
    assert {problem.severity for problem in found} == {"error", "warning"}


def test_a_sound_one_has_no_errors_and_a_missing_one_says_so(tmp_path: Path) -> None:
    made = filled(tmp_path / "set", 2)
    (spleen,) = check_site(made.folder)
    assert spleen.subject == "class spleen"
    assert spleen.severity == "warning"
    (problem,) = check_site(tmp_path / "nothing")
    assert problem.subject.endswith("dataset.json")
    assert problem.found == "nothing"


def test_a_reader_is_not_disturbed_by_writers(tmp_path: Path) -> None:
    made = site(tmp_path / "set")
    with subprocess.Popen([sys.executable, "-c", ADD, str(made.folder), "0", "20"]) as writer:
        counts = []
        while writer.poll() is None:
            dataset = open_dataset(made.folder)
            counts.append(len(dataset.records))
            assert all(record.label_path.is_file() for record in dataset.records)
    assert writer.returncode == 0
    assert counts == sorted(counts)
    assert len(open_dataset(made.folder).records) == 20


def test_a_row_that_cases_csv_lacks_is_told_once(tmp_path: Path) -> None:
    made = filled(tmp_path / "site", 3)
    table = made.folder / "cases.csv"
    *kept, last = table.read_text().splitlines()
    table.write_text("\n".join(kept) + "\n")
    (problem,) = [p for p in check_site(made.folder) if p.severity == "error"]
    assert problem.found == f"no row for {last.split(',')[0]}"
    assert "by which cases were reserved" in problem.expected
