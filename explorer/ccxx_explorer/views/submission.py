"""Read a transaction as people paste it: raw hex, or a PSBT that everybody has signed. Pure."""

from __future__ import annotations

from ccxx_core.errors import CcxxError, DecodeError
from ccxx_core.psbt import Psbt
from ccxx_core.transaction import Transaction
from ccxx_explorer.language import say
from ccxx_explorer.problems import PageError, bad_request

_PSBT_HEX = "70736274ff"
_PSBT_BASE64 = "cHNidP"


def read_submission(text: str) -> Transaction:
    """Read what was pasted; raises PageError, which says what to paste instead."""
    packed = "".join(text.split())
    if not packed:
        raise bad_request(
            say("There is nothing to send."), say("Paste a signed transaction in hex, or a PSBT.")
        )
    tx = _read_psbt(packed) if _is_psbt(packed) else _read_hex(packed)
    if tx.is_coinbase:
        raise bad_request(
            say("This is the first transaction of a block."), say("Only miners make these.")
        )
    return tx


def _is_psbt(packed: str) -> bool:
    return packed.startswith(_PSBT_BASE64) or packed[:10].lower() == _PSBT_HEX


def _read_hex(packed: str) -> Transaction:
    try:
        return Transaction.decode(bytes.fromhex(packed))
    except ValueError:
        raise bad_request(
            say("This is neither hex nor a PSBT."),
            say("Paste a signed transaction as hex digits, or a PSBT in base64."),
        ) from None
    except DecodeError as error:
        raise bad_request(
            say("These bytes are no transaction: %(problem)s.", problem=error),
            say("Copy it again as a whole, from its first digit to its last."),
        ) from None


def _read_psbt(packed: str) -> Transaction:
    try:
        is_hex = packed[:10].lower() == _PSBT_HEX
        psbt = Psbt.decode(bytes.fromhex(packed) if is_hex else packed)
    except (DecodeError, ValueError) as error:
        raise bad_request(
            say("This PSBT cannot be read: %(problem)s.", problem=error),
            say("Copy it again as a whole."),
        ) from None
    try:
        return psbt.finalize()
    except CcxxError as error:
        raise _unsigned(error) from None


def _unsigned(error: CcxxError) -> PageError:
    return bad_request(
        say("This PSBT is not signed by everybody: %(problem)s.", problem=error),
        say("Let the others sign it first: nothing was sent."),
    )
