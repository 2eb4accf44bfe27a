"""The documents of commands that measure: train, evaluate, benchmark, doctor, demo."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from omniseg_backend.cli.documents import (
    Count,
    Document,
    MeasurementValue,
    Part,
    Seconds,
    Share,
)

CpuFlag = Literal["avx2", "avx512", "vnni", "bf16"]
Milliseconds = Annotated[float, Field(gt=0)]


class Distance(Part):
    """A length; ``px`` where the file states no spacing."""

    value: Annotated[float, Field(ge=0)]
    unit: Literal["mm", "px"]


class ClassFigures(Part):
    """One class; null where truth and prediction are empty, in every case or in this one."""

    dice: Share | None
    iou: Share | None
    hd95: Distance | None


class CaseClassFigures(ClassFigures):
    """One class in one case."""

    surface_dice: Share | None
    outcome: Literal["both_present", "both_empty", "missed", "false_positive"]


class CaseFigures(Part):
    """One case."""

    case: str
    patient: str
    mean_dice: Share | None
    classes: dict[str, CaseClassFigures]


class EvaluateDocument(Document):
    """``omniseg evaluate``."""

    mean_dice: Share | None
    classes: dict[str, ClassFigures]
    cases: tuple[CaseFigures, ...]
    bundle: str
    dataset: str
    split: Literal["train", "test"]
    seconds: Seconds


class TrainDocument(Document):
    """``omniseg train``."""

    output: str
    bundle: str
    version: str
    task: str
    variant: str
    parameters: Count
    steps: Count
    validation_dice: Share | None
    classes: Annotated[dict[str, Share | None], Field(description="Validation Dice by class.")]
    seconds: Seconds


class NetworkLatency(Part):
    """Wall time of one network on one image of one size."""

    variant: str
    model: str
    size: Count
    median_ms: Milliseconds
    min_ms: Milliseconds


class BenchmarkDocument(Document):
    """``omniseg benchmark``."""

    cpu: str
    threads: Count
    runs: Count
    latency: tuple[NetworkLatency, ...]


class Host(Part):
    """The machine; neither its name nor its user's."""

    os: str
    python: str
    cpu: str
    cpu_flags: Annotated[
        dict[CpuFlag, bool] | None,
        Field(description="Null where the system does not tell."),
    ]
    usable_cores: Annotated[int, Field(ge=1, description="By affinity mask and cgroup quota.")]
    memory_available: Annotated[Count, Field(description="Bytes.")]
    versions: Annotated[dict[str, str | None], Field(description="Null: not installed.")]
    providers: Annotated[tuple[str, ...], Field(description="ONNX Runtime's.")]
    start_method: Annotated[str, Field(description="How child processes are started.")]
    home_writable: Annotated[bool, Field(description="Whether OMNISEG_HOME can be written.")]
    network: Annotated[Literal["none"], Field(description="What OmniSeg connects to.")]


class ReferenceLatency(Part):
    """Median milliseconds of a shipped Compact; null where none is shipped."""

    compact_256: Milliseconds | None
    compact_512: Milliseconds | None


class DoctorDocument(Document):
    """``omniseg doctor``."""

    host: Host
    matmul_gflops: Annotated[float, Field(gt=0)]
    reference_ms: ReferenceLatency
    int8_faster: Annotated[bool | None, Field(description="Null: not measured.")]
    int8_speedup: Annotated[
        float | None,
        Field(gt=0, description="Time in 32 bits over time in 8 bits; null: not measured."),
    ]
    training_interpreter: Annotated[
        str | None, Field(description="The Python that trains, asked whether it can.")
    ]
    training_problem: Annotated[str | None, Field(description="Why none does.")]


class DemoRow(Part):
    """One class of one sample, segmented by one model."""

    model_config = ConfigDict(**Part.model_config, populate_by_name=True)

    sample: str
    task: str
    variant: str
    bundle: str
    class_name: Annotated[str, Field(alias="class")]
    measurement: MeasurementValue
    dice: Annotated[Share | None, Field(description="Against the sample's truth.")]
    seconds: Seconds
    synthetic: Annotated[bool, Field(description="Trained on phantoms alone: a demo.")]
    note: Annotated[
        str | None, Field(description="Why the Dice says little: a patients' model on a phantom.")
    ]


class DemoDocument(Document):
    """``omniseg demo``."""

    output: str
    rows: tuple[DemoRow, ...]
    no_model_shipped: Annotated[tuple[str, ...], Field(description="Samples without a model.")]
