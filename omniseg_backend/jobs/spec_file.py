"""``spec.json``: written at submission, read by the runner; a wrong value becomes one sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ValidationError

from omniseg_backend.common.atomic import write_text_atomic
from omniseg_backend.common.complaints import expected_words
from omniseg_backend.common.errors import DataError
from omniseg_backend.common.settings import described_fields
from omniseg_backend.jobs.kinds import kind
from omniseg_backend.jobs.spec import JobSpec
from omniseg_backend.jobs.state_file import SCHEMA_VERSION, newer_job


def save_spec(spec: JobSpec, path: Path) -> None:
    """Write a settled spec: what was stated, nothing else.

    A fine-tuning takes over from its bundle what is not stated; defaults spelled out would count
    as stated.
    """
    content = {
        "schema_version": spec.schema_version,
        "kind": spec.kind,
        **spec.model_dump(mode="json", exclude_unset=True),
    }
    write_text_atomic(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def load_spec(path: Path) -> JobSpec:
    """Read a job's spec.

    Raises:
        NewerJobError: A later version made it.
        DataError: It is damaged or holds a wrong value.
        UsageError: This installation lacks its kind.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(
            path,
            found="a missing or damaged file",
            expected="the spec of a job",
            remedy="submit the job again",
        ) from error
    return parse_spec(content, path)


def parse_spec(content: object, subject: object = "the job's spec") -> JobSpec:
    """Make a spec of what a form or a file states.

    Args:
        content: The fields by name.
        subject: What to call it in errors.

    Raises:
        NewerJobError: A later version made it.
        DataError: A field is wrong; the sentence names it and its range.
        UsageError: There is no such kind.
    """
    if not isinstance(content, Mapping) or not isinstance(content.get("kind"), str):
        raise DataError(
            subject,
            found="no kind",
            expected="a JSON object with the kind of the job and its settings",
            remedy="correct it",
        )
    version = content.get("schema_version", SCHEMA_VERSION)
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise newer_job(Path(str(subject)), version)
    model = kind(content["kind"])
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise wrong_field(error, model, subject) from error


def wrong_field(error: ValidationError, model: type[BaseModel], subject: object) -> DataError:
    """The first of pydantic's complaints: which field, what was found, what range it has."""
    problem = error.errors(include_url=False)[0]
    place = tuple(str(part) for part in problem["loc"])
    name = ".".join(place) or "the whole"
    if problem["type"] == "extra_forbidden":
        found = "an unknown name"
        wanted = "one of " + ", ".join(".".join(f.path) for f in described_fields(model))
    else:
        found = (
            "nothing" if problem["type"] == "missing" else json.dumps(problem["input"], default=str)
        )
        wanted = expected_words(problem, model)
    return DataError(
        f"{subject}, {name}",
        found=found,
        expected=wanted,
        remedy="correct this field",
    )
