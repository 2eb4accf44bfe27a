"""Listening to some of a viewer's layers, which come and go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

LayerT = TypeVar("LayerT")
#: An event of a layer, and what is called when it happens.
Connection = tuple[Any, Callable[..., None]]


class FollowedLayers(Generic[LayerT]):
    """Layers whose events are listened to, each once.

    Args:
        connections: What is listened to in a layer; the same for a layer each time.
    """

    def __init__(self, connections: Callable[[LayerT], Iterable[Connection]]) -> None:
        self._connections = connections
        self._layers: list[LayerT] = []

    @property
    def layers(self) -> tuple[LayerT, ...]:
        """Those that are followed, in the order they were last given in."""
        return tuple(self._layers)

    def follow(self, found: Sequence[LayerT]) -> None:
        """Listen to these layers, and to others no longer."""
        for layer in self._layers:
            if layer not in found:
                for event, call in self._connections(layer):
                    event.disconnect(call)
        for layer in found:
            if layer not in self._layers:
                for event, call in self._connections(layer):
                    event.connect(call)
        self._layers = list(found)
