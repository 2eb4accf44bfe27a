"""The rows of the table of classes: what the run said, and what holds since somebody painted."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Literal

from napari_omniseg.models.class_counts import ABSENT, ClassCount, FrameCounts
from napari_omniseg.models.labels_snapshot import LabelsSnapshot
from omniseg_backend.common.wording import counted
from omniseg_backend.images.classes import ClassEntry
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.inference.measurements import Measurement, measure
from omniseg_backend.inference.results import ClassResult

#: ``run``: figures and labels are the run's. ``hand``: the labels are no longer what the run
#: made. ``counted``: no run made them; a label file, or another plugin's layer.
Source = Literal["run", "hand", "counted"]


@dataclasses.dataclass(frozen=True)
class ClassRow:
    """One class of a layer.

    Attributes:
        entry: Its value, name and colour.
        measurement: Its size; of a series in time the mean over frames.
        frame_measurements: Its size in each frame.
        frame_components: Its connected components in each frame.
        run: What the run said of it; None where no run did.
        source: What the figures speak of.
    """

    entry: ClassEntry
    measurement: Measurement
    frame_measurements: tuple[Measurement, ...]
    frame_components: tuple[int, ...]
    run: ClassResult | None
    source: Source

    @property
    def none_found(self) -> bool:
        """Whether the layer holds none of it, in any frame."""
        return not any(self.frame_components)

    @property
    def review(self) -> bool:
        """Whether the run asked that a person looks again; painting does not take that back."""
        return self.run is not None and self.run.review

    @property
    def components(self) -> int:
        """Connected components; of a series the most in any frame."""
        return max(self.frame_components)

    def size_text(self, frame: int) -> str:
        """Its size in a frame, for people."""
        return self.frame_measurements[frame].as_text() if self.found_in(frame) else "none found"

    def mean_text(self) -> str:
        """Its mean size over the frames, for people."""
        return "none found" if self.none_found else self.measurement.as_text()

    def found_in(self, frame: int) -> bool:
        """Whether a frame holds any of it."""
        return self.frame_components[frame] > 0

    def confidence_text(self) -> str:
        """The run's confidence, with a sign where it asks for a look; short, for a narrow column.

        Of labels that were changed since, it says so.
        """
        if self.run is None:
            return "not known"
        said = "none" if self.run.confidence is None else f"{self.run.confidence:.2f}"
        if self.source == "hand":
            said = "edited"
        if self.review:
            return f"⚠ {said}"
        return "" if said == "none" else said

    def sentence(self) -> str:
        """All of it, for hovering and for screen readers."""
        if self.none_found:
            parts = [f"{self.entry.name}: none found"]
        else:
            parts = [
                f"{self.entry.name}: {self.measurement.as_text()}",
                counted(self.components, "component"),
            ]
            if len(self.frame_components) > 1:
                parts[0] += f" in the mean of {len(self.frame_components)} frames"
                parts[1] = f"at most {parts[1]} in a frame"
        return f"{', '.join(parts)}. {self._confidence_sentence()}"

    def _confidence_sentence(self) -> str:
        if self.run is None:
            return "No run of a model made it, so nothing is known of its confidence."
        if self.run.confidence is None:
            said = f"The model found none; its highest probability was {self.run.peak:.2f}."
        else:
            said = f"The model's mean confidence was {self.run.confidence:.2f}."
        if self.review:
            said += " That is doubtful: look again."
        if self.source == "hand":
            said += " It was changed since: size and components are those of now."
        return said


@dataclasses.dataclass(frozen=True)
class ClassRows:
    """All classes of a layer.

    Attributes:
        rows: One per class: those that the layer names first, in their order.
        frames: How many time points there are.
    """

    rows: tuple[ClassRow, ...] = ()
    frames: int = 1

    @property
    def changed(self) -> bool:
        """Whether any class is no longer what the run made."""
        return any(row.source == "hand" for row in self.rows)

    @property
    def review_text(self) -> str:
        """Which classes the run asks to look at again, a sentence; empty where it asks for none."""
        names = [row.entry.name for row in self.rows if row.review]
        return f"Look again at {', '.join(names)}." if names else ""

    @property
    def none_found(self) -> bool:
        """Whether the layer holds no class at all."""
        return all(row.none_found for row in self.rows)


class RunBaseline:
    """Which voxels were the run's, so that painting and undoing both show.

    Where the labels are still those that the layer was made with, that is known of all classes.
    Of a layer that was painted before it was first seen, the classes that still have the run's
    numbers of voxels and components are taken to hold the run's own.
    """

    def __init__(self, results: Iterable[ClassResult]) -> None:
        self._results = {result.value: result for result in results}
        self._fingerprints: dict[int, tuple[object, ...]] = {}

    @property
    def settled(self) -> bool:
        """Whether every class of the run has been seen as the run made it."""
        return self._results.keys() <= self._fingerprints.keys()

    def see(self, counts: Sequence[FrameCounts], *, as_made: bool) -> None:
        """Look at a layer.

        Args:
            counts: What there is in it now, per frame.
            as_made: Whether its labels are known to be those that it was made with.
        """
        for value, run in self._results.items():
            here = [frame.get(value, ABSENT) for frame in counts]
            if as_made or (value not in self._fingerprints and _agrees(run, here)):
                self._fingerprints[value] = _fingerprints(here)

    def source(self, value: int, counts: Sequence[ClassCount]) -> Source:
        """What the figures of a class speak of.

        Args:
            value: Its label.
            counts: What there is of it now, per frame.
        """
        if not self._results:
            return "counted"
        return "run" if self._fingerprints.get(value) == _fingerprints(counts) else "hand"


def rows_of(
    snapshot: LabelsSnapshot, counts: Sequence[FrameCounts], baseline: RunBaseline
) -> ClassRows:
    """The table of a layer.

    Args:
        snapshot: The layer.
        counts: What there is in it now, per frame.
        baseline: Of the same layer.
    """
    values = sorted({value for frame in counts for value in frame})
    results = () if snapshot.origin is None else snapshot.origin.results
    runs = {result.value: result for result in results}
    rows = []
    for entry in snapshot.classes(values):
        here = [frame.get(entry.value, ABSENT) for frame in counts]
        source = baseline.source(entry.value, here)
        rows.append(_row(entry, here, snapshot.placement.geometry, runs.get(entry.value), source))
    return ClassRows(tuple(rows), len(counts))


def first_rows(snapshot: LabelsSnapshot) -> ClassRows | None:
    """What the run said, to be shown until the layer itself is counted; None without a run."""
    origin = snapshot.origin
    if origin is None or not origin.results:
        return None
    entries = {entry.value: entry for entry in origin.classes}
    frames = len(origin.results[0].frame_measurements)
    rows = [
        ClassRow(
            entries[run.value],
            run.measurement,
            run.frame_measurements,
            tuple(run.components if size.value else 0 for size in run.frame_measurements),
            run,
            "run",
        )
        for run in origin.results
        if run.value in entries
    ]
    return ClassRows(tuple(rows), frames)


def _row(
    entry: ClassEntry,
    counts: Sequence[ClassCount],
    geometry: Geometry,
    run: ClassResult | None,
    source: Source,
) -> ClassRow:
    voxels = [count.voxels for count in counts]
    return ClassRow(
        entry,
        measure(sum(voxels) / len(voxels), geometry),
        tuple(measure(number, geometry) for number in voxels),
        tuple(count.components for count in counts),
        run,
        source,
    )


def _agrees(run: ClassResult, counts: Sequence[ClassCount]) -> bool:
    """Whether the run counted the same."""
    return run.voxels == sum(count.voxels for count in counts) and run.components == max(
        count.components for count in counts
    )


def _fingerprints(counts: Sequence[ClassCount]) -> tuple[object, ...]:
    return tuple(count.fingerprint for count in counts)
