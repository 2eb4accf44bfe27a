"""A data set parted anew: chosen patients become its test part, all others its training part."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Collection
from pathlib import Path

from omniseg_backend.common.atomic import atomic_path
from omniseg_backend.datasets.cases import FILE_NAME
from omniseg_backend.datasets.records import Dataset, Record

_PARTS = {"train": "Tr", "test": "Ts"}


def write_held_out(dataset: Dataset, patients: Collection[str], folder: Path) -> None:
    """Copy an nnU-Net data set with ``patients`` held out, whatever its own parts were.

    A folder that exists is left as it is: a study that goes on meets the same data.

    Args:
        dataset: An nnU-Net v2 raw data set.
        patients: Who is in the new test part.
        folder: Where to.
    """
    if folder.exists():
        return
    with atomic_path(folder) as temporary:
        for suffix in _PARTS.values():
            (temporary / f"images{suffix}").mkdir(parents=True)
            (temporary / f"labels{suffix}").mkdir()
        training = 0
        for record in dataset.records:
            held_out = record.patient in patients
            training += not held_out
            suffix = _PARTS["test" if held_out else "train"]
            for path in record.image_paths:
                shutil.copyfile(path, temporary / f"images{suffix}" / path.name)
            label = record.label_path
            shutil.copyfile(label, temporary / f"labels{suffix}" / label.name)
        described = json.loads((dataset.root / "dataset.json").read_text("utf-8"))
        described["numTraining"] = training
        (temporary / "dataset.json").write_text(json.dumps(described, indent=1), "utf-8")
        (temporary / FILE_NAME).write_text(_cases(dataset.records), "utf-8")


def _cases(records: tuple[Record, ...]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("file", "case", "patient", "slice"))
    for record in records:
        # Both parts may use a file's name; then it stands with its old part in front.
        name = record.file.rpartition("/")[2]
        place = "" if record.slice is None else record.slice
        writer.writerow((name, record.case, record.patient, place))
    return text.getvalue()
