"""The kinds of field that manifest and card are made of: short, bounded, strict."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class Strict(BaseModel):
    """A frozen model whose unknown keys, infinities and NaNs are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"

#: A name for machines: lower-case words joined by hyphens, ``cardiac-mri-compact``.
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]

#: Three numbers: 1.0.0.
Version = Annotated[
    str, StringConstraints(pattern=r"^(0|[1-9]\d{0,5})(\.(0|[1-9]\d{0,5})){2}$", max_length=20)
]

#: 64 hexadecimal digits, lower case.
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

#: A name or a phrase, on one line, without control characters.
Label = Annotated[str, StringConstraints(pattern=_PRINTABLE, min_length=1, max_length=200)]

#: Sentences, on one line, without control characters.
Text = Annotated[str, StringConstraints(pattern=_PRINTABLE, min_length=1, max_length=4000)]

#: A time as ISO 8601 in UTC, to the second: 2026-01-31T12:00:00+00:00.
Timestamp = Annotated[
    str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\+00:00|Z)$", max_length=25)
]

Count = Annotated[int, Field(ge=0, le=2**53)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
NotNegative = Annotated[float, Field(ge=0.0)]
