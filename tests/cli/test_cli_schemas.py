"""The documents' schemas in ``docs/schemas/`` are those of the code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from omniseg_backend.cli.schemas import DOCUMENTS, schema_text, write_schemas


@pytest.mark.parametrize("name", list(DOCUMENTS))
def test_a_schema_is_current(repository: Path, name: str) -> None:
    stored = (repository / "docs" / "schemas" / f"{name}.json").read_text(encoding="utf-8")
    assert stored == schema_text(DOCUMENTS[name]), (
        "run: .venv/bin/python -m omniseg_backend.cli.schemas"
    )


def test_there_is_no_schema_without_a_document(repository: Path, tmp_path: Path) -> None:
    write_schemas(tmp_path)
    made = {path.name for path in tmp_path.iterdir()}
    assert {path.name for path in (repository / "docs" / "schemas").glob("*.json")} == made


@pytest.mark.parametrize("name", list(DOCUMENTS))
def test_keys_are_lower_case_and_every_one_is_promised(name: str) -> None:
    schema = json.loads(schema_text(DOCUMENTS[name]))
    for part in (schema, *schema.get("$defs", {}).values()):
        keys = set(part.get("properties", {}))
        assert keys == {key.lower() for key in keys}
        assert keys == set(part["required"])
        assert part["additionalProperties"] is False


def test_the_readme_names_every_document(repository: Path) -> None:
    text = (repository / "docs" / "schemas" / "README.md").read_text(encoding="utf-8")
    assert [name for name in DOCUMENTS if f"({name}.json)" not in text] == []
