"""What came and went, newest first: plain coins, and the certificates and permits of this wallet.

Blocks are read again from the node for what the store does not keep: who was paid.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ccxx_cert.recognize import read_message
from ccxx_cert.records import Op as CertificateOp
from ccxx_cert.records import RevokeMessage
from ccxx_cert.state import Certificate, Step
from ccxx_core.address import encode_address
from ccxx_core.amount import format_amount
from ccxx_core.hashes import Txid, format_hash
from ccxx_core.opcodes import Op
from ccxx_core.transaction import OutPoint, Transaction, TxOutput
from ccxx_wallet.history_words import (
    certificate_name,
    reason_words,
    return_words,
    revocation_words,
)
from ccxx_wallet.keyring import Role
from ccxx_wallet.labels import Kind
from ccxx_wallet.live import LiveWallet

_OP_RETURN = bytes([Op.OP_RETURN])
# Behind four bytes that choose the codec, and the version.
_OP_BYTE = 5
_WORDS = {
    Step.TRANSFERRED: "transferred",
    Step.RECOVERED: "re-keyed after a loss",
    Step.REFRESHED: "refreshed",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a transaction stands: None while it waits for a block."""

    height: int | None = None
    time: int | None = None


@dataclass
class Books:
    """What the wallet knows that words are made of: its coins, and events by transaction."""

    live: LiveWallet
    values: dict[OutPoint, int] = field(default_factory=dict)
    events: dict[Txid, list[str]] = field(default_factory=dict)
    heights: set[int] = field(default_factory=set)

    def note(self, txid: Txid, height: int, words: str) -> None:
        """Remember what a transaction did with a certificate or permit."""
        self.events.setdefault(txid, []).append(words)
        self.heights.add(height)


def history(live: LiveWallet, limit: int) -> list[dict[str, Any]]:
    """Give the newest transactions that concern this wallet as JSON, at most `limit`."""
    found: list[dict[str, Any]] = []
    for entry in _entries(live):
        if len(found) == limit:
            break
        found.append(entry)
    return found


def _entries(live: LiveWallet) -> Iterator[dict[str, Any]]:
    books = _read_books(live)
    for tx in reversed(live.pending):
        if _concerns(books, tx):
            yield _entry(books, tx, Place())
    for height in sorted(books.heights, reverse=True):
        block_hash = live.wallet.store.hash_at(height)
        if block_hash is None:
            continue
        block = live.client.block(block_hash)
        for tx in reversed(block.transactions):
            if _concerns(books, tx):
                yield _entry(books, tx, Place(height, block.header.time))


def _read_books(live: LiveWallet) -> Books:
    books = Books(live)
    for coin, spent_height in live.wallet.store.coin_history():
        books.values[coin.outpoint] = coin.value
        books.heights |= {height for height in (coin.height, spent_height) if height is not None}
    for coin in live.wallet.unconfirmed_coins(live.pending):
        books.values[coin.outpoint] = coin.value
    keys = {key.public_key for key in live.wallet.store.watched_keys(Role.ISSUER)}
    is_root = bool(live.wallet.store.watched_keys(Role.CREDIT))
    _note_root_coin(books, is_root)
    paid_for = _fee_floats(live)
    for permit in live.permits():
        if is_root or permit.issuer_key in keys or permit.id.txid in paid_for:
            words = f"permit {permit.message.code} for {permit.message.quantity} granted"
            books.note(permit.id.txid, permit.granted.height, words)
    found = {each.id: each for each in live.registry.certificates()}
    found |= {each.id: each for each in live.ahead.ahead() if isinstance(each, Certificate)}
    for certificate in found.values():
        _note_certificate(books, certificate, keys)
    return books


def _note_root_coin(books: Books, is_root: bool) -> None:
    anchor = books.live.wallet.anchor
    if is_root and anchor is not None:
        words = f"root coin of {format_amount(anchor.root_value)} registered"
        books.note(anchor.root_outpoint.txid, anchor.root_height, words)


def _fee_floats(live: LiveWallet) -> set[Txid]:
    """Return the transactions that paid our issuing keys: a permit is ours before its key shows."""
    plain_key = live.wallet.watched.plain_key
    coins = [coin for coin, _ in live.wallet.store.coin_history()]
    coins += live.wallet.unconfirmed_coins(live.pending)
    keys = {coin.outpoint.txid: plain_key(coin.script_pubkey) for coin in coins}
    return {txid for txid, key in keys.items() if key is not None and key.path.role is Role.ISSUER}


def _note_certificate(books: Books, certificate: Certificate, issuer_keys: set[bytes]) -> None:
    """Note the stations of a certificate that our keys held or issued."""
    live = books.live
    held = live.wallet.watched.certificate_scripts(certificate.root_key, certificate.issuer_key)
    name = certificate_name(live, certificate)
    is_issuer = certificate.issuer_key in issuer_keys
    had = False
    for station in certificate.holdings:
        has = station.script_pubkey in held
        words = None
        if station.step is Step.ISSUED and (has or is_issuer):
            words = f"{name} {'received from its issuer' if has else 'issued'}"
        elif had and has:
            words = f"{name} {_WORDS[station.step]}"
        elif has:
            words = f"{name} received"
        elif had:
            words = f"{name} passed on"
        elif is_issuer:
            words = f"{name} {_WORDS[station.step]}"
        if words:
            books.note(station.location.txid, station.moment.height, words)
        had = has
    if had or is_issuer:
        _note_standing(books, certificate, is_issuer)


def _note_standing(books: Books, certificate: Certificate, is_issuer: bool) -> None:
    """Note what others may have said of a certificate: neither coins nor keys of ours move."""
    if (back := certificate.surrendered) is not None:
        words = return_words(books.live, certificate, is_issuer)
        books.note(back.txid, back.moment.height, words)
    if (revocation := certificate.revocation) is not None:
        words = f"{certificate_name(books.live, certificate)} {reason_words(revocation.reason)}"
        books.note(revocation.txid, revocation.moment.height, words)


def _concerns(books: Books, tx: Transaction) -> bool:
    watched = books.live.wallet.watched
    return (
        tx.txid in books.events
        or any(tx_input.prevout in books.values for tx_input in tx.inputs)
        or any(watched.is_plain(output.script_pubkey) for output in tx.outputs)
    )


def _entry(books: Books, tx: Transaction, place: Place) -> dict[str, Any]:
    live = books.live
    spent = [books.values[each.prevout] for each in tx.inputs if each.prevout in books.values]
    ours = [out.value for out in tx.outputs if live.wallet.watched.is_plain(out.script_pubkey)]
    amount = sum(ours) - sum(spent)
    all_ours = len(spent) == len(tx.inputs)
    fee = sum(spent) - sum(output.value for output in tx.outputs) if all_ours else None
    lines = books.events.get(tx.txid, []) or _money_words(books, tx, bool(spent))
    txid = format_hash(tx.txid)
    return {
        "txid": txid,
        "height": place.height,
        "time": place.time,
        "confirmations": 0 if place.height is None else live.tip_height + 1 - place.height,
        "amount": _signed(amount),
        "fee": None if fee is None else format_amount(fee),
        "lines": lines,
        "label": live.wallet.store.label(Kind.TX, txid),
    }


def _money_words(books: Books, tx: Transaction, pays: bool) -> list[str]:
    """Say what a transaction did with plain coins, and by which message it did more."""
    watched, network = books.live.wallet.watched, books.live.wallet.network
    labels = books.live.wallet.store.labels(Kind.ADDRESS)
    reading = read_message(tx)
    if reading is not None and reading.message is not None:
        if isinstance(reading.message, RevokeMessage):
            return [revocation_words(books.live, reading.message)]
        return [f"{CertificateOp(reading.payload[_OP_BYTE]).name.lower()} message"]
    verb = "paid" if pays else "mined" if tx.is_coinbase else "received"
    shown = [
        output
        for output in tx.outputs
        if output.script_pubkey[:1] != _OP_RETURN
        and watched.is_plain(output.script_pubkey) is not pays
    ]
    if pays and not shown:
        return ["moved between own addresses"]
    return [
        f"{verb} {_payment(output, network_address(output, network), labels)}" for output in shown
    ]


def _payment(output: TxOutput, address: str, labels: Mapping[str, str]) -> str:
    label = f" ({labels[address]})" if address in labels else ""
    return f"{format_amount(output.value)} at {address}{label}"


def network_address(output: TxOutput, network: Any) -> str:
    """Return the address of an output, or its script."""
    return encode_address(output.script_pubkey, network) or output.script_pubkey.hex()


def _signed(amount: int) -> str:
    return f"-{format_amount(-amount)}" if amount < 0 else f"+{format_amount(amount)}"
