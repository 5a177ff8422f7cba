"""Esplora's answers: compact JSON in which a field without a value is left out, and plain text."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

import orjson
from aiohttp import web

from ccxx_explorer.answers import SETTLED_DEPTH, Freshness, bytes_answer


def esplora_answer(facts: Any, freshness: Freshness = Freshness.NOW) -> web.Response:
    """Answer with facts as JSON, without the optional fields that have no value."""
    return bytes_answer(esplora_json(facts), "application/json", freshness=freshness)


def esplora_json(facts: Any) -> bytes:
    """Write facts as JSON; a field is optional if None is its default."""
    return orjson.dumps(facts, default=_present_fields, option=orjson.OPT_PASSTHROUGH_DATACLASS)


def freshness_at(height: int | None, tip: int) -> Freshness:
    """Say for how long holds what depends on a block, None while it is in none."""
    is_settled = height is not None and tip - height >= SETTLED_DEPTH
    return Freshness.SETTLED if is_settled else Freshness.NOW


def _present_fields(facts: Any) -> dict[str, Any]:
    if not is_dataclass(facts) or isinstance(facts, type):
        raise TypeError(f"{type(facts).__name__} cannot be written as JSON")
    values = ((name, optional, getattr(facts, name)) for name, optional in _plan(type(facts)))
    return {name: value for name, optional, value in values if not (optional and value is None)}


@cache
def _plan(kind: type) -> tuple[tuple[str, bool], ...]:
    """Give the names of a dataclass's fields, and which are left out where they have no value."""
    return tuple((each.name, each.default is None) for each in fields(kind))
