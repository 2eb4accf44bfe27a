"""A peer from elsewhere, as an ONNX file: any network that takes one float32 image."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.errors import BundleError, DataError
from omniseg_backend.common.reading import unreadable
from omniseg_backend.common.wording import counted
from omniseg_backend.inference.runtime_session import RuntimeSession

if TYPE_CHECKING:
    from onnx import ModelProto, ValueInfoProto

_DEFAULT_CHANNELS = 3

Shape = tuple[int, int, int, int]


class FileSession(RuntimeSession):
    """A session of any network, run as ours are; every output is computed."""

    def run(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run the whole network; returns its first output.

        Raises:
            DataError: The network cannot be run at this shape.
        """
        return self.outputs(inputs)[0]

    @contextlib.contextmanager
    def _runtime_errors(self) -> Iterator[None]:
        try:
            with super()._runtime_errors():
                yield
        except BundleError as error:
            raise DataError(
                self._subject,
                found=error.found,
                expected="a network that ONNX Runtime runs, weights included",
                remedy="export it again as a single ONNX file",
            ) from error


def load_file(path: Path) -> ModelProto:
    """Read a network and check that it takes one image.

    Raises:
        DataError: The file cannot be read or is no such network.
    """
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model_from_string(path.read_bytes())
    except OSError as error:
        raise unreadable(path, error, expected="an ONNX network") from error
    except DecodeError as error:
        raise _unusable(path, "a file that is not ONNX") from error
    if len(model.graph.node) == 0:
        raise _unusable(path, "a file that is not ONNX")
    _image_input(model, path)
    return model


def input_shapes(model: ModelProto, sizes: tuple[int, ...], subject: object) -> tuple[Shape, ...]:
    """The shapes to run a network at: its own, or one for each size where its sides are free.

    A free batch is 1; free channels are 3.

    Args:
        model: From ``load_file``.
        sizes: Sides to use where the network fixes none.
        subject: What an error names.
    """
    declared = _image_input(model, subject).type.tensor_type.shape.dim
    batch, channels, height, width = (
        dimension.dim_value if dimension.dim_value > 0 else None for dimension in declared
    )
    shapes = (
        (batch or 1, channels or _DEFAULT_CHANNELS, height or side, width or side) for side in sizes
    )
    return tuple(dict.fromkeys(shapes))


def _image_input(model: ModelProto, subject: object) -> ValueInfoProto:
    from onnx import TensorProto

    stored = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in stored]
    kinds = [value.type.tensor_type for value in inputs]
    if len(inputs) != 1 or len(kinds[0].shape.dim) != 4 or kinds[0].elem_type != TensorProto.FLOAT:
        raise _unusable(
            subject, f"{counted(len(inputs), 'input')}, or one that is no float32 image"
        )
    return inputs[0]


def _unusable(subject: object, found: str) -> DataError:
    return DataError(
        subject,
        found=found,
        expected="an ONNX network with one float32 input (batch, channels, height, width)",
        remedy="export the network again",
    )
