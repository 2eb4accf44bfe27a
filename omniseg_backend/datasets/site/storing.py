"""The files of a case, and ``cases.csv``."""

from __future__ import annotations

import csv
import dataclasses
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.atomic import write_text_atomic
from omniseg_backend.common.errors import DataError
from omniseg_backend.datasets.cases import COLUMNS, FILE_NAME, read_cases_csv
from omniseg_backend.datasets.problems import Problem, listed
from omniseg_backend.datasets.records import Part
from omniseg_backend.datasets.site.document import SiteDocument, image_name, label_name
from omniseg_backend.images.image import Image
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.images.writing import write_image, write_segmentation


def storable(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """Voxels in a type that NIfTI holds, with the very same values."""
    if array.dtype == np.bool_:
        return array.astype(np.uint8)
    if array.dtype == np.float16:
        return array.astype(np.float32)
    return array


def write_case_image(folder: Path, case: str, part: Part, image: Image) -> None:
    """Write an image, one file per channel as nnU-Net wants it.

    A file of that name can only be what a killed writer left of the same voxels.

    Raises:
        DataError: The folder cannot be written, or NIfTI cannot hold the image.
        ResourceError: The disk is full.
    """
    for channel, name in enumerate(image.channel_names):
        single = dataclasses.replace(
            image,
            array=image.array[:, channel : channel + 1],
            channel_names=(name,),
            has_time=False,
            frame_seconds=None,
            source=None,
        )
        write_image(single, folder / image_name(case, part, channel), overwrite=True)


def write_case_mask(folder: Path, case: str, part: Part, mask: Segmentation) -> None:
    """Write a mask with its class table; one of that name is replaced in one step.

    Raises:
        DataError: The folder cannot be written.
        ResourceError: The disk is full.
    """
    write_segmentation(mask, folder / label_name(case, part), overwrite=True)


def write_cases_csv(folder: Path, document: SiteDocument) -> None:
    """Write the patients of a document's cases; every file is a whole case."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(
        (name, name, case.patient, "") for name, case in document.omniseg.cases.items()
    )
    write_text_atomic(folder / FILE_NAME, stream.getvalue())


def refuse_edited_cases_csv(folder: Path, document: SiteDocument) -> None:
    """Refuse to overwrite what somebody wrote into ``cases.csv``.

    Raises:
        DataError: It cannot be read, or names other patients than the document.
    """
    for problem in cases_csv_problems(folder, document):
        raise DataError(
            problem.subject,
            found=problem.found,
            expected=problem.expected,
            remedy=problem.remedy,
        )


def cases_csv_problems(folder: Path, document: SiteDocument) -> list[Problem]:
    """Where ``cases.csv`` says something else than ``dataset.json``.

    Raises:
        DataError: It cannot be read.
    """
    path = folder / FILE_NAME
    rows = {row.file: row for row in read_cases_csv(path)}
    absent = [name for name, _ in document.omniseg.cases.items() if name not in rows]
    other = [
        name
        for name, case in document.omniseg.cases.items()
        if name in rows
        and (rows[name].case, rows[name].patient, rows[name].slice) != (name, case.patient, None)
    ]
    found = []
    if absent:
        found.append(f"no row for {listed(absent)}")
    if other:
        found.append(f"another case or patient for {listed(other)}")
    if not found:
        return []
    return [
        Problem(
            "patients",
            str(path),
            found=" and ".join(found),
            expected="the cases and patients of dataset.json, by which cases were reserved",
            remedy="restore these rows, or the file from a copy",
        )
    ]
