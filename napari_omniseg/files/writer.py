"""Saves Labels and Image layers with names, colours, geometry and where they came from.

napari's save dialog has asked before an existing file is replaced; a script that names one has
decided. So files are replaced, each in one step. What the dialog could not ask about is refused: a
name that gets its suffix here, and a sidecar of another origin.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from napari_omniseg.bridge.layer_image import LayerSnapshot, image_of
from napari_omniseg.bridge.layer_labels import segmentation_of
from napari_omniseg.bridge.origin import labels_origin
from omniseg_backend.common.errors import DataError, GeometryError
from omniseg_backend.images.dicom_source import DicomSource
from omniseg_backend.images.formats import DICOM
from omniseg_backend.images.records import has_label_sidecar, sidecar_path
from omniseg_backend.images.writers import label_writer
from omniseg_backend.images.writing import write_image, write_segmentation

#: Of a name that ends in what a person, and no program, would write after a dot.
_NO_SUFFIX = re.compile(r"[^.]*|.*\.(|.*\s.*|[0-9].*)")

Write = Callable[[Any, Mapping[str, Any], Path], list[Path]]


@dataclasses.dataclass(frozen=True)
class LayerWriter:
    """What napari calls to save one layer: ``writer(path, data, attributes)``.

    Attributes:
        suffix: Of a name that has none; Qt's dialogs leave it away on some systems.
        write: Writes the data of a layer with these attributes, and returns the files.
    """

    suffix: str
    write: Write

    def __call__(self, path: str, data: Any, attributes: Mapping[str, Any]) -> list[str]:  # noqa: ANN401
        """Save a layer.

        Returns:
            The files written, the layer's first.

        Raises:
            OmniSegError: The format cannot hold it, or the place cannot be written.
        """
        finest = data[0] if attributes.get("multiscale") else data
        return [str(file) for file in self.write(finest, attributes, self._target(Path(path)))]

    def _target(self, named: Path) -> Path:
        if _NO_SUFFIX.fullmatch(named.name) is None:
            return named
        target = named.with_name(f"{named.name}{self.suffix}")
        if target.exists():
            raise DataError(
                target,
                found="an existing file",
                expected="a new name, since you were asked about a name without a suffix",
                remedy=f"choose another one, or end it in {self.suffix} to replace the file",
            )
        return target


def write_labels(data: Any, attributes: Mapping[str, Any], target: Path) -> list[Path]:  # noqa: ANN401
    """Write a Labels layer; see ``segmentation_of`` and ``write_segmentation``.

    Raises:
        DataError: The format cannot hold it, or a file of another origin would be lost.
    """
    segmentation = segmentation_of(data, attributes)
    if target.name.lower().endswith(DICOM.suffixes) and segmentation.source is None:
        _refuse_moved(attributes, target)
    if segmentation.source is not None:
        _refuse_own_source(segmentation.source, target)
    if label_writer(target).sidecar:
        _refuse_foreign_sidecar(target)
    return write_segmentation(segmentation, target, overwrite=True)


def write_image_layer(data: Any, attributes: Mapping[str, Any], target: Path) -> list[Path]:  # noqa: ANN401
    """Write an Image layer, its axes read as they most likely are; see ``write_image``."""
    snapshot = LayerSnapshot.of_data(data, attributes)
    return write_image(image_of(snapshot, snapshot.readings()[0]), target, overwrite=True)


def _refuse_moved(attributes: Mapping[str, Any], target: Path) -> None:
    """Labels that were moved in the viewer no longer lie on the pixels of their series."""
    origin = labels_origin(attributes.get("metadata") or {})
    if origin is None or origin.source is None:
        return
    raise GeometryError(
        target,
        found="labels that were moved or scaled in the viewer since they were made",
        expected="labels on the pixels of the DICOM series, to which a DICOM result refers",
        remedy="give the layer the transforms of its image again, or write .seg.nrrd or .nii.gz",
    )


def _refuse_own_source(source: DicomSource, target: Path) -> None:
    if target.resolve() in {plane.path.resolve() for plane in source.planes}:
        raise DataError(
            target,
            found="one of the images that were segmented",
            expected="another file",
            remedy="choose another name, so that the image is kept",
        )


def _refuse_foreign_sidecar(target: Path) -> None:
    beside = sidecar_path(target)
    if beside.exists() and not has_label_sidecar(target):
        raise DataError(
            beside,
            found="a file of another origin",
            expected=f"the place for the class names of {target.name}",
            remedy="choose another name for the segmentation",
        )


# What napari.yaml names; a test compares these with the formats that can be written.
labels_as_nifti = LayerWriter(".nii.gz", write_labels)
labels_as_slicer = LayerWriter(".seg.nrrd", write_labels)
labels_as_nrrd = LayerWriter(".nrrd", write_labels)
labels_as_metaimage = LayerWriter(".mha", write_labels)
labels_as_tiff = LayerWriter(".ome.tif", write_labels)
labels_as_png = LayerWriter(".png", write_labels)
labels_as_dicom = LayerWriter(".dcm", write_labels)
image_as_nifti = LayerWriter(".nii.gz", write_image_layer)
image_as_nrrd = LayerWriter(".nrrd", write_image_layer)
image_as_metaimage = LayerWriter(".mha", write_image_layer)
image_as_tiff = LayerWriter(".ome.tif", write_image_layer)
