"""Sessions kept between calls: loading takes 50 to 100 ms, longer than many a picture."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

from omniseg_backend.bundles.store import Bundle
from omniseg_backend.common.platform import usable_cpus
from omniseg_backend.inference.selftest import require_self_test
from omniseg_backend.inference.session import NetworkSession, Provider

_Key = tuple[str, int, Provider]


class SessionCache:
    """The sessions used last, by the manifest's hash, threads and provider.

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
        self._proven: set[tuple[str, Provider]] = set()

    def __len__(self) -> int:
        return len(self._sessions)

    def get(
        self, bundle: Bundle, *, threads: int | None = None, provider: Provider = "cpu"
    ) -> NetworkSession:
        """The session of a bundle, made and proven if it is not kept.

        Args:
            bundle: The trained model.
            threads: Threads within an operation; by default all that this process may use.
            provider: ``cpu`` or ``gpu``.

        Raises:
            BundleError: The network cannot be loaded or fails its self-test.
            ResourceError: A GPU was asked for and there is none.
        """
        count = threads or usable_cpus()
        key = (bundle.manifest_hash, count, provider)
        with self._lock:
            session = self._sessions.get(key)
            if session is None:
                session = self._make(bundle, count, provider)
                self._sessions[key] = session
            self._sessions.move_to_end(key)
            while len(self._sessions) > self._capacity:
                self._sessions.popitem(last=False)
        return session

    def clear(self) -> None:
        """Let go of every session and their memory; what is proven stays proven."""
        with self._lock:
            self._sessions.clear()

    def _make(self, bundle: Bundle, threads: int, provider: Provider) -> NetworkSession:
        start = time.perf_counter()
        session = NetworkSession(
            bundle.model_bytes(), threads=threads, provider=provider, subject=bundle.path
        )
        proof = (bundle.manifest_hash, provider)
        if proof not in self._proven:
            require_self_test(session, bundle)
            self._proven.add(proof)
        session.load_seconds = time.perf_counter() - start
        return session


#: The one cache of this process, which ``segment`` and ``estimate`` share. It is the room's
#: only state: it changes how fast a call is, never what it returns.
SESSIONS = SessionCache()
