"""The JSON Schema of type definitions, and the part of JSON Schema that it needs.

The schema is published as it stands; the checker knows its keywords and no others, so that reading
a definition needs no further package.
"""

import re
from typing import Any

from ccxx_core.errors import DecodeError

FORMAT = "ccxx-type-definition"
VERSION = 1

# As in messages: no control or explicit direction characters, so that a text shows what it says.
_DECEPTIVE = r"\u007f-\u009f\u202a-\u202e\u2066-\u2069"
_TEXT = {
    "type": "string",
    "minLength": 1,
    "maxLength": 200,
    "pattern": rf"^[^\u0000-\u001f{_DECEPTIVE}]*$",
}
_PARAGRAPHS = {
    "type": "string",
    "minLength": 1,
    "maxLength": 10_000,
    # A line feed may stand in it, and nothing else that moves a cursor.
    "pattern": rf"^[^\u0000-\u0009\u000b-\u001f{_DECEPTIVE}]*$",
}
_FLAG = {"type": "boolean"}
_COUNT = {"type": "integer", "minimum": 0, "maximum": 0xFFFFFFFF}


def _closed(properties: dict[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties) if required is None else required,
        "additionalProperties": False,
    }


TYPE_DEFINITION_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "CCXX type definition, version 1",
    **_closed(
        {
            "format": {"const": FORMAT},
            "version": {"const": VERSION},
            "issuer": _closed(
                {"name": _TEXT, "key": {"type": "string", "pattern": "^0[23][0-9a-f]{64}$"}}
            ),
            "code": {"type": "string", "minLength": 1, "maxLength": 8},
            "title": _TEXT,
            "short_title": {"type": "string", "minLength": 1, "maxLength": 24},
            "criteria": _PARAGRAPHS,
            "transferable": _FLAG,
            "custody": {"enum": ["3of3", "recoverable", "2of3"]},
            "recovery": _FLAG,
            "public_summary": _FLAG,
            "revocation": _closed({"issuer": _FLAG, "root": _FLAG}),
            "expiry": _closed(
                {
                    "kind": {
                        "enum": [
                            "none",
                            "time",
                            "height",
                            "seconds_after_issue",
                            "blocks_after_issue",
                        ]
                    },
                    "value": _COUNT,
                }
            ),
            "rules": _closed(
                {
                    "transfer_limit": _COUNT,
                    "waiting_blocks": _COUNT,
                    "face_value": _closed({"amount": _TEXT, "unit": _TEXT}),
                    "fee": _closed({"amount": _TEXT, "unit": _TEXT}),
                },
                required=[],
            ),
            "languages": {
                "type": "array",
                "minItems": 1,
                "items": {"type": "string", "pattern": "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"},
            },
        }
    ),
}
_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "object": dict,
    "array": list,
}


def check_schema(value: Any, schema: dict[str, Any] = TYPE_DEFINITION_SCHEMA) -> None:
    """Check a JSON value against the schema; DecodeError names the place and the fault."""
    _check(value, schema, "type definition")


def _check(value: Any, schema: dict[str, Any], place: str) -> None:
    if "const" in schema and (value != schema["const"] or type(value) is not type(schema["const"])):
        raise DecodeError(f"{place} is not {schema['const']!r}")
    if "enum" in schema and value not in schema["enum"]:
        raise DecodeError(f"{place} is none of {', '.join(schema['enum'])}")
    kind = schema.get("type")
    if kind is not None and not _has_type(value, kind):
        raise DecodeError(f"{place} is not of type {kind}")
    match value:
        case str():
            _check_text(value, schema, place)
        case bool():
            pass
        case int():
            _check_range(value, schema.get("minimum"), schema.get("maximum"), place)
        case list():
            _check_range(len(value), schema.get("minItems"), None, f"number of {place}")
            for position, item in enumerate(value):
                _check(item, schema["items"], f"{place}[{position}]")
        case dict():
            _check_object(value, schema, place)
        case _:
            pass


def _has_type(value: Any, kind: str) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _check_text(value: str, schema: dict[str, Any], place: str) -> None:
    _check_range(len(value), schema.get("minLength"), schema.get("maxLength"), f"length of {place}")
    pattern = schema.get("pattern")
    if pattern is not None and re.fullmatch(pattern, value) is None:
        raise DecodeError(f"{place} does not match {pattern}")


def _check_range(value: int, least: int | None, most: int | None, place: str) -> None:
    if least is not None and value < least:
        raise DecodeError(f"{place} is {value}, at least {least}")
    if most is not None and value > most:
        raise DecodeError(f"{place} is {value}, at most {most}")


def _check_object(value: dict[str, Any], schema: dict[str, Any], place: str) -> None:
    for name in schema["required"]:
        if name not in value:
            raise DecodeError(f"{place} lacks {name}")
    for name, item in value.items():
        if name not in schema["properties"]:
            raise DecodeError(f"{place} has an unknown field {name!r}")
        _check(item, schema["properties"][name], f"{place}.{name}")
