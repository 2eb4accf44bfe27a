"""Bundles that were read and checked lately."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omniseg_backend.bundles.shelf import ModelEntry
    from omniseg_backend.bundles.store import Bundle

#: Bundles are 2 to 7 MB each; a user goes to and fro between three variants.
_KEPT_BUNDLES = 4


class BundleCache:
    """Bundles that were read and checked lately: reading one takes 20 to 100 ms."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Bundle] = OrderedDict()

    def get(self, entry: ModelEntry) -> Bundle:
        """The bundle of an entry.

        Raises:
            BundleError: It is damaged, or was exchanged since it was listed.
        """
        with self._lock:
            bundle = self._kept.get(entry.manifest_hash)
            if bundle is None:
                bundle = self._kept[entry.manifest_hash] = entry.load()
            self._kept.move_to_end(entry.manifest_hash)
            while len(self._kept) > _KEPT_BUNDLES:
                self._kept.popitem(last=False)
            return bundle
