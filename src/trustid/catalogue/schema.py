"""Checking claims against the part of JSON Schema that the catalogue uses.

Published schemas are JSON Schema 2020-12, so that anybody can read them with
any tool. Only this part is used, and only this part is understood; a schema
with another keyword is a fault of ours and says so when the catalogue loads.
A test holds this module against the package `jsonschema`.

Reference:
    JSON Schema draft 2020-12, Core and Validation. `format` is asserted here
    for `date`, which the standard leaves to the implementation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from trustid.errors import InternalError, MalformedError

__all__ = ["check_schema", "check_schema_is_understood"]

_Refuse = Callable[[str], MalformedError]

_ANNOTATIONS = frozenset({"$schema", "$id", "title", "description", "examples"})
_KEYWORDS = _ANNOTATIONS | {
    "type",
    "enum",
    "const",
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "items",
    "minItems",
    "maxItems",
    "properties",
    "required",
    "additionalProperties",
    "minProperties",
    "maxProperties",
    "propertyNames",
}


def check_schema(value: Any, schema: Mapping[str, Any], place: str = "claims") -> None:
    """Refuse a value that does not fit a schema.

    Args:
        value: JSON value.
        schema: A schema that `check_schema_is_understood` accepted.
        place: How the value is called in messages.

    Raises:
        MalformedError: `claim_type_invalid`; the message names the place and
            what was expected, never the value.
    """
    if "type" in schema and not _is_type(value, schema["type"]):
        raise _refusal(place, f"a value of type {schema['type']}")
    if "const" in schema and not _same(value, schema["const"]):
        raise _refusal(place, "the one value that the schema names")
    if "enum" in schema and not any(_same(value, choice) for choice in schema["enum"]):
        raise _refusal(place, f"one of the {len(schema['enum'])} values that the schema lists")
    if isinstance(value, str):
        _check_text(value, schema, place)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        _check_number(value, schema, place)
    elif isinstance(value, list):
        _check_array(value, schema, place)
    elif isinstance(value, Mapping):
        _check_object(value, schema, place)


def check_schema_is_understood(schema: Mapping[str, Any]) -> None:
    """Refuse a schema with a keyword that `check_schema` would overlook.

    Raises:
        InternalError: Always our bug: schemas ship with the package.
    """
    unknown = set(schema) - _KEYWORDS
    if unknown:
        raise InternalError("internal_error", f"schema keywords {sorted(unknown)} are not understood")
    if schema.get("format", "date") != "date":
        raise InternalError("internal_error", "only format date is understood")
    parts = list(schema.get("properties", {}).values())
    parts += [
        schema[name]
        for name in ("items", "additionalProperties", "propertyNames")
        if isinstance(schema.get(name), Mapping)
    ]
    for part in parts:
        check_schema_is_understood(part)


def _refusal(place: str, expected: str) -> MalformedError:
    return MalformedError("claim_type_invalid", f"{place}: expected {expected}")


def _is_type(value: Any, name: str) -> bool:
    if name == "integer":
        return not isinstance(value, bool) and (
            isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        )
    if name == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    types: dict[str, type | tuple[type, ...]] = {
        "string": str,
        "boolean": bool,
        "array": list,
        "object": Mapping,
        "null": type(None),
    }
    return isinstance(value, types[name])


def _same(value: Any, other: Any) -> bool:
    """JSON equality: true is not 1."""
    return isinstance(value, bool) == isinstance(other, bool) and bool(value == other)


def _check_text(value: str, schema: Mapping[str, Any], place: str) -> None:
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        raise _refusal(place, "a text of the length that the schema names")
    if "pattern" in schema and re.search(schema["pattern"], value, re.ASCII) is None:
        raise _refusal(place, "a text of the form that the schema names")
    if schema.get("format") == "date":
        try:
            well_formed = date.fromisoformat(value).isoformat() == value
        except ValueError:
            well_formed = False
        if not well_formed:
            raise _refusal(place, "a date of the form YYYY-MM-DD")


def _check_number(value: float, schema: Mapping[str, Any], place: str) -> None:
    if value < schema.get("minimum", value) or value > schema.get("maximum", value):
        raise _refusal(place, "a number within the bounds that the schema names")


def _check_array(value: list[Any], schema: Mapping[str, Any], place: str) -> None:
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
        raise _refusal(place, "as many entries as the schema names")
    if "items" in schema:
        for number, entry in enumerate(value):
            check_schema(entry, schema["items"], f"{place}[{number}]")


def _check_object(value: Mapping[str, Any], schema: Mapping[str, Any], place: str) -> None:
    if not schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", len(value)):
        raise _refusal(place, "as many members as the schema names")
    for name in schema.get("required", ()):
        if name not in value:
            raise _refusal(place, f"a member {name}")
    properties: Mapping[str, Any] = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    for name, member in value.items():
        if "propertyNames" in schema:
            check_schema(name, schema["propertyNames"], f"{place}: member names")
        if name in properties:
            check_schema(member, properties[name], f"{place}.{name}")
        elif isinstance(others, Mapping):
            check_schema(member, others, f"{place}.*")
        elif not others:
            # The name comes from outside and may itself be a claim: it is not repeated.
            raise _refusal(place, "no member beyond those that the schema names")
