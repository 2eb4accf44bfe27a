"""pydantic's complaint about a wrong value, in words that a clinician understands."""

from __future__ import annotations

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from omniseg_backend.common.settings import InWords, described_fields, mark_of, range_of

#: Of pydantic's kinds of complaint, those whose own words name types of Python.
_PLAIN = {
    "missing": "a value",
    "string_pattern_mismatch": "a text of another form",
    "string_type": "a text",
    "path_type": "a path",
    "bool_type": "yes or no",
    "bool_parsing": "yes or no",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "named values",
    "model_type": "named values",
    "model_attributes_type": "named values",
}


def found_words(problem: ErrorDetails) -> str:
    """What was found: the value as it was given, or what kind of thing it is.

    Args:
        problem: One of ``ValidationError.errors()``.
    """
    value = problem["input"]
    if problem["type"] == "missing":
        return "nothing"
    if isinstance(value, str | int | float):
        return repr(value)
    if isinstance(value, dict):
        return " and ".join(f"{name} {one}" for name, one in value.items()) or "nothing"
    if isinstance(value, list | tuple) and all(isinstance(one, str | int | float) for one in value):
        return typed_words(", ".join(str(one) for one in value))
    return f"a {type(value).__name__}"


def typed_words(text: str) -> str:
    """Text as it was typed, on one line."""
    if not text:
        return "nothing"
    return text if text.isprintable() else repr(text)


def expected_words(problem: ErrorDetails, model: type[BaseModel]) -> str:
    """What was expected instead of a value: the field's own words, or its kind and range.

    Args:
        problem: One of ``ValidationError.errors()``.
        model: What was to be made.
    """
    place = tuple(str(part) for part in problem["loc"])
    field = next((one for one in described_fields(model) if one.path == place), None)
    said = None if field is None else mark_of(field.info, InWords)
    if said is not None:
        return said.text
    own = problem["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    words = _PLAIN.get(problem["type"], own[0].lower() + own[1:])
    limits = "" if field is None or problem["type"] == "missing" else range_of(field)
    if problem["type"].startswith(("greater_than", "less_than", "finite")):
        # pydantic names the one limit that was passed.
        return limits or words
    return f"{words} ({limits})" if limits and limits not in words else words
