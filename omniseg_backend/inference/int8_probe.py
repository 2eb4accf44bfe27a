"""A few layers in both kinds of arithmetic, for hosts without a model that has ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

#: A middle stage of Balanced at 512 x 512, in two of its blocks: what most time is spent on.
_CHANNELS, _SIDE, _BLOCKS = 32, 128, 2
PROBE_SHAPE = (1, _CHANNELS, _SIDE, _SIDE)
_SEED = 0


def probe_model(*, quantised: bool) -> bytes:
    """The probe as ONNX: depthwise 3 x 3 and pointwise convolutions, each with a ReLU.

    Args:
        quantised: Whether quantise and dequantise pairs surround each convolution, which ONNX
            Runtime turns into 8-bit convolutions.
    """
    from onnx import TensorProto, helper

    graph = _Probe(quantised=quantised)
    name = graph.start("image")
    for block in range(_BLOCKS):
        name = graph.convolution(f"{block}.depthwise", name, kernel=3, groups=_CHANNELS)
        name = graph.convolution(f"{block}.pointwise", name, kernel=1, groups=1)
    made = helper.make_graph(
        graph.nodes,
        "int8 probe",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, _CHANNELS, _SIDE, _SIDE])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None)],
        graph.tensors,
    )
    opset = [helper.make_opsetid("", 17)]
    content: bytes = helper.make_model(
        graph=made, opset_imports=opset, ir_version=8
    ).SerializeToString()
    return content


class _Probe:
    """Collects the probe's nodes and tensors."""

    def __init__(self, *, quantised: bool) -> None:
        self.nodes: list[NodeProto] = []
        self.tensors: list[TensorProto] = []
        self._quantised = quantised
        self._random = np.random.default_rng(_SEED)
        self._tensor("scale", np.array(1 / 32, np.float32))
        # With zero at zero, as behind a ReLU, ONNX Runtime makes the ReLU part of the rounding.
        self._tensor("zero", np.array(0, np.uint8))
        self._tensor("weight_scale", np.array(1 / 256, np.float32))
        self._tensor("weight_zero", np.array(0, np.int8))

    def start(self, name: str) -> str:
        """Bring the input to 8 bits where the probe is quantised."""
        return self._through_8_bits(name) if self._quantised else name

    def convolution(self, name: str, source: str, *, kernel: int, groups: int) -> str:
        """Add a convolution with a ReLU; returns the name of its output."""
        from onnx import helper

        shape = (_CHANNELS, _CHANNELS // groups, kernel, kernel)
        weights = self._random.integers(-64, 64, shape, dtype=np.int8)
        if self._quantised:
            self._tensor(f"{name}.int8", weights)
            self._node(
                "DequantizeLinear",
                [f"{name}.int8", "weight_scale", "weight_zero"],
                f"{name}.weight",
            )
        else:
            self._tensor(f"{name}.weight", weights.astype(np.float32) / 256)
        sum_name, output = f"{name}.sum", f"{name}.relu"
        pads = [kernel // 2] * 4
        self.nodes.append(
            helper.make_node(
                "Conv", [source, f"{name}.weight"], [sum_name], group=groups, pads=pads
            )
        )
        self._node("Relu", [sum_name], output)
        return self._through_8_bits(output) if self._quantised else output

    def _through_8_bits(self, name: str) -> str:
        self._node("QuantizeLinear", [name, "scale", "zero"], f"{name}.uint8")
        self._node("DequantizeLinear", [f"{name}.uint8", "scale", "zero"], f"{name}.float")
        return f"{name}.float"

    def _tensor(self, name: str, values: NDArray[np.generic]) -> None:
        from onnx import numpy_helper

        self.tensors.append(numpy_helper.from_array(values, name))

    def _node(self, kind: str, inputs: list[str], output: str) -> None:
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [output]))
