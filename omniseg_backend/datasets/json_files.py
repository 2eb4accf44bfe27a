"""Reading the JSON files that describe a data set."""

from __future__ import annotations

import json
from pathlib import Path

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.reading import unreadable


def read_json_object(path: Path) -> dict[str, object]:
    """Read a file that holds one JSON object.

    A name that stands twice is refused: Python's reader would silently keep the last.

    Raises:
        DataError: The file cannot be read or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_once)
    except OSError as error:
        raise unreadable(path, error, expected="a JSON file") from error
    except UnicodeDecodeError as error:
        raise _not_json(path, "bytes that are not UTF-8") from error
    except json.JSONDecodeError as error:
        found = f"{error.msg} in line {error.lineno}" if path.stat().st_size else "an empty file"
        raise _not_json(path, found) from error
    except _RepeatedNameError as error:
        raise _not_json(path, f"the name '{error}' twice") from error
    if not isinstance(content, dict):
        raise _not_json(path, f"a JSON {type(content).__name__}")
    return content


class _RepeatedNameError(ValueError):
    """A JSON object has one name twice."""


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    content: dict[str, object] = {}
    for name, value in pairs:
        if name in content:
            raise _RepeatedNameError(name)
        content[name] = value
    return content


def _not_json(path: Path, found: str) -> DataError:
    return DataError(
        path, found=found, expected="one JSON object in UTF-8", remedy="correct the file"
    )
