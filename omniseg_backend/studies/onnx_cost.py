"""Parameters and FLOPs of an ONNX graph, counted as those of our networks are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from omniseg_backend.studies.onnx_file import FileSession, Shape

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

_SUFFIX = ".shape of"


def graph_parameters(model: ModelProto) -> int:
    """Stored floating-point numbers; of a graph whose norms are not folded, theirs too."""
    from onnx import TensorProto

    kinds = {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.BFLOAT16}
    return sum(math.prod(one.dims) for one in model.graph.initializer if one.data_type in kinds)


def graph_flops(model: ModelProto, shape: Shape, subject: object) -> int:
    """FLOPs at an input shape: two per multiply-add of convolutions and matrix products.

    The network is run once with its shapes as outputs: inference without running fails where
    a shape is computed on the way, as behind pooling over the whole image.

    Args:
        model: Not changed.
        shape: (N, C, H, W).
        subject: What an error names.

    Raises:
        DataError: ONNX Runtime cannot run the network.
    """
    counted = [node for node in model.graph.node if node.op_type in _COUNTERS]
    names = list(dict.fromkeys(name for node in counted for name in _operands(node)))
    if not names:
        return 0
    told = FileSession(_telling(model, names), threads=1, subject=subject)
    found = told.outputs(np.zeros(shape, np.float32))
    shapes = {name: [int(side) for side in one] for name, one in zip(names, found, strict=True)}
    return 2 * sum(
        _COUNTERS[node.op_type](node, *(shapes[name] for name in _operands(node)))
        for node in counted
    )


def _operands(node: NodeProto) -> tuple[str, str, str]:
    return node.input[0], node.input[1], node.output[0]


def _telling(model: ModelProto, names: Sequence[str]) -> bytes:
    """The same network, whose outputs are the shapes of the tensors with these names."""
    from onnx import ModelProto, TensorProto, helper

    telling = ModelProto()
    telling.CopyFrom(model)
    del telling.graph.output[:]
    for name in names:
        told = name + _SUFFIX
        telling.graph.node.append(helper.make_node("Shape", [name], [told]))
        telling.graph.output.append(helper.make_tensor_value_info(told, TensorProto.INT64, None))
    content: bytes = telling.SerializeToString()
    return content


def _convolution(
    node: NodeProto, source: Sequence[int], weight: Sequence[int], output: Sequence[int]
) -> int:
    return math.prod(output) * math.prod(weight[1:])


def _transposed_convolution(
    node: NodeProto, source: Sequence[int], weight: Sequence[int], output: Sequence[int]
) -> int:
    return math.prod(source) * math.prod(weight[1:])


def _product(
    node: NodeProto, left: Sequence[int], right: Sequence[int], output: Sequence[int]
) -> int:
    turned = any(one.name == "transA" and one.i for one in node.attribute)
    return math.prod(output) * left[0 if turned else -1]


_COUNTERS = {
    "Conv": _convolution,
    "ConvTranspose": _transposed_convolution,
    "Gemm": _product,
    "MatMul": _product,
}
