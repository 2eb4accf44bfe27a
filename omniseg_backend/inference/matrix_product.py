"""The matrix product that says how fast a processor can be, timed as networks are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.inference.runtime_session import session_options

#: A product of two matrices of this side takes 2.1 GFLOP, 12 to 200 ms on two cores.
_SIDE = 1024


class MatrixProduct:
    """A float32 product of two square matrices by ONNX Runtime, on as many threads as a network.

    A convolution is at best such a product, so its speed is the peak that networks are held
    against. Stands among the networks of ``measure_interleaved``, so that it meets the same
    machine. numpy's product takes all cores whatever the networks may use: beside a network of
    one thread it made a peak of 195 GFLOP/s out of 108 (two cores with AVX-512).

    Args:
        threads: Threads within the product.
    """

    input_shape = (1, 2, _SIDE, _SIDE)
    flops = 2 * _SIDE**3

    def __init__(self, threads: int) -> None:
        import onnxruntime

        self._session = onnxruntime.InferenceSession(
            _product_graph(), session_options(threads), providers=["CPUExecutionProvider"]
        )

    def run(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """The product of both matrices; shapes (1, 2, side, side) -> (side, side)."""
        (product,) = self._session.run(None, {"left": inputs[0, 0], "right": inputs[0, 1]})
        return np.asarray(product, dtype=np.float32)


def gflops(flops: int, milliseconds: float) -> float:
    """Billions of operations a second."""
    return flops / milliseconds / 1e6


def _product_graph() -> bytes:
    from onnx import TensorProto, helper

    square = ["side", "side"]
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, square)
        for name in ("left", "right", "product")
    ]
    node = helper.make_node("MatMul", ["left", "right"], ["product"])
    graph = helper.make_graph([node], "matrix_product", values[:2], values[2:])
    opset = helper.make_opsetid("", 18)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=10)
    return bytes(model.SerializeToString())
