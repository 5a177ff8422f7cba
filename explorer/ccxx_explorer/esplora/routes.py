"""What all of Esplora's endpoints share: they are asked under `/api` and say errors as text."""

from __future__ import annotations

from typing import Any

from ccxx_explorer.endpoints import Endpoint, Form, Handle, Parameter, Tag

TEXT = "text/plain"
BYTES = "application/octet-stream"


def get_json(
    path: str, handle: Handle, summary: str, answer: Any, parameters: tuple[Parameter, ...] = ()
) -> Endpoint:
    """Make an endpoint that answers with JSON of a type."""
    return Endpoint(
        "GET",
        f"/api{path}",
        handle,
        summary,
        Tag.ESPLORA,
        parameters,
        answer=answer,
        form=Form.TEXT,
        statuses=(404,),
    )


def get_other(
    path: str, handle: Handle, summary: str, media: str, parameters: tuple[Parameter, ...] = ()
) -> Endpoint:
    """Make an endpoint that answers with text or bytes."""
    return Endpoint(
        "GET",
        f"/api{path}",
        handle,
        summary,
        Tag.ESPLORA,
        parameters,
        media=media,
        form=Form.TEXT,
        statuses=(404,),
    )
