"""Which parts of a network run in 8 bits, and how the rest is arranged round them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

from omniseg_backend.inference.first_block import join_first_block
from omniseg_backend.inference.float_graph import FloatGraph, float_graph

if TYPE_CHECKING:
    from onnx import NodeProto

_PLANE_OPERATIONS = frozenset({"Conv", "Relu", "Add", "Mul", "Concat", "Resize", "MaxPool"})


@dataclasses.dataclass(frozen=True, eq=False)
class Int8Plan:
    """What is done in 8 bits.

    The first convolution and the head compute in float32: the image has a wide range and one
    channel, for which the runtime has no fast 8-bit kernel (1.40 against 0.18 ms, Compact at 256),
    and rounded logits would be rounded probabilities. So do the gates of squeeze and excitation,
    which work on one number per channel.

    Attributes:
        graph: The float32 network to start from.
        rounded: Values that 8-bit nodes write.
        planes: Every value that is a plane per channel.
        level: How often each plane was halved.
        scaled: The values whose range must be known.
    """

    graph: FloatGraph
    rounded: frozenset[str]
    planes: frozenset[str]
    level: Mapping[str, int]
    scaled: tuple[str, ...]


def int8_plan(model: bytes, subject: object) -> Int8Plan:
    """Plan the 8-bit form of a bundle's network.

    Args:
        model: The bytes of ``model.onnx``.
        subject: What an error names.

    Raises:
        BundleError: They are no ONNX model.
    """
    graph = join_first_block(float_graph(model, subject))
    level = {graph.input.name: 0}
    vectors: set[str] = set()
    rounded: set[str] = set()
    for node in graph.nodes:
        name, sources = node.output[0], [one for one in node.input if one in level]
        kind = node.op_type
        if kind == "GlobalAveragePool":
            vectors.add(name)
            rounded.add(name)
        elif not sources and any(one in vectors for one in node.input):
            if kind == "Expand":
                level[name] = max(level.values())
            else:
                vectors.add(name)
        elif sources and kind in _PLANE_OPERATIONS:
            step = {"MaxPool": 1, "Resize": -1}.get(kind, 0)
            level[name] = min(level[one] for one in sources) + step
            if kind != "Relu" and name != graph.output.name and graph.input.name not in sources:
                rounded.add(name)
    scaled = dict.fromkeys(
        value
        for node in graph.nodes
        if node.output[0] in rounded
        for value in (*_measured_inputs(node, level, vectors), after_relu(graph, node.output[0]))
    )
    return Int8Plan(graph, frozenset(rounded), frozenset(level), level, tuple(scaled))


def after_relu(graph: FloatGraph, name: str) -> str:
    """What a value becomes by the ReLU that alone reads it; itself where there is none."""
    readers = graph.readers(name)
    if len(readers) == 1 and readers[0].op_type == "Relu":
        return str(readers[0].output[0])
    return name


def _measured_inputs(
    node: NodeProto, level: Mapping[str, int], vectors: set[str]
) -> tuple[str, ...]:
    return tuple(name for name in node.input if name in level or name in vectors)
