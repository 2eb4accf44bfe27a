"""What a NIfTI header says: shape, voxel type, scaling, geometry, frame time.

nibabel interprets the fields; each is judged here, in words that a user understands.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import BinaryIO

import nibabel
import numpy as np
from nibabel.spatialimages import HeaderDataError

from omniseg_backend.common.errors import DataError, GeometryError
from omniseg_backend.images.checks import refuse_cut_off
from omniseg_backend.images.geometry import Geometry

Header = nibabel.Nifti1Header

#: ``xyzt_units``: the low three bits state the unit of space, the next three that of time.
#: An unstated unit of space is taken as mm, as FSL, ITK and SPM do.
_MILLIMETRES = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}
_SECONDS = {8: 1.0, 16: 1e-3, 24: 1e-6}
_COLOURS = (("R", "G", "B"), ("R", "G", "B", "A"))


def read_header(path: Path, stream: BinaryIO) -> Header:
    """The header at the start of ``stream``, of either version and byte order.

    Raises:
        DataError: It is cut off, or no single-file NIfTI's.
    """
    block = stream.read(nibabel.Nifti2Header.sizeof_hdr)
    second = int.from_bytes(block[:4], "little") == 540 or int.from_bytes(block[:4], "big") == 540
    kind = nibabel.Nifti2Header if second else nibabel.Nifti1Header
    refuse_cut_off(path, found_bytes=len(block), expected_bytes=kind.sizeof_hdr)
    header = kind(block[: kind.sizeof_hdr], check=False)
    magic = bytes(header["magic"].item())
    if not magic.startswith((b"n+1", b"n+2")):
        raise DataError(
            path,
            found="a header without its voxels (ANALYZE 7.5, or one half of a .hdr/.img pair)",
            expected="a single-file NIfTI",
            remedy="convert both files to one .nii.gz",
        )
    return header


def shape_and_type(path: Path, header: Header) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    """Lengths of the 3 to 5 axes (i, j, k, time, channel), and the stored voxel type.

    Raises:
        DataError: An axis is empty, there are more axes, or voxels are no real numbers or
            colours.
    """
    count = int(header["dim"][0])
    lengths = tuple(int(length) for length in header["dim"][1 : 1 + max(count, 0)])
    if not 1 <= count <= 7 or min(lengths) < 1:
        raise DataError(
            path,
            found=f"{count} dimensions of the lengths {lengths}",
            expected="1 to 7 dimensions with lengths of at least 1",
            remedy="export the image again: it is empty or its header is damaged",
        )
    # Padded with ones to three axes, freed of trailing ones beyond four.
    shape = lengths + (1,) * (3 - count)
    while len(shape) > 4 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) > 5:
        raise DataError(
            path,
            found=f"{len(shape)} axes {shape}",
            expected="at most i, j, k, time and channels",
            remedy="split the file along its further axes",
        )
    try:
        dtype = header.get_data_dtype()
    except (HeaderDataError, KeyError) as error:
        raise _voxel_type_error(path, f"the voxel type code {header['datatype']}") from error
    if dtype.kind not in "iuf" and dtype.names not in _COLOURS:
        name = "complex numbers" if dtype.kind == "c" else f"the voxel type {dtype}"
        raise _voxel_type_error(path, name)
    return shape, dtype


def _voxel_type_error(path: Path, found: str) -> DataError:
    return DataError(
        path,
        found=found,
        expected="real numbers or RGB colours",
        remedy="export the magnitude, or convert to a common voxel type",
    )


def data_offset(path: Path, header: Header) -> int:
    """The byte at which the voxels begin.

    Raises:
        DataError: That lies within the header, or is no number.
    """
    stated = float(header["vox_offset"])
    first = header.sizeof_hdr + 4
    if stated == 0:
        return int(first)
    if not first <= stated < 2**53:
        raise DataError(
            path,
            found=f"voxels that begin at byte {stated:g}",
            expected=f"a position from byte {first} on",
            remedy="export the image again: its header is damaged",
        )
    return int(stated)


def scaling(path: Path, header: Header) -> tuple[float | None, float]:
    """Slope and intercept; the slope is None where the voxels are stored as they are.

    Raises:
        DataError: The intercept is not finite.
    """
    try:
        slope, intercept = header.get_slope_inter()
    except HeaderDataError as error:
        raise DataError(
            path,
            found="an intercept (scl_inter) that is not finite",
            expected="a finite intercept beside the slope",
            remedy="correct scl_slope and scl_inter in the header",
        ) from error
    if slope is None or (slope, intercept) == (1.0, 0.0):
        return None, 0.0
    return float(slope), float(intercept)


def geometry_of(path: Path, header: Header, shape: tuple[int, ...]) -> Geometry:
    """The grid in mm: by the sform if there is one, else the qform, else the spacing alone.

    Raises:
        GeometryError: The header describes no grid in space.
    """
    pixdim = header["pixdim"]
    # The standard reads a qfac of 0 as 1, and signs of spacings as meaningless; nibabel
    # refuses both.
    pixdim[0] = -1.0 if pixdim[0] < 0 else 1.0
    pixdim[1:4] = np.abs(pixdim[1:4])
    for axis, length in enumerate(shape[:3], start=1):
        # Flat files leave the spacing of the axis that they lack at 0.
        if length == 1 and pixdim[axis] == 0:
            pixdim[axis] = 1.0
    unit = _MILLIMETRES.get(int(header["xyzt_units"]) & 0b111)
    if unit is None:
        raise DataError(
            path,
            found=f"the unknown unit code {int(header['xyzt_units'])} (xyzt_units)",
            expected="metres, millimetres or micrometres",
            remedy="correct the header's unit",
        )
    try:
        affine = np.array(header.get_best_affine(), dtype=np.float64)
        affine[:3] *= unit
        return Geometry((shape[0], shape[1], shape[2]), affine, "mm", 3)
    except GeometryError as error:
        raise GeometryError(
            path, found=error.found, expected=error.expected, remedy=error.remedy
        ) from error
    except (HeaderDataError, ValueError, np.linalg.LinAlgError) as error:
        raise GeometryError(
            path,
            found=f"an orientation that cannot be read ({error})",
            expected="a valid sform or qform",
            remedy="correct the image's header",
        ) from error


def frame_seconds(header: Header) -> float | None:
    """Seconds between frames, or None where the header does not state them."""
    step = float(header["pixdim"][4])
    unit = _SECONDS.get(int(header["xyzt_units"]) & 0b111000)
    return step * unit if unit is not None and math.isfinite(step) and step > 0 else None
