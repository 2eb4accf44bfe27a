"""How many channels ONNX Runtime computes side by side on this host."""

from __future__ import annotations

import functools
import logging
import tempfile
from pathlib import Path

import numpy as np

_log = logging.getLogger(__name__)

#: Standard operators and a file format that every ONNX Runtime of these years reads.
_OPSET, _IR = 13, 7


@functools.lru_cache(maxsize=1)
def block_channels() -> int:
    """Channels in a block: 16 with AVX-512, 8 with AVX, 1 where the runtime has no blocks.

    On most processors the runtime keeps channels in blocks (NCHWc) and fills the last one up
    with zeros. It says nowhere how large they are, so a convolution with one filter is given to
    it: the filters that it makes of that are a block. Takes 2 ms, once in a process.

    It tells that only in a file; where none can be written, 1 is returned and networks run as
    they are.
    """
    import onnx
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as runtime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    try:
        with tempfile.TemporaryDirectory(prefix="omniseg-blocks-") as folder:
            optimised = Path(folder) / "optimised.onnx"
            options.optimized_model_filepath = str(optimised)
            onnxruntime.InferenceSession(_probe(), options, providers=["CPUExecutionProvider"])
            graph = onnx.load(str(optimised)).graph
    except (OSError, runtime.Fail, runtime.InvalidProtobuf) as error:
        _log.info("the runtime's blocks are not known, networks run as they are: %s", error)
        return 1
    filters = {tensor.name: tensor.dims[0] for tensor in graph.initializer}
    return max((filters[node.input[1]] for node in graph.node if node.op_type == "Conv"), default=1)


def _probe() -> bytes:
    from onnx import TensorProto, helper, numpy_helper

    ports = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, 8, 8])
        for name in ("image", "output")
    ]
    graph = helper.make_graph(
        [helper.make_node("Conv", ["image", "filter"], ["output"])],
        "probe",
        ports[:1],
        ports[1:],
        [numpy_helper.from_array(np.ones((1, 1, 1, 1), np.float32), "filter")],
    )
    opset = [helper.make_opsetid("", _OPSET)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=_IR)
    content: bytes = model.SerializeToString()
    return content
