"""A layer that is still to be made."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

LayerType = Literal["image", "labels"]


@dataclasses.dataclass(frozen=True, eq=False)
class LayerData:
    """What napari makes a layer of.

    Attributes:
        array: Its data.
        attributes: Arguments of the layer.
        layer_type: Which kind of layer.
    """

    array: NDArray[np.generic]
    attributes: dict[str, Any]
    layer_type: LayerType

    def as_tuple(self) -> tuple[NDArray[np.generic], dict[str, Any], LayerType]:
        """As napari takes it."""
        return self.array, self.attributes, self.layer_type
