"""OmniSeg: medical image segmentation on ordinary computers.

Names are resolved when first used, so that ``import omniseg_backend`` costs next to nothing
and never loads torch.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omniseg_backend.bundles.store import load_bundle
    from omniseg_backend.images.image import Image
    from omniseg_backend.images.reading import read_image, read_segmentation
    from omniseg_backend.images.segmentation import Segmentation
    from omniseg_backend.images.writing import write_segmentation
    from omniseg_backend.inference.segment import segment

# ONNX Runtime keeps a device id and a queue of usage events, with the interpreter's path, in the
# user's cache folder for upload unless this is set before it is loaded. Nothing leaves the room.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

_HOMES = {
    "Image": "omniseg_backend.images.image",
    "Segmentation": "omniseg_backend.images.segmentation",
    "load_bundle": "omniseg_backend.bundles.store",
    "read_image": "omniseg_backend.images.reading",
    "read_segmentation": "omniseg_backend.images.reading",
    "segment": "omniseg_backend.inference.segment",
    "write_segmentation": "omniseg_backend.images.writing",
}

__all__ = [
    "Image",
    "Segmentation",
    "load_bundle",
    "read_image",
    "read_segmentation",
    "segment",
    "write_segmentation",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
