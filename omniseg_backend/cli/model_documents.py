"""The documents of the commands that change which models there are and which is current."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from omniseg_backend.cli.documents import Document, Part

VerdictWord = Literal["better", "worse", "too few to tell"]
StatusWord = Literal["current", "previous", "shipped", "candidate"]


class ModelReference(Part):
    """One model."""

    id: str
    version: str
    task: str
    variant: str
    manifest_hash: str
    origin: Literal["user", "shipped"]
    status: StatusWord
    path: str


class ModelsAddDocument(Document):
    """``omniseg models add``."""

    model: ModelReference
    listed_before: Annotated[bool, Field(description="It was among your models already.")]


class ModelsRemoveDocument(Document):
    """``omniseg models remove``."""

    removed: ModelReference
    current: Annotated[
        ModelReference | None, Field(description="What is taken for its task and variant now.")
    ]


class GroundsReport(Part):
    """Why a model was promoted."""

    comparison: Annotated[str | None, Field(description="Null: the first of its kind.")]
    verdict: VerdictWord | None
    confirmed: Annotated[bool, Field(description="Accepted although it could not tell.")]


class EventReport(Part):
    """One line of the history."""

    when: Annotated[str, Field(description="UTC.")]
    event: Literal["added", "promoted", "rolled back", "removed"]
    task: str
    variant: str
    model: str
    version: str
    manifest_hash: str
    previous: Annotated[
        str | None,
        Field(description="Replaced by a promotion, restored by a rollback: its manifest's hash."),
    ]
    grounds: GroundsReport | None


class ModelsHistoryDocument(Document):
    """``omniseg models history``."""

    events: tuple[EventReport, ...]


class PromoteDocument(Document):
    """``omniseg promote``."""

    model: ModelReference
    replaced: Annotated[ModelReference | None, Field(description="Null: the first of its kind.")]
    grounds: GroundsReport


class RollbackDocument(Document):
    """``omniseg rollback``."""

    left: Annotated[ModelReference, Field(description="Was current.")]
    restored: Annotated[ModelReference, Field(description="Is current again.")]
