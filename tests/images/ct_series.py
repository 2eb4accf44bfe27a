"""A synthetic CT series: oblique, anisotropic, of one patient, with its DicomSource."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pydicom
from pydicom.uid import generate_uid

from omniseg_backend.images.dicom_source import DicomSource
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.reading import read_image
from tests.images.dicom_writing import oblique, write_ct

COLUMNS, ROWS, SLICES = 13, 9, 5


@dataclasses.dataclass(frozen=True)
class Series:
    """A series on disk and what its reader says of it."""

    folder: Path
    source: DicomSource
    geometry: Geometry

    def header(self, k: int) -> pydicom.Dataset:
        return pydicom.dcmread(self.source.planes[k].path)


def write_series(folder: Path, columns: int = COLUMNS, **fields: object) -> Series:
    """Write one CT file per slice, in an order of names that is not that of positions.

    Args:
        folder: Where.
        columns: Of each slice.
        fields: Elements by keyword, as ``write_ct`` takes them; None leaves one out.
    """
    volume = np.zeros((SLICES, ROWS, columns), np.int16)
    common = {
        "StudyInstanceUID": generate_uid(),
        "PatientBirthDate": "19500102",
        "PatientSex": "F",
        "StudyDate": "20240105",
        "StudyTime": "101112",
        "StudyID": "S1",
        "AccessionNumber": "A1",
        "SeriesNumber": 4,
    }
    names = [f"{(k * 3) % SLICES}.dcm" for k in range(SLICES)]
    settings = {"orientation": oblique(), "names": names} | common | fields
    with pydicom.config.disable_value_validation():
        write_ct(folder, volume, **settings)
    image = read_image(folder)
    assert image.source is not None
    return Series(folder, image.source, image.geometry)
