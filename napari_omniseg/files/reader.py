"""Opens images and label files with their geometry."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from napari_omniseg.bridge.layer_image import layer_of
from omniseg_backend.images.reading import read_image

LayerTuple = tuple[object, dict[str, object], str]


def get_reader(path: str | list[str]) -> Callable[[str | list[str]], list[LayerTuple]] | None:
    """A reader for a path; None for what is not ours."""
    if isinstance(path, list):
        return None
    return _read


def _read(path: str | list[str]) -> list[LayerTuple]:
    assert isinstance(path, str)
    return [layer_of(read_image(Path(path)), path).as_tuple()]
