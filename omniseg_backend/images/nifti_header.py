"""What a NIfTI header says: shape, voxel type, scaling, frame time.

nibabel interprets the fields; each is judged here, in words that a user understands.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import BinaryIO

import nibabel
import numpy as np
from nibabel.spatialimages import HeaderDataError

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.wording import counted
from omniseg_backend.images.checks import refuse_cut_off

Header = nibabel.Nifti1Header

#: ``xyzt_units``: bits 3 to 5 state the unit of time.
_SECONDS = {8: 1.0, 16: 1e-3, 24: 1e-6}
_COLOURS = (("R", "G", "B"), ("R", "G", "B", "A"))


def read_header(path: Path, stream: BinaryIO, *, pair: bool) -> Header:
    """The header at the start of ``stream``, of either version and byte order.

    Args:
        path: For messages.
        stream: The decompressed file.
        pair: Whether the voxels lie in another file.

    Raises:
        DataError: It is cut off, or of the other kind.
    """
    block = stream.read(nibabel.Nifti2Header.sizeof_hdr)
    second = int.from_bytes(block[:4], "little") == 540 or int.from_bytes(block[:4], "big") == 540
    kind = nibabel.Nifti2Header if second else nibabel.Nifti1Header
    refuse_cut_off(path, found_bytes=len(block), expected_bytes=kind.sizeof_hdr)
    header = kind(block[: kind.sizeof_hdr], check=False)
    magic = bytes(header["magic"].item())
    if pair and not magic.startswith((b"ni1", b"ni2")):
        raise DataError(
            path,
            found="an ANALYZE 7.5 header, which does not say which side is left",
            expected="a NIfTI header",
            remedy="convert it with the program that wrote it, checking the sides",
        )
    if not pair and not magic.startswith((b"n+1", b"n+2")):
        raise DataError(
            path,
            found="a header without its voxels (ANALYZE 7.5, or one half of a .hdr/.img pair)",
            expected="a single-file NIfTI",
            remedy="give the pair's header the suffix .hdr, beside its .img",
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
            found=f"{counted(count, 'dimension')} of the lengths {lengths}",
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
            found=f"{counted(len(shape), 'axis', 'axes')} {shape}",
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


def data_offset(path: Path, header: Header, *, pair: bool) -> int:
    """The byte at which the voxels begin, in the file that holds them.

    Raises:
        DataError: That lies within the header, or is no number.
    """
    stated = float(header["vox_offset"])
    first = 0 if pair else header.sizeof_hdr + 4
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


def frame_seconds(header: Header) -> float | None:
    """Seconds between frames, or None where the header does not state them."""
    step = float(header["pixdim"][4])
    unit = _SECONDS.get(int(header["xyzt_units"]) & 0b111000)
    return step * unit if unit is not None and math.isfinite(step) and step > 0 else None
