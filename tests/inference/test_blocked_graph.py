"""The network in whole blocks: it computes the same, and its planes stay in blocks."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray

from omniseg_backend.bundles.store import load_bundle
from omniseg_backend.common.errors import BundleError
from omniseg_backend.inference.blocked_graph import BlockedNetwork, blocked_network
from omniseg_backend.inference.channel_layout import channel_layouts
from omniseg_backend.inference.first_block import join_first_block
from omniseg_backend.inference.float_graph import FloatGraph, float_graph
from omniseg_backend.inference.last_block import join_last_block
from omniseg_backend.inference.runtime_blocks import block_channels
from omniseg_backend.inference.runtime_session import RuntimeSession, session_options
from omniseg_backend.inference.session import NetworkSession
from omniseg_backend.inference.value_shapes import ValueShape, value_shapes

from .conftest import bright_model


def pictures(rows: int, columns: int, count: int = 2) -> NDArray[np.float32]:
    values = np.random.default_rng(3).standard_normal((count, 1, rows, columns))
    return values.astype(np.float32)


def as_stored(model: bytes, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    return RuntimeSession(model, threads=1).outputs(inputs)[0]


def in_blocks(model: bytes, block: int) -> BlockedNetwork:
    network = blocked_network(model, "toy", block)
    assert network is not None
    return network


def operations(graph: FloatGraph) -> Counter[str]:
    return Counter(node.op_type for node in graph.nodes)


@pytest.fixture(scope="module")
def trained(repository: Path) -> bytes:
    """The shipped Compact for cardiac MRI, which takes any size."""
    shipped = repository / "omniseg_backend" / "bundles" / "shipped"
    return load_bundle(shipped / "cardiac-mri-compact.omniseg").model_bytes()


@pytest.mark.parametrize("block", [4, 8, 16, 32])
def test_any_block_gives_the_same_logits(omnisegnet_model: bytes, block: int) -> None:
    found = as_stored(in_blocks(omnisegnet_model, block).model(64, 64), pictures(64, 64))
    np.testing.assert_allclose(found, as_stored(omnisegnet_model, pictures(64, 64)), atol=2e-3)


@pytest.mark.parametrize("block", [8, 16])
@pytest.mark.parametrize("size", [(64, 64), (48, 80), (16, 32)])
def test_any_size_gives_the_same_logits(trained: bytes, block: int, size: tuple[int, int]) -> None:
    found = as_stored(in_blocks(trained, block).model(*size), pictures(*size))
    expected = as_stored(trained, pictures(*size))
    assert np.abs(expected).max() > 1.0
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.skipif(block_channels() == 1, reason="ONNX Runtime has no blocks on this processor")
def test_planes_leave_their_blocks_once(omnisegnet_model: bytes, tmp_path: Path) -> None:
    """The logits alone are put in order; as stored the network does so round every gate."""
    reorders = []
    for model in (omnisegnet_model, in_blocks(omnisegnet_model, block_channels()).model(64, 64)):
        options = session_options(threads=1)
        options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
        onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        kinds = Counter(n.op_type for n in onnx.load(tmp_path / "optimised.onnx").graph.node)
        reorders.append(kinds["ReorderInput"] + kinds["ReorderOutput"])
    assert reorders[0] > 30
    assert reorders[1] == 1


def test_every_width_is_whole_blocks_but_at_the_ends(omnisegnet_model: bytes) -> None:
    shapes = in_blocks(omnisegnet_model, 16).shapes
    widths = {name: shape.channels for name, shape in shapes.items()}
    assert widths.pop("image") == 1
    assert widths.pop("logits") == 3
    assert len(widths) > 100
    assert all(width % 16 == 0 for width in widths.values())


def test_two_parts_of_one_block_are_added_instead_of_joined(omnisegnet_model: bytes) -> None:
    graph = join_first_block(float_graph(omnisegnet_model, "toy"))
    shapes = value_shapes(graph)
    assert shapes is not None
    layouts = channel_layouts(graph, shapes, 16)
    (name,) = layouts.sums
    node = graph.producer(name)
    assert node is not None
    first, second = (layouts.of[part].places for part in node.input)
    assert not set(first) & set(second)
    np.testing.assert_array_equal(layouts.of[name].places, np.concatenate([first, second]))
    assert not channel_layouts(graph, shapes, 8).sums


def test_the_last_block_needs_room_for_both_paths(omnisegnet_model: bytes) -> None:
    graph = float_graph(omnisegnet_model, "toy")
    before, after = operations(graph), operations(join_last_block(graph, 16))
    assert before - after == Counter({"Conv": 1, "Add": 1})
    assert operations(join_last_block(graph, 8)) == before


def test_the_joined_last_block_computes_the_same(omnisegnet_model: bytes) -> None:
    joined = join_last_block(float_graph(omnisegnet_model, "toy"), 16).model()
    expected = as_stored(omnisegnet_model, pictures(64, 64))
    np.testing.assert_allclose(as_stored(joined, pictures(64, 64)), expected, atol=2e-3)


def test_shapes_follow_the_image_down_and_up(omnisegnet_model: bytes) -> None:
    shapes = value_shapes(join_first_block(float_graph(omnisegnet_model, "toy")))
    assert shapes is not None
    assert shapes["image"] == ValueShape(1, 0)
    assert shapes["logits"] == ValueShape(3, 0)
    assert {shape.level for shape in shapes.values()} == {0, 1, 2, 3, 4}
    assert {shape.level for shape in shapes.values() if shape.pooled} == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("model", [bright_model(), b"", b"not a network"])
def test_what_is_not_ours_is_left_to_the_runtime(model: bytes) -> None:
    assert blocked_network(model, "toy", 16) is None


def test_a_runtime_without_blocks_gets_the_network_as_it_is(omnisegnet_model: bytes) -> None:
    assert blocked_network(omnisegnet_model, "toy", 1) is None


def test_a_form_that_ours_do_not_have_is_left_to_the_runtime(omnisegnet_model: bytes) -> None:
    model = onnx.load_model_from_string(omnisegnet_model)
    pool = next(node for node in model.graph.node if node.op_type == "MaxPool")
    for attribute in pool.attribute:
        if attribute.name == "strides":
            attribute.ints[:] = [1, 1]
    assert blocked_network(model.SerializeToString(), "toy", 16) is None


def test_a_session_takes_one_size_after_the_other(trained: bytes) -> None:
    session = NetworkSession(trained, threads=1)
    for rows, columns in ((64, 64), (48, 80), (64, 64), (32, 32), (32, 48), (16, 16)):
        inputs = pictures(rows, columns, count=1)
        expected = as_stored(trained, inputs)
        np.testing.assert_allclose(session.run(inputs), expected, atol=1e-3)


@pytest.mark.parametrize("shape", [(1, 1, 72, 64), (1, 2, 64, 64)])
def test_a_size_that_does_not_fit_is_refused(
    omnisegnet_model: bytes, shape: tuple[int, ...]
) -> None:
    session = NetworkSession(omnisegnet_model, threads=1)
    with pytest.raises(BundleError, match="cannot run"):
        session.run(np.zeros(shape, np.float32))
