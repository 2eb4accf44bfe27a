"""Weights inside ``model.onnx``: stored once, run from there, fine-tuned from there.

Large weights are stored as float16 or int8 and brought back to float32 by nodes of the graph
itself (Cast; Cast and Mul). ONNX Runtime computes these nodes once, when the session starts,
and folds the batch normalisations afterwards: with version 1.32 the optimised graph of either
storage has the very nodes of the float32 one at every optimisation level, and 1.5 M parameters
load in 50 to 70 ms either way. So nothing has to be dequantised before a session is made.
Not DequantizeLinear, which the runtime keeps in the graph for its own int8 kernels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.bundles.graph import parse_model
from omniseg_backend.bundles.manifest import Storage
from omniseg_backend.common.errors import BundleError

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto, TensorProto

#: Biases, normalisation statistics and the first layers weigh little and matter much.
SMALLEST_COMPRESSED = 1024

# Suffixes of values that a state dict cannot hold.
_SCALE = ":scale"
_INTEGER = ":integer"
_FLOAT = ":float32"
_SUBJECT = "the network's weights"


def read_state(model: bytes) -> dict[str, NDArray[np.float32]]:
    """The network's parameters and statistics, as float32, under the state dict's names.

    Args:
        model: An ONNX file's bytes, in any storage.

    Raises:
        BundleError: They are no ONNX model, or a scale is missing.
    """
    from onnx import numpy_helper

    tensors = {
        tensor.name: numpy_helper.to_array(tensor)
        for tensor in parse_model(model, _SUBJECT).graph.initializer
    }
    return {
        name: _dequantised(name, tensors)
        for name, tensor in tensors.items()
        if not name.endswith(_SCALE) and tensor.dtype in (np.float32, np.float16, np.int8)
    }


def store_weights(model: bytes, storage: Storage) -> bytes:
    """The same network with its large weights stored smaller.

    int8 is symmetric, one scale per slice of the first axis: a convolution's output channel.
    Per channel, since a depthwise convolution's channels differ in range by orders of magnitude.
    Tensors with fewer than 1024 elements or a single axis stay float32.

    Args:
        model: An ONNX file's bytes whose weights are float32.
        storage: How to store them.

    Raises:
        BundleError: The weights are not finite float32 numbers within the storage's range.
    """
    if storage == "fp32":
        return model
    parsed = parse_model(model, _SUBJECT)
    graph = parsed.graph
    restored: list[NodeProto] = []
    stored: list[TensorProto] = []
    for tensor in graph.initializer:
        tensors, nodes = _store_tensor(tensor, storage)
        stored += tensors
        restored += nodes
    _replace_weights(graph, stored, restored)
    return parsed.SerializeToString(deterministic=True)


def quantise(weights: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Round weights to 255 levels per slice of the first axis.

    Args:
        weights: Finite weights with two axes or more.

    Returns:
        Integers from -127 to 127 in the shape of ``weights``, and the scale of each slice in
        a shape that broadcasts: integers times scale is within half a scale of the weights.
    """
    axes = tuple(range(1, weights.ndim))
    scale = np.abs(weights).max(axis=axes, keepdims=True).astype(np.float32) / np.float32(127)
    # A slice of zeros, or of numbers whose scale underflows.
    scale[scale < np.finfo(np.float32).tiny] = 1.0
    levels = np.clip(np.rint(weights / scale), -127, 127)
    return levels.astype(np.int8), scale


def _dequantised(name: str, tensors: dict[str, NDArray[np.generic]]) -> NDArray[np.float32]:
    tensor = tensors[name]
    if tensor.dtype != np.int8:
        return tensor.astype(np.float32)
    scale = tensors.get(name + _SCALE)
    if scale is None:
        raise BundleError(
            _SUBJECT,
            found=f"integers for {name} without their scale",
            expected=f"a tensor {name}{_SCALE}",
            remedy="get the bundle again from where it came",
        )
    return tensor.astype(np.float32) * scale.astype(np.float32)


def _store_tensor(
    tensor: TensorProto, storage: Storage
) -> tuple[list[TensorProto], list[NodeProto]]:
    """One weight as it is stored, and the nodes that bring it back; none if it stays."""
    from onnx import TensorProto, helper, numpy_helper

    weights = numpy_helper.to_array(tensor)
    name = tensor.name
    if weights.dtype in (np.float16, np.int8):
        raise _unstorable(name, f"{weights.dtype} numbers", "float32, not yet stored smaller")
    if weights.dtype != np.float32 or weights.size < SMALLEST_COMPRESSED or weights.ndim < 2:
        return [tensor], []
    limit = np.finfo(np.float16).max if storage == "fp16" else np.finfo(np.float32).max
    if not np.abs(weights).max() <= limit:
        raise _unstorable(name, "infinite, undefined or huge numbers", f"numbers up to {limit:g}")
    if storage == "fp16":
        halves = numpy_helper.from_array(weights.astype(np.float16), name)
        return [halves], [helper.make_node("Cast", [name], [name + _FLOAT], to=TensorProto.FLOAT)]
    levels, scale = quantise(weights)
    return (
        [numpy_helper.from_array(levels, name), numpy_helper.from_array(scale, name + _SCALE)],
        [
            helper.make_node("Cast", [name], [name + _INTEGER], to=TensorProto.FLOAT),
            helper.make_node("Mul", [name + _INTEGER, name + _SCALE], [name + _FLOAT]),
        ],
    )


def _replace_weights(
    graph: GraphProto, stored: list[TensorProto], restored: list[NodeProto]
) -> None:
    """Put the stored weights in, and let their readers read what the nodes bring back."""
    values = {output for node in restored for output in node.output if output.endswith(_FLOAT)}
    for node in graph.node:
        for index, name in enumerate(node.input):
            if name + _FLOAT in values:
                node.input[index] = name + _FLOAT
    nodes = [*restored, *graph.node]
    del graph.initializer[:], graph.node[:]
    # The exporter's shape hints speak of the weights as they were.
    del graph.value_info[:]
    graph.initializer.extend(stored)
    graph.node.extend(nodes)


def _unstorable(name: str, found: str, expected: str) -> BundleError:
    return BundleError(
        f"{_SUBJECT}, {name}",
        found=found,
        expected=expected,
        remedy="store the weights as fp32, or train again with a lower learning rate",
    )
