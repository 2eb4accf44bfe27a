"""What a run would take and what must be known before it, measured on this machine."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from napari_omniseg.bridge.layer_image import image_of
from napari_omniseg.bridge.lazy_layer import stand_in
from napari_omniseg.models.bundle_cache import BundleCache
from napari_omniseg.models.figures import bytes_text, seconds_text
from napari_omniseg.models.run import Order

if TYPE_CHECKING:
    from omniseg_backend.common.flags import Flag

#: Memory that is worth a word: a share of what is free.
_MUCH = 0.25
#: What a layer whose voxels are not read yet seems to be, since zeros stand in for them.
_OF_VALUES = frozenset({"constant", "not_hounsfield", "grey_as_colour"})


@dataclasses.dataclass(frozen=True, eq=False)
class Expectation:
    """What one order would take.

    Attributes:
        order: What would be asked.
        seconds: Wall-clock time; None if it would be refused.
        memory: Bytes if they are a good part of what is free, else None.
        flags: What the user must know.
        refusal: Why it would be refused.
    """

    order: Order
    seconds: float | None = None
    memory: int | None = None
    flags: tuple[Flag, ...] = ()
    refusal: str | None = None

    def as_text(self) -> str:
        """For a button: ``0.4 s`` or ``12 s, 2.3 GB``."""
        if self.seconds is None:
            return "-"
        time = seconds_text(self.seconds)
        return time if self.memory is None else f"{time}, {bytes_text(self.memory)}"


def expect(order: Order, bundles: BundleCache) -> Expectation:
    """Time a batch of the image's own windows; not on the main thread.

    Of a lazy layer nothing is read: zeros stand in for its voxels.
    """
    from omniseg_backend.common.errors import DataError, UsageError
    from omniseg_backend.common.platform import available_memory
    from omniseg_backend.inference.arithmetic_choice import ArithmeticChoice
    from omniseg_backend.inference.estimate import estimate

    question = order.question
    snapshot = stand_in(question.snapshot)
    read = snapshot is question.snapshot
    try:
        image = image_of(snapshot, question.axes, modality=question.modality)
        told = estimate(
            image,
            bundles.get(order.model.entry),
            region=order.region,
            uncertainty=order.uncertainty,
            threads=order.threads,
            arithmetic=ArithmeticChoice(order.arithmetic),
        )
    except (DataError, UsageError) as error:
        return Expectation(order, refusal=str(error))
    return Expectation(
        order,
        seconds=told.seconds,
        memory=told.bytes if told.bytes > _MUCH * available_memory() else None,
        flags=tuple(flag for flag in told.flags if read or flag.code not in _OF_VALUES),
    )


def warm_up(order: Order, bundles: BundleCache) -> None:
    """Have the order's network and its result's modules ready for the press of the button.

    Two sessions are kept, and measuring three variants may have put this one out.

    Raises:
        OmniSegError: The model cannot be used.
    """
    from napari_omniseg.bridge.labels_layer import load_for_results
    from omniseg_backend.inference.arithmetic import chosen_arithmetic
    from omniseg_backend.inference.arithmetic_choice import ArithmeticChoice
    from omniseg_backend.inference.session_cache import SESSIONS

    bundle = bundles.get(order.model.entry)
    arithmetic = chosen_arithmetic(bundle, ArithmeticChoice(order.arithmetic))
    SESSIONS.get(bundle, threads=order.threads, arithmetic=arithmetic)
    load_for_results()
