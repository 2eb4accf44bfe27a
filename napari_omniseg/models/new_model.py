"""What a finished training made, and the model that it has to be better than."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from omniseg_backend.common.errors import BundleError, DataError

if TYPE_CHECKING:
    from omniseg_backend.bundles.manifest import Manifest
    from omniseg_backend.jobs.folder import JobFolder
    from omniseg_backend.jobs.kinds.compare import CompareSpec


@dataclasses.dataclass(frozen=True)
class Rival:
    """The model that a new one is compared with.

    Attributes:
        path: Its bundle.
        name: Id and version.
        manifest_hash: SHA-256 of its manifest.
        current: Whether it is the current one of the new model's task and variant; only then a
            comparison with it allows a promotion.
    """

    path: Path
    name: str
    manifest_hash: str
    current: bool


@dataclasses.dataclass(frozen=True)
class NewModel:
    """The bundle of a training.

    Attributes:
        path: In the job's folder.
        name: Id and version.
        task: Its task's id.
        variant: Which network.
        manifest_hash: SHA-256 of its manifest.
        current: Whether it is the current model of its task and variant.
        rival: What it is compared with; None where there is nothing.
    """

    path: Path
    name: str
    task: str
    variant: str
    manifest_hash: str
    current: bool
    rival: Rival | None

    @classmethod
    def of_training(cls, training: JobFolder) -> NewModel:
        """Read what a finished training made.

        Raises:
            BundleError: The bundle is gone or damaged.
        """
        from omniseg_backend.bundles.store import read_manifest

        made = sorted(training.result.glob("*")) if training.result.is_dir() else []
        if not made:
            raise BundleError(
                training.result,
                found="no bundle",
                expected="the one that the training made",
                remedy="train again",
            )
        manifest, digest = read_manifest(made[0])
        current = _current_of(manifest)
        is_current = current is not None and current.manifest_hash == digest
        rival = None if is_current else current
        return cls(
            path=made[0],
            name=_name(manifest),
            task=manifest.task.id,
            variant=manifest.variant.value,
            manifest_hash=digest,
            current=is_current,
            rival=rival or _start_of(training, digest),
        )

    def comparison(self, dataset: Path) -> CompareSpec:
        """The job that compares it with its rival on the reserved cases of a data set."""
        from omniseg_backend.jobs.kinds.compare import CompareSpec
        from omniseg_backend.jobs.spec_file import parse_spec

        assert self.rival is not None
        settings = {"old": str(self.rival.path), "new": str(self.path), "dataset": str(dataset)}
        title = f"{self.name} against {self.rival.name} on {dataset.name}"
        spec = parse_spec({"kind": "compare", "title": title, "settings": settings})
        assert isinstance(spec, CompareSpec)
        return spec


def _current_of(manifest: Manifest) -> Rival | None:
    """The current model of a task and variant."""
    from omniseg_backend.bundles.shelf import model_shelf

    kind = (manifest.task.id, manifest.variant)
    for entry in model_shelf().entries:
        if entry.kind == kind and entry.status == "current":
            return Rival(entry.path, _name(entry.manifest), entry.manifest_hash, current=True)
    return None


def _start_of(training: JobFolder, digest: str) -> Rival | None:
    """The bundle that a training started from, if it is still there."""
    from napari_omniseg.models.fine_tuning_jobs import request_of
    from omniseg_backend.bundles.store import read_manifest
    from omniseg_backend.jobs.kinds.train import TrainSpec

    try:
        spec = request_of(training)
        path = spec.settings.initial_bundle if isinstance(spec, TrainSpec) else None
        if path is None:
            return None
        manifest, own = read_manifest(path)
    except DataError:
        return None
    return None if own == digest else Rival(path, _name(manifest), own, current=False)


def _name(manifest: Manifest) -> str:
    return f"{manifest.id} {manifest.version}"
