from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from omniseg_backend.bundles.graph import check_model, texts
from omniseg_backend.bundles.synthetic import synthetic_input
from omniseg_backend.bundles.weights import store_weights
from omniseg_backend.common.errors import BundleError
from omniseg_backend.networks.architecture import Architecture

Spoil = Callable[[onnx.ModelProto], None]


def keep_outside(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "/etc/passwd"


def keep_constant_outside(model: onnx.ModelProto) -> None:
    tensor = helper.make_tensor("secret", TensorProto.FLOAT, [1], [0.0])
    tensor.ClearField("float_data")
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../weights.bin"
    model.graph.node.append(helper.make_node("Constant", [], ["secret"], value=tensor))


def use_foreign_operator(model: onnx.ModelProto) -> None:
    node = helper.make_node("Evil", ["logits"], ["evil"], domain="com.evil")
    model.graph.node.append(node)


def import_foreign_domain(model: onnx.ModelProto) -> None:
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))


def define_function(model: onnx.ModelProto) -> None:
    node = helper.make_node("Relu", ["x"], ["y"])
    function = helper.make_function("", "Trick", ["x"], ["y"], [node], model.opset_import)
    model.functions.append(function)


def branch(model: onnx.ModelProto) -> None:
    value = helper.make_tensor_value_info("then", TensorProto.FLOAT, None)
    inner = helper.make_graph(
        [helper.make_node("Evil", [], ["then"], domain="com.evil")], "inner", [], [value]
    )
    node = helper.make_node("If", ["image"], ["choice"], then_branch=inner, else_branch=inner)
    model.graph.node.append(node)


def add_training(model: onnx.ModelProto) -> None:
    model.training_info.add()


def add_sparse_weight(model: onnx.ModelProto) -> None:
    model.graph.sparse_initializer.add().dims.append(4)


def repeat_weight(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(model.graph.initializer[0])


def add_input(model: onnx.ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1]))


def double_output(model: onnx.ModelProto) -> None:
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.DOUBLE


def flatten_input(model: onnx.ModelProto) -> None:
    del model.graph.input[0].type.tensor_type.shape.dim[3:]


def colour_input(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 3


def free_channels(model: onnx.ModelProto) -> None:
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_param = "classes"


def remove_nodes(model: onnx.ModelProto) -> None:
    del model.graph.node[:]


@pytest.mark.parametrize("storage", ["fp32", "fp16", "int8"])
def test_an_exported_network_is_accepted(
    model: bytes, architecture: Architecture, storage: str
) -> None:
    check_model(store_weights(model, storage), architecture, "toy")


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (keep_outside, "another file"),
        (keep_constant_outside, "another file"),
        (use_foreign_operator, "com.evil"),
        (import_foreign_domain, "com.microsoft"),
        (define_function, "functions"),
        (branch, "graph within a graph"),
        (add_training, "training graph"),
        (add_sparse_weight, "sparse"),
        (repeat_weight, "same name"),
        (add_input, "2 inputs"),
        (double_output, "float32"),
        (flatten_input, "rows, columns"),
        (colour_input, "3 input channels"),
        (free_channels, "0 output channels"),
        (remove_nodes, "without operations"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_an_unsafe_network_is_refused(
    model: bytes, architecture: Architecture, spoil: Spoil, named: str
) -> None:
    parsed = onnx.load_model_from_string(model)
    spoil(parsed)
    with pytest.raises(BundleError, match="toy") as caught:
        check_model(parsed.SerializeToString(), architecture, "toy")
    assert named in caught.value.found


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x04\x95pickle", b"\xff" * 64])
def test_what_is_no_network_is_refused(content: bytes, architecture: Architecture) -> None:
    with pytest.raises(BundleError):
        check_model(content, architecture, "toy")


def test_every_truncation_is_refused_or_harmless(model: bytes, architecture: Architecture) -> None:
    for length in np.linspace(0, len(model) - 1, 25).astype(int):
        with pytest.raises(BundleError):
            check_model(model[:length], architecture, "toy")


def test_metadata_goes_and_the_network_stays(
    raw_model: bytes,
    model: bytes,
    architecture: Architecture,
    run_model: Callable[[bytes, NDArray[np.float32]], NDArray[np.float32]],
) -> None:
    assert b"stack_trace" in raw_model
    assert b"omnisegnet.py" in raw_model
    for private in (b"stack_trace", b"omniseg_backend", b'.py"'):
        assert private not in model
    image = synthetic_input(architecture, seed=2)
    np.testing.assert_array_equal(run_model(model, image), run_model(raw_model, image))


def test_texts_are_names_and_not_weights(model: bytes) -> None:
    parsed = onnx.load_model_from_string(model)
    parsed.graph.node[0].doc_string = "planted note"
    attribute = parsed.graph.node[0].attribute.add()
    attribute.name, attribute.s = "planted", b"bytes in an attribute"
    found = set(texts(parsed.SerializeToString()))
    assert {"planted note", "bytes in an attribute", "head.weight", "image", "logits"} <= found
    assert max(map(len, found)) < 200
