"""Small DICOM files and videos, written by pydicom and imageio."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    SecondaryCaptureImageStorage,
    generate_uid,
)

#: What must never leave a file: the tests look for it in everything that readers say.
PATIENT = "Doe^Jane"
PATIENT_ID = "PID4711"

#: Image Orientation (Patient) of the three planes and of an oblique one.
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)


def oblique() -> tuple[float, ...]:
    """Directions of rows and columns of a plane that is turned about two axes."""
    a, b = np.deg2rad(20.0), np.deg2rad(-35.0)
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_z = np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
    turned = about_z @ about_x
    return (*turned[:, 0], *turned[:, 1])


def new_dicom(pixels: NDArray[np.generic], **fields: object) -> FileDataset:
    """A secondary capture of ``pixels`` (rows, columns[, 3]) or with frames before them.

    Args:
        pixels: The stored values.
        fields: Elements by keyword, over the defaults; None leaves one out.
    """
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    colour = pixels.ndim > 2 and pixels.shape[-1] == 3
    frames = pixels.ndim - (3 if colour else 2)
    bits = pixels.dtype.itemsize * 8
    defaults: dict[str, object] = {
        "SOPClassUID": SecondaryCaptureImageStorage,
        "SOPInstanceUID": generate_uid(),
        "SeriesInstanceUID": generate_uid(),
        "PatientName": PATIENT,
        "PatientID": PATIENT_ID,
        "Modality": "OT",
        "Rows": pixels.shape[frames],
        "Columns": pixels.shape[frames + 1],
        "SamplesPerPixel": 3 if colour else 1,
        "PlanarConfiguration": 0 if colour else None,
        "PhotometricInterpretation": "RGB" if colour else "MONOCHROME2",
        "BitsAllocated": bits,
        "BitsStored": bits,
        "HighBit": bits - 1,
        "PixelRepresentation": int(pixels.dtype.kind == "i"),
        "NumberOfFrames": pixels.shape[0] if frames else None,
        "PixelData": pixels.tobytes() + b"\0" * (pixels.nbytes % 2),
    }
    for keyword, value in (defaults | fields).items():
        if value is not None:
            setattr(dataset, keyword, value)
    dataset["PixelData"].VR = "OW" if bits > 8 else "OB"
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return dataset


def write_dicom(path: Path, pixels: NDArray[np.generic], **fields: object) -> Path:
    """Write what ``new_dicom`` makes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new_dicom(pixels, **fields).save_as(path, enforce_file_format=True)
    return path


def write_ct(
    folder: Path,
    volume: NDArray[np.generic],
    *,
    orientation: Sequence[float] = AXIAL,
    spacing: tuple[float, float] = (0.9, 0.7),
    origin: Sequence[float] = (-31.5, 12.25, 104.0),
    step: Sequence[float] | None = None,
    names: Sequence[str] | None = None,
    **fields: object,
) -> Path:
    """Write a CT series of one file per slice.

    Args:
        folder: Where.
        volume: Shape (slices, rows, columns).
        orientation: Image Orientation (Patient).
        spacing: Distance of rows and of columns in mm.
        origin: Position of the first slice, LPS.
        step: From slice to slice, LPS; 2.5 mm along the normal by default.
        names: Of the files.
        fields: Elements of every file; a list stands for one value per slice.
    """
    normal = np.cross(orientation[:3], orientation[3:])
    along = np.array(step if step is not None else 2.5 * normal)
    common = {"SeriesInstanceUID": generate_uid(), "SOPClassUID": CTImageStorage}
    common |= {"FrameOfReferenceUID": generate_uid(), "Modality": "CT", "SliceThickness": "2"}
    for k, pixels in enumerate(volume):
        own = {key: v[k] if isinstance(v, list) else v for key, v in fields.items()}
        place = {
            "ImagePositionPatient": as_text(np.array(origin) + k * along),
            "ImageOrientationPatient": as_text(orientation),
            "PixelSpacing": as_text(spacing),
        }
        name = names[k] if names is not None else f"{k:04}.dcm"
        write_dicom(folder / name, pixels, **(common | place | own))
    return folder


def as_text(numbers: Sequence[float] | NDArray[np.float64]) -> list[str]:
    """Decimal strings of at most 16 characters, as DICOM stores them."""
    return [pydicom.valuerep.format_number_as_ds(float(number)) for number in numbers]


def write_video(path: Path, frames: NDArray[np.uint8], fps: int = 20) -> Path:
    """Write (time, rows, columns, 3) as AVI or MP4."""
    codec = "libx264" if path.suffix == ".mp4" else "rawvideo"
    iio.imwrite(path, frames, plugin="pyav", codec=codec, fps=fps)
    return path
