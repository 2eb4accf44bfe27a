"""Which parts of a network run in 8 bits, and how the rest is arranged round them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from omniseg_backend.inference.float_graph import FloatGraph, float_graph, integers

if TYPE_CHECKING:
    from onnx import NodeProto

_PLANE_OPERATIONS = frozenset({"Conv", "Relu", "Add", "Mul", "Concat", "Resize", "MaxPool"})
#: Beyond this many input channels a dense first convolution costs more than it saves.
_MOST_JOINED_CHANNELS = 3


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


def join_first_block(graph: FloatGraph) -> FloatGraph:
    """Make the first block's two paths from the image one.

    ``P relu(D x) + J x`` becomes ``[P, J, -J] relu([D x, x, -x])``, which is the same number: a
    convolution of the image, in float32, and a single 8-bit one behind it, where two and a sum
    would be. Other first blocks are left as they are.
    """
    from onnx import helper

    image = graph.input.name
    found = _first_block(graph)
    if found is None:
        return graph
    first, relu, point, project, total = found
    kernels = graph.tensors[first.input[1]]
    filters, channels = len(kernels), graph.tensors[project.input[1]].shape[1]
    dense = np.zeros((filters + 2 * channels, channels, *kernels.shape[2:]), np.float32)
    dense[np.arange(filters), np.arange(filters) // (filters // channels)] = kernels[:, 0]
    middle = (kernels.shape[2] // 2, kernels.shape[3] // 2)
    for channel in range(channels):
        dense[(filters + channel, channel, *middle)] = 1.0
        dense[(filters + channels + channel, channel, *middle)] = -1.0
    joined = graph.tensors[project.input[1]].astype(np.float32)
    biases = [graph.tensors[one.input[2]].astype(np.float32) for one in (point, project)]
    tensors = {
        **graph.tensors,
        "first:weight": dense,
        "first:bias": np.concatenate(
            [graph.tensors[first.input[2]], np.zeros(2 * channels, np.float32)]
        ),
        "second:weight": np.concatenate([graph.tensors[point.input[1]], joined, -joined], axis=1),
        "second:bias": biases[0] + biases[1],
    }
    pads = list(integers(first, "pads", (0, 0, 0, 0)))
    made = {
        id(first): helper.make_node(
            "Conv", [image, "first:weight", "first:bias"], list(first.output), pads=pads
        ),
        id(point): helper.make_node(
            "Conv", [relu.output[0], "second:weight", "second:bias"], list(total.output)
        ),
    }
    gone = {id(project), id(total)}
    nodes = tuple(made.get(id(node), node) for node in graph.nodes if id(node) not in gone)
    return dataclasses.replace(graph, nodes=nodes, tensors=tensors)


def _first_block(
    graph: FloatGraph,
) -> tuple[NodeProto, NodeProto, NodeProto, NodeProto, NodeProto] | None:
    """Depthwise, ReLU, pointwise, projection and sum, where the image goes through these."""
    convs = [node for node in graph.readers(graph.input.name) if node.op_type == "Conv"]
    deep = [node for node in convs if graph.tensors[node.input[1]].shape[2:] == (3, 3)]
    flat = [node for node in convs if graph.tensors[node.input[1]].shape[2:] == (1, 1)]
    if len(deep) != 1 or len(flat) != 1 or len(convs) != 2:
        return None
    (first,), (project,) = deep, flat
    channels = graph.tensors[project.input[1]].shape[1]
    path: list[NodeProto] = [first]
    for kind in ("Relu", "Conv", "Add"):
        readers = graph.readers(path[-1].output[0])
        if len(readers) != 1 or readers[0].op_type != kind:
            return None
        path.append(readers[0])
    grouped = integers(first, "group", (1,)) == (channels,)
    if not grouped or channels > _MOST_JOINED_CHANNELS or project.output[0] not in path[3].input:
        return None
    return first, path[1], path[2], project, path[3]


def _measured_inputs(
    node: NodeProto, level: Mapping[str, int], vectors: set[str]
) -> tuple[str, ...]:
    return tuple(name for name in node.input if name in level or name in vectors)
