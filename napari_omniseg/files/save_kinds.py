"""The files that a segmentation can be saved as, as a dialog offers them."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING

from napari_omniseg.bridge.origin import labels_origin
from napari_omniseg.files import writer
from napari_omniseg.files.writer import LayerWriter

if TYPE_CHECKING:
    from napari.layers import Labels

#: What Windows, the strictest, refuses in names of files.
_REFUSED = re.compile(r'[<>:"/\\|?*\x00-\x1f]+')


@dataclasses.dataclass(frozen=True)
class SaveKind:
    """One kind of file.

    Attributes:
        title: For people.
        suffixes: The first is given to a name that has none.
        write: Saves a layer.
    """

    title: str
    suffixes: tuple[str, ...]
    write: LayerWriter

    @property
    def filter(self) -> str:
        """As Qt's dialogs take it: ``NIfTI (*.nii.gz *.nii)``."""
        return f"{self.title} ({' '.join(f'*{suffix}' for suffix in self.suffixes)})"


_DICOM = SaveKind("DICOM segmentation", (".dcm",), writer.labels_as_dicom)
_PNG = SaveKind("PNG picture", (".png",), writer.labels_as_png)
_NIFTI = SaveKind("NIfTI", (".nii.gz", ".nii"), writer.labels_as_nifti)
_OTHERS = (
    SaveKind("3D Slicer segmentation", (".seg.nrrd",), writer.labels_as_slicer),
    SaveKind("NRRD", (".nrrd",), writer.labels_as_nrrd),
    SaveKind("MetaImage", (".mha",), writer.labels_as_metaimage),
    SaveKind("OME-TIFF", (".ome.tif", ".ome.tiff", ".tif", ".tiff"), writer.labels_as_tiff),
)


def kinds_for(layer: Labels) -> tuple[SaveKind, ...]:
    """The kinds that can hold a layer, the likeliest first.

    DICOM where the image was read from DICOM, since it refers to it; PNG for pictures.
    """
    origin = labels_origin(layer.metadata)
    of_dicom = origin is not None and origin.source is not None
    first = (*((_DICOM,) if of_dicom else ()), *((_PNG,) if layer.ndim == 2 else ()))
    return (*first, _NIFTI, *_OTHERS)


def suggested_name(layer_name: str, kind: SaveKind) -> str:
    """A name for the file of a layer, allowed on every system.

    The image's own suffix in the layer's name is left out: ``scan.nii.gz, liver`` becomes
    ``scan, liver.nii.gz``.
    """
    bare = re.sub(r"\.(nii|seg|ome)?(\.?[a-z]{2,5})(?=$|[\s,])", "", layer_name, count=1)
    cleaned = _REFUSED.sub("_", bare).strip(" .") or "segmentation"
    return f"{cleaned}{kind.suffixes[0]}"


def kind_of_filter(kinds: tuple[SaveKind, ...], chosen: str) -> SaveKind:
    """The kind whose filter a dialog gave back; the first where it gave none."""
    return next((kind for kind in kinds if kind.filter == chosen), kinds[0])


def target_text(files: list[str]) -> str:
    """Which files were written, for people."""
    first, *others = (Path(file) for file in files)
    beside = f", with {', '.join(other.name for other in others)} beside it" if others else ""
    return f"Saved {first}{beside}."
