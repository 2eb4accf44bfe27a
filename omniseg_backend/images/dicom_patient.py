"""Which patient a DICOM image belongs to: the one reader of an identity, and never for keeping."""

from __future__ import annotations

import zipfile
from pathlib import Path

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.dicom_dataset import read_dataset
from omniseg_backend.images.dicom_files import DicomFile
from omniseg_backend.images.dicom_source import DicomSource
from omniseg_backend.images.dicom_tags import Tags


def patient_identity(source: DicomSource) -> str | None:
    """The Patient ID of a series with who issued it; None where its header states none.

    What is returned names a person: hash it at once, and neither store, log nor show it.

    Args:
        source: The series behind an image.

    Raises:
        DataError: Its first file is gone or cannot be read.
    """
    plane = source.planes[0]
    try:
        tags = _header(plane.path, plane.member)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(
            plane.path,
            found="a DICOM file that is no longer there or cannot be read",
            expected="the file that the image was read from",
            remedy="open the image again from where it lies now, or state the patient",
        ) from error
    identity = tags.text("PatientID")
    return f"{tags.text('IssuerOfPatientID')}\n{identity}" if identity else None


def _header(path: Path, member: str | None) -> Tags:
    size = path.stat().st_size
    if member is None:
        file = DicomFile(path, size)
        return Tags(read_dataset(file, pixels=False), file)
    with zipfile.ZipFile(path) as archive:
        file = DicomFile(path, size, member, archive)
        return Tags(read_dataset(file, pixels=False), file)
