"""The demo's work: every sample through every model that fits it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.bundles.models import ModelEntry
from omniseg_backend.bundles.store import Bundle
from omniseg_backend.cli.documents import MeasurementValue
from omniseg_backend.cli.result_documents import DemoDocument, DemoRow
from omniseg_backend.common.atomic import atomic_path
from omniseg_backend.common.progress import Cancel, Progress, check_cancel
from omniseg_backend.common.provenance import NOTICE
from omniseg_backend.evaluation.overlay import Panel, overlay
from omniseg_backend.images.image import Image
from omniseg_backend.images.reading import read_image, read_segmentation
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.images.writing import write_segmentation
from omniseg_backend.inference.region import whole
from omniseg_backend.inference.results import SegmentResult
from omniseg_backend.inference.segment import segment
from omniseg_backend.metrics.overlap import Overlap
from omniseg_sample_data.samples import Sample


def fits(sample: Sample, entry: ModelEntry) -> bool:
    """Whether a model is for what the sample shows.

    It is where the modality is the same and each of the model's classes is, by its name, one
    of the sample's.
    """
    manifest = entry.manifest
    known = {shown.name.casefold() for shown in sample.classes}
    wanted = {description.name.casefold() for description in manifest.classes}
    return manifest.preprocessing.modality is sample.modality and wanted <= known


def run_demo(
    samples: Sequence[Sample],
    entries: Sequence[ModelEntry],
    output: Path,
    *,
    threads: int | None,
    progress: Progress,
    cancel: Cancel | None,
) -> DemoDocument:
    """Segment every sample with every model that fits and write masks and overlays.

    Args:
        samples: What to segment.
        entries: The models at hand.
        output: Folder of the masks and pictures; files of the same names are replaced.
        threads: Of the network; None for all that may be used.
        progress: Told about every run.
        cancel: Looked at before every batch.

    Raises:
        DataError: A sample cannot be read or the folder cannot be written.
        BundleError: A model is damaged.
        CancelledError: The user cancelled.
    """
    pairs = {sample.id: [entry for entry in entries if fits(sample, entry)] for sample in samples}
    total = sum(map(len, pairs.values()))
    rows: list[DemoRow] = []
    done = 0
    for sample in samples:
        runs = []
        for entry in pairs[sample.id]:
            check_cancel(cancel, "the demo")
            progress(f"{sample.title} with {entry.manifest.id}", done / total)
            runs.append(_run(sample, entry, threads, cancel))
            done += 1
        for run in runs:
            write_segmentation(run.result.segmentation, _mask_path(run, output), overwrite=True)
            rows.extend(_rows(run))
        if runs:
            _draw(runs, output / f"{sample.id}.png")
    return DemoDocument(
        output=str(output),
        rows=tuple(rows),
        no_model_shipped=tuple(sample.id for sample in samples if not pairs[sample.id]),
    )


@dataclasses.dataclass(frozen=True, eq=False)
class _Run:
    """One sample segmented by one model.

    Attributes:
        sample: The sample.
        image: Its image.
        truth: Its truth.
        bundle: The model.
        result: What the model found.
        labels: The same, shape (i, j, k), in the truth's values.
        seconds: Wall time.
    """

    sample: Sample
    image: Image
    truth: Segmentation
    bundle: Bundle
    result: SegmentResult
    labels: NDArray[np.unsignedinteger]
    seconds: float

    def dice(self, name: str) -> float | None:
        """Dice of a class against the sample's truth."""
        value = _values_by_name(self.truth)[name.casefold()]
        return Overlap.of(self.truth.labels[0] == value, self.labels == value).dice

    @property
    def mean_dice(self) -> float:
        """Mean over the model's classes that truth or result hold."""
        found = [self.dice(one.name) for one in self.result.classes]
        return float(np.mean([dice for dice in found if dice is not None] or [0.0]))


def _run(sample: Sample, entry: ModelEntry, threads: int | None, cancel: Cancel | None) -> _Run:
    image = read_image(sample.image_path, modality=sample.modality)
    truth = read_segmentation(sample.truth_path)
    bundle = entry.load()
    start = time.perf_counter()
    result = segment(
        image,
        bundle,
        region=whole(image.geometry) if entry.manifest.task.needs_region else None,
        threads=threads,
        cancel=cancel,
    )
    seconds = time.perf_counter() - start
    return _Run(sample, image, truth, bundle, result, _in_values_of(truth, result), seconds)


def _values_by_name(truth: Segmentation) -> dict[str, int]:
    return {entry.name.casefold(): entry.value for entry in truth.classes}


def _in_values_of(truth: Segmentation, result: SegmentResult) -> NDArray[np.unsignedinteger]:
    """The result's labels (i, j, k) in the truth's values; classes are matched by name."""
    values = _values_by_name(truth)
    found = result.segmentation.labels[0]
    labels = np.zeros(found.shape, truth.labels.dtype)
    for one in result.classes:
        labels[found == one.value] = values[one.name.casefold()]
    return labels


def _note(bundle: Bundle) -> str | None:
    """What must be known of a model of patients, since every sample is a phantom."""
    if bundle.manifest.synthetic:
        return None
    note = "trained on patients, shown a phantom, which is unlike all that it saw"
    measured = [one for one in bundle.card.evaluations if not one.synthetic and one.mean_dice]
    if not measured:
        return note
    # A test part, which nothing was chosen on, stands after the validation part.
    last = measured[-1]
    return f"{note}; its card states Dice {last.mean_dice:.3f} on the {last.part} part of its data"


def _rows(run: _Run) -> list[DemoRow]:
    manifest = run.bundle.manifest
    return [
        DemoRow(
            sample=run.sample.id,
            task=manifest.task.id,
            variant=manifest.variant,
            bundle=manifest.id,
            class_name=found.name,
            measurement=MeasurementValue(
                value=found.measurement.value, unit=found.measurement.unit
            ),
            dice=run.dice(found.name),
            seconds=run.seconds,
            synthetic=manifest.synthetic,
            note=_note(run.bundle),
        )
        for found in run.result.classes
    ]


def _mask_path(run: _Run, output: Path) -> Path:
    ending = ".png" if run.image.geometry.dimensions == 2 else ".nii.gz"
    return output / f"{run.sample.id}_{run.bundle.manifest.id}{ending}"


def _draw(runs: Sequence[_Run], path: Path) -> None:
    first = runs[0]
    panels = [Panel("truth", first.truth.labels[0])]
    panels += [
        Panel(f"{run.bundle.manifest.variant}, Dice {run.mean_dice:.3f}", run.labels)
        for run in runs
    ]
    demo = any(run.bundle.manifest.synthetic for run in runs)
    picture = overlay(
        first.image,
        panels,
        first.truth.classes,
        title=f"{first.sample.title} (phantom)",
        warning="DEMO - trained on phantoms" if demo else NOTICE,
    )
    with atomic_path(path) as temporary:
        picture.save(temporary, format="PNG")
