"""The matrix product that says how fast a processor can be, timed as networks are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: A product of two matrices of this side takes 2.1 GFLOP, 12 to 200 ms on two cores.
_SIDE = 1024


class MatrixProduct:
    """A float32 product of two square matrices, by numpy's BLAS on all the cores it takes.

    A convolution is at best such a product, so its speed is the peak that networks are held
    against. Stands among the networks of ``measure_interleaved``, so that it meets the same
    machine.
    """

    input_shape = (1, 2, _SIDE, _SIDE)
    flops = 2 * _SIDE**3

    def run(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """The product of both matrices; shapes (1, 2, side, side) -> (side, side)."""
        return np.matmul(inputs[0, 0], inputs[0, 1])


def gflops(flops: int, milliseconds: float) -> float:
    """Billions of operations a second."""
    return flops / milliseconds / 1e6
