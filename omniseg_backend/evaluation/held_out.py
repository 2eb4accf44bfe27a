"""Whether a case is held out: that neither bundle, nor any before it, has seen it in training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from omniseg_backend.bundles.manifest import Manifest
from omniseg_backend.bundles.shelf import model_shelf
from omniseg_backend.evaluation.comparison import CaseComparison


def seen_in_training(
    cases: Sequence[CaseComparison], manifests: Iterable[Manifest]
) -> tuple[str, ...]:
    """The cases that training saw, by their voxels' hashes.

    Cases that validated count too: by them the best weights were chosen. So do those of the
    bundles that training started from, as far back as they are among the models at hand.

    Args:
        cases: Cases to measure on.
        manifests: Of the bundles that are measured.
    """
    known = {entry.manifest_hash: entry.manifest for entry in model_shelf().entries}
    seen = {
        digest
        for manifest in manifests
        for ancestor in _line(manifest, known)
        for digest in (*ancestor.training.train_hashes, *ancestor.training.validation_hashes)
    }
    return tuple(
        case.case for case in cases if case.case_hash in seen or seen & set(case.image_hashes)
    )


def _line(manifest: Manifest, known: dict[str, Manifest]) -> Iterator[Manifest]:
    """A bundle and those that it started from; hashes cannot form a ring."""
    current: Manifest | None = manifest
    while current is not None:
        yield current
        parent = current.training.initialised_from
        current = None if parent is None else known.get(parent.manifest_hash)
