"""Sessions kept between calls: loading takes 50 to 100 ms, longer than many a picture."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

from omniseg_backend.bundles.store import Bundle
from omniseg_backend.common.platform import usable_cpus
from omniseg_backend.inference.arithmetic_choice import Arithmetic
from omniseg_backend.inference.int8_cache import cached_int8_model
from omniseg_backend.inference.runtime_session import Provider
from omniseg_backend.inference.selftest import require_int8_self_test, require_self_test
from omniseg_backend.inference.session import NetworkSession

_Key = tuple[str, int, Provider, Arithmetic]


class SessionCache:
    """The sessions used last, by the manifest's hash, threads, provider and arithmetic.

    A session holds its network's weights and the working memory of its largest batch (120 MB
    for Compact), so few are kept. Each bundle proves itself by its self-test when its first
    session is made.

    Args:
        capacity: How many sessions are kept.
    """

    def __init__(self, capacity: int = 2) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self._sessions: OrderedDict[_Key, NetworkSession] = OrderedDict()
        self._proven: set[tuple[str, Provider, Arithmetic]] = set()

    def __len__(self) -> int:
        return len(self._sessions)

    def get(
        self,
        bundle: Bundle,
        *,
        threads: int | None = None,
        provider: Provider = "cpu",
        arithmetic: Arithmetic = "fp32",
    ) -> NetworkSession:
        """The session of a bundle, made and proven if it is not kept.

        Args:
            bundle: The trained model.
            threads: Threads within an operation; by default all that this process may use.
            provider: ``cpu`` or ``gpu``.
            arithmetic: 8 bits only as ``chosen_arithmetic`` allows.

        Raises:
            BundleError: The network cannot be loaded or fails its self-test.
            ResourceError: A GPU was asked for and there is none.
        """
        count = threads or usable_cpus()
        key = (bundle.manifest_hash, count, provider, arithmetic)
        with self._lock:
            session = self._sessions.get(key)
            if session is None:
                session = self._make(bundle, count, provider, arithmetic)
                self._sessions[key] = session
            self._sessions.move_to_end(key)
            while len(self._sessions) > self._capacity:
                self._sessions.popitem(last=False)
        return session

    def clear(self) -> None:
        """Let go of every session and their memory; what is proven stays proven."""
        with self._lock:
            self._sessions.clear()

    def _make(
        self, bundle: Bundle, threads: int, provider: Provider, arithmetic: Arithmetic
    ) -> NetworkSession:
        start = time.perf_counter()
        model = cached_int8_model(bundle) if arithmetic == "int8" else bundle.model_bytes()
        session = NetworkSession(model, threads=threads, provider=provider, subject=bundle.path)
        proof = (bundle.manifest_hash, provider, arithmetic)
        if proof not in self._proven:
            prove = require_int8_self_test if arithmetic == "int8" else require_self_test
            prove(session, bundle)
            self._proven.add(proof)
        session.load_seconds = time.perf_counter() - start
        return session


#: The one cache of this process, which ``segment`` and ``estimate`` share. It is the room's
#: only state: it changes how fast a call is, never what it returns.
SESSIONS = SessionCache()
