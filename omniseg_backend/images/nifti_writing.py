"""Writing NIfTI-1: sform and qform, units, label intent and the embedded record."""

from __future__ import annotations

import gzip
from pathlib import Path

import nibabel
import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.nifti import COMMENT_EXTENSION
from omniseg_backend.images.records import ImageRecord, SegmentationRecord
from omniseg_backend.images.segmentation import Segmentation

#: "Coordinates of the scanner": what affines of images and their segmentations mean here.
_SCANNER = 1
_DESCRIPTION_BYTES = 79
#: Level 6 is gzip's default; it halves label maps against nibabel's level 1.
_COMPRESSION = 6
_LONGEST_AXIS = 32767


def check_labels(segmentation: Segmentation, target: Path) -> None:
    """Refuse a grid that NIfTI-1 cannot hold; any affine, sheared ones too, it does hold."""
    _refuse_long_axes((*segmentation.geometry.shape, segmentation.labels.shape[0]), target)


def save_labels(segmentation: Segmentation, path: Path) -> None:
    """Write uint8 or uint16 labels to ``path``, which is replaced; time is the 4th axis."""
    labels = segmentation.labels
    smallest = np.uint8 if labels.max() <= 255 else np.uint16
    voxels = labels.transpose(1, 2, 3, 0).astype(smallest, copy=False)
    timed = segmentation.has_time or labels.shape[0] > 1
    record = SegmentationRecord.of(segmentation)
    file = _with_header(
        voxels if timed else voxels[..., 0],
        segmentation.geometry,
        segmentation.frame_seconds if timed else None,
        record.model_dump_json(),
    )
    provenance = segmentation.provenance
    demo = provenance is not None and provenance.synthetic
    file.header.set_intent("label", name="DEMO" if demo else "")
    file.header["descrip"] = _short(record.description or "")
    _save(file, path)


def check_image(image: Image, target: Path) -> None:
    """Refuse a grid or a voxel type that NIfTI-1 cannot hold."""
    _refuse_long_axes((*image.geometry.shape, image.frames, image.channels), target)
    if image.array.dtype == np.float16 or image.array.dtype.kind not in "iuf":
        raise DataError(
            target,
            found=f"voxels of the type {image.array.dtype}",
            expected="integers, float32 or float64",
            remedy="convert the voxels first",
        )


def save_image(image: Image, path: Path) -> None:
    """Write (i, j, k), time as the 4th axis and channels as the 5th to ``path``.

    The voxel type is kept.
    """
    voxels = image.array.transpose(2, 3, 4, 0, 1)
    timed = image.has_time or image.frames > 1
    if image.channels == 1:
        voxels = voxels[..., 0] if timed else voxels[..., 0, 0]
    record = ImageRecord.of(image)
    seconds = image.frame_seconds if timed else None
    file = _with_header(voxels, image.geometry, seconds, record.as_json())
    file.header["descrip"] = _short(record.description or "")
    if image.channels > 1:
        file.header.set_intent("vector")
    _save(file, path)


def _with_header(
    voxels: NDArray[np.generic], geometry: Geometry, frame_seconds: float | None, record: str
) -> nibabel.Nifti1Image:
    """A NIfTI with geometry, units and record.

    The sform holds the affine in single precision; the record holds it exactly. The qform,
    a rotation by definition, is left unset for sheared grids.
    """
    file = nibabel.Nifti1Image(voxels, None, dtype=voxels.dtype)
    header = file.header
    file.set_sform(geometry.affine, code=_SCANNER)
    if _is_sheared(geometry):
        file.set_qform(None, code=0)
        header["pixdim"][1:4] = geometry.spacing
    else:
        file.set_qform(geometry.affine, code=_SCANNER)
    space = "mm" if geometry.unit == "mm" else "unknown"
    header.set_xyzt_units(space, "sec" if frame_seconds else "unknown")
    if frame_seconds:
        header["pixdim"][4] = frame_seconds
    header.extensions.append(nibabel.nifti1.Nifti1Extension(COMMENT_EXTENSION, record.encode()))
    return file


def _refuse_long_axes(lengths: tuple[int, ...], target: Path) -> None:
    if max(lengths) > _LONGEST_AXIS:
        raise DataError(
            target,
            found=f"the lengths {lengths}",
            expected=f"at most {_LONGEST_AXIS} along each axis, NIfTI-1's limit",
            remedy="crop or tile the image",
        )


def _is_sheared(geometry: Geometry) -> bool:
    cosines = geometry.affine[:3, :3] / np.linalg.norm(geometry.affine[:3, :3], axis=0)
    # Headers written in single precision are orthogonal to about 1e-7.
    return bool(np.abs(cosines.T @ cosines - np.eye(3)).max() > 1e-5)


def _short(text: str) -> bytes:
    """As many whole characters of ``text`` as the 80 bytes of ``descrip`` hold."""
    return text.encode()[:_DESCRIPTION_BYTES].decode(errors="ignore").encode()


def _save(file: nibabel.Nifti1Image, path: Path) -> None:
    with path.open("wb") as raw:
        if not path.name.lower().endswith(".gz"):
            file.to_stream(raw)
            return
        # No name and no time in the gzip header: equal content gives equal bytes.
        with gzip.GzipFile("", "wb", _COMPRESSION, raw, mtime=0) as stream:
            file.to_stream(stream)
