from __future__ import annotations

import numpy as np
import pytest

from omniseg_backend.inference.latency import LatencyCandidate, measure_interleaved
from omniseg_backend.inference.matrix_product import MatrixProduct, gflops


def test_it_is_the_product_of_both_matrices() -> None:
    pair = np.stack([np.array([[1, 2], [3, 4]]), np.array([[0, 1], [1, 0]])]).astype(np.float32)
    np.testing.assert_array_equal(MatrixProduct(1).run(pair[np.newaxis]), [[2, 1], [4, 3]])


def test_it_takes_turns_like_a_network() -> None:
    candidate = LatencyCandidate(MatrixProduct(1), MatrixProduct.input_shape)
    (figures,) = measure_interleaved([candidate], 3)
    assert figures.runs == 3
    assert figures.spread_ms >= 0
    assert gflops(MatrixProduct.flops, figures.min_ms) > 0


def test_operations_and_milliseconds_make_gflops() -> None:
    assert gflops(2_000_000_000, 10.0) == pytest.approx(200.0)
