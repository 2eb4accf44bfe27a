"""How many channels the values of a network have, and how far their planes are reduced."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from omniseg_backend.inference.float_graph import FloatGraph, integers

if TYPE_CHECKING:
    from onnx import NodeProto

_HALVED, _DOUBLED = (2, 2), (1.0, 1.0, 2.0, 2.0)


@dataclasses.dataclass(frozen=True)
class ValueShape:
    """Of an activation (N, C, H, W).

    Attributes:
        channels: C.
        level: How often the image's sides were halved on the way.
        pooled: Whether H and W are 1: a mean over the planes of that level, or made of one.
    """

    channels: int
    level: int
    pooled: bool = False


def value_shapes(graph: FloatGraph) -> dict[str, ValueShape] | None:
    """Follow the image through a network.

    Args:
        graph: A network of the operations that OmniSegNet consists of.

    Returns:
        The shape of every activation, in the order of the nodes; None where the network holds
        an operation, or a form of one, that is not among them.
    """
    image = graph.input.type.tensor_type.shape.dim
    shapes = {graph.input.name: ValueShape(image[1].dim_value, 0)}
    for node in graph.nodes:
        sources = [shapes[name] for name in node.input if name in shapes]
        if not sources or node.op_type == "Shape":
            continue
        shape = _shape(node, sources, graph)
        if shape is None:
            return None
        shapes[node.output[0]] = shape
    return shapes


def _shape(node: NodeProto, sources: list[ValueShape], graph: FloatGraph) -> ValueShape | None:
    first = sources[0]
    match node.op_type:
        case "Conv":
            return _convolved(node, first, graph)
        case "Relu":
            return first
        case "Sigmoid":
            return first if first.pooled else None
        case "Add" | "Mul":
            return _combined(sources)
        case "Concat":
            channels = sum(source.channels for source in sources)
            return dataclasses.replace(first, channels=channels)
        case "MaxPool":
            plain = integers(node, "kernel_shape", ()) == integers(node, "strides", ()) == _HALVED
            return dataclasses.replace(first, level=first.level + 1) if plain else None
        case "Resize":
            scales = _constant(graph, node.input[2]) if len(node.input) == 3 else ()
            doubled = scales == _DOUBLED
            return dataclasses.replace(first, level=first.level - 1) if doubled else None
        case "GlobalAveragePool":
            return dataclasses.replace(first, pooled=True)
        case "Expand":
            return dataclasses.replace(first, pooled=False)
    return None


def _combined(sources: list[ValueShape]) -> ValueShape | None:
    """Of a sum or a product; a pooled value goes with planes of its own level alone."""
    if len(sources) != 2 or len({(one.channels, one.level) for one in sources}) != 1:
        return None
    return min(sources, key=lambda one: one.pooled)


def _convolved(node: NodeProto, source: ValueShape, graph: FloatGraph) -> ValueShape | None:
    """Of a convolution that keeps the planes' size, plain or with a filter per channel."""
    weights = graph.tensors.get(node.input[1])
    if weights is None or weights.ndim != 4:
        return None
    filters, _, *kernel = weights.shape
    groups = integers(node, "group", (1,))
    reach = [
        spread * (length - 1) // 2
        for spread, length in zip(integers(node, "dilations", (1, 1)), kernel, strict=True)
    ]
    kept = integers(node, "pads", (0, 0, 0, 0)) == (*reach, *reach)
    kept &= set(integers(node, "strides", (1, 1))) == {1}
    if not kept or groups not in {(1,), (source.channels,)}:
        return None
    if groups != (1,) and filters != source.channels:
        return None
    return dataclasses.replace(source, channels=filters)


def _constant(graph: FloatGraph, name: str) -> tuple[float, ...]:
    """A constant list of numbers, stored as a tensor or written by a node."""
    from onnx import helper

    tensor = graph.tensors.get(name)
    if tensor is not None:
        return tuple(np.asarray(tensor, float).ravel())
    node = graph.producer(name)
    values = [one for one in node.attribute if one.name == "value_floats"] if node else []
    return tuple(helper.get_attribute_value(values[0])) if values else ()
