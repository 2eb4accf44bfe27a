"""A bundle's network as a plain float32 graph: weights restored, norms folded.

What ONNX Runtime does when a session starts, done here because 8-bit convolutions need the
folded weights before the runtime sees them.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.bundles.graph import parse_model

if TYPE_CHECKING:
    from onnx import NodeProto, ValueInfoProto

#: 20 is what the exporter writes; the contents of 8-bit nodes have not changed since 13.
_OPSET, _IR = 20, 9
_EPSILON = 1e-5


@dataclasses.dataclass(frozen=True, eq=False)
class FloatGraph:
    """A network that is being rewritten.

    Attributes:
        nodes: In an order in which they can run.
        tensors: Weights and other constants by name.
        input: The one input.
        output: The one output.
    """

    nodes: tuple[NodeProto, ...]
    tensors: dict[str, NDArray[np.generic]]
    input: ValueInfoProto
    output: ValueInfoProto

    def readers(self, name: str) -> list[NodeProto]:
        """The nodes that read a value."""
        return [node for node in self.nodes if name in node.input]

    def producer(self, name: str) -> NodeProto | None:
        """The node that writes a value; None for inputs and constants."""
        return next((node for node in self.nodes if name in node.output), None)

    def model(
        self,
        extra_outputs: tuple[str, ...] = (),
        shapes: Mapping[str, Sequence[str | int]] = MappingProxyType({}),
    ) -> bytes:
        """The network as ONNX bytes, without what nothing reads.

        Args:
            extra_outputs: Float values to give out too, after the network's own output.
            shapes: Of values, where the runtime should know more than it infers.
        """
        from onnx import TensorProto, helper, numpy_helper

        wanted = {self.output.name, *extra_outputs}
        live: list[NodeProto] = []
        for node in reversed(self.nodes):
            if wanted.intersection(node.output):
                live.append(node)
                wanted.update(node.input)
        more = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in extra_outputs
        ]
        graph = helper.make_graph(
            live[::-1],
            "network",
            [self.input],
            [self.output, *more],
            [numpy_helper.from_array(t, n) for n, t in self.tensors.items() if n in wanted],
            value_info=[
                helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
                for name, shape in shapes.items()
                if name in wanted
            ],
        )
        opset = [helper.make_opsetid("", _OPSET)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=_IR)
        content: bytes = model.SerializeToString(deterministic=True)
        return content


def float_graph(model: bytes, subject: object) -> FloatGraph:
    """Read a bundle's network, in any storage of the weights.

    Args:
        model: The bytes of ``model.onnx``.
        subject: What an error names.

    Raises:
        BundleError: They are no ONNX model.
    """
    from onnx import numpy_helper

    graph = parse_model(model, subject).graph
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    nodes: list[NodeProto] = []
    reads = Counter(name for node in graph.node for name in node.input)
    for node in graph.node:
        if node.op_type in ("Cast", "Mul") and all(name in tensors for name in node.input):
            _restore(node, tensors)
        elif node.op_type == "BatchNormalization" and _fold(node, nodes, tensors, reads):
            continue
        elif node.op_type == "ReduceMean":
            nodes.append(_pooling(node))
        else:
            nodes.append(node)
    (source,) = (value for value in graph.input if value.name not in tensors)
    return FloatGraph(tuple(nodes), tensors, source, graph.output[0])


def integers(node: NodeProto, name: str, default: tuple[int, ...]) -> tuple[int, ...]:
    """An attribute of whole numbers."""
    found = next((one for one in node.attribute if one.name == name), None)
    if found is None:
        return default
    return tuple(found.ints) or (found.i,)


def _restore(node: NodeProto, tensors: dict[str, NDArray[np.generic]]) -> None:
    """Weights stored as fp16 or int8 come back by a cast, and a product with their scale."""
    values = [tensors[name].astype(np.float32) for name in node.input]
    tensors[node.output[0]] = values[0] if len(values) == 1 else values[0] * values[1]


def _fold(
    norm: NodeProto,
    before: list[NodeProto],
    tensors: dict[str, NDArray[np.generic]],
    reads: Counter[str],
) -> bool:
    """Make a norm part of the convolution before it; False where there is none of its own."""
    source = norm.input[0]
    conv = next((one for one in before if source in one.output), None)
    if conv is None or conv.op_type != "Conv" or reads[source] != 1:
        return False
    scale, shift, mean, variance = (tensors[name].astype(np.float64) for name in norm.input[1:5])
    epsilon = next((one.f for one in norm.attribute if one.name == "epsilon"), _EPSILON)
    factor = scale / np.sqrt(variance + epsilon)
    weights = tensors[conv.input[1]].astype(np.float64)
    bias = tensors[conv.input[2]].astype(np.float64) if len(conv.input) > 2 else 0.0
    folded, moved = f"{norm.output[0]}:weight", f"{norm.output[0]}:bias"
    tensors[folded] = (weights * factor[:, None, None, None]).astype(np.float32)
    tensors[moved] = ((bias - mean) * factor + shift).astype(np.float32)
    conv.input[:] = [conv.input[0], folded, moved]
    conv.output[0] = norm.output[0]
    return True


def _pooling(mean: NodeProto) -> NodeProto:
    """A mean over rows and columns, under the name that has an 8-bit form."""
    from onnx import helper

    return helper.make_node("GlobalAveragePool", [mean.input[0]], list(mean.output))
