"""The document of a comparison."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from omniseg_backend.cli.documents import Document
from omniseg_backend.evaluation.comparison import Comparison


class CompareDocument(Document):
    """``omniseg compare``."""

    comparison: Annotated[Comparison, Field(description="As it is recorded.")]
    recorded: Annotated[str, Field(description="Where `omniseg promote` finds it.")]
    pictures: Annotated[tuple[str, ...], Field(description="Worst cases: image, truth, old, new.")]
    warnings: tuple[str, ...]
