"""``models.json``: which of the user's bundles were checked, and what they were then."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import StringConstraints, ValidationError

from omniseg_backend.bundles.fields import Sha256, Strict, Timestamp
from omniseg_backend.common.atomic import write_text_atomic
from omniseg_backend.common.errors import DataError

LIST_NAME = "models.json"


class ListedModel(Strict):
    """One bundle of the user's.

    Attributes:
        file: Its name in the folder of the list; no path.
        manifest_hash: SHA-256 of its manifest when it was added.
        added: When, UTC.
    """

    file: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]*\.omniseg$")]
    manifest_hash: Sha256
    added: Timestamp


class _List(Strict):
    schema_version: Literal[1] = 1
    models: tuple[ListedModel, ...] = ()


def read_list(folder: Path) -> tuple[ListedModel, ...]:
    """The user's bundles, in the order in which they were added; none without a list.

    Raises:
        DataError: The list is damaged or of a newer schema.
    """
    path = folder / LIST_NAME
    if not path.exists():
        return ()
    try:
        return _List.model_validate_json(path.read_bytes()).models
    except (OSError, ValidationError) as error:
        raise DataError(
            path,
            found="a damaged list, or one of a newer OmniSeg",
            expected="the list of added models, schema 1",
            remedy="update OmniSeg, or move the file away and add the models again",
        ) from error


def write_list(folder: Path, models: Sequence[ListedModel]) -> None:
    """Replace the list in one step.

    Raises:
        DataError: The folder cannot be written.
    """
    document = _List(models=tuple(models)).model_dump(mode="json")
    write_text_atomic(folder / LIST_NAME, json.dumps(document, indent=1) + "\n")
