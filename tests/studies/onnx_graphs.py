"""Small ONNX networks, made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper


def graph_of(
    nodes: Sequence[NodeProto],
    weights: dict[str, tuple[int, ...]],
    *,
    image: Sequence[int | str] = ("batch", 3, "height", "width"),
    outputs: Sequence[str] = ("y",),
    kind: int = TensorProto.FLOAT,
) -> ModelProto:
    """A network whose weights are all 0.1."""
    made = helper.make_graph(
        list(nodes),
        "made by hand",
        [helper.make_tensor_value_info("image", kind, image)],
        [helper.make_tensor_value_info(name, kind, None) for name in outputs],
        [
            numpy_helper.from_array(np.full(shape, 0.1, np.float32), name)
            for name, shape in weights.items()
        ],
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def convolution(source: str = "image", target: str = "y", **attributes: object) -> NodeProto:
    """A convolution by the weight ``w``."""
    return helper.make_node("Conv", [source, "w"], [target], **attributes)


def saved(model: ModelProto, path: Path) -> Path:
    """The network as a file."""
    path.write_bytes(model.SerializeToString())
    return path


def two_outputs(image: Sequence[int | str] = (1, 3, 24, 40)) -> ModelProto:
    """Like a detector's: boxes and masks."""
    return graph_of(
        [
            convolution(pads=[1, 1, 1, 1]),
            helper.make_node("MaxPool", ["y"], ["small"], kernel_shape=[2, 2], strides=[2, 2]),
        ],
        {"w": (4, 3, 3, 3)},
        image=image,
        outputs=("y", "small"),
    )
