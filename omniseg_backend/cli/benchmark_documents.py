"""The documents of the commands of ``omniseg benchmark``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from omniseg_backend.cli.documents import Count, Document, Part, Seconds
from omniseg_backend.cli.result_documents import Milliseconds

Positive = Annotated[float, Field(gt=0)]


class BenchmarkMachine(Part):
    """Where it was measured; neither the machine's name nor its user's."""

    os: str
    cpu: str
    threads: Annotated[int, Field(ge=1)]
    versions: Annotated[dict[str, str | None], Field(description="Null: not installed.")]


class LatencyMachine(BenchmarkMachine):
    """The same with the speed that networks are held against."""

    matmul_gflops: Annotated[
        float, Field(gt=0, description="Float32 matrix product, fastest of the same rounds.")
    ]


class LatencyTiming(Part):
    """One network at one size; weights are random."""

    model: str
    size: Annotated[int, Field(ge=1, description="Side of the input; the longer of two.")]
    parameters: Count
    flops: Annotated[Count, Field(description="Two per multiply-add, of one image.")]
    median_ms: Milliseconds
    min_ms: Milliseconds
    spread_ms: Annotated[float, Field(ge=0, description="First to third quartile.")]
    peak_share: Annotated[
        float, Field(ge=0, description="Of the matrix product's speed, by the fastest run.")
    ]


class BenchmarkLatencyDocument(Document):
    """``omniseg benchmark latency``."""

    machine: LatencyMachine
    rounds: Count
    rows: tuple[LatencyTiming, ...]


class Int8Timing(Part):
    """One model at one size, in both kinds of arithmetic."""

    model: str
    variant: str
    size: Annotated[int, Field(ge=1, description="Side of the input.")]
    fp32_min_ms: Milliseconds
    int8_min_ms: Milliseconds
    fp32_median_ms: Milliseconds
    int8_median_ms: Milliseconds
    fp32_cpu_ms: Annotated[float, Field(ge=0, description="Least processor time, all threads.")]
    int8_cpu_ms: Annotated[float, Field(ge=0)]
    speedup: Annotated[float, Field(gt=0, description="Fastest fp32 over fastest int8 run.")]
    cpu_speedup: Annotated[
        float | None,
        Field(description="The same of the processor times; null where its clock is too coarse."),
    ]
    dice_lost: Annotated[
        float, Field(description="Hundredths of Dice that int8 costs, from the manifest.")
    ]


class BenchmarkInt8Document(Document):
    """``omniseg benchmark int8``."""

    machine: BenchmarkMachine
    rounds: Count
    rows: tuple[Int8Timing, ...]


class TrainingTiming(Part):
    """Optimiser steps of one network."""

    model: str
    parameters: Count
    steps_per_minute: Annotated[float, Field(gt=0, description="By the median step.")]
    median_s: Positive
    min_s: Positive
    times_unet: Annotated[
        float | None,
        Field(gt=0, description="Speed over the U-Net's, by fastest steps; null without it."),
    ]


class BenchmarkTrainingDocument(Document):
    """``omniseg benchmark training``."""

    machine: BenchmarkMachine
    size: Annotated[int, Field(ge=1, description="Side of the crops.")]
    batch_size: Annotated[int, Field(ge=1)]
    rounds: Count
    rows: tuple[TrainingTiming, ...]


class VolumeTiming(Part):
    """One scan, read, segmented and written by a process of its own."""

    slices: Annotated[int, Field(ge=1)]
    seconds: Positive
    peak_bytes: Annotated[Count, Field(description="The most memory the process had.")]
    stages: Annotated[dict[str, Seconds], Field(description="Seconds by stage.")]
    shares: Annotated[dict[str, float], Field(description="Parts of the whole time.")]


class VolumeLine(Part):
    """The straight line through seconds over slices."""

    start_seconds: float
    seconds_per_slice: float
    largest_deviation: Annotated[
        float, Field(ge=0, description="Of a run from the line, as a share of its time.")
    ]


class BenchmarkVolumeDocument(Document):
    """``omniseg benchmark volume``."""

    machine: BenchmarkMachine
    model: str
    side: Annotated[int, Field(ge=1, description="Voxels along a slice's sides.")]
    rows: tuple[VolumeTiming, ...]
    line: Annotated[VolumeLine | None, Field(description="Null for fewer than three sizes.")]


class BatchMemoryAt(Part):
    """The command and its processes together."""

    images: Annotated[int, Field(ge=1, description="Done by then.")]
    bytes: Annotated[Count, Field(description="Pages that processes share count for each.")]


class BenchmarkBatchDocument(Document):
    """``omniseg benchmark batch``."""

    machine: BenchmarkMachine
    model: str
    images: Annotated[int, Field(ge=1)]
    side: Annotated[int, Field(ge=1, description="Largest number of voxels along a side.")]
    slices: Annotated[int, Field(ge=1)]
    workers: Annotated[int, Field(ge=1, description="Processes at once.")]
    memory: tuple[BatchMemoryAt, ...]
    growth_bytes: Annotated[int, Field(description="From the 20th image to the last.")]
    peak_growth_bytes: Annotated[
        int, Field(description="From the 20th image to the most at any later one.")
    ]
    seconds: Positive


class UiFigure(Part):
    """One thing that a user waits for."""

    name: str
    median_ms: Annotated[float | None, Field(ge=0, description="Null: not measured.")]
    worst_ms: Annotated[float | None, Field(ge=0, description="Null: not measured.")]
    repetitions: Count
    limit_ms: Annotated[float | None, Field(ge=0, description="Null: told for comparison.")]
    remark: str


class BenchmarkUiDocument(Document):
    """``omniseg benchmark ui``."""

    machine: BenchmarkMachine
    figures: tuple[UiFigure, ...]
