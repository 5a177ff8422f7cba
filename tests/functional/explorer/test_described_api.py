"""Everything that the published description of the API allows is asked of a running explorer.

It is asked with ids that exist, with ids that could, and with what nobody should send. Seeded and
bounded; CCXX_API_EXAMPLES asks for more examples of each operation.
"""

import json
import os
import urllib.request
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from ccxx_explorer.openapi import describe
from ccxx_explorer.web import ENDPOINTS

EXAMPLES = int(os.environ.get("CCXX_API_EXAMPLES", "2"))
# An answer without an end; `/events.json` says the same.
ENDLESS = "/events"
PLACEHOLDERS = ("one-that-exists", "another-that-exists")


def known_ids(facts: Callable[..., Any]) -> dict[str, list[str]]:
    """Find what the story made, by the beginning of the path that asks for it."""
    certificates = facts("certificates")["certificates"]
    permit = facts("permits")["permits"][0]
    block, tip = facts("block/7"), facts("blocks")["blocks"][0]
    txids = [certificates[0]["id"].partition(":")[0], block["transactions"][0]["txid"]]
    addresses = [line["address"] for line in certificates if line["address"]][:2]
    scripts = [facts(f"address/{address}")["script_hash"] for address in addresses]
    return {
        "/certificate/": [certificates[0]["id"], certificates[-1]["certificate_id"]],
        "/permit/": [permit["id"]],
        "/issuer/": [permit["issuer_key"]] if permit["issuer_key"] else [],
        "/block/": ["7", tip["hash"]],
        "/tx/": txids,
        "/address/": addresses,
        "/custom_api/address/": addresses,
        "/api/tx/": txids,
        "/api/address/": addresses,
        "/api/scripthash/": scripts,
        "/api/block/": [block["hash"], tip["hash"]],
        "/api/address-prefix/": [addresses[0][:8]],
    }


def described() -> Any:
    """The description, with placeholders for ids that exist."""
    document = describe(ENDPOINTS, version("ccxx"), None)
    del document["paths"][ENDLESS]
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation["parameters"]:
                if parameter["in"] == "path" and parameter["schema"]["type"] == "string":
                    parameter["examples"] = {each: {"value": each} for each in PLACEHOLDERS}
    return schemathesis.openapi.from_dict(document)


@pytest.fixture(scope="session")
def known(facts: Callable[..., Any]) -> dict[str, list[str]]:
    """The ids that the story made."""
    return known_ids(facts)


def name_what_exists(case: Any, known: dict[str, list[str]]) -> None:
    """Put ids that exist in the place of their placeholders."""
    ids = next((ids for start, ids in known.items() if case.path.startswith(start)), [])
    for name, value in (case.path_parameters or {}).items():
        if value in PLACEHOLDERS and ids:
            case.path_parameters[name] = ids[PLACEHOLDERS.index(value) % len(ids)]


api = described()


@api.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_as_described_and_none_is_our_fault(
    case: Any, explorer: str, known: dict[str, list[str]]
) -> None:
    name_what_exists(case, known)

    # What an id is made of is finer than its description: a wrong checksum is refused.
    case.call_and_validate(
        base_url=explorer, timeout=30, excluded_checks=[positive_data_acceptance]
    )


def test_the_description_that_is_published_is_the_one_that_is_tested(explorer: str) -> None:
    with urllib.request.urlopen(f"{explorer}/openapi.json", timeout=30) as reply:
        published = json.load(reply)

    assert published == json.loads(json.dumps(describe(ENDPOINTS, version("ccxx"), None)))
