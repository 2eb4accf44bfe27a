"""Results as layers, for the tests of the Results panel: drawn by hand, or segmented for real."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Labels
from numpy.typing import NDArray

from napari_omniseg.bridge.labels_layer import result_layers
from napari_omniseg.bridge.layer_image import LayerSnapshot, image_of, layer_of
from omniseg_backend.bundles.store import load_bundle
from omniseg_backend.common.provenance import Provenance
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.modality import Modality, ModalityStatement
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.inference.components import count_classes
from omniseg_backend.inference.measurements import measure
from omniseg_backend.inference.results import ClassResult, SegmentResult
from omniseg_backend.inference.segment import segment

NAMES = ("left ventricle", "myocardium", "scar")
MODEL = Provenance(
    bundle="cardiac-mri-compact",
    bundle_version="1.2.0",
    bundle_hash="ab" * 32,
    software="napari-omniseg 0.1.0",
    time="2026-11-26T10:00:00+00:00",
    synthetic=False,
    modality="mri (stated by the file)",
)


class NeverCancelled:
    """A cancel that nobody sets."""

    def is_set(self) -> bool:
        """Never."""
        return False


@dataclasses.dataclass(frozen=True, eq=False)
class OpenResult:
    """An image and the result of a run on it, as layers of a viewer."""

    image: ImageLayer
    labels: Labels
    uncertainty: ImageLayer | None
    result: SegmentResult


def two_balls() -> NDArray[np.uint8]:
    """Labels (z, y, x): a ventricle in two parts, the larger one around slice 5; no scar."""
    z, y, x = np.ogrid[:12, :40, :48]
    labels = np.zeros((12, 40, 48), np.uint8)
    labels[(z - 5) ** 2 * 4 + (y - 20) ** 2 + (x - 14) ** 2 < 90] = 1
    labels[(z - 9) ** 2 * 4 + (y - 12) ** 2 + (x - 38) ** 2 < 20] = 1
    labels[4:8, 30:36, 20:40] = 2
    return labels


def image_like(labels: NDArray[np.uint8], spacing: tuple[float, ...], *, time: bool) -> Image:
    """A noisy image of labels in a layer's axes; spacing per spatial axis, x first."""
    seeded = np.random.default_rng(7)
    values = labels.astype(np.float32) + seeded.normal(0, 0.1, labels.shape).astype(np.float32)
    frames = values if time else values[np.newaxis]
    if frames.ndim == 3:
        frames = frames[:, np.newaxis]
    array = frames.transpose(0, 3, 2, 1)
    dimensions = labels.ndim - time
    affine = np.diag([*spacing, *(1.0,) * (3 - len(spacing)), 1.0])
    geometry = Geometry(array.shape[1:], affine, "mm", dimensions)
    stated = ModalityStatement(Modality.MRI, "file")
    return Image(
        array[:, np.newaxis], geometry, modality=stated, name="heart.nii.gz", has_time=time
    )


def result_like(image: Image, labels: NDArray[np.uint8], *, uncertain: bool) -> SegmentResult:
    """What a run that found these labels would give back; the scar is doubtful."""
    frames = labels if image.has_time else labels[np.newaxis]
    if frames.ndim == 3:
        frames = frames[:, np.newaxis]
    array = np.ascontiguousarray(frames.transpose(0, 3, 2, 1))
    counts = [count_classes(frame, len(NAMES)) for frame in array]
    classes = []
    for place, name in enumerate(NAMES):
        voxels = [frame[place][0] for frame in counts]
        absent = sum(voxels) == 0
        classes.append(
            ClassResult(
                value=place + 1,
                name=name,
                voxels=sum(voxels),
                measurement=measure(sum(voxels) / len(voxels), image.geometry),
                frame_measurements=tuple(measure(number, image.geometry) for number in voxels),
                components=max(frame[place][1] for frame in counts),
                confidence=None if absent else 0.9 - 0.2 * place,
                peak=0.31 if absent else 0.99,
                review=place > 0,
                none_found=absent,
            )
        )
    segmentation = Segmentation(
        array, image.geometry, ClassTable.from_names(NAMES), MODEL, image.name, image.has_time
    )
    doubt = np.full(array.shape, 9, np.uint8) if uncertain else None
    return SegmentResult(segmentation, tuple(classes), (), {"total": 1.0}, doubt)


def show_drawn(
    viewer: object,
    labels: NDArray[np.uint8] | None = None,
    *,
    spacing: tuple[float, ...] = (1.0, 1.0, 2.0),
    time: bool = False,
    uncertain: bool = False,
) -> OpenResult:
    """Open an image with a result of these labels."""
    labels = two_balls() if labels is None else labels
    image = image_like(labels, spacing, time=time)
    made = layer_of(image)
    shown = viewer.add_image(made.array, **made.attributes)  # type: ignore[attr-defined]
    return show_result(viewer, shown, result_like(image, labels, uncertain=uncertain))


def show_segmented(viewer: object, image: Image, bundle: Path) -> OpenResult:
    """Open an image, segment it, and show what was found."""
    made = layer_of(image)
    shown = viewer.add_image(made.array, **made.attributes)  # type: ignore[attr-defined]
    loaded = load_bundle(bundle)
    stated = ModalityStatement(loaded.manifest.preprocessing.modality, "task")
    snapshot = LayerSnapshot.of(shown)
    taken = image_of(snapshot, snapshot.readings()[0], modality=stated)
    return show_result(viewer, shown, segment(taken, loaded, threads=1))


def show_result(viewer: object, image: ImageLayer, result: SegmentResult) -> OpenResult:
    """Show a result beside its image."""
    snapshot = LayerSnapshot.of(image)
    found, *doubt = result_layers(result, snapshot, snapshot.readings()[0], name="found")
    labels = viewer.add_labels(found.array, **found.attributes)  # type: ignore[attr-defined]
    hidden = [
        viewer.add_image(one.array, **one.attributes)  # type: ignore[attr-defined]
        for one in doubt
    ]
    viewer.layers.selection.active = labels  # type: ignore[attr-defined]
    return OpenResult(image, labels, hidden[0] if hidden else None, result)
