"""Writing ``.seg.nrrd``: what 3D Slicer shows as segments with names, colours and codes.

The segments stand in the pairs of ``nrrd_segments``. Provenance and the exact class table
stand in the pair ``omniseg``, which 3D Slicer passes over.
"""

from __future__ import annotations

from pathlib import Path

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.grids import LPS_TO_RAS, refuse_shear
from omniseg_backend.images.nrrd_segments import segment_pairs
from omniseg_backend.images.nrrd_writing import content_field, to_lps, volume_fields, write
from omniseg_backend.images.raw_writing import label_voxels
from omniseg_backend.images.records import KEY, SegmentationRecord
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.images.terminology import codes_of


def check_labels(segmentation: Segmentation, target: Path) -> None:
    """Refuse a series in time, a sheared grid, and codes that are in no dictionary.

    The file would hold a shear, but 3D Slicer makes the axes orthogonal when it reads one
    (measured with slicer-core 5.13: a step of -1.10 mm became -0.99 mm, without a message).
    """
    refuse_shear(segmentation.geometry, target, "a 3D Slicer segmentation")
    frames = segmentation.labels.shape[0]
    if frames > 1:
        raise DataError(
            target,
            found=f"a series of {frames} points in time",
            expected="one, all that a 3D Slicer segmentation holds",
            remedy="write .nrrd or .nii.gz instead",
        )
    codes_of(segmentation.classes)


def save_labels(segmentation: Segmentation, path: Path) -> None:
    """Write uint8 or uint16 labels in one layer to ``path``, which is replaced.

    A picture becomes a single slice on the grid that 3D Slicer gives to pictures.
    """
    record = SegmentationRecord.of(segmentation)
    geometry = segmentation.geometry
    fields = volume_fields(geometry.shape, to_lps(geometry)) | content_field(record)
    pairs = segment_pairs(geometry.shape, segmentation.classes)
    pairs["Segmentation_ConversionParameters"] = _reference_geometry(geometry)
    pairs[KEY] = record.model_dump_json()
    write(path, label_voxels(segmentation), fields, pairs)


def _reference_geometry(geometry: Geometry) -> str:
    """The image's grid in 3D Slicer's words, so that edits and exports keep to it."""
    matrix = to_lps(geometry)
    matrix[:3] = LPS_TO_RAS @ matrix[:3]
    extent = [bound for length in geometry.shape for bound in (0, length - 1)]
    numbers = [*(repr(float(number) + 0.0) for number in matrix.ravel()), *map(str, extent)]
    return f"Reference image geometry|{';'.join(numbers)};|&"
