"""The 8-bit network: static QDQ, activations unsigned, weights signed and per channel.

Built on the host from ``model.onnx`` and the manifest's activation ranges. Pairs of QuantizeLinear
and DequantizeLinear stand round every operation that runs in 8 bits; ONNX Runtime makes one
8-bit kernel of each group. Activations are U8 and weights S8, the pair that processors with VNNI
multiply in one instruction.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.bundles.weights import quantise
from omniseg_backend.common.errors import BundleError
from omniseg_backend.inference.float_graph import FloatGraph, integers
from omniseg_backend.inference.int8_nodes import NodeWriter, Scale
from omniseg_backend.inference.int8_packing import pack_gate, pack_pointwise, pixels_for
from omniseg_backend.inference.int8_plan import Int8Plan, after_relu, int8_plan

if TYPE_CHECKING:
    from onnx import NodeProto

#: Part of the cached file's name: another builder's files are not taken.
BUILDER_VERSION = 1

_LEVELS = 255
#: Operations that hand values on; their outputs share the scale of their inputs.
_PASSING = frozenset({"MaxPool", "Resize"})


def int8_model(
    model: bytes, ranges: Mapping[str, tuple[float, float]], subject: object = "model"
) -> bytes:
    """Build the 8-bit network; some 0.3 s for Compact.

    Args:
        model: The bytes of ``model.onnx``.
        ranges: Smallest and largest value of each activation, by its name there.
        subject: What an error names.

    Raises:
        BundleError: A range is missing, or ``model`` is no ONNX model.
    """
    return _Builder(int8_plan(model, subject), ranges, subject).model()


class _Builder:
    """Writes the nodes of one 8-bit network, in the order of the float one."""

    def __init__(
        self, plan: Int8Plan, ranges: Mapping[str, tuple[float, float]], subject: object
    ) -> None:
        self._plan, self._ranges, self._subject = plan, ranges, subject
        self._graph = plan.graph
        self._write = NodeWriter()
        self._scales: dict[str, Scale] = {}
        self._restored: dict[str, str] = {}
        self._done: set[str] = set()

    def model(self) -> bytes:
        for node in self._graph.nodes:
            name = node.output[0]
            if name in self._done:
                continue
            if self._is_end(node):
                self._end(node)
            elif name not in self._plan.rounded:
                self._copy(node, [self._restored.get(one, one) for one in node.input])
            elif node.op_type == "Conv":
                self._convolution(node)
            elif self._is_gate(node):
                self._gate(node)
            else:
                self._copy(node, [self._restore(one) for one in node.input])
                self._restore(name)
        tensors = {**self._graph.tensors, **self._write.tensors}
        return FloatGraph(
            tuple(self._write.nodes), tensors, self._graph.input, self._graph.output
        ).model()

    def _copy(self, node: NodeProto, inputs: list[str]) -> None:
        copied = type(node)()
        copied.CopyFrom(node)
        copied.input[:] = inputs
        self._write.nodes.append(copied)

    def _is_end(self, node: NodeProto) -> bool:
        ends = {self._graph.input.name, self._graph.output.name}
        plain = node.op_type == "Conv" and integers(node, "group", (1,)) == (1,)
        return plain and bool(ends.intersection([node.input[0], node.output[0]]))

    def _end(self, node: NodeProto) -> None:
        """The first convolution and the head: float32, with rounded weights.

        Weights that are plain constants make the runtime pad channels to sixteen and reorder
        them (head: 0.63 against 0.10 ms, Compact at 256); those that a node restores do not.
        """
        levels, scale = quantise(self._graph.tensors[node.input[1]].astype(np.float32))
        weights = self._write.constant(f"{node.output[0]}:weight", levels, scale.reshape(-1))
        source = self._restored.get(node.input[0], node.input[0])
        self._copy(node, [source, weights, *node.input[2:]])

    def _convolution(self, node: NodeProto) -> None:
        name = node.output[0]
        target = after_relu(self._graph, name)
        self._done.add(target)
        source = self._restore(node.input[0])
        weights = self._graph.tensors[node.input[1]].astype(np.float32)
        bias = self._bias(node, len(weights))
        pixels = pixels_for(node, weights.shape, self._plan.level[name])
        if pixels > 1:
            rows = pack_pointwise(
                self._write, source, self._scale(node.input[0]), name, pixels, weights.shape[1]
            )
            weights, bias = side_by_side(weights, pixels), np.tile(bias, pixels)
            output = f"{name}:packed"
            self._rounded_convolution(node, rows, weights, bias, output)
            packed = self._relu(output, packed=True) if target != name else output
            scale = self._scale(target)
            channels = len(weights) // pixels
            self._write.unpack(self._write.through(packed, scale), scale, channels, target)
        else:
            self._rounded_convolution(node, source, weights, bias, name)
            if target != name:
                self._relu(name, packed=False)
        self._restore(target)

    def _relu(self, name: str, *, packed: bool) -> str:
        output = f"{name}:relu" if packed else after_relu(self._graph, name)
        return self._write.node("Relu", [name], output)

    def _rounded_convolution(
        self,
        node: NodeProto,
        source: str,
        weights: NDArray[np.float32],
        bias: NDArray[np.float32],
        output: str,
    ) -> None:
        levels, scale = quantise(weights)
        scales = scale.reshape(-1)
        restored = self._write.constant(f"{output}:weight", levels, scales)
        steps = self._scale(node.input[0]).step * scales
        limits = np.iinfo(np.int32)
        whole = np.clip(np.rint(bias / steps.astype(np.float64)), limits.min, limits.max)
        moved = self._write.constant(f"{output}:bias", whole.astype(np.int32), steps)
        copied = type(node)()
        copied.CopyFrom(node)
        copied.input[:] = [source, restored, moved]
        copied.output[0] = output
        self._write.nodes.append(copied)

    def _bias(self, node: NodeProto, filters: int) -> NDArray[np.float32]:
        if len(node.input) < 3:
            return np.zeros(filters, np.float32)
        return self._graph.tensors[node.input[2]].astype(np.float32)

    def _is_gate(self, node: NodeProto) -> bool:
        return node.op_type == "Mul" and any(one not in self._plan.planes for one in node.input)

    def _gate(self, node: NodeProto) -> None:
        """Channels times their gates, a row of pixels at a time."""
        plane, gate = sorted(node.input, key=lambda one: one not in self._plan.planes)
        expand = self._gate_channels(gate)
        name = node.output[0]
        pack_gate(
            self._write,
            plane=(self._restore(plane), self._scale(plane)),
            gate=(gate, self._scale(gate)),
            output=(name, self._scale(name)),
            channels=expand,
            level=self._plan.level[name],
        )
        self._restore(name)

    def _gate_channels(self, gate: str) -> int:
        sigmoid = self._graph.producer(gate)
        expand = None if sigmoid is None else self._graph.producer(sigmoid.input[0])
        if expand is None or expand.op_type != "Conv":
            raise BundleError(
                self._subject,
                found=f"a product with {gate}, which no 1 x 1 convolution made",
                expected="the gates of squeeze and excitation",
                remedy="run it in 32 bits (--arithmetic fp32)",
            )
        return len(self._graph.tensors[expand.input[1]])

    def _restore(self, name: str) -> str:
        """A value as 8 bits keep it; constants and absent inputs as they are."""
        if name not in self._plan.scaled:
            return name
        if name not in self._restored:
            self._restored[name] = self._write.through(name, self._scale(name))
        return self._restored[name]

    def _scale(self, name: str) -> Scale:
        root = name
        while (node := self._graph.producer(root)) is not None and node.op_type in _PASSING:
            root = node.input[0]
        if root not in self._scales:
            self._scales[root] = self._new_scale(root)
        return self._scales[root]

    def _new_scale(self, name: str) -> Scale:
        if name not in self._ranges:
            raise BundleError(
                self._subject,
                found=f"no range of the activation {name}",
                expected="the ranges of every activation that runs in 8 bits",
                remedy="measure them again, or run it in 32 bits (--arithmetic fp32)",
            )
        # Zero must be a level: padding and ReLU are made of it.
        low, high = min(self._ranges[name][0], 0.0), max(self._ranges[name][1], 0.0)
        step = np.float32(max((high - low) / _LEVELS, float(np.finfo(np.float32).tiny)))
        zero = np.uint8(np.clip(np.rint(-low / float(step)), 0, _LEVELS))
        return self._write.scale(name, step, zero)


def side_by_side(weights: NDArray[np.float32], pixels: int) -> NDArray[np.float32]:
    """A pointwise kernel for several pixels that stand as one: blocks on the diagonal."""
    filters, channels = weights.shape[:2]
    packed = np.zeros((filters * pixels, channels * pixels, 1, 1), np.float32)
    for place in range(pixels):
        rows = slice(place * filters, (place + 1) * filters)
        packed[rows, place * channels : (place + 1) * channels] = weights
    return packed
