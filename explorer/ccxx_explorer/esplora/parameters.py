"""What Esplora's paths name, read from text that anybody may have written."""

from __future__ import annotations

from ccxx_core.address import decode_address
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import BlockHash, Txid, parse_block_hash, parse_txid, sha256
from ccxx_core.network import Network
from ccxx_explorer.endpoints import Parameter
from ccxx_explorer.language import say
from ccxx_explorer.problems import PageError, bad_request

LAST_NUMBER = 2_000_000_000
_HASH_SIZE = 32

TXID = Parameter("txid", "A transaction id: 64 hex digits.", example="f" * 64)
HASH = Parameter("hash", "A block hash: 64 hex digits.", example="f" * 64)


def read_txid(text: str) -> Txid:
    """Read a transaction id; raises PageError."""
    try:
        return parse_txid(text.lower())
    except DecodeError:
        raise _no_hash(say("This is not a transaction id.")) from None


def read_block_hash(text: str) -> BlockHash:
    """Read a block hash; raises PageError."""
    try:
        return parse_block_hash(text.lower())
    except DecodeError:
        raise _no_hash(say("This is not a block hash.")) from None


def read_script_hash(text: str) -> bytes:
    """Read a script hash, which is not reversed as ids are; raises PageError."""
    is_hex = len(text) == 2 * _HASH_SIZE and text.isascii() and text.isalnum()
    try:
        return bytes.fromhex(text if is_hex else "?")
    except ValueError:
        raise _no_hash(say("This is not a script hash.")) from None


def read_address(text: str, network: Network) -> bytes:
    """Read an address as its script hash; raises PageError."""
    try:
        return sha256(decode_address(text, network))
    except DecodeError:
        raise bad_request(
            say("This is not an address of this network."),
            say(
                "Check how it is written, and that it is of the network %(name)s.",
                name=network.name,
            ),
        ) from None


def read_number(text: str) -> int:
    """Read a height, an index or an output's number; raises PageError."""
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(LAST_NUMBER))
    if not is_number or int(text) > LAST_NUMBER:
        raise bad_request(
            say("This is not a number."),
            say("It goes from 0 to %(most)s.", most=LAST_NUMBER),
        )
    return int(text)


def no_transaction() -> PageError:
    """No block and no pool has such a transaction."""
    return PageError(
        "not-found",
        404,
        say("Transaction not found."),
        say("It is in no block of the best chain and not in the pool."),
    )


def no_confirmed_transaction() -> PageError:
    """No block has such a transaction, so nothing can be proven."""
    return PageError(
        "not-found",
        404,
        say("Transaction not found or not confirmed."),
        say("Only what is in a block of the best chain can be proven."),
    )


def no_block() -> PageError:
    """The best chain has no such block."""
    return PageError(
        "not-found",
        404,
        say("Block not found."),
        say("It is not in the best chain, or not yet."),
    )


def node_away() -> PageError:
    """What only the node knows cannot be said: nothing would look like an answer."""
    return PageError(
        "node-away",
        503,
        say("The node does not answer at the moment."),
        say("Please try again in a few seconds."),
        retry_after=5,
    )


def out_of_range(most: int) -> PageError:
    """There are fewer things than the number that was asked for."""
    return PageError(
        "not-found",
        404,
        say("The number is out of range."),
        say("It goes from 0 to %(most)s.", most=most),
    )


def _no_hash(message: str) -> PageError:
    return bad_request(message, say("It has 64 hex digits."))
