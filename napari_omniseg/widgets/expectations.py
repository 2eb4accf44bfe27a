"""What each variant would take, told one after another as it is measured."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QObject, Signal

from napari_omniseg.models.bundle_cache import BundleCache
from napari_omniseg.models.expectation import Expectation, expect, warm_up
from napari_omniseg.models.run import Order
from napari_omniseg.widgets.newest import Newest

#: A user who drags a rectangle or zooms asks anew with every move.
_WAIT_MS = 200


class Expectations(QObject):
    """Measures orders on another thread; the first one is what the button would ask.

    Its network is ready afterwards, so that the press of the button finds it warm.

    Signals:
        told: An Expectation; none of an order that was replaced.

    Args:
        bundles: Where bundles are kept.
        parent: Its owner.
    """

    told = Signal(object)

    def __init__(self, bundles: BundleCache, parent: QObject) -> None:
        super().__init__(parent)
        self._bundles = bundles
        self._orders: list[Order] = []
        self._pressed: Order | None = None
        self._newest = Newest(self)
        self._newest.returned.connect(self._on_answered)

    @property
    def waiting(self) -> bool:
        """Whether something is still being measured."""
        return self._newest.waiting

    def ask(self, orders: Sequence[Order], *, pressed: Order) -> None:
        """Measure these in place of what was asked before, and have ``pressed`` ready."""
        self._orders, self._pressed = list(orders), pressed
        self._ask_next(_WAIT_MS)

    def cancel(self) -> None:
        """Measure nothing more."""
        self._orders, self._pressed = [], None
        self._newest.cancel()

    def _ask_next(self, wait_ms: int) -> None:
        if self._orders:
            order = self._orders.pop(0)
            self._newest.ask(lambda progress, cancel: expect(order, self._bundles), wait_ms)
        elif self._pressed is not None:
            last, self._pressed = self._pressed, None
            self._newest.ask(lambda progress, cancel: warm_up(last, self._bundles), wait_ms)

    def _on_answered(self, answer: Expectation | None) -> None:
        if answer is not None:
            self.told.emit(answer)
            self._ask_next(0)
