"""Permits as JSON, the same in every wallet."""

from typing import Any

from ccxx_cert.custody import CERTIFICATE_VALUE
from ccxx_cert.identity import format_outpoint
from ccxx_cert.state import Permit
from ccxx_cert.status import Status
from ccxx_core.address import encode_address
from ccxx_core.network import Network


def permit_facts(permit: Permit, status: Status, network: Network) -> dict[str, Any]:
    """Give a permit as JSON; the issuer's key is null until its first certificate shows it."""
    message = permit.message
    return {
        "id": format_outpoint(permit.id),
        "code": message.code,
        "title": message.title,
        "status": str(status),
        "quantity": message.quantity,
        "issued": permit.issued,
        "left": permit.credit // CERTIFICATE_VALUE,
        "transferable": message.transferable,
        "custody": message.custody.label,
        "expiry_kind": message.expiry_kind.label,
        "expiry": message.expiry or None,
        "granted_height": permit.granted.height,
        "address": encode_address(permit.script_pubkey, network),
        "issuer_key": None if permit.issuer_key is None else permit.issuer_key.hex(),
        "typedef_hash": message.typedef_hash.hex(),
    }
