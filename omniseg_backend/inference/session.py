"""A bundle's network, loaded."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.inference.blocked_graph import BlockedNetwork, blocked_network
from omniseg_backend.inference.runtime_blocks import block_channels
from omniseg_backend.inference.runtime_session import CPU, Provider, RuntimeSession

#: Input sizes that stay loaded. A bundle has one, and its self-test another.
_SIZES = 4


class NetworkSession:
    """One loaded network; ``run`` may be called from several threads.

    On a CPU a network of ours is rewritten for every size of its input, when that size is first
    run (Compact: 40 ms); any other network is given to ONNX Runtime as it is.

    ``batch_seconds`` keeps what ``estimate`` measured, by the input's shape; ``load_seconds``
    what making the session, and its self-test if there was one, took.

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
        load = functools.partial(
            RuntimeSession, threads=threads, provider=provider, subject=subject
        )
        blocked = None
        if provider == "cpu":
            blocked = blocked_network(model, subject, block_channels())
        self.threads = threads
        self.batch_seconds: dict[tuple[int, ...], float] = {}
        self.load_seconds = 0.0
        self._for_size: Callable[[int, int], RuntimeSession]
        if blocked is None:
            whole = load(model)
            self.provider, self._for_size = whole.provider, lambda rows, columns: whole
        else:
            # Not a bound method: the cycle would keep every session until the next collection.
            sized = functools.partial(_sized, blocked, load)
            self.provider, self._for_size = CPU, functools.lru_cache(maxsize=_SIZES)(sized)

    def run(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits (N, classes, H, W) of ``inputs`` (N, C, H, W).

        Raises:
            BundleError: The network refuses the input.
            ResourceError: Memory ran out.
        """
        session = self._for_size(*inputs.shape[2:])
        return np.asarray(session.outputs(inputs)[0], dtype=np.float32)


def _sized(
    network: BlockedNetwork, load: Callable[[bytes], RuntimeSession], rows: int, columns: int
) -> RuntimeSession:
    return load(network.model(rows, columns))
