"""What the page of an address says."""

from __future__ import annotations

from dataclasses import dataclass

from ccxx_explorer.facts.certificates import CertificateLine, PermitLine
from ccxx_explorer.facts.life import KeyFacts
from ccxx_explorer.facts.status import AsOf, Tone
from ccxx_explorer.facts.transactions import CreditRole


@dataclass(frozen=True, slots=True)
class PartyFacts:
    """One side of a transaction: an address, or the kind of a script that has none.

    `own` where it is the address of the page. `value` is None for a coin that is not known here.
    """

    address: str | None
    kind: str
    value: int | None
    own: bool


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One transaction of an address, counted from 1 as `number`.

    `change` is what it brought or took, `balance` what lay here after it. Of many inputs and
    outputs only the first are named, and those of this address; the counts are of all.
    """

    number: int
    txid: str
    height: int
    position: int
    time: int | None
    value: int
    operation: str | None
    accepted: bool | None
    meaning: str
    tone: Tone
    change: int
    balance: int
    inputs: tuple[PartyFacts, ...]
    input_count: int
    outputs: tuple[PartyFacts, ...]
    output_count: int


@dataclass(frozen=True, slots=True)
class PendingLine:
    """An unconfirmed transaction of an address; `change` is None where a coin is not known."""

    txid: str
    change: int | None
    fee: int | None
    first_seen: int


@dataclass(frozen=True, slots=True)
class CoinLine:
    """A coin that lies here, unspent."""

    txid: str
    vout: int
    value: int
    height: int
    credit: CreditRole | None


@dataclass(frozen=True, slots=True)
class CoinList:
    """Coins from the newest down; `below` asks for older ones, `count` is how many there are."""

    coins: tuple[CoinLine, ...]
    count: int
    below: str | None


@dataclass(frozen=True, slots=True)
class ScriptFacts:
    """The script behind an address: how many of which keys sign, and where it was shown.

    `txid` is None where the script was not shown but follows from permit or certificate.
    """

    required: int
    keys: tuple[KeyFacts, ...]
    asm: str
    delay: int
    txid: str | None


@dataclass(frozen=True, slots=True)
class AddressFacts:
    """One address: its coins, what it holds and held, and a page of its transactions.

    `below` asks for older transactions, `above` for newer ones.
    """

    address: str
    as_of: AsOf
    kind: str
    script_pubkey: str
    script_hash: str
    script: ScriptFacts | None
    roles: tuple[str, ...]
    received: int
    sent: int
    unspent: int
    transaction_count: int
    certificates: tuple[CertificateLine, ...]
    certificate_count: int
    permits: tuple[PermitLine, ...]
    coins: CoinList
    pending: tuple[PendingLine, ...]
    transactions: tuple[HistoryLine, ...]
    below: int | None
    above: int | None
