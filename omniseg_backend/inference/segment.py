"""Image and bundle in, named and measured segmentation out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.bundles.manifest import Manifest
from omniseg_backend.bundles.store import Bundle
from omniseg_backend.common.platform import usable_cpus
from omniseg_backend.common.progress import Cancel, Progress, check_cancel, no_progress
from omniseg_backend.common.provenance import DISTRIBUTION, Provenance, now_utc, software_version
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.inference.arithmetic import chosen_arithmetic
from omniseg_backend.inference.arithmetic_choice import Arithmetic, ArithmeticChoice
from omniseg_backend.inference.batches import PlanePredictor
from omniseg_backend.inference.clock import StageClock
from omniseg_backend.inference.confidence import ConfidenceSums
from omniseg_backend.inference.counting import CLEANED_AT_ONCE, clean_and_count
from omniseg_backend.inference.measurements import measure
from omniseg_backend.inference.memory import refuse_beyond_memory
from omniseg_backend.inference.plane_result import PlaneResult, reduce_plane
from omniseg_backend.inference.region import PlaneBox, Region, in_planes, whole
from omniseg_backend.inference.results import ClassResult, SegmentResult, class_flags
from omniseg_backend.inference.review import needs_review
from omniseg_backend.inference.runtime_session import Provider
from omniseg_backend.inference.session_cache import SESSIONS
from omniseg_backend.inference.threaded import in_order, worthwhile_threads
from omniseg_backend.inference.uncertainty import views_for
from omniseg_backend.inference.work import Work, frame_windows, plan_work
from omniseg_backend.preprocessing.frame import PreparedFrame


def segment(
    image: Image,
    bundle: Bundle,
    *,
    region: Region | None = None,
    uncertainty: bool = False,
    override_modality: bool = False,
    progress: Progress = no_progress,
    cancel: Cancel | None = None,
    threads: int | None = None,
    provider: Provider = "cpu",
    arithmetic: ArithmeticChoice = ArithmeticChoice.FP32,
) -> SegmentResult:
    """Segment an image; a series in time frame by frame.

    Probabilities are held for one plane at a time; of the volume only class indices are.

    Args:
        image: A picture, a volume or a series.
        bundle: The trained model.
        region: The box of voxels to segment; the rest stays background.
        uncertainty: Also make the uncertainty map, at five to eight times the time.
        override_modality: Run although the image is known to be of another modality.
        progress: Told how far the run is.
        cancel: Looked at before every batch.
        threads: Threads of the network and of what comes after it; by default all that this
            process may use.
        provider: ``gpu`` only where a GPU is wanted.
        arithmetic: 32-bit floats unless asked for otherwise, so that figures do not depend on
            the host.

    Raises:
        UsageError: The region leaves the image, or the task needs one and got none.
        DataError: The image does not fit the task.
        ResourceError: The run needs more memory than is free.
        BundleError: The network cannot be run, fails its self-test, or must not run in 8 bits.
        CancelledError: The user cancelled.
    """
    clock = StageClock()
    manifest = bundle.manifest
    with clock.stage("check"):
        computed_in = chosen_arithmetic(bundle, arithmetic, provider)
        work = plan_work(image, manifest, region, override_modality=override_modality)
        refuse_beyond_memory(image, work, manifest, uncertainty=uncertainty)
    check_cancel(cancel, image.name)
    progress("loading the model", 0.0)
    with clock.stage("load"):
        session = SESSIONS.get(bundle, threads=threads, provider=provider, arithmetic=computed_in)
    predictor = PlanePredictor(
        session,
        manifest.temperature,
        views=views_for(manifest.symmetric_axes) if uncertainty else (),
        clock=clock,
        cancel=cancel,
        advance=_counter(work, manifest, progress),
    )
    run = _Run(work, manifest, clock, uncertainty=uncertainty, threads=threads or usable_cpus())
    for frame in range(work.image.frames):
        run.predict(frame, predictor)
        run.finish(frame)
    part = None if region is None or region == whole(image.geometry) else region
    return run.result(image, _provenance(bundle, work, part, computed_in))


class _Run:
    """The arrays of one run, in (frame, plane, row, column), and what is counted on them."""

    def __init__(
        self,
        work: Work,
        manifest: Manifest,
        clock: StageClock,
        *,
        uncertainty: bool,
        threads: int,
    ) -> None:
        self._threads = worthwhile_threads(work.layout.plane_shape, threads)
        self._work, self._manifest, self._clock = work, manifest, clock
        self._box: PlaneBox = in_planes(work.region, work.layout, work.image.geometry)
        shape = (work.image.frames, work.layout.planes, *work.layout.plane_shape)
        self._labels = np.zeros(shape, np.uint8)
        self._entropy = np.zeros(shape, np.uint8) if uncertainty else None
        self._sums = ConfidenceSums(len(manifest.classes) + 1)
        self._found: list[list[tuple[int, int]]] = []

    def predict(self, frame: int, predictor: PlanePredictor) -> None:
        """Fill the region of one frame with the most probable classes."""
        with self._clock.stage("prepare"):
            prepared = PreparedFrame(self._work.image, self._manifest.preprocessing, frame)
        for finished in predictor.planes(prepared, self._box):
            with self._clock.stage("combine"):
                for result in in_order(reduce_plane, finished, self._threads):
                    self._keep(frame, result)

    def _keep(self, frame: int, result: PlaneResult) -> None:
        inside = (frame, result.plane, slice(*self._box.rows), slice(*self._box.columns))
        self._sums.add(result.tally)
        self._labels[inside] = result.classes
        if self._entropy is not None and result.entropy is not None:
            self._entropy[inside] = result.entropy

    def finish(self, frame: int) -> None:
        """Clean one frame up and count what is left."""
        inside = self._labels[frame][self._box.slices]
        geometry = self._work.image.geometry
        places = {entry.name: place for place, entry in enumerate(self._manifest.classes, 1)}
        rules = {places[rule.class_name]: rule for rule in self._manifest.clean_up}
        with self._clock.stage("clean_up"):
            threads = min(self._threads, CLEANED_AT_ONCE)
            self._found.append(clean_and_count(inside, rules, len(places), geometry, threads))

    def result(self, image: Image, provenance: Provenance) -> SegmentResult:
        """Everything on the axes of the user's image."""
        geometry = image.geometry
        with self._clock.stage("measure"):
            classes = tuple(self._class_result(index, geometry) for index in range(self._classes))
            values = [entry.value for entry in self._manifest.classes]
            segmentation = Segmentation(
                labels=self._to_image(_with_values(self._labels, values), geometry),
                geometry=geometry,
                classes=self._manifest.class_table(),
                provenance=provenance,
                name=image.name,
                has_time=image.has_time,
                frame_seconds=image.frame_seconds,
                source=image.source,
            )
            entropy = None if self._entropy is None else self._to_image(self._entropy, geometry)
        flags = (*self._work.flags, *class_flags(classes, self._manifest.review))
        return SegmentResult(segmentation, classes, flags, self._clock.seconds(), entropy)

    @property
    def _classes(self) -> int:
        return len(self._manifest.classes)

    def _class_result(self, place: int, geometry: Geometry) -> ClassResult:
        entry = self._manifest.classes[place]
        voxels = [counts[place][0] for counts in self._found]
        none_found = sum(voxels) == 0
        confidence = None if none_found else self._sums.mean(place + 1)
        peak = self._sums.peak(place + 1)
        return ClassResult(
            value=entry.value,
            name=entry.name,
            voxels=sum(voxels),
            measurement=measure(sum(voxels) / len(voxels), geometry),
            frame_measurements=tuple(measure(count, geometry) for count in voxels),
            components=max(counts[place][1] for counts in self._found),
            confidence=confidence,
            peak=peak,
            review=needs_review(confidence, peak, self._manifest.review),
            none_found=none_found,
        )

    def _to_image(
        self, planes: NDArray[np.unsignedinteger], geometry: Geometry
    ) -> NDArray[np.unsignedinteger]:
        """Turn (frame, plane, row, column) to (frame, i, j, k) of the user's image.

        A view: planes in memory are what NIfTI stores, first axis fastest.
        """
        turned = self._work.layout.from_planes(planes)
        if self._work.cropped_to is None:
            return turned
        full = np.zeros((len(planes), *geometry.shape), planes.dtype)
        full[(slice(None), *self._work.cropped_to.slices)] = turned
        return full


def _with_values(labels: NDArray[np.uint8], values: Sequence[int]) -> NDArray[np.unsignedinteger]:
    """Replace class indices 1, 2, ... by the values that files hold."""
    if list(values) == list(range(1, len(values) + 1)):
        return labels
    width = np.uint8 if max(values) < 256 else np.uint16
    table: NDArray[np.unsignedinteger] = np.array([0, *values], width)
    return table[labels]


def _counter(work: Work, manifest: Manifest, progress: Progress) -> Callable[[int], None]:
    """Turn windows done into a fraction of all that the run takes."""
    total = work.image.frames * frame_windows(work, manifest)[1]
    done = 0

    def advance(windows: int) -> None:
        nonlocal done
        done += windows
        progress("segmenting", done / total)

    return advance


def _provenance(
    bundle: Bundle, work: Work, part: Region | None, arithmetic: Arithmetic
) -> Provenance:
    manifest = bundle.manifest
    return Provenance(
        bundle=manifest.id,
        bundle_version=manifest.version,
        bundle_hash=bundle.manifest_hash,
        software=f"{DISTRIBUTION} {software_version()}",
        time=now_utc(),
        synthetic=manifest.synthetic,
        modality=work.image.modality.as_text(),
        arithmetic=arithmetic,
        region=None if part is None else part.as_text(),
    )
