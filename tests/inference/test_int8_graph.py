"""The 8-bit network: what its graph holds, and that it computes the 32-bit one's classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import numpy_helper

from omniseg_backend.common.errors import BundleError
from omniseg_backend.inference.float_graph import float_graph
from omniseg_backend.inference.int8_graph import int8_model, side_by_side
from omniseg_backend.inference.int8_plan import int8_plan
from omniseg_backend.inference.int8_ranges import measure_ranges
from omniseg_backend.inference.session import NetworkSession

Ranges = dict[str, tuple[float, float]]


def blobs(seed: int, count: int = 4) -> NDArray[np.float32]:
    """Smooth random pictures (N, 1, 64, 64), which random weights tell classes in."""
    coarse = np.random.default_rng(seed).standard_normal((count, 1, 8, 8))
    return np.kron(coarse, np.ones((1, 1, 8, 8))).astype(np.float32)


@pytest.fixture(scope="module")
def ranges(omnisegnet_model: bytes) -> Ranges:
    return measure_ranges(omnisegnet_model, blobs(0), threads=1)


@pytest.fixture(scope="module")
def eight(omnisegnet_model: bytes, ranges: Ranges) -> bytes:
    return int8_model(omnisegnet_model, ranges)


def run(model: bytes, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    return NetworkSession(model, threads=1).run(inputs)


def test_the_float_graph_computes_what_the_file_does(omnisegnet_model: bytes) -> None:
    expected = run(omnisegnet_model, blobs(1))
    for graph in (float_graph(omnisegnet_model, "m"), int8_plan(omnisegnet_model, "m").graph):
        np.testing.assert_allclose(run(graph.model(), blobs(1)), expected, atol=2e-3)


def test_the_first_block_reads_the_image_once(omnisegnet_model: bytes) -> None:
    before, after = float_graph(omnisegnet_model, "m"), int8_plan(omnisegnet_model, "m").graph
    convolutions = [
        sum(node.op_type == "Conv" for node in graph.readers(graph.input.name))
        for graph in (before, after)
    ]
    assert convolutions == [2, 1]


def test_weights_are_signed_and_per_channel_and_activations_unsigned(eight: bytes) -> None:
    graph = onnx.load_model_from_string(eight).graph
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    producers = {node.output[0]: node for node in graph.node}
    weighed = 0
    for conv in (node for node in graph.node if node.op_type == "Conv"):
        source = producers.get(conv.input[1])
        if source is None:
            continue
        weights, steps, zeros = (tensors[name] for name in source.input)
        assert weights.dtype == np.int8
        assert steps.shape == zeros.shape == (len(weights),)
        assert not zeros.any()
        assert np.abs(weights.astype(int)).max() <= 127
        weighed += 1
    assert weighed > 30
    activations = [node for node in graph.node if node.op_type == "QuantizeLinear"]
    assert len(activations) > 60
    assert all(tensors[node.input[2]].dtype == np.uint8 for node in activations)
    assert all(tensors[node.input[1]].shape == () for node in activations)


def test_gates_and_head_stay_in_32_bits(omnisegnet_model: bytes, eight: bytes) -> None:
    graph = onnx.load_model_from_string(eight).graph
    producers = {node.output[0]: node for node in graph.node}
    sigmoids = [node for node in graph.node if node.op_type == "Sigmoid"]
    assert sigmoids
    for sigmoid in sigmoids:
        assert producers[sigmoid.input[0]].op_type == "Conv"
        assert producers[sigmoid.input[0]].input[1] not in producers
    assert producers[graph.output[0].name].op_type == "Conv"


def test_the_runtime_computes_it_in_8_bits(eight: bytes, tmp_path: Path) -> None:
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    options.log_severity_level = 3
    onnxruntime.InferenceSession(eight, options, providers=["CPUExecutionProvider"])
    kinds = [node.op_type for node in onnx.load(tmp_path / "optimised.onnx").graph.node]
    plan = list(onnx.load_model_from_string(eight).graph.node)
    assert kinds.count("QLinearConv") > 30
    assert kinds.count("QLinearMul") == sum(node.op_type == "Mul" for node in plan)
    assert "Mul" not in kinds


def test_the_classes_are_those_of_32_bits(omnisegnet_model: bytes, eight: bytes) -> None:
    """Random weights, whose logits lie close together: trained ones differ in far fewer."""
    inputs = blobs(2)
    floats, integers = run(omnisegnet_model, inputs), run(eight, inputs)
    assert np.corrcoef(floats.ravel(), integers.ravel())[0, 1] > 0.95
    assert np.mean(floats.argmax(1) != integers.argmax(1)) < 0.15


def test_a_missing_range_is_refused(omnisegnet_model: bytes, ranges: Ranges) -> None:
    lacking = dict(ranges)
    name, _ = lacking.popitem()
    with pytest.raises(BundleError, match=r"no range of the activation .*--arithmetic fp32"):
        int8_model(omnisegnet_model, lacking)
    assert name in ranges


def test_equal_ranges_give_equal_bytes(
    omnisegnet_model: bytes, ranges: Ranges, eight: bytes
) -> None:
    assert int8_model(omnisegnet_model, dict(reversed(ranges.items()))) == eight


def test_pixels_side_by_side_are_convolved_apart() -> None:
    random = np.random.default_rng(3)
    kernel = random.standard_normal((3, 2, 1, 1)).astype(np.float32)
    pixels = random.standard_normal((4, 2)).astype(np.float32)
    packed = side_by_side(kernel, 4)[:, :, 0, 0]
    apart = pixels @ kernel[:, :, 0, 0].T
    np.testing.assert_allclose(packed @ pixels.ravel(), apart.ravel(), rtol=1e-5)


def test_ranges_leave_out_the_outermost_thousandth(omnisegnet_model: bytes) -> None:
    """One wild pixel among 4096 does not widen the levels of all others."""
    calm = blobs(5, count=1)
    wild = calm.copy()
    wild[0, 0, 10, 10] += 30.0
    first = next(iter(int8_plan(omnisegnet_model, "m").scaled))
    low, high = measure_ranges(omnisegnet_model, calm, threads=1)[first]
    _, widened = measure_ranges(omnisegnet_model, wild, threads=1)[first]
    assert high > low
    assert widened < 3 * high
