"""The published description of the API, OpenAPI 3.1, made from the endpoints themselves.

Pages for people are left out: each has its JSON here. Shapes are the facts' dataclasses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from ccxx_explorer.endpoints import FILE, LANGUAGE, Body, Endpoint, Form, Parameter, Tag
from ccxx_explorer.facts import Problem

Json = dict[str, Any]

_REFERENCE = "#/components/schemas/{name}"
_INTRODUCTION = (
    "What this explorer knows of the chain and its certificates. Amounts are integers of satoshis,"
    " times are unix seconds, ids are hex as people see them. A field without a value is null,"
    " never left out. Text that somebody wrote on the chain may be markup: escape it. Any site may"
    " ask; nothing needs a key. Every answer has an ETag: ask again with If-None-Match."
)
TAG_WORDS: Mapping[Tag, str] = {
    Tag.CERTIFICATES: "Permits and certificates, as of the block named in `as_of`.",
    Tag.CHAIN: "Blocks, transactions, addresses and search.",
    Tag.POOL: "What is in no block yet, and what happens now.",
    Tag.VERIFY: "Documents and proofs against the chain.",
    Tag.ESPLORA: "The REST interface of Esplora, for its clients; errors are plain text.",
    Tag.CUSTOM: "What the published PDF certificate tools ask.",
    Tag.SITE: "How this explorer is.",
}
# What any endpoint may answer besides its own statuses.
EVERYWHERE: Mapping[int, str] = {
    400: "A name or parameter cannot be read, is unknown, or is outside its limits.",
    414: "The address is longer than 4,096 characters.",
    429: "Too many questions from this client: `Retry-After` says when to ask again.",
    431: "The headers are larger than 16,384 bytes.",
    500: "Our bug: it is in the log.",
    503: "The index cannot be read, is empty, does not fit the trust anchor, or too many ask:"
    " try again later.",
}
_OTHER = {
    303: "It is elsewhere: `Location` says where.",
    304: "What `If-None-Match` names still holds.",
    403: "Whoever runs this explorer turned it off.",
    404: "It can be read, and is not known here.",
    408: "The body did not come in time.",
    413: "The body is too large.",
    415: "The body is of another media type.",
    422: "The node does not accept it.",
}


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """Every error, in one form."""

    error: Problem


def published(endpoints: Iterable[Endpoint]) -> tuple[Endpoint, ...]:
    """Choose what is for programs."""
    return tuple(endpoint for endpoint in endpoints if not endpoint.is_page)


def describe(endpoints: Iterable[Endpoint], version: str, origin: str | None) -> Json:
    """Write the whole document; `origin` is where this explorer is, if it knows."""
    chosen = published(endpoints)
    types = [each.answer for each in chosen if each.answer is not None]
    types += [each.body.schema for each in chosen if each.body is not None]
    schemas, components = msgspec.json.schema_components(
        [*types, ErrorAnswer], ref_template=_REFERENCE
    )
    known = _Schemas(types, schemas)
    paths: dict[str, Json] = {}
    for endpoint in chosen:
        paths.setdefault(endpoint.template, {})[endpoint.method.lower()] = _operation(
            endpoint, known
        )
    document: Json = {
        "openapi": "3.1.0",
        "info": {
            "title": "CCXX explorer",
            "version": version,
            "description": _INTRODUCTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "tags": [{"name": tag.value, "description": words} for tag, words in TAG_WORDS.items()],
        "paths": paths,
        "components": {"schemas": _plain(components)},
    }
    if origin is not None:
        document["servers"] = [{"url": origin}]
    return document


def _plain(schema: Any) -> Any:
    """Write pairs as arrays of either: readers of OpenAPI 3.1 disagree on how to say more."""
    if isinstance(schema, list):
        return [_plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _plain(value) for key, value in schema.items()}
    if "prefixItems" in made:
        made["items"] = {"anyOf": made.pop("prefixItems")}
    return made


class _Schemas:
    """The schema of each type, in the order in which they were made."""

    def __init__(self, types: Sequence[Any], schemas: Sequence[Json]) -> None:
        self._made = list(zip(types, schemas, strict=False))

    def of(self, wanted: Any) -> Json:
        """Return the schema of a type."""
        return next(schema for kind, schema in self._made if kind is wanted)


def _operation(endpoint: Endpoint, schemas: _Schemas) -> Json:
    operation: Json = {
        "operationId": operation_id(endpoint),
        "summary": endpoint.summary,
        "tags": [endpoint.tag.value],
        "parameters": [
            *(_parameter(each, endpoint) for each in endpoint.parameters),
            _parameter(LANGUAGE, endpoint),
        ],
        "responses": _responses(endpoint, schemas),
    }
    if endpoint.body is not None:
        operation["requestBody"] = _body(endpoint.body, schemas)
    return operation


def operation_id(endpoint: Endpoint) -> str:
    """Name an operation: `get_block_id_json`."""
    words = re.findall(r"[a-z0-9]+", endpoint.template.lower())
    return "_".join((endpoint.method.lower(), *words))


def _parameter(parameter: Parameter, endpoint: Endpoint) -> Json:
    in_path = parameter.name in endpoint.names
    schema: Json = {"type": parameter.kind}
    if parameter.choices:
        schema["enum"] = list(parameter.choices)
    if parameter.kind == "integer":
        schema["minimum"] = parameter.least
        schema["maximum"] = parameter.most
    described: Json = {
        "name": parameter.name,
        "in": "path" if in_path else "query",
        "required": in_path or parameter.required,
        "description": parameter.words,
        "schema": schema,
    }
    if parameter.example is not None:
        described["example"] = parameter.example
    return described


def _body(body: Body, schemas: _Schemas) -> Json:
    content: Json = {"schema": schemas.of(body.schema)}
    if body.example is not None:
        content["example"] = body.example
    words = f"{body.words} At most {body.most:,} bytes."
    return {"required": True, "description": words, "content": {body.media: content}}


def _responses(endpoint: Endpoint, schemas: _Schemas) -> Json:
    own = set(endpoint.statuses)
    if endpoint.method == "GET":
        own.add(304)
    if endpoint.body is not None:
        own |= {408, 413}
    answers: Json = {"200": _success(endpoint, schemas)}
    words = {**EVERYWHERE, **{status: _OTHER[status] for status in own if status in _OTHER}}
    for status in sorted(words):
        answers[str(status)] = _failure(endpoint, status, words[status])
    return answers


def _success(endpoint: Endpoint, schemas: _Schemas) -> Json:
    content: Json = {}
    if endpoint.answer is not None:
        content = {"schema": schemas.of(endpoint.answer)}
    elif endpoint.media.startswith("text/"):
        content = {"schema": {"type": "string"}}
    return {"description": endpoint.summary, "content": {endpoint.media: content}}


def _failure(endpoint: Endpoint, status: int, words: str) -> Json:
    if status < 400:
        return {"description": words}
    answer: Json = {"description": words}
    if endpoint.form is Form.TEXT:
        answer["content"] = {"text/plain": {"schema": {"type": "string"}}}
    else:
        error = {"schema": {"$ref": _REFERENCE.format(name="ErrorAnswer")}}
        answer["content"] = {"application/json": error}
        if endpoint.media == FILE:
            # A browser that follows a link to a file is told in a page.
            answer["content"]["text/html"] = {"schema": {"type": "string"}}
    if status in (429, 503):
        answer["headers"] = {
            "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}
        }
    return answer
