"""Writing the nodes of an 8-bit network."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnx import NodeProto


@dataclasses.dataclass(frozen=True)
class Scale:
    """How 8 bits stand for numbers.

    Attributes:
        names: The tensors that hold step and zero.
        step: What one level is worth.
    """

    names: tuple[str, str]
    step: np.float32


class NodeWriter:
    """Collects nodes and their constants."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.tensors: dict[str, NDArray[np.generic]] = {}

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:  # noqa: ANN401
        """Add a node; returns the name of its output."""
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def scale(self, name: str, step: np.float32, zero: np.uint8) -> Scale:
        """Keep an activation's scale."""
        names = (f"{name}:step", f"{name}:zero")
        self.tensors[names[0]], self.tensors[names[1]] = np.asarray(step), np.asarray(zero)
        return Scale(names, step)

    def through(self, name: str, scale: Scale) -> str:
        """Round a value to 8 bits and back."""
        self.node("QuantizeLinear", [name, *scale.names], f"{name}:8")
        return self.node("DequantizeLinear", [f"{name}:8", *scale.names], f"{name}:float")

    def constant(self, name: str, levels: NDArray[np.integer], steps: NDArray[np.float32]) -> str:
        """A symmetric constant with a step for each slice of its first axis."""
        self.tensors[name] = levels
        self.tensors[f"{name}:step"] = steps.astype(np.float32)
        self.tensors[f"{name}:zero"] = np.zeros(len(steps), levels.dtype)
        inputs = [name, f"{name}:step", f"{name}:zero"]
        return self.node("DequantizeLinear", inputs, f"{name}:float", axis=0)

    def pack(self, name: str, scale: Scale, width: int, base: str) -> str:
        """Planes (N, C, H, W) as rows of pixels, (N, H, pixels, ``width``).

        Every step goes through 8 bits, so that the runtime moves bytes and nothing else; the
        8-bit kernels work on channels last, so that these moves cost nothing.
        """
        turned = self.node("Transpose", [name], f"{base}:last", perm=[0, 2, 3, 1])
        shape = self.shape((0, 0, -1, width))
        rows = self.node("Reshape", [self.through(turned, scale), shape], f"{base}:rows")
        return self.through(rows, scale)

    def unpack(
        self, rows: str, scale: Scale, channels: int, output: str, *, first: bool = True
    ) -> None:
        """The way back from packed planes (``first``: channels first) to (N, C, H, W)."""
        if first:
            turned = self.node("Transpose", [rows], f"{output}:last", perm=[0, 2, 3, 1])
            rows = self.through(turned, scale)
        shape = self.shape((0, 0, -1, channels))
        pixels = self.node("Reshape", [rows, shape], f"{output}:pixels")
        self.node("Transpose", [self.through(pixels, scale)], output, perm=[0, 3, 1, 2])

    def shape(self, sides: tuple[int, ...]) -> str:
        """A shape as a constant."""
        name = "shape:" + ",".join(map(str, sides))
        self.tensors[name] = np.array(sides, np.int64)
        return name
