"""The DICOM series of a folder as layers."""

from __future__ import annotations

import dataclasses
import itertools
import os
from collections.abc import Sequence
from pathlib import Path

from napari_omniseg.bridge.layer_data import LayerData
from napari_omniseg.bridge.layer_image import layer_of
from napari_omniseg.files.messages import tell_notes, tell_skipped
from omniseg_backend.common.errors import DataError, ResourceError
from omniseg_backend.common.platform import available_memory
from omniseg_backend.images.dicom_files import dicom_files
from omniseg_backend.images.dicom_kinds import refuse_no_image
from omniseg_backend.images.dicom_listing import ListedSeries, list_series
from omniseg_backend.images.formats import HEAD_BYTES, is_dicom
from omniseg_backend.images.reading import read_listed_series

#: A folder of other things is left alone after so many of its files: 20 ms on a slow disk.
_LOOKED_AT = 100
#: Folders of chunks, which napari and its plugins read.
_NOT_DICOM = (".zarr", ".n5", ".ome.zarr")


def holds_dicom(folder: Path) -> bool:
    """Whether one of a folder's first files, those of its subfolders too, is DICOM.

    Never raises: a folder or file that may not be opened is passed over.
    """
    if folder.name.lower().endswith(_NOT_DICOM):
        return False
    files = (Path(place) / name for place, _, names in os.walk(folder) for name in names)
    return any(_begins_as_dicom(path) for path in itertools.islice(files, _LOOKED_AT))


def open_series(folder: Path, files: Sequence[Path] | None = None) -> list[LayerData]:
    """A layer for each series; where there are several, only the largest is visible.

    Args:
        folder: What the layers are named after.
        files: Those to take; all DICOM files of the folder and its subfolders by default.

    Raises:
        DataError: A file is damaged, none is an image, or none of the series forms one.
        ResourceError: They do not fit into memory.
    """
    if files is None:
        with dicom_files(folder) as found:
            files = [file.path for file in found]
    listing = list_series(files)
    for _, damage in listing.damaged:
        raise damage
    if not listing.series:
        raise refuse_no_image(folder, "DICOM files without an image")
    if len(listing.series) == 1:
        return [_layer(folder, listing.series[0])]
    _refuse_beyond_memory(folder, listing.series)
    return _several(folder, listing.series)


def _several(folder: Path, listed: tuple[ListedSeries, ...]) -> list[LayerData]:
    """Those that form an image; the others, such as a scout of three directions, are named."""
    layers: dict[int, LayerData] = {}
    refused: list[DataError] = []
    for number, series in enumerate(listed):
        try:
            layers[number] = _layer(folder, series)
        except DataError as error:
            refused.append(error)
    if not layers:
        raise refused[0]
    for refusal in refused:
        tell_skipped(refusal)
    largest = max(layers, key=lambda number: listed[number].bytes)
    return [
        _titled(layer, f"{folder.name}, series {number + 1}", visible=number == largest)
        for number, layer in layers.items()
    ]


def _titled(layer: LayerData, name: str, *, visible: bool) -> LayerData:
    titled = {**layer.attributes, "name": name, "visible": visible}
    return dataclasses.replace(layer, attributes=titled)


def _layer(folder: Path, series: ListedSeries) -> LayerData:
    image = read_listed_series(folder, series.files)
    tell_notes(image)
    return layer_of(image, str(folder))


def _refuse_beyond_memory(folder: Path, listed: tuple[ListedSeries, ...]) -> None:
    needed, free = sum(series.bytes for series in listed), available_memory()
    if needed > free:
        raise ResourceError(
            folder,
            found=f"{len(listed)} series that take {needed / 1e9:.1f} GB of memory",
            expected=f"at most {free / 1e9:.1f} GB, which is free now",
            remedy="open the folder of one series",
        )


def _begins_as_dicom(path: Path) -> bool:
    try:
        if not path.is_file():  # opening a pipe would wait for ever
            return False
        with path.open("rb") as stream:
            return is_dicom(stream.read(HEAD_BYTES))
    except OSError:
        return False
