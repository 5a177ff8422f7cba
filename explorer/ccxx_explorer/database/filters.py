"""Which certificates a list shows."""

from __future__ import annotations

from dataclasses import dataclass

from ccxx_cert.status import Status
from ccxx_core.transaction import OutPoint


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFilter:
    """What certificates must have to be listed; None asks for nothing.

    `status` is one that a certificate can have, as `certificate_status` gives it at the tip;
    `holder_script_hash` is the SHA-256 of the script at which it lies now.
    """

    permit_id: OutPoint | None = None
    issuer_key: bytes | None = None
    type_code: str | None = None
    status: Status | None = None
    holder_script_hash: bytes | None = None
    document_hash: bytes | None = None
