"""Opens images and label files with their geometry, names and colours."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from napari_omniseg.bridge.labels_layer import file_layer
from napari_omniseg.bridge.layer_data import LayerData
from napari_omniseg.bridge.layer_image import layer_of
from napari_omniseg.files.dicom_folder import holds_dicom, open_series
from napari_omniseg.files.messages import someone_watches, tell_error, tell_notes
from omniseg_backend.common.errors import OmniSegError
from omniseg_backend.images.formats import DICOM, readable_suffixes
from omniseg_backend.images.reading import is_label_file, read_image, read_segmentation

#: As npe2 has it: one tuple per layer; ``(None,)`` for a path that was dealt with without one.
LayerTuple = tuple[object, ...]
Read = Callable[[str | list[str]], list[LayerTuple]]

#: What napari takes for "read, and there is no layer".
_NO_LAYER: list[LayerTuple] = [(None,)]


def get_reader(path: str | list[str]) -> Read | None:
    """A reader for a path, or for paths that are opened as one stack; None for what is not ours.

    Never raises, and looks at no file but for a folder's first ones.
    """
    paths = [path] if isinstance(path, str) else path
    if not paths:
        return None
    return _read if all(_is_ours(Path(one)) for one in paths) else None


def _is_ours(path: Path) -> bool:
    if path.is_dir():
        return holds_dicom(path)
    return path.name.lower().endswith(readable_suffixes())


def _read(path: str | list[str]) -> list[LayerTuple]:
    """The layers of a path, or of several.

    Where a napari window is open, what cannot be opened is told there in one sentence. napari
    itself would say "Tried opening with napari-omniseg, but failed" and ask for another reader.

    Raises:
        OmniSegError: It cannot be opened, and no window is there to say so.
    """
    try:
        layers = list(_layers(path))
    except OmniSegError as error:
        if not someone_watches():
            raise
        tell_error(error)
        return _NO_LAYER
    return [layer.as_tuple() for layer in layers]


def _layers(path: str | list[str]) -> Iterable[LayerData]:
    if isinstance(path, list):
        return _stack([Path(one) for one in path])
    if Path(path).is_dir():
        return open_series(Path(path))
    return [_file(Path(path))]


def _stack(paths: list[Path]) -> Iterable[LayerData]:
    """DICOM slices that were chosen together are series; other files are a layer each."""
    if all(path.name.lower().endswith(DICOM.suffixes) for path in paths):
        return open_series(paths[0].parent, paths)
    return [_file(path) for path in paths]


def _file(path: Path) -> LayerData:
    if is_label_file(path):
        return file_layer(read_segmentation(path))
    image = read_image(path)
    tell_notes(image)
    return layer_of(image, str(path))
