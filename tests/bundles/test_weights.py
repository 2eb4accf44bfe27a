from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from onnx import numpy_helper

from omniseg_backend.bundles.synthetic import synthetic_input
from omniseg_backend.bundles.weights import (
    SMALLEST_COMPRESSED,
    quantise,
    read_state,
    store_weights,
)
from omniseg_backend.common.errors import BundleError
from omniseg_backend.networks.architecture import Architecture

Arrays = dict[str, NDArray[np.float32]]


def optimised_operators(model: bytes, folder: Path) -> Counter[str]:
    """Operators of the graph that ONNX Runtime makes of a model, hardware layouts aside."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(folder / "optimised.onnx")
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return Counter(node.op_type for node in onnx.load(folder / "optimised.onnx").graph.node)


def with_weight(model: bytes, name: str, change: Callable[[NDArray], NDArray]) -> bytes:
    parsed = onnx.load_model_from_string(model)
    (tensor,) = [t for t in parsed.graph.initializer if t.name == name]
    tensor.CopyFrom(numpy_helper.from_array(change(numpy_helper.to_array(tensor).copy()), name))
    return parsed.SerializeToString()


@pytest.fixture(scope="module")
def large(state: Arrays) -> str:
    """The name of a weight that is stored smaller."""
    return max(state, key=lambda name: state[name].size)


def test_the_graph_carries_the_state_dict(raw_model: bytes, state: Arrays) -> None:
    initialisers = {t.name for t in onnx.load_model_from_string(raw_model).graph.initializer}
    assert initialisers == set(state)


def test_float32_weights_are_read_exactly(model: bytes, state: Arrays) -> None:
    assert store_weights(model, "fp32") == model
    read = read_state(model)
    assert read.keys() == state.keys()
    for name, weights in state.items():
        np.testing.assert_array_equal(read[name], weights, err_msg=name)


def test_float16_weights_are_rounded_once(model: bytes, state: Arrays) -> None:
    read = read_state(store_weights(model, "fp16"))
    assert read.keys() == state.keys()
    for name, weights in state.items():
        small = weights.size < SMALLEST_COMPRESSED or weights.ndim < 2
        expected = weights if small else weights.astype(np.float16)
        np.testing.assert_array_equal(read[name], expected, err_msg=name)
        assert read[name].dtype == np.float32


def test_int8_weights_are_within_half_a_scale(model: bytes, state: Arrays) -> None:
    read = read_state(store_weights(model, "int8"))
    assert read.keys() == state.keys()
    compressed = 0
    for name, weights in state.items():
        if weights.size < SMALLEST_COMPRESSED or weights.ndim < 2:
            np.testing.assert_array_equal(read[name], weights, err_msg=name)
            continue
        compressed += 1
        scale = np.abs(weights).max(axis=(1, 2, 3), keepdims=True) / 127
        assert (np.abs(read[name] - weights) <= 0.5001 * scale).all(), name
        assert not np.array_equal(read[name], weights)
    assert compressed >= 5


@given(
    hnp.arrays(
        np.float32,
        hnp.array_shapes(min_dims=2, max_dims=4, max_side=5),
        elements=st.floats(-(2.0**100), 2.0**100, width=32),
    )
)
def test_rounding_errs_by_half_a_scale_at_most(weights: NDArray[np.float32]) -> None:
    levels, scale = quantise(weights)
    assert levels.dtype == np.int8
    assert levels.min() >= -127
    restored = levels.astype(np.float64) * scale
    assert (np.abs(restored - weights) <= 0.5001 * scale.astype(np.float64)).all()


@pytest.mark.parametrize("storage", ["fp32", "fp16", "int8"])
def test_the_optimised_graph_has_no_trace_of_the_storage(
    model: bytes, tmp_path: Path, storage: str
) -> None:
    operators = optimised_operators(store_weights(model, storage), tmp_path)
    assert operators["BatchNormalization"] == 0
    assert operators["Cast"] == operators["DequantizeLinear"] == 0
    # Every Mul left is a squeeze-and-excitation gate: one per block.
    assert operators["Mul"] == 12
    assert operators == optimised_operators(model, tmp_path)


def large_weight_bytes(stored: bytes, model: bytes) -> int:
    """Bytes that the tensors which are worth storing smaller take."""
    large = {
        tensor.name
        for tensor in onnx.load_model_from_string(model).graph.initializer
        if len(tensor.dims) > 1 and np.prod(tensor.dims) >= SMALLEST_COMPRESSED
    }
    return sum(
        numpy_helper.to_array(tensor).nbytes
        for tensor in onnx.load_model_from_string(stored).graph.initializer
        if tensor.name in large
    )


@pytest.mark.parametrize(
    ("storage", "tolerance", "share"), [("fp16", 2e-3, 0.5), ("int8", 5e-2, 0.25)]
)
def test_storing_smaller_hardly_changes_the_output(
    model: bytes,
    architecture: Architecture,
    run_model: Callable[[bytes, NDArray[np.float32]], NDArray[np.float32]],
    storage: str,
    tolerance: float,
    share: float,
) -> None:
    image = synthetic_input(architecture, seed=5)
    stored = store_weights(model, storage)
    onnx.checker.check_model(onnx.load_model_from_string(stored), full_check=True)
    before, after = run_model(model, image), run_model(stored, image)
    assert 0 < np.abs(after - before).max() < tolerance * np.abs(before).max()
    assert large_weight_bytes(stored, model) == share * large_weight_bytes(model, model)


def test_what_runs_is_what_is_read(
    model: bytes,
    architecture: Architecture,
    run_model: Callable[[bytes, NDArray[np.float32]], NDArray[np.float32]],
) -> None:
    stored = store_weights(model, "int8")
    parsed = onnx.load_model_from_string(model)
    read = read_state(stored)
    for tensor in parsed.graph.initializer:
        tensor.CopyFrom(numpy_helper.from_array(read[tensor.name], tensor.name))
    image = synthetic_input(architecture, seed=6)
    expected = run_model(parsed.SerializeToString(), image)
    np.testing.assert_allclose(run_model(stored, image), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("storage", ["fp16", "int8"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_broken_weights_are_not_stored(
    model: bytes, large: str, storage: str, value: float
) -> None:
    def spoil(weights: NDArray) -> NDArray:
        weights.flat[0] = value
        return weights

    with pytest.raises(BundleError, match="infinite"):
        store_weights(with_weight(model, large, spoil), storage)


def test_weights_beyond_float16_are_not_stored_as_such(model: bytes, large: str) -> None:
    huge = with_weight(model, large, lambda weights: weights * np.float32(1e6))
    with pytest.raises(BundleError, match=large):
        store_weights(huge, "fp16")
    assert np.abs(read_state(store_weights(huge, "int8"))[large]).max() > 65504


def test_weights_are_not_stored_smaller_twice(model: bytes) -> None:
    with pytest.raises(BundleError, match="not yet stored smaller"):
        store_weights(store_weights(model, "fp16"), "int8")


def test_integers_without_their_scale_are_refused(model: bytes, large: str) -> None:
    parsed = onnx.load_model_from_string(store_weights(model, "int8"))
    kept = [t for t in parsed.graph.initializer if t.name != f"{large}:scale"]
    del parsed.graph.initializer[:]
    parsed.graph.initializer.extend(kept)
    with pytest.raises(BundleError, match="without their scale"):
        read_state(parsed.SerializeToString())
