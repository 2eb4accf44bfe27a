"""A network whose planes stay in blocks of channels, from the image to the logits.

ONNX Runtime convolves blocks of 16 channels (8 without AVX-512), but its product of planes with
one gate a channel, which squeeze and excitation ends in, knows no blocks: round every gate it
put the planes back in order and into blocks again, on one thread. Here a gate is first spread to a
plane, and the product of two planes of blocks is taken as it is. The rewritten network computes
the same numbers but for rounding (2e-7 of logits near 1). Compact on two threads takes 9.3
instead of 11.9 ms at 256 x 256 and 39 instead of 50 at 512; see docs/performance.md.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.errors import BundleError
from omniseg_backend.inference.channel_layout import ChannelLayout, ChannelLayouts, channel_layouts
from omniseg_backend.inference.first_block import join_first_block
from omniseg_backend.inference.float_graph import FloatGraph, float_graph, integers
from omniseg_backend.inference.last_block import join_last_block
from omniseg_backend.inference.value_shapes import ValueShape, value_shapes

if TYPE_CHECKING:
    from onnx import NodeProto


@dataclasses.dataclass(frozen=True, eq=False)
class BlockedNetwork:
    """A network that is written for one input size after the other.

    Attributes:
        graph: In whole blocks; gates and pooled features are spread by scales that are missing.
        shapes: Channels in whole blocks, and level, of every value.
    """

    graph: FloatGraph
    shapes: Mapping[str, ValueShape]

    def model(self, rows: int, columns: int) -> bytes:
        """The network as ONNX bytes, for inputs (any, C, rows, columns) alone.

        The runtime takes a product in blocks only where it knows both shapes to be equal.
        """
        sizes = {
            level: (rows >> level, columns >> level)
            for level in {shape.level for shape in self.shapes.values()}
        }
        scales = {
            _scale(level): np.array([1, 1, *size], np.float32) for level, size in sizes.items()
        }
        image = type(self.graph.input)()
        image.CopyFrom(self.graph.input)
        batch, _, *sides = image.type.tensor_type.shape.dim
        for side, length in zip(sides, (rows, columns), strict=True):
            side.Clear()
            side.dim_value = length
        known = {
            name: (batch.dim_param, shape.channels, *sizes[shape.level])
            for name, shape in self.shapes.items()
            if not shape.pooled
        }
        tensors = {**self.graph.tensors, **scales}
        return dataclasses.replace(self.graph, tensors=tensors, input=image).model(shapes=known)


def blocked_network(model: bytes, subject: object, block: int) -> BlockedNetwork | None:
    """Rewrite a network in whole blocks of channels.

    Args:
        model: The bytes of ``model.onnx``.
        subject: What an error names.
        block: Channels that the runtime computes at once; see ``block_channels``.

    Returns:
        None where that would be no gain or is not known to be right: the runtime has no blocks,
        or the network no gates or operations that OmniSegNet does not have. Bytes that are no
        network are left to the runtime, which says so.
    """
    if block == 1:
        return None
    try:
        graph = float_graph(model, subject)
    except BundleError:
        return None
    if not _is_gated(graph):
        return None
    graph = join_last_block(join_first_block(graph), block)
    shapes = value_shapes(graph)
    if shapes is None:
        return None
    return _Writer(graph, shapes, channel_layouts(graph, shapes, block)).network()


def _is_gated(graph: FloatGraph) -> bool:
    """Whether there are gates, and no convolution in 8 bits."""
    filters = [node.input[1] for node in graph.nodes if node.op_type == "Conv"]
    gates = any(node.op_type == "Sigmoid" for node in graph.nodes)
    return gates and all(name in graph.tensors for name in filters)


def _scale(level: int) -> str:
    return f"spread:{level}"


class _Writer:
    """Writes the nodes in whole blocks, in the order of the given ones."""

    def __init__(
        self, graph: FloatGraph, shapes: Mapping[str, ValueShape], layouts: ChannelLayouts
    ) -> None:
        self._graph, self._layouts = graph, layouts
        self._shapes = {
            name: dataclasses.replace(shape, channels=layouts.of[name].width)
            for name, shape in shapes.items()
        }
        self._tensors = dict(graph.tensors)
        self._nodes: list[NodeProto] = []

    def network(self) -> BlockedNetwork:
        for node in self._graph.nodes:
            self._write(node)
        graph = dataclasses.replace(self._graph, nodes=tuple(self._nodes), tensors=self._tensors)
        return BlockedNetwork(graph, self._shapes)

    def _write(self, node: NodeProto) -> None:
        name = node.output[0]
        if name not in self._shapes:
            self._nodes.append(node)
        elif node.op_type == "Conv":
            self._convolution(node)
        elif node.op_type == "Expand":
            self._spread(node.input[0], name)
        elif node.op_type == "Mul":
            self._product(node)
        elif name in self._layouts.sums:
            self._add("Add", list(node.input), name)
        else:
            self._nodes.append(node)

    def _convolution(self, node: NodeProto) -> None:
        """The same filters at the places of their channels, and zeros elsewhere."""
        name = node.output[0]
        weights = self._graph.tensors[node.input[1]]
        source, target = self._layouts.of[node.input[0]], self._layouts.of[name]
        deep = integers(node, "group", (1,)) != (1,)
        channels = ChannelLayout(1, np.zeros(1, np.intp)) if deep else source
        filters = np.zeros((target.width, channels.width, *weights.shape[2:]), np.float32)
        filters[np.ix_(target.places, channels.places)] = weights
        bias = np.zeros(target.width, np.float32)
        if len(node.input) > 2:
            bias[target.places] = self._graph.tensors[node.input[2]]
        made = type(node)()
        made.CopyFrom(node)
        made.input[:] = [
            node.input[0],
            self._constant(f"{name}:blocks:weight", filters),
            self._constant(f"{name}:blocks:bias", bias),
        ]
        for attribute in made.attribute:
            if attribute.name == "group" and deep:
                attribute.i = target.width
        self._nodes.append(made)

    def _product(self, node: NodeProto) -> None:
        """Planes times their gates, each gate spread to a plane of its own."""
        name = node.output[0]
        plane, gate = sorted(node.input, key=lambda one: self._shapes[one].pooled)
        if self._shapes[gate].pooled and not self._shapes[plane].pooled:
            self._shapes[f"{name}:gates"] = self._shapes[plane]
            self._spread(gate, f"{name}:gates")
            gate = f"{name}:gates"
        self._add("Mul", [plane, gate], name)

    def _spread(self, source: str, name: str) -> None:
        """Repeat one number a channel over a plane, in the form that keeps blocks."""
        scale = _scale(self._shapes[name].level)
        self._add(
            "Resize",
            [source, "", scale],
            name,
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )

    def _add(self, kind: str, inputs: list[str], output: str, **attributes: str) -> None:
        from onnx import helper

        self._nodes.append(helper.make_node(kind, inputs, [output], **attributes))

    def _constant(self, name: str, values: NDArray[np.float32]) -> str:
        self._tensors[name] = values
        return name
