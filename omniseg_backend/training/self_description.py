"""What a bundle says of its own making: task, training record, identity."""

from __future__ import annotations

import re
from importlib import metadata

import torch

from omniseg_backend.bundles.manifest import Manifest
from omniseg_backend.bundles.store import load_bundle
from omniseg_backend.bundles.task import ClassDescription, TaskDescription
from omniseg_backend.bundles.training_record import Ancestor, TrainingRecord
from omniseg_backend.common.platform import cpu_model
from omniseg_backend.common.provenance import now_utc, software_version
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.snomed_names import with_snomed
from omniseg_backend.training.run import FinishedRun

_AUGMENTATION = {
    "online": "online: rotation within {rotation:g} degrees{turned}, scaling, shear, elastic "
    "deformation, contrast, brightness, noise, blur; flips along {axes}",
    "doubled": "doubled: every plane once as it is and once augmented as online; flips along "
    "{axes}",
}


_FINE_TUNED = "Fine-tuned on further images"


def task_of(run: FinishedRun) -> TaskDescription:
    """The stated task, or a plain one made from the data set's name."""
    stated = run.plan.settings.task
    if stated is not None:
        return stated if _started_from_same_task(run) is None else _continued(stated, run)
    dataset = run.data.dataset
    return TaskDescription(
        id=slug(dataset.name),
        title=dataset.name,
        structure=", ".join(dataset.classes.names),
        description=dataset.description or f"The data set {dataset.name}; nothing more was stated.",
        licence=dataset.licence or "not stated",
        credit="none stated",
        intended_use="Research at the site that trained it; every mask is to be reviewed.",
        limits=("Only the training site's own images were seen.",),
    )


def version_of(run: FinishedRun) -> str:
    """``1.0.0``, or the next minor version of the bundle whose task the run continues."""
    ancestor = _started_from_same_task(run)
    if ancestor is None:
        return "1.0.0"
    major, minor, _ = ancestor.version.split(".")
    return f"{major}.{int(minor) + 1}.0"


def _started_from_same_task(run: FinishedRun) -> Manifest | None:
    settings = run.plan.settings
    if settings.initial_bundle is None or settings.task is None:
        return None
    manifest = load_bundle(settings.initial_bundle).manifest
    return manifest if manifest.task.id == settings.task.id else None


def _continued(task: TaskDescription, run: FinishedRun) -> TaskDescription:
    """The same task, saying that other images joined those it was first trained on."""
    dataset = run.data.dataset
    return task.model_copy(
        update={
            "limits": (
                *(limit for limit in task.limits if not limit.startswith(_FINE_TUNED)),
                f"{_FINE_TUNED} (licence: {dataset.licence or 'not stated'}); the training "
                "record says how many.",
            )
        }
    )


def classes_of(classes: ClassTable) -> tuple[ClassDescription, ...]:
    """A data set's classes, with their values in files and, by their names, SNOMED codes."""
    return tuple(
        ClassDescription(
            value=entry.value, name=entry.name, colour=entry.colour, snomed=entry.snomed
        )
        for entry in with_snomed(classes)
    )


def training_record(run: FinishedRun) -> TrainingRecord:
    """How the run went, from its plan and its state; written by no hand."""
    plan, data, state = run.plan, run.data, run.checkpoint.state
    settings = plan.settings
    stated = data.dataset.patients_stated
    return TrainingRecord(
        train_hashes=data.train_hashes,
        validation_hashes=data.validation_hashes,
        split=data.split.statement,
        by_patient=data.split.by_patient,
        train_patients=_patients(data.split.train) if stated else None,
        validation_patients=_patients(data.split.validation) if stated else None,
        train_cases=len(data.train_hashes),
        validation_cases=len(data.validation_hashes),
        steps=state.best_step,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        seed=settings.seed,
        augmentation=_AUGMENTATION[settings.augmentation].format(
            axes=" and ".join(settings.symmetric_axes) or "no axis",
            rotation=settings.rotation,
            turned=f" ({settings.turned_share:.0%} by any angle)" if settings.turned_share else "",
        ),
        negatives_share=round(state.empty_crops / max(1, state.crops), 4),
        initialised_from=_ancestor(run),
        device=plan.device,
        threads=plan.threads,
        precision=plan.precision,
        machine=cpu_model(),
        software={
            "napari-omniseg": software_version(),
            "torch": torch.__version__,
            "monai": metadata.version("monai"),
        },
        commit=plan.commit,
        started=plan.started,
        finished=now_utc(),
    )


def private_names(run: FinishedRun) -> set[str]:
    """Every file, case and patient name of the data set; a bundle must hold none of them."""
    names: set[str] = set()
    for record in run.data.dataset.records:
        names |= {record.file, record.case, record.patient}
        names |= {path.name for path in (*record.image_paths, record.label_path)}
    return names


def slug(text: str) -> str:
    """Lower-case letters, digits and single hyphens: ``CardiacMRI`` becomes ``cardiac-mri``."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", text)
    return re.sub(r"[^a-z0-9]+", "-", parted.lower()).strip("-") or "task"


def _patients(records: tuple[object, ...]) -> int:
    return len({record.patient for record in records})  # type: ignore[attr-defined]


def _ancestor(run: FinishedRun) -> Ancestor | None:
    path = run.plan.settings.initial_bundle
    if path is None:
        return None
    bundle = load_bundle(path)
    return Ancestor(bundle=bundle.manifest.id, manifest_hash=bundle.manifest_hash)
