"""The document of ``omniseg segment FOLDER``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from omniseg_backend.cli.documents import (
    Count,
    Document,
    ErrorReport,
    FlagReport,
    Part,
    Seconds,
    SegmentedClass,
)


class BatchItem(Part):
    """One image."""

    file: Annotated[str, Field(description="Relative to the folder: a file, or a series' folder.")]
    mask: Annotated[str | None, Field(description="Relative to the output; null where it failed.")]
    before: Annotated[bool, Field(description="Whether an earlier run had done it.")]
    classes: tuple[SegmentedClass, ...]
    flags: tuple[FlagReport, ...]
    seconds: Annotated[Seconds | None, Field(description="Of its run; null where it failed.")]
    error: Annotated[ErrorReport | None, Field(description="Why it failed; null if it did not.")]


class SegmentBatchDocument(Document):
    """``omniseg segment FOLDER -o FOLDER``."""

    output: str
    bundle: str
    task: str
    variant: str
    segmented: Annotated[Count, Field(description="In this run.")]
    before: Annotated[Count, Field(description="Done by an earlier run, and not again.")]
    failed: Count
    items: tuple[BatchItem, ...]
    table: Annotated[str, Field(description="The CSV.")]
    page: Annotated[str, Field(description="The HTML.")]
    seconds: Seconds
