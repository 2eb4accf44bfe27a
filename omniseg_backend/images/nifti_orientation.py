"""Where a NIfTI's voxels lie: which of its up to three answers is taken, and saying so.

A header may hold an affine (sform), a rotation with spacings (qform), both or neither. The
sform is taken if it is set, else the qform, else the spacing alone, as nibabel and FSL do; ITK
takes the qform in some of these cases. A contradiction is reported with the choice.

References:
    https://nifti.nimh.nih.gov/nifti-1/documentation/nifti1fields/nifti1fields_pages/qsform.html
"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from omniseg_backend.common.errors import DataError, GeometryError
from omniseg_backend.common.flags import Flag
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.grids import volume_grid
from omniseg_backend.images.nifti_header import Header

#: ``xyzt_units``: the low three bits state the unit of space.
#: An unstated unit of space is taken as mm, as FSL, ITK and SPM do.
_MILLIMETRES = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}

_SYSTEMS = {1: "scanner", 2: "aligned", 3: "Talairach", 4: "MNI 152", 5: "template"}

#: Share of the smallest spacing. Quaternions in single precision move the corners of a grid of
#: 500 voxels by up to 0.08 voxels when they describe a turn by 180 degrees.
_TOLERANCE = 0.1


def grid_of(
    path: Path, header: Header, shape: tuple[int, ...]
) -> tuple[Geometry, tuple[Flag, ...]]:
    """The grid in mm: by the sform if there is one, else the qform, else the spacing alone.

    Returns:
        The grid, and a remark where the header contradicts itself or is silent.

    Raises:
        GeometryError: The header describes no grid in space.
    """
    _repair_spacings(header, shape)
    unit = _MILLIMETRES.get(int(header["xyzt_units"]) & 0b111)
    if unit is None:
        raise DataError(
            path,
            found=f"the unknown unit code {int(header['xyzt_units'])} (xyzt_units)",
            expected="metres, millimetres or micrometres",
            remedy="correct the header's unit",
        )
    sform = header.get_sform(coded=True)[0]
    blank = sform is not None and not np.any(sform[:3, :3])
    if blank:
        sform = None
    if sform is None:
        _require_spacings(path, header, blank=blank)
    try:
        qform = header.get_qform(coded=True)[0]
        affine = np.array(_first(sform, qform, header.get_base_affine()), dtype=np.float64)
    except (HeaderDataError, ValueError, np.linalg.LinAlgError) as error:
        if sform is None:
            raise GeometryError(
                path,
                found=f"an orientation that cannot be read ({error})",
                expected="a valid sform or qform",
                remedy="correct the image's header",
            ) from error
        qform, affine = None, np.array(sform, dtype=np.float64)
    affine[:3] *= unit
    geometry = volume_grid(path, shape, affine[:3, :3], affine[:3, 3])
    if sform is not None and qform is not None:
        other = np.array(qform) * np.array([[unit], [unit], [unit], [1.0]])
        return geometry, _disagreement(header, geometry, other)
    return geometry, _silence(header, blank=blank, qform=qform)


def _first(*affines: NDArray[np.float64] | None) -> NDArray[np.float64]:
    return next(affine for affine in affines if affine is not None)


def _repair_spacings(header: Header, shape: tuple[int, ...]) -> None:
    pixdim = header["pixdim"]
    # The standard reads a qfac of 0 as 1, and signs of spacings as meaningless; nibabel
    # refuses both.
    pixdim[0] = -1.0 if pixdim[0] < 0 else 1.0
    pixdim[1:4] = np.abs(pixdim[1:4])
    for axis, length in enumerate(shape[:3], start=1):
        # Flat files leave the spacing of the axis that they lack at 0.
        if length == 1 and pixdim[axis] == 0:
            pixdim[axis] = 1.0


def _require_spacings(path: Path, header: Header, *, blank: bool) -> None:
    """Refuse spacings of zero where nothing but them says how large a voxel is."""
    spacings = [float(spacing) for spacing in header["pixdim"][1:4]]
    if min(spacings) > 0:
        return
    stated = ", ".join(f"{spacing:g}" for spacing in spacings)
    raise GeometryError(
        path,
        found=f"voxel spacings of {stated} (pixdim) and a sform that is "
        f"{'all zero' if blank else 'not set'}",
        expected="spacings above zero, or a sform that states them",
        remedy="write the true spacings into the header, or export the image again",
    )


def _disagreement(
    header: Header, geometry: Geometry, qform: NDArray[np.float64]
) -> tuple[Flag, ...]:
    corners = np.array(list(itertools.product(*((0, length - 1, 1) for length in geometry.shape))))
    apart = corners @ (geometry.affine - qform)[:3, :3].T + (geometry.affine - qform)[:3, 3]
    distance = float(np.linalg.norm(apart, axis=1).max())
    if distance <= _TOLERANCE * min(geometry.spacing):
        return ()
    return (
        Flag(
            "orientation_disagrees",
            f"The NIfTI header's two orientations disagree by up to {distance:.3g} mm: the sform "
            f"({_system(header, 'sform_code')}) was used and the qform "
            f"({_system(header, 'qform_code')}) was not.",
        ),
    )


def _silence(header: Header, *, blank: bool, qform: NDArray[np.float64] | None) -> tuple[Flag, ...]:
    if blank and qform is not None:
        sentence = "The NIfTI header's sform is all zero: the qform was used."
        return (Flag("orientation_blank", sentence),)
    if blank or (int(header["sform_code"]) <= 0 and qform is None):
        found = (
            "sform is all zero and its qform not set" if blank else "sform and qform are not set"
        )
        sentence = (
            f"The NIfTI header's {found}: its spacing alone was used, with i, j and k running to "
            "the patient's left, anterior and superior, as nibabel takes them; sides may be "
            "swapped."
        )
        return (Flag("orientation_unstated", sentence),)
    return ()


def _system(header: Header, field: str) -> str:
    code = int(header[field])
    return f"code {code}, {_SYSTEMS.get(code, 'unknown')}"
