"""The JSON Schema of type definitions, and the part of JSON Schema that it needs.

The schema is published as it stands; the checker knows its keywords and no others, so that reading
a definition needs no further package.
"""

import re
from collections.abc import Iterator
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
_KEY = {"type": "string", "pattern": "^0[23][0-9a-f]{64}$"}
_LANGUAGE = {"type": "string", "pattern": "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"}
# What to say where a pattern does not match.
_PATTERN_FAULTS = {
    _TEXT["pattern"]: "has a control character, a line break or a direction character",
    _PARAGRAPHS["pattern"]: "has a control or direction character other than a line feed",
    _KEY["pattern"]: "is no compressed public key of 66 lower-case hex digits",
    _LANGUAGE["pattern"]: "is no language tag such as en or pt-BR",
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
    "$id": "urn:ccxx:schema:type-definition:1",
    "title": "CCXX type definition, version 1",
    **_closed(
        {
            "format": {"const": FORMAT},
            "version": {"const": VERSION},
            "issuer": _closed({"name": _TEXT, "key": _KEY}),
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
                "items": _LANGUAGE,
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
    """Check a JSON value against the schema; DecodeError names every fault and its place."""
    if problems := "; ".join(schema_problems(value, schema)):
        raise DecodeError(problems)


def schema_problems(
    value: Any, schema: dict[str, Any] = TYPE_DEFINITION_SCHEMA, place: str = ""
) -> Iterator[str]:
    """Say all that is wrong with a JSON value, each with the path of its field."""
    name = place or "the type definition"
    if "const" in schema and (value != schema["const"] or type(value) is not type(schema["const"])):
        yield f"{name} is not {schema['const']!r}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{name} is none of {', '.join(schema['enum'])}"
        return
    kind = schema.get("type")
    if kind is not None and not _has_type(value, kind):
        yield f"{name} is not of type {kind}"
        return
    match value:
        case str():
            yield from _text_problems(value, schema, name)
        case bool():
            pass
        case int():
            yield from _range_problems(value, schema.get("minimum"), schema.get("maximum"), name)
        case list():
            yield from _range_problems(
                len(value), schema.get("minItems"), None, f"number of {name}"
            )
            for position, item in enumerate(value):
                yield from schema_problems(item, schema["items"], f"{name}[{position}]")
        case dict():
            yield from _object_problems(value, schema, place)
        case _:
            pass


def _has_type(value: Any, kind: str) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _text_problems(value: str, schema: dict[str, Any], place: str) -> Iterator[str]:
    least, most = schema.get("minLength"), schema.get("maxLength")
    yield from _range_problems(len(value), least, most, f"length of {place}")
    pattern = schema.get("pattern")
    if pattern is not None and re.fullmatch(pattern, value) is None:
        yield f"{place} {_PATTERN_FAULTS[pattern]}"


def _range_problems(value: int, least: int | None, most: int | None, place: str) -> Iterator[str]:
    if least is not None and value < least:
        yield f"{place} is {value}, at least {least}"
    if most is not None and value > most:
        yield f"{place} is {value}, at most {most}"


def _object_problems(value: dict[str, Any], schema: dict[str, Any], place: str) -> Iterator[str]:
    prefix = f"{place}." if place else ""
    for name in schema["required"]:
        if name not in value:
            yield f"{prefix}{name} is missing"
    for name, item in value.items():
        if name in schema["properties"]:
            yield from schema_problems(item, schema["properties"][name], f"{prefix}{name}")
        else:
            yield f"{prefix}{name[:80]!a} is no field of a type definition"
