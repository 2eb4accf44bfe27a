"""One run of a model on a layer: what is asked, and what comes of it."""

from __future__ import annotations

import dataclasses
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from napari_omniseg.bridge.layer_data import LayerData
from napari_omniseg.bridge.layer_image import image_of
from napari_omniseg.models.catalogue import OfferedModel
from napari_omniseg.models.tasks import Question
from omniseg_backend.common.progress import Cancel, Progress, check_cancel

if TYPE_CHECKING:
    from omniseg_backend.bundles.shelf import ModelEntry
    from omniseg_backend.bundles.store import Bundle
    from omniseg_backend.inference.region import Region
    from omniseg_backend.inference.results import SegmentResult

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


@dataclasses.dataclass(frozen=True, eq=False)
class Order:
    """What one press of Segment asks for.

    Attributes:
        question: The image.
        model: The model.
        region: Which part of it; None for all.
        uncertainty: Whether the uncertainty map is made too.
        arithmetic: ``auto``, ``fp32`` or ``int8``.
        threads: Of the network; None for all that the process may use.
    """

    question: Question
    model: OfferedModel
    region: Region | None = None
    uncertainty: bool = False
    arithmetic: str = "auto"
    threads: int | None = None

    @property
    def layer_name(self) -> str:
        """What the Labels layer is called."""
        return f"{self.question.snapshot.name} {self.model.entry.manifest.task.title}"


@dataclasses.dataclass(frozen=True, eq=False)
class Outcome:
    """What a run gave.

    Attributes:
        order: What was asked.
        layers: What is to be added to the viewer, the Labels layer first.
        result: What the backend returned.
    """

    order: Order
    layers: tuple[LayerData, ...]
    result: SegmentResult


def perform(order: Order, bundles: BundleCache, progress: Progress, cancel: Cancel) -> Outcome:
    """Segment; not on the main thread.

    Raises:
        OmniSegError: The model or the image cannot be used, or the user cancelled.
    """
    from napari_omniseg.bridge.labels_layer import result_layers
    from omniseg_backend.inference.arithmetic_choice import ArithmeticChoice
    from omniseg_backend.inference.segment import segment

    question = order.question
    progress("reading the image", 0.0)
    image = image_of(question.snapshot, question.axes, modality=question.modality)
    check_cancel(cancel)
    bundle = bundles.get(order.model.entry)
    result = segment(
        image,
        bundle,
        region=order.region,
        uncertainty=order.uncertainty,
        progress=progress,
        cancel=cancel,
        threads=order.threads,
        arithmetic=ArithmeticChoice(order.arithmetic),
    )
    layers = result_layers(result, question.snapshot, question.axes, name=order.layer_name)
    return Outcome(order, layers, result)
