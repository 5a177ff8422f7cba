"""The description of the API: whole, valid, and the same as what is written for people."""

import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ccxx_explorer.endpoints import Tag
from ccxx_explorer.openapi import describe, operation_id, published
from ccxx_explorer.web import ENDPOINTS

REST = (Path(__file__).resolve().parents[4] / "docs" / "rest.md").read_text()
DOCUMENT = describe(ENDPOINTS, "1", None)
PLAIN = {"Accept-Encoding": "identity"}
# One table describes what `/api` answers, with the common part of its paths left out.
ESPLORA = REST[REST.index("## Esplora") : REST.index("## custom_api")]


@pytest.mark.parametrize("path", sorted(DOCUMENT["paths"]))
def test_every_path_is_described_for_people_too(path: str) -> None:
    text, wanted = (
        (ESPLORA, path.removeprefix("/api")) if path.startswith("/api/") else (REST, path)
    )
    if text is ESPLORA and "{" in wanted.rstrip("}"):
        # `/tx/<txid>/hex`, `/raw`: only what follows the last name.
        wanted = re.split(r"\{\w+\}(?=/)", wanted)[-1]

    pattern = re.sub(r"\\\{\w+\\\}", r"[^`|]+?", re.escape(wanted))

    assert re.search(rf"{pattern}[`?\"\s]", text)


@pytest.mark.parametrize("name", sorted(DOCUMENT["components"]["schemas"]))
def test_every_shape_is_a_schema_with_a_sentence(name: str) -> None:
    schema = DOCUMENT["components"]["schemas"][name]

    Draft202012Validator.check_schema(schema)
    assert schema.get("description") or "enum" in schema


def test_every_operation_has_a_name_of_its_own_and_a_part_that_is_explained() -> None:
    chosen = published(ENDPOINTS)

    assert len({operation_id(endpoint) for endpoint in chosen}) == len(chosen)
    assert {tag["name"] for tag in DOCUMENT["tags"]} == {tag.value for tag in Tag}


def test_every_name_in_a_path_is_explained() -> None:
    silent = [
        endpoint.path
        for endpoint in published(ENDPOINTS)
        if not set(endpoint.names) <= {parameter.name for parameter in endpoint.parameters}
    ]

    assert silent == []


async def test_the_page_about_the_api_names_every_path_and_needs_nobody_else(client: Any) -> None:
    page = await (await client.get("/docs", headers=PLAIN)).text()

    for path in DOCUMENT["paths"]:
        assert path in page
    assert "https://" not in re.sub(r"<(?:link|meta)[^>]*>", "", page).replace("https://&lt;", "")
    assert page.count("<h1") == 1


async def test_the_description_is_served(client: Any) -> None:
    served = await (await client.get("/openapi.json", headers=PLAIN)).json()

    assert served["openapi"] == "3.1.0"
    assert served["paths"].keys() == DOCUMENT["paths"].keys()
