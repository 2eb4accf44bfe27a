"""What a run takes over from the bundle that it starts from, unless it is stated otherwise.

Stated wins: a field that the command, the recipe or the job names is left alone. What is taken
over is recorded in the run's plan like everything else.
"""

from __future__ import annotations

from typing import Any

from omniseg_backend.bundles.manifest import Manifest
from omniseg_backend.bundles.store import load_bundle
from omniseg_backend.common.errors import UsageError
from omniseg_backend.datasets.records import Dataset
from omniseg_backend.training.settings import TrainingSettings

#: For 5 to 20 cases; see docs/method.md for what was measured.
_FEW_CASES: dict[str, Any] = {
    "learning_rate": 1e-3,
    "trunk_rate": 0.3,
    "warmup": 0.1,
    "validations": 10,
}


def completed(settings: TrainingSettings, dataset: Dataset) -> TrainingSettings:
    """The settings of a run, what it inherits filled in; unchanged without a bundle to start from.

    Always inherited: the variant, the input size and neighbouring slices. With the same modality
    also the normalisation. With the same classes also what makes it the same task: its
    description, so that the new bundle can take the old one's place, sampling, slicing plane,
    symmetric axes, cleaning up and the surface tolerance.

    Raises:
        UsageError: Another variant than the bundle's was stated.
    """
    if settings.initial_bundle is None:
        return settings
    return taken_over(settings, dataset, load_bundle(settings.initial_bundle).manifest)


def taken_over(
    settings: TrainingSettings, dataset: Dataset, manifest: Manifest
) -> TrainingSettings:
    """``completed``, with the manifest of the bundle to start from.

    Raises:
        UsageError: Another variant than the bundle's was stated.
    """
    refuse_other_variant(settings, manifest)
    taken = _FEW_CASES | _inherited(manifest, settings, dataset)
    unstated = {
        name: value for name, value in taken.items() if name not in settings.model_fields_set
    }
    return TrainingSettings.model_validate(
        {name: getattr(settings, name) for name in settings.model_fields_set} | unstated
    )


def refuse_other_variant(settings: TrainingSettings, manifest: Manifest) -> None:
    """Refuse to start a network from a bundle of another variant.

    Raises:
        UsageError: Another variant than the bundle's was stated.
    """
    if "variant" in settings.model_fields_set and settings.variant is not manifest.variant:
        raise UsageError(
            "variant",
            found=f"{settings.variant}, and {manifest.id} to start from is {manifest.variant}",
            expected="one variant",
            remedy=f"leave the variant out, or start from a {settings.variant} bundle",
        )


def _inherited(manifest: Manifest, settings: TrainingSettings, dataset: Dataset) -> dict[str, Any]:
    preprocessing = manifest.preprocessing
    taken: dict[str, Any] = {
        "variant": manifest.variant,
        "input_size": preprocessing.input_size,
        "neighbours": preprocessing.neighbours,
    }
    modality = settings.modality or dataset.modality
    if modality is None:
        taken["modality"] = preprocessing.modality
    if modality in (None, preprocessing.modality):
        taken["normalisation"] = preprocessing.normalisation
    if dataset.classes.names == manifest.class_table().names:
        taken |= {
            "task": manifest.task,
            "sampling": preprocessing.sampling,
            "slicing": preprocessing.slicing,
            "symmetric_axes": manifest.symmetric_axes,
            "clean_up": manifest.clean_up,
            "surface_tolerance": manifest.surface_tolerance,
        }
    return taken
