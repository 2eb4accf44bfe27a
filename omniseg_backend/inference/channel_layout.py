"""Where each channel stands when channels fill whole blocks.

The runtime computes a block of channels at once and keeps planes in that order only from one
operation to the next that can take it. Pooling and joining can take whole blocks alone; for
planes with 8 or 24 channels it would go back to one plane after the other and forth again, on
one thread: 2.5 of 12.3 ms (Compact at 256 x 256, two threads).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.inference.float_graph import FloatGraph, integers
from omniseg_backend.inference.value_shapes import ValueShape


@dataclasses.dataclass(frozen=True, eq=False)
class ChannelLayout:
    """The places of a value's channels; all others hold zeros, but in gates.

    Attributes:
        width: Places.
        places: Of each channel, ascending within what was joined.
    """

    width: int
    places: NDArray[np.intp]


@dataclasses.dataclass(frozen=True, eq=False)
class ChannelLayouts:
    """Of a whole network.

    Attributes:
        of: The layout of each value.
        sums: Joined values whose two parts stand in one block at different places, so that
            joining them is adding.
    """

    of: Mapping[str, ChannelLayout]
    sums: frozenset[str]


def channel_layouts(
    graph: FloatGraph, shapes: Mapping[str, ValueShape], block: int
) -> ChannelLayouts:
    """Give every channel its place.

    Values that an operation takes channel by channel share one layout. Input and output keep
    theirs, and with them what shares it.

    Args:
        graph: The network.
        shapes: Of its values.
        block: Channels in a block.
    """
    shared = _Shared(shapes)
    joined = [node for node in graph.nodes if node.op_type == "Concat" and node.output[0] in shapes]
    for node in graph.nodes:
        if node.output[0] not in shapes or node.op_type == "Concat":
            continue
        if node.op_type == "Conv" and integers(node, "group", (1,)) == (1,):
            continue
        for source in node.input:
            if source in shapes:
                shared.unite(source, node.output[0])
    kept = {shared.group(graph.input.name), shared.group(graph.output.name)}
    starts: dict[str, int] = {}
    sums = frozenset(
        node.output[0]
        for node in joined
        if shapes[node.output[0]].channels <= block
        and _placed(
            [(shared.group(name), shapes[name].channels) for name in node.input], starts, kept
        )
    )
    layouts: dict[str, ChannelLayout] = {}
    for name, shape in shapes.items():
        group = shared.group(name)
        if group in layouts:
            continue
        width = shape.channels if group in kept else -(-shape.channels // block) * block
        layouts[group] = ChannelLayout(width, np.arange(shape.channels) + starts.get(group, 0))
    for node in joined:
        parts = [layouts[shared.group(name)] for name in node.input]
        layouts[shared.group(node.output[0])] = _joined(parts, summed=node.output[0] in sums)
    of = {name: layouts[shared.group(name)] for name in shapes}
    return ChannelLayouts(MappingProxyType(of), sums)


class _Shared:
    """Which values have the same layout."""

    def __init__(self, names: Mapping[str, ValueShape]) -> None:
        self._above = {name: name for name in names}

    def group(self, name: str) -> str:
        while self._above[name] != name:
            name = self._above[name]
        return name

    def unite(self, one: str, other: str) -> None:
        self._above[self.group(one)] = self.group(other)


def _placed(parts: list[tuple[str, int]], starts: dict[str, int], kept: set[str]) -> bool:
    """Give two groups with so many channels places side by side, where both are still free."""
    groups = {group for group, _ in parts}
    if len(parts) != 2 or len(groups) != 2 or groups & (starts.keys() | kept):
        return False
    start = 0
    for group, channels in parts:
        starts[group] = start
        start += channels
    return True


def _joined(parts: list[ChannelLayout], *, summed: bool) -> ChannelLayout:
    if summed:
        return ChannelLayout(parts[0].width, np.concatenate([part.places for part in parts]))
    before = np.cumsum([0, *(part.width for part in parts)])
    places = [part.places + start for part, start in zip(parts, before, strict=False)]
    return ChannelLayout(int(before[-1]), np.concatenate(places))
