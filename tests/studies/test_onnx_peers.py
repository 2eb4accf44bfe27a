"""Any ONNX network can be a peer: what it costs, what shape it takes, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from omniseg_backend.bundles.models import available_models
from omniseg_backend.common.errors import DataError
from omniseg_backend.networks.cost import cost_of
from omniseg_backend.studies.onnx_cost import graph_flops, graph_parameters
from omniseg_backend.studies.onnx_file import FileSession, input_shapes, load_file
from tests.studies.onnx_graphs import convolution, graph_of, saved, two_outputs

SHAPE = (1, 3, 8, 10)


def test_convolutions_count_two_per_multiply_add() -> None:
    padded = graph_of([convolution(pads=[1, 1, 1, 1])], {"w": (5, 3, 3, 3)})
    assert graph_flops(padded, SHAPE, "peer") == 2 * (8 * 10) * (5 * 3 * 9)
    assert graph_parameters(padded) == 5 * 3 * 9
    strided = graph_of([convolution(strides=[2, 2])], {"w": (5, 3, 2, 2)})
    assert graph_flops(strided, SHAPE, "peer") == 2 * (4 * 5) * (5 * 3 * 4)
    grouped = graph_of([convolution(group=3)], {"w": (6, 1, 1, 1)})
    assert graph_flops(grouped, SHAPE, "peer") == 2 * (8 * 10) * 6


def test_transposed_convolutions_and_matrix_products_are_counted() -> None:
    transposed = helper.make_node("ConvTranspose", ["image", "w"], ["y"], strides=[2, 2])
    assert (
        graph_flops(graph_of([transposed], {"w": (3, 4, 2, 2)}), SHAPE, "peer")
        == 2 * 80 * 3 * 4 * 4
    )
    product = helper.make_node("MatMul", ["image", "w"], ["y"])
    assert graph_flops(graph_of([product], {"w": (10, 7)}), SHAPE, "peer") == 2 * (3 * 8 * 7) * 10


def test_a_shape_that_depends_on_the_image_is_found_by_running() -> None:
    found = helper.make_node("NonZero", ["w"], ["places"])
    turned = helper.make_node("Cast", ["places"], ["numbers"], to=TensorProto.FLOAT)
    product = helper.make_node("MatMul", ["numbers", "v"], ["y"])
    model = graph_of([found, turned, product], {"w": (2, 4), "v": (8, 5)})
    assert graph_flops(model, SHAPE, "peer") == 2 * (2 * 5) * 8


def test_our_own_graphs_cost_what_their_architecture_does() -> None:
    for entry in available_models():
        architecture = entry.manifest.architecture
        model = onnx.load_model_from_string(entry.load().model_bytes())
        shape = (1, architecture.in_channels, 64, 96)
        assert graph_flops(model, shape, entry.path) == cost_of(architecture, 64, 96).flops


def test_a_peer_runs_at_its_own_shape_and_at_every_size_where_it_is_free(tmp_path: Path) -> None:
    fixed = load_file(saved(two_outputs(), tmp_path / "fixed.onnx"))
    assert input_shapes(fixed, (32, 64), "fixed") == ((1, 3, 24, 40),)
    free = two_outputs(("batch", "channels", "height", "width"))
    assert input_shapes(free, (32, 64), "free") == ((1, 3, 32, 32), (1, 3, 64, 64))


def test_every_output_is_computed(tmp_path: Path) -> None:
    model = two_outputs()
    session = FileSession(model.SerializeToString(), threads=1)
    assert session.run(np.zeros((1, 3, 24, 40), np.float32)).shape == (1, 4, 24, 40)


def test_a_network_that_does_not_fit_is_one_sentence(tmp_path: Path) -> None:
    session = FileSession(two_outputs().SerializeToString(), threads=1, subject="peer.onnx")
    with pytest.raises(DataError, match=r"peer\.onnx.*ONNX Runtime runs"):
        session.run(np.zeros((1, 3, 10, 10), np.float32))


@pytest.mark.parametrize("content", [b"", b"not a network", b"\x08\x08"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "peer.onnx"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"peer\.onnx"):
        load_file(path)


def test_a_missing_file_and_half_precision_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="found nothing, expected an ONNX network"):
        load_file(tmp_path / "absent.onnx")
    half = graph_of([convolution()], {"w": (1, 3, 1, 1)}, kind=TensorProto.FLOAT16)
    with pytest.raises(DataError, match="float32"):
        load_file(saved(half, tmp_path / "half.onnx"))
