"""Several pixels side by side, where one has too few channels for an 8-bit kernel.

The runtime's 8-bit kernels work pixel by pixel. With 8 channels most of their time goes into
starting: gating 8 channels of 256 x 256 pixels took 1.50 ms and takes 0.16 with 16 pixels at once,
a pointwise convolution from 8 to 8 took 0.49 ms, more than in float32 (0.44).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from omniseg_backend.inference.float_graph import integers
from omniseg_backend.inference.int8_nodes import NodeWriter, Scale

if TYPE_CHECKING:
    from onnx import NodeProto

#: Rows are multiples of 16 pixels at full resolution and of half as many at each level below.
_PIXELS = 16
#: Values that are gated at once; more gain nothing.
_GATED = 256
#: Channels of a packed convolution, at the most: blocks off the diagonal are computed for
#: nothing. Compact at 256: 12.2 ms with 48, 12.7 with 96, 13.1 without packing.
_PACKED = 48


def pixels_for(node: NodeProto, shape: tuple[int, ...], level: int) -> int:
    """How many pixels a convolution takes together: a power of two, 1 for none.

    Args:
        node: The convolution.
        shape: Of its weights.
        level: How often its planes were halved.
    """
    filters, channels, *kernel = shape
    plain = integers(node, "group", (1,)) == (1,) and set(integers(node, "strides", (1,))) == {1}
    if level > 0 or not plain or tuple(kernel) != (1, 1):
        return 1
    return _doubled(max(filters, channels), _PACKED, level)


def pack_pointwise(
    write: NodeWriter, source: str, scale: Scale, name: str, pixels: int, channels: int
) -> str:
    """The input of a convolution with ``pixels`` pixels as one, channels first."""
    rows = write.pack(source, scale, pixels * channels, f"{name}:in")
    turned = write.node("Transpose", [rows], f"{name}:in:first", perm=[0, 3, 1, 2])
    return write.through(turned, scale)


def pack_gate(
    write: NodeWriter,
    *,
    plane: tuple[str, Scale],
    gate: tuple[str, Scale],
    output: tuple[str, Scale],
    channels: int,
    level: int,
) -> None:
    """Multiply channels by their gates, several pixels at once.

    Args:
        write: Where to.
        plane: The planes after rounding, and their scale.
        gate: The gates (N, C, 1, 1) before rounding, and their scale.
        output: The product's name, and its scale.
        channels: C.
        level: How often the planes were halved.
    """
    pixels = _doubled(channels, _GATED, level)
    name, scale = output
    rows = write.pack(*plane, pixels * channels, f"{name}:plane")
    row = write.node("Reshape", [gate[0], write.shape((0, 1, 1, channels))], f"{name}:gate")
    repeated = write.node("Concat", [row] * pixels, f"{name}:gates", axis=3)
    product = write.node("Mul", [rows, write.through(repeated, gate[1])], f"{name}:product")
    write.unpack(write.through(product, scale), scale, channels, name, first=False)


def _doubled(channels: int, most: int, level: int) -> int:
    pixels = 1
    while 2 * pixels <= _PIXELS >> level and 2 * pixels * channels <= most:
        pixels *= 2
    return pixels
