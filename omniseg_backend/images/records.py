"""The record that the project's writers leave in and beside their files.

Formats such as NIfTI and PNG have no place for class names, colours, provenance or the fact
that a spacing is unknown. A record holds these as JSON; our readers take it up again, and any
other program ignores it.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Literal

import numpy as np
import pydantic

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.provenance import Provenance
from omniseg_backend.images.classes import ClassEntry, ClassTable
from omniseg_backend.images.geometry import Geometry, Unit
from omniseg_backend.images.image import Image
from omniseg_backend.images.modality import Modality, ModalityStatement
from omniseg_backend.images.segmentation import Segmentation

Row = tuple[float, float, float, float]

#: Under this name the record stands in PNG text chunks; it also begins every ``kind``.
KEY = "omniseg"

#: Bytes; a table of 65535 classes takes less. Larger JSON files are somebody else's.
_LARGEST_SIDECAR = 1 << 24


class GeometryRecord(pydantic.BaseModel):
    """Where the voxels lie, in double precision and with the unit's honesty.

    NIfTI-1 keeps affines in single precision (an error of 4e-6 mm at 100 mm) and cannot say
    that a spacing is unknown.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    shape: tuple[int, int, int]
    affine: tuple[Row, Row, Row, Row]
    unit: Unit
    dimensions: Literal[2, 3]

    @classmethod
    def of(cls, geometry: Geometry) -> GeometryRecord:
        """The record of a geometry."""
        return cls.model_validate(
            {
                "shape": geometry.shape,
                "affine": geometry.affine.tolist(),
                "unit": geometry.unit,
                "dimensions": geometry.dimensions,
            }
        )

    def refine(self, stored: Geometry, *, upright: bool = False) -> Geometry:
        """The recorded geometry, unless the file has changed since.

        Another program may have moved or resampled the image and kept the record; then the
        file's own geometry holds. It must have the recorded shape and be the recorded affine's
        single-precision form; a picture (unit ``px``) has no affine of its own to compare.

        Args:
            stored: The file's own geometry.
            upright: Whether the format holds spacings alone, so that only these can agree.
        """
        affine = np.array(self.affine)
        if upright:
            # A single slice's file does not state its thickness.
            axes = 3 if stored.dimensions == 3 else 2
            recorded = np.linalg.norm(affine[:3, :axes], axis=0)
            agrees = np.allclose(recorded, stored.spacing[:axes], rtol=1e-6, atol=0.0)
        else:
            agrees = self._is_rounded_to(stored)
        if self.shape != stored.shape or not (agrees or stored.unit == "px"):
            return stored
        return Geometry(stored.shape, affine, self.unit, self.dimensions)

    def _is_rounded_to(self, stored: Geometry) -> bool:
        affine = np.array(self.affine)
        forms = [affine]
        if self.dimensions == 2:
            # Formats in LPS that must hold a picture as a slice keep its axes as they stand.
            forms.append(np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine)
        with np.errstate(over="ignore"):  # of headers with absurd numbers
            single = stored.affine.astype(np.float32)
            return any(np.array_equal(form.astype(np.float32), single) for form in forms)


class ImageRecord(pydantic.BaseModel):
    """What an image file cannot say itself."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    kind: Literal["omniseg.image/1"] = "omniseg.image/1"
    description: str | None = None
    geometry: GeometryRecord
    channel_names: tuple[str, ...]
    modality: Modality | None = None
    provenance: Provenance | None = None

    @classmethod
    def of(cls, image: Image) -> ImageRecord:
        """The record of an image; a guessed modality is not recorded."""
        provenance = image.provenance
        return cls(
            description=provenance.as_text() if provenance else None,
            geometry=GeometryRecord.of(image.geometry),
            channel_names=image.channel_names,
            modality=image.modality.value if image.modality.is_known else None,
            provenance=provenance,
        )

    def as_json(self) -> str:
        """Without what a scanner's or a camera's image does not have."""
        computed = {"description", "provenance"} if self.provenance is None else set()
        return self.model_dump_json(exclude=computed)


class SegmentationRecord(pydantic.BaseModel):
    """What a label file cannot say itself."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    kind: Literal["omniseg.segmentation/1"] = "omniseg.segmentation/1"
    description: str | None = None
    geometry: GeometryRecord
    classes: tuple[ClassEntry, ...]
    provenance: Provenance | None = None

    @classmethod
    def of(cls, segmentation: Segmentation) -> SegmentationRecord:
        """The record of a segmentation."""
        provenance = segmentation.provenance
        return cls(
            description=provenance.as_text() if provenance else None,
            geometry=GeometryRecord.of(segmentation.geometry),
            classes=segmentation.classes.entries,
            provenance=provenance,
        )


def parse_record(text: str | None, source: Path) -> ImageRecord | SegmentationRecord | None:
    """The record in ``text``, or None where it is missing or another program's JSON.

    Raises:
        DataError: It is one of ours, but damaged or of a newer kind.
    """
    try:
        document = json.loads(text) if text else None
    except ValueError:
        return None
    kind = document.get("kind") if isinstance(document, dict) else None
    if not isinstance(kind, str) or not kind.startswith(f"{KEY}."):
        return None
    model = SegmentationRecord if kind.startswith(f"{KEY}.segmentation") else ImageRecord
    try:
        record = model.model_validate(document)
        if isinstance(record, SegmentationRecord):
            ClassTable(record.classes)
    except (pydantic.ValidationError, DataError) as error:
        raise DataError(
            source,
            found=f"a record that is not valid ({_first_problem(error)})",
            expected="the class table as this project wrote it",
            remedy="correct it, remove it, or update this software",
        ) from error
    return record


def is_of_labels(text: str | None, source: Path) -> bool:
    """Whether ``text`` is the record of a segmentation.

    Raises:
        DataError: As ``parse_record``.
    """
    return isinstance(parse_record(text, source), SegmentationRecord)


def refine_image(image: Image, text: str | None, source: Path, *, upright: bool = False) -> Image:
    """``image`` with what its embedded record adds; unchanged without one.

    ``upright`` is for formats that hold spacings alone.
    """
    record = parse_record(text, source)
    if record is None:
        return image
    geometry = record.geometry.refine(image.geometry, upright=upright)
    names, modality = image.channel_names, image.modality
    provenance = image.provenance
    if isinstance(record, ImageRecord):
        names = record.channel_names if len(record.channel_names) == len(names) else names
        modality = ModalityStatement(record.modality, "file") if record.modality else modality
        provenance = record.provenance
    return dataclasses.replace(
        image,
        geometry=geometry,
        channel_names=names,
        modality=modality,
        provenance=provenance,
    )


def refine_geometry(
    geometry: Geometry, text: str | None, source: Path, *, upright: bool = False
) -> Geometry:
    """``geometry`` as an embedded record states it more exactly; unchanged without one."""
    record = parse_record(text, source)
    return record.geometry.refine(geometry, upright=upright) if record else geometry


def recorded_classes(
    path: Path, embedded: str | None
) -> tuple[tuple[ClassEntry, ...], Provenance | None]:
    """The classes and provenance recorded for a label file; nothing where there is no record.

    The sidecar comes first, since people may edit it; the embedded record is there for files
    that were moved without their sidecar.

    Args:
        path: The label file.
        embedded: The text of the record in it, if any.

    Raises:
        DataError: A record is damaged or of a newer kind.
    """
    for text, source in (_sidecar(path), (embedded, path)):
        record = parse_record(text, source)
        if isinstance(record, SegmentationRecord):
            return record.classes, record.provenance
    return (), None


def has_label_sidecar(path: Path) -> bool:
    """Whether a segmentation's record stands beside a file.

    Raises:
        DataError: As ``parse_record``.
    """
    return is_of_labels(*_sidecar(path))


def sidecar_path(path: Path) -> Path:
    """Where the record of a NIfTI file stands for people: ``NAME.json`` beside it."""
    name = path.name
    for suffix in (".nii.gz", ".nii"):
        if name.lower().endswith(suffix):
            name = name[: -len(suffix)]
            break
    return path.with_name(f"{name}.json")


def _sidecar(path: Path) -> tuple[str | None, Path]:
    """The text beside a file, and its name; None where there is none."""
    beside = sidecar_path(path)
    if not beside.is_file() or beside.stat().st_size > _LARGEST_SIDECAR:
        return None, beside
    return beside.read_text("utf-8", errors="replace"), beside


def _first_problem(error: pydantic.ValidationError | DataError) -> str:
    if isinstance(error, DataError):
        return error.found
    first = error.errors()[0]
    place = ".".join(str(step) for step in first["loc"])
    return f"{place}: {first['msg'].lower()}"
