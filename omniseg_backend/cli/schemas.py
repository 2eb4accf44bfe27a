"""The JSON schemas of ``docs/schemas/``; ``python -m omniseg_backend.cli.schemas`` writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import typer
from pydantic import BaseModel

from omniseg_backend.cli import (
    batch_documents,
    benchmark_documents,
    compare_documents,
    documents,
    job_documents,
    model_documents,
    result_documents,
    site_documents,
    study_documents,
)
from omniseg_backend.cli.documents import Document
from omniseg_backend.common.atomic import write_text_atomic
from omniseg_backend.jobs.schemas import folder_models

#: File name without its suffix, and the document it describes.
DOCUMENTS: Mapping[str, type[Document]] = MappingProxyType(
    {
        "benchmark": result_documents.BenchmarkDocument,
        "benchmark-batch": benchmark_documents.BenchmarkBatchDocument,
        "benchmark-int8": benchmark_documents.BenchmarkInt8Document,
        "benchmark-latency": benchmark_documents.BenchmarkLatencyDocument,
        "benchmark-training": benchmark_documents.BenchmarkTrainingDocument,
        "benchmark-ui": benchmark_documents.BenchmarkUiDocument,
        "benchmark-volume": benchmark_documents.BenchmarkVolumeDocument,
        "compare": compare_documents.CompareDocument,
        "dataset-add": site_documents.DatasetAddDocument,
        "dataset-check": site_documents.DatasetCheckDocument,
        "dataset-create": site_documents.DatasetCreateDocument,
        "dataset-list": site_documents.DatasetListDocument,
        "demo": result_documents.DemoDocument,
        "describe": documents.DescribeDocument,
        "doctor": result_documents.DoctorDocument,
        "error": documents.ErrorDocument,
        "estimate": documents.EstimateDocument,
        "evaluate": result_documents.EvaluateDocument,
        "job": job_documents.JobDocument,
        "job-environment": job_documents.JobEnvironmentDocument,
        "job-show": job_documents.JobShowDocument,
        "jobs": job_documents.JobsDocument,
        "jobs-removed": job_documents.JobsRemovedDocument,
        "models": documents.ModelsDocument,
        "models-add": model_documents.ModelsAddDocument,
        "models-history": model_documents.ModelsHistoryDocument,
        "models-remove": model_documents.ModelsRemoveDocument,
        "promote": model_documents.PromoteDocument,
        "rollback": model_documents.RollbackDocument,
        "segment": documents.SegmentDocument,
        "segment-batch": batch_documents.SegmentBatchDocument,
        "study-fine-tuning": study_documents.FineTuningDocument,
        "train": result_documents.TrainDocument,
    }
)


def schema_text(document: type[BaseModel]) -> str:
    """The schema of a document, or of a file in a job's folder, as its own file holds it."""
    schema = document.model_json_schema(by_alias=True, mode="serialization")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


def write_schemas(
    folder: Annotated[Path, typer.Argument(help="Where to.")] = Path("docs/schemas"),
) -> None:
    """Write the schema of every document and of every file in a job's folder."""
    for name, document in {**DOCUMENTS, **folder_models()}.items():
        write_text_atomic(folder / f"{name}.json", schema_text(document))


if __name__ == "__main__":
    typer.run(write_schemas)
