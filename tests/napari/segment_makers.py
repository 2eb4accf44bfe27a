"""A Segment panel beside a viewer without a window, and layers for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer

from napari_omniseg.bridge.layer_image import layer_of
from napari_omniseg.panels.segment import SegmentPanel
from omniseg_backend.bundles.card_text import card_members
from omniseg_backend.bundles.manifest import ManifestDraft
from omniseg_backend.bundles.models import add_model
from omniseg_backend.bundles.shelf import ModelEntry
from omniseg_backend.bundles.store import load_bundle, write_bundle
from omniseg_backend.images.reading import read_image, read_segmentation
from omniseg_sample_data.samples import samples

#: Longer than anything takes on a busy machine; nothing waits for it when all is well.
PATIENCE_MS = 60_000


class Desk:
    """A viewer and its Segment panel, as one user has them."""

    def __init__(self, qtbot, viewer: ViewerModel | None = None, panel=None) -> None:
        self.qtbot = qtbot
        self.viewer = ViewerModel() if viewer is None else viewer
        self.panel = SegmentPanel(self.viewer) if panel is None else panel
        if panel is None:
            qtbot.addWidget(self.panel)
        self.settle()

    def wait(self, condition: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(condition, timeout=PATIENCE_MS)

    def settle(self) -> None:
        """Until the tasks are listed and no run goes on; what it would take may be measured yet."""
        self.wait(lambda: not self.panel.listing.waiting and not self.panel.run.busy)

    def measure(self) -> None:
        """Until all is known of what a run would take."""
        self.wait(lambda: not self.panel.expectations.waiting)

    def segment(self) -> None:
        """Press the button, and wait for what comes of it."""
        self.panel.segment()
        self.settle()

    def open_sample(self, name: str) -> Image:
        made = layer_of(read_image(sample(name).image_path))
        return self.add_image(made.array, **made.attributes)

    def add_image(self, array, **attributes) -> Image:
        layer = Image(array, **attributes)
        self.viewer.add_layer(layer)
        self.settle()
        return layer

    def tasks(self) -> dict[str, bool]:
        """Every task's id, and whether it can be chosen, in the order of the list."""
        box = self.panel.form.task
        items = [box.model().item(row) for row in range(box.count())]
        return {item.data(USER_ROLE): item.isEnabled() for item in items if item.data(USER_ROLE)}

    def made(self) -> list[Labels]:
        return [layer for layer in self.viewer.layers if isinstance(layer, Labels)]

    def text(self) -> str:
        return self.panel.message.text()


USER_ROLE = 256  # Qt.ItemDataRole.UserRole


def sample(name: str):
    return next(one for one in samples() if one.id == name)


def truth_of(name: str) -> np.ndarray:
    """The truth in a layer's axes (z, y, x) or (y, x)."""
    labels = read_segmentation(sample(name).truth_path).labels[0]
    turned = labels.transpose(2, 1, 0)
    return turned[0] if turned.shape[0] == 1 else turned


def mean_dice(found: np.ndarray, truth: np.ndarray) -> float:
    values = [value for value in np.unique(truth) if value]
    overlaps = [
        2 * np.sum((found == v) & (truth == v)) / (np.sum(found == v) + np.sum(truth == v))
        for v in values
    ]
    return float(np.mean(overlaps))


def newer_version(bundle: Path, target: Path, version: str) -> ModelEntry:
    """The same model under another version, added to the user's models as a candidate."""
    known = load_bundle(bundle)
    fields = known.manifest.model_dump(exclude={"members"})
    draft = ManifestDraft.model_validate({**fields, "version": version})
    card = known.card.model_copy(update={"version": version})
    write_bundle(target, draft, {**known.members, **card_members(card, draft)})
    return add_model(target)


def names_of(layers: list[Layer]) -> list[str]:
    return [layer.name for layer in layers]
