"""The API described: for programs as OpenAPI, for people as a page of this site."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from aiohttp import web

from ccxx_explorer.answers import json_answer, page_answer
from ccxx_explorer.endpoints import SITE, Body, Endpoint, Form, Parameter, Tag, in_thread
from ccxx_explorer.html import render
from ccxx_explorer.openapi import TAG_WORDS, describe, operation_id, published
from ccxx_explorer.serving.settings import SERVING, Serving
from ccxx_explorer.serving.table import TABLE, Table
from ccxx_explorer.serving.visits import visit_of
from ccxx_explorer.site import Site
from ccxx_explorer.visit import Visit


@dataclass(frozen=True, slots=True)
class OperationFacts:
    """One operation, as its page shows it."""

    id: str
    method: str
    path: str
    summary: str
    parameters: tuple[Parameter, ...]
    body: Body | None
    media: str
    schema: str | None
    example: str | None


@dataclass(frozen=True, slots=True)
class SectionFacts:
    """The operations of one part of the API."""

    name: str
    words: str
    operations: tuple[OperationFacts, ...]


@dataclass(frozen=True, slots=True)
class FieldFacts:
    """One field of a shape: its type in words, and the shape that it is made of, if any."""

    name: str
    type: str
    shape: str | None


@dataclass(frozen=True, slots=True)
class ShapeFacts:
    """One shape of an answer."""

    name: str
    words: str
    fields: tuple[FieldFacts, ...]


@dataclass(frozen=True, slots=True)
class ApiFacts:
    """What the page about the API shows."""

    sections: tuple[SectionFacts, ...]
    shapes: tuple[ShapeFacts, ...]
    serving: Serving


async def _tell_openapi(request: web.Request) -> web.StreamResponse:
    serving = request.app[SERVING]
    return json_answer(_document(request.app[TABLE], serving.origin))


async def _show_docs(request: web.Request) -> web.StreamResponse:
    table, serving = request.app[TABLE], request.app[SERVING]
    shapes = tuple(_shapes(_document(table, serving.origin)))
    facts = ApiFacts(tuple(_sections(table.endpoints)), shapes, serving)
    html = await in_thread(request, _draw, request.app[SITE], facts, visit_of(request))
    return page_answer(html)


@lru_cache(maxsize=4)
def _document(table: Table, origin: str | None) -> dict[str, Any]:
    return describe(table.endpoints, version("ccxx"), origin)


def _draw(site: Site, facts: ApiFacts, visit: Visit) -> str:
    return render("docs.html", facts, site.surroundings_or_none(), visit)


def _sections(endpoints: Iterable[Endpoint]) -> Iterator[SectionFacts]:
    chosen = published(endpoints)
    for tag, words in TAG_WORDS.items():
        operations = tuple(_operation(each) for each in chosen if each.tag is tag)
        if operations:
            yield SectionFacts(tag.value, words, operations)


def _operation(endpoint: Endpoint) -> OperationFacts:
    required = any(parameter.required for parameter in endpoint.parameters)
    is_plain = endpoint.method == "GET" and not endpoint.names and not required
    return OperationFacts(
        id=operation_id(endpoint),
        method=endpoint.method,
        path=endpoint.template,
        summary=endpoint.summary,
        parameters=endpoint.parameters,
        body=endpoint.body,
        media=endpoint.media,
        schema=getattr(endpoint.answer, "__name__", None),
        example=endpoint.path if is_plain else None,
    )


def _shapes(document: dict[str, Any]) -> Iterator[ShapeFacts]:
    for name, schema in sorted(document["components"]["schemas"].items()):
        fields = tuple(
            FieldFacts(key, _type_words(value), _shape_in(value))
            for key, value in schema.get("properties", {}).items()
        )
        yield ShapeFacts(name, schema.get("description", ""), fields)


def _type_words(schema: dict[str, Any]) -> str:
    """Say what a field is: `array of string`, `integer or null`."""
    if "anyOf" in schema:
        return " or ".join(_type_words(each) for each in schema["anyOf"])
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    kind = str(schema.get("type", "any value"))
    items = schema.get("items")
    return f"array of {_type_words(items)}" if isinstance(items, dict) else kind


def _shape_in(schema: dict[str, Any]) -> str | None:
    for part in (schema, schema.get("items"), *schema.get("anyOf", ())):
        if isinstance(part, dict) and "$ref" in part:
            return str(part["$ref"]).rpartition("/")[2]
    return None


ENDPOINTS = (
    Endpoint(
        "GET",
        "/openapi.json",
        _tell_openapi,
        "This description, OpenAPI 3.1.",
        Tag.SITE,
        answer=dict[str, Any],
    ),
    Endpoint(
        "GET",
        "/docs",
        _show_docs,
        "The API, described for people.",
        Tag.SITE,
        media="text/html",
        form=Form.PAGE,
    ),
)
