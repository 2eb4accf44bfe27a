"""The first block with its two paths from the image made one: the same numbers, fewer nodes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from omniseg_backend.inference.float_graph import FloatGraph, integers

if TYPE_CHECKING:
    from onnx import NodeProto

#: Beyond this many input channels a dense first convolution costs more than it saves.
_MOST_JOINED_CHANNELS = 3


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
