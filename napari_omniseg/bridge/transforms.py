"""How a layer's array lies in napari's world, read off its public properties."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from napari.layers import Layer


@dataclasses.dataclass(frozen=True, eq=False)
class LayerTransforms:
    """All that places a layer, as napari's layers take it.

    Attributes:
        scale: Per dimension.
        translate: Per dimension.
        rotate: Shape (n, n).
        shear: Upper triangle, or a matrix of shape (n, n).
        affine: Shape (n + 1, n + 1); applied after the others.
        units: Name of each dimension's unit: ``millimeter``, ``pixel``.
        axis_labels: Name of each dimension.
    """

    scale: NDArray[np.float64]
    translate: NDArray[np.float64]
    rotate: NDArray[np.float64]
    shear: NDArray[np.float64]
    affine: NDArray[np.float64]
    units: tuple[str, ...]
    axis_labels: tuple[str, ...]

    @classmethod
    def of_layer(cls, layer: Layer) -> LayerTransforms:
        """Those of a layer, copied: the user may move the layer while a run is going on."""
        return cls.of_attributes(
            {name: getattr(layer, name) for name in _NAMES}, dimensions=layer.ndim
        )

    @classmethod
    def of_attributes(cls, attributes: Mapping[str, Any], *, dimensions: int) -> LayerTransforms:
        """Those among a layer's attributes, as napari hands them to a writer.

        Args:
            attributes: By name; what is missing is napari's default.
            dimensions: Of the layer, without colours.
        """
        identity = np.eye(dimensions)
        affine = attributes.get("affine")
        units = attributes.get("units") or "pixel"
        if isinstance(units, str):  # napari takes one for all
            units = (units,) * dimensions
        labels = attributes.get("axis_labels") or [str(n - dimensions) for n in range(dimensions)]
        return cls(
            scale=_copied(attributes.get("scale"), np.ones(dimensions)),
            translate=_copied(attributes.get("translate"), np.zeros(dimensions)),
            rotate=_copied(attributes.get("rotate"), identity),
            shear=_copied(attributes.get("shear"), identity),
            affine=_copied(getattr(affine, "affine_matrix", affine), np.eye(dimensions + 1)),
            units=tuple(str(unit) for unit in units),
            axis_labels=tuple(str(label) for label in labels),
        )

    @classmethod
    def of_matrix(
        cls, matrix: NDArray[np.float64], units: Sequence[str], axis_labels: Sequence[str]
    ) -> LayerTransforms:
        """Those that place a layer by one matrix.

        Args:
            matrix: Data to world, shape (n + 1, n + 1).
            units: Per dimension.
            axis_labels: Per dimension.
        """
        attributes = {"affine": matrix, "units": tuple(units), "axis_labels": tuple(axis_labels)}
        return cls.of_attributes(attributes, dimensions=len(matrix) - 1)

    @property
    def matrix(self) -> NDArray[np.float64]:
        """Data to world, shape (n + 1, n + 1)."""
        from napari.utils.transforms import Affine

        inner = Affine(
            scale=self.scale, translate=self.translate, rotate=self.rotate, shear=self.shear
        )
        result: NDArray[np.float64] = self.affine @ np.asarray(inner.affine_matrix)
        return result

    def without(self, axis: int) -> LayerTransforms:
        """What is left for a layer that lacks one dimension: an array over the others."""
        keep = [n for n in range(len(self.units)) if n != axis]
        rows = [*keep, len(self.units)]
        return LayerTransforms.of_matrix(
            self.matrix[np.ix_(rows, rows)],
            [self.units[n] for n in keep],
            [self.axis_labels[n] for n in keep],
        )

    def as_attributes(self) -> dict[str, Any]:
        """The arguments of a new layer that shall lie in the same place."""
        return {name: getattr(self, name) for name in _NAMES}


_NAMES = tuple(field.name for field in dataclasses.fields(LayerTransforms))


def _copied(value: object, default: NDArray[np.float64]) -> NDArray[np.float64]:
    chosen = default if value is None else value
    return np.array(chosen, dtype=np.float64)
