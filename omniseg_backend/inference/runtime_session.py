"""A graph in ONNX Runtime: how it is loaded and run, and what its errors become."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.errors import BundleError, ResourceError

if TYPE_CHECKING:
    import onnxruntime

Provider = Literal["cpu", "gpu"]

#: ONNX Runtime's name of the processor.
CPU = "CPUExecutionProvider"
#: Tried in this order when a GPU is asked for; each runs on this machine.
_GPU = ("CUDAExecutionProvider", "DmlExecutionProvider", "CoreMLExecutionProvider")


class RuntimeSession:
    """One loaded graph; ``outputs`` may be called from several threads.

    Args:
        model: An ONNX file's bytes.
        threads: Threads within an operation.
        provider: ``cpu``, or ``gpu`` where the installed runtime has one.
        subject: What an error names: the bundle's path.

    Raises:
        BundleError: ONNX Runtime cannot load the network.
        ResourceError: A GPU was asked for and there is none.
    """

    def __init__(
        self, model: bytes, *, threads: int, provider: Provider = "cpu", subject: object = "model"
    ) -> None:
        import onnxruntime

        self._subject = subject
        with self._runtime_errors():
            self._session = onnxruntime.InferenceSession(
                model, session_options(threads), providers=_providers(provider)
            )
        self.provider: str = self._session.get_providers()[0]
        if provider == "gpu" and self.provider == CPU:
            raise _no_gpu(found="a GPU runtime that failed to start")
        self._input = self._session.get_inputs()[0].name

    def outputs(self, inputs: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Every output of the graph, for its one input.

        Raises:
            BundleError: The graph refuses the input.
            ResourceError: Memory ran out.
        """
        with self._runtime_errors():
            return list(self._session.run(None, {self._input: inputs}))

    @contextlib.contextmanager
    def _runtime_errors(self) -> Iterator[None]:
        """Turn what ONNX Runtime raises (its exceptions share no base) into our errors."""
        from onnxruntime.capi import onnxruntime_pybind11_state as runtime

        try:
            yield
        except (
            runtime.EPFail,
            runtime.Fail,
            runtime.InvalidArgument,
            runtime.InvalidGraph,
            runtime.InvalidProtobuf,
            runtime.NotImplemented,
            runtime.RuntimeException,
        ) as error:
            message = " ".join(str(error).split())[:300]
            if "allocate" in message:
                raise ResourceError(
                    self._subject,
                    found=f"too little memory for the network ({message})",
                    expected="room for one batch",
                    remedy="close other programs or choose a smaller variant",
                ) from error
            raise BundleError(
                self._subject,
                found=f"a network that ONNX Runtime cannot run ({message})",
                expected="a network exported by this project",
                remedy="get the bundle again from where it came",
            ) from error


def session_options(threads: int) -> onnxruntime.SessionOptions:
    """How every session of this project runs.

    Idle threads do not spin. On two cores spinning gains up to a third on an idle machine
    (12 against 18 ms, Compact at 256 x 256), and on a busy one, a viewer's everyday state, it
    loses as much (152 against 111 ms, two of 512 x 512) while taking the viewer's cores.

    Args:
        threads: Threads within an operation; operations run one after the other.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3  # errors; they are raised as well
    return options


def _providers(provider: Provider) -> list[str]:
    """Providers named one by one: the list of all holds one that sends data to a server."""
    if provider == "cpu":
        return [CPU]
    import onnxruntime

    available = onnxruntime.get_available_providers()
    for name in _GPU:
        if name in available:
            return [name, CPU]
    raise _no_gpu(found="an ONNX Runtime without GPU support")


def _no_gpu(found: str) -> ResourceError:
    return ResourceError(
        "GPU",
        found=found,
        expected=f"one of {', '.join(_GPU)}",
        remedy="run on the CPU, or install onnxruntime-gpu with its drivers",
    )
