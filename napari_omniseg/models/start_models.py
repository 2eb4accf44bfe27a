"""The models that a fine-tuning can start from, those that suit a data set first."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

#: As ``bundles.shelf`` orders models of one kind.
_STATUSES = ("current", "previous", "shipped", "candidate")


@dataclasses.dataclass(frozen=True)
class StartModel:
    """One bundle to start from.

    Attributes:
        path: The bundle.
        id: Its id.
        version: Its version.
        manifest_hash: SHA-256 of its manifest.
        status: ``current``, ``previous``, ``shipped`` or ``candidate``.
        task: Title of its task.
        variant: Which network.
        modality: Of its images.
        classes: Names of its classes.
        demo: Whether it saw phantoms only.
        licence: Of its training data.
    """

    path: Path
    id: str
    version: str
    manifest_hash: str
    status: str
    task: str
    variant: str
    modality: str
    classes: tuple[str, ...]
    demo: bool
    licence: str

    @property
    def label(self) -> str:
        """One line of a list."""
        return f"{self.id} {self.version}, {self.status}"

    def has(self, classes: Sequence[str]) -> bool:
        """Whether its classes are these, in whatever order."""
        return _names(self.classes) == _names(classes)

    @property
    def card(self) -> str:
        """What there is to know before choosing it."""
        demo = " DEMO: trained on phantoms only." if self.demo else ""
        return (
            f"{self.task} ({self.modality}), {self.variant}. Classes: {', '.join(self.classes)}. "
            f"Licence of its data: {self.licence}.{demo}"
        )


def start_models(classes: Sequence[str]) -> tuple[StartModel, ...]:
    """All models at hand: same classes as the data set first, then some of them, then the rest.

    Among equals the current ones come first and candidates last. Reads files.

    Args:
        classes: Names of the data set's; none while there is none.
    """
    from omniseg_backend.bundles.shelf import model_shelf

    found = [
        StartModel(
            path=entry.path,
            id=entry.manifest.id,
            version=entry.manifest.version,
            manifest_hash=entry.manifest_hash,
            status=entry.status,
            task=entry.manifest.task.title,
            variant=entry.manifest.variant.value,
            modality=entry.manifest.preprocessing.modality.value,
            classes=entry.manifest.class_table().names,
            demo=entry.manifest.synthetic,
            licence=entry.manifest.task.licence,
        )
        for entry in model_shelf().entries
    ]
    # Stable: within a rank the shelf's own order stays, the last added candidate first.
    return tuple(sorted(found, key=lambda m: (_rank(m, classes), _STATUSES.index(m.status))))


def _rank(model: StartModel, classes: Sequence[str]) -> int:
    if model.has(classes):
        return 0
    return 1 if _names(model.classes) & _names(classes) else 2


def _names(classes: Sequence[str]) -> set[str]:
    return {name.casefold() for name in classes}
