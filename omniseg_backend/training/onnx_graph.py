"""Exporting a network as ONNX with its weights under the state dict's names."""

from __future__ import annotations

import contextlib
import copy
import logging
import warnings
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from omniseg_backend.common.errors import BundleError
from omniseg_backend.networks.architecture import STRIDE
from omniseg_backend.networks.omnisegnet import OmniSegNet

INPUT, OUTPUT = "image", "logits"

_SHAPES = ((1, 64, 64), (2, 48, 80), (1, 256, 256))
_TOLERANCE = 1e-3
#: ONNX Runtime folds norms into weights, which rounds once more than torch does.
_TIMES_TORCH = 20.0


def export_graph(network: OmniSegNet) -> bytes:
    """The network as ONNX bytes, batch, height and width free (multiples of 16).

    Batch normalisation stays unfolded (``optimize=False``), so that every initialiser is an
    entry of the state dict and fine-tuning can start from the file; ONNX Runtime folds it
    when a session starts.

    Args:
        network: Put into evaluation mode; its weights are not changed.
    """
    return export_module(network, network.architecture.in_channels)


def export_module(network: nn.Module, in_channels: int, stride: int = STRIDE) -> bytes:
    """Any segmentation network as ``export_graph`` exports ours.

    Args:
        network: Maps (N, C, H, W) to logits of that height and width; put into evaluation mode.
        in_channels: C.
        stride: H and W are multiples of it.
    """
    network.eval()
    tile = torch.export.Dim("tiles", min=1, max=256)
    rows = torch.export.Dim("row_tiles", min=1, max=256)
    shapes = ({0: torch.export.Dim("batch", min=1, max=4096), 2: stride * rows, 3: stride * tile},)
    example = torch.zeros(2, in_channels, 3 * stride, 4 * stride)
    with _quiet_exporter(), torch.no_grad():
        program = torch.onnx.export(
            _contiguous(network),
            (example,),
            dynamo=True,
            optimize=False,
            external_data=False,
            dynamic_shapes=shapes,
            input_names=[INPUT],
            output_names=[OUTPUT],
            verbose=False,
        )
    assert program is not None
    return program.model_proto.SerializeToString()


def _contiguous(network: nn.Module) -> nn.Module:
    """The same network with plainly ordered kernels, which the exporter reads fastest."""
    return network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]


@contextlib.contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Keep the exporter's notes about packages that are not installed from the user."""
    names = ("torch.onnx", "onnxscript", "torch.export")
    before = {name: logging.getLogger(name).level for name in names}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", UserWarning)
        for name in names:
            logging.getLogger(name).setLevel(logging.ERROR)
        try:
            yield
        finally:
            for name, level in before.items():
                logging.getLogger(name).setLevel(level)


def verify_graph(network: OmniSegNet, graph: bytes) -> None:
    """Check that ONNX Runtime computes what torch does, on three shapes.

    Both are held against torch in float64: squeeze and excitation closes the gates of single
    channels (1e-12 was seen), whose norms then amplify rounding, in torch as in ONNX Runtime.
    Accurate on CardiacMRI: 3e-5 of the largest logit in torch, 1.5e-4 in ONNX Runtime.

    Raises:
        BundleError: ONNX Runtime is further off than float32 rounding explains.
    """
    from omniseg_backend.inference.session import NetworkSession

    session = NetworkSession(graph, threads=1)
    exact_network = copy.deepcopy(network).double()
    random = np.random.default_rng(0)
    for batch, height, width in _SHAPES:
        inputs = random.normal(size=(batch, network.architecture.in_channels, height, width))
        values = torch.from_numpy(inputs.astype(np.float32))
        with torch.inference_mode():
            exact = exact_network(values.double()).numpy()
            rounding = _worst(network(values).numpy(), exact)
        found = _worst(session.run(values.numpy()), exact)
        allowed = max(_TOLERANCE, _TIMES_TORCH * rounding)
        if not found <= allowed:
            raise BundleError(
                "the exported network",
                found=f"logits that differ from torch by {found:.2g} of the largest at "
                f"{batch} x {height} x {width}",
                expected=f"at most {allowed:.2g}",
                remedy="report the versions of torch, onnxscript and onnxruntime",
            )


def _worst(found: NDArray[np.floating], exact: NDArray[np.floating]) -> float:
    return float(np.abs(found - exact).max() / max(1.0, float(np.abs(exact).max())))
