"""What the page of an address says."""

from __future__ import annotations

from dataclasses import dataclass

from ccxx_explorer.facts.certificates import CertificateLine, PermitLine
from ccxx_explorer.facts.chain import TransactionLine
from ccxx_explorer.facts.status import AsOf


@dataclass(frozen=True, slots=True)
class AddressFacts:
    """One address: its coins, what it holds and held, and a page of its transactions."""

    address: str
    as_of: AsOf
    kind: str
    script_pubkey: str
    script_hash: str
    roles: tuple[str, ...]
    received: int
    unspent: int
    transaction_count: int
    certificates: tuple[CertificateLine, ...]
    certificate_count: int
    permits: tuple[PermitLine, ...]
    transactions: tuple[TransactionLine, ...]
    below: int | None
