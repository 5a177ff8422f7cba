"""Rule 18 for a wallet: the pieces of a document that its author put on the chain.

Blocks are read from the document's message on. A piece counts by the coins that it spends: those
that were seen to be paid to a script of the author's, or that the node still knows.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from ccxx_cert.chunks import Piece, assemble
from ccxx_cert.recognize import read_message
from ccxx_cert.records import ChunkMessage
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import Txid, hash160
from ccxx_core.script import p2pkh_script, p2sh_script, p2wpkh_script, p2wsh_script, read_ops
from ccxx_core.transaction import OutPoint, Transaction, TxInput
from ccxx_node.client.rpc import RpcError
from ccxx_wallet.document_subjects import Subject
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.screen import Screen

_PREFIX = 8
_KEY_SIZES = (33, 65)


@dataclass(frozen=True, slots=True)
class Published:
    """What is on the chain, or about to be: the author's scripts, and pieces in their order."""

    authors: frozenset[bytes]
    pieces: tuple[Piece, ...]

    def document(self, digest: bytes) -> bytes | None:
        """Return the document, None while a piece is missing."""
        return assemble(digest, self.authors, self.pieces)

    def has(self, message: ChunkMessage) -> bool:
        """Tell whether the author published exactly this piece."""
        return any(piece.message == message for piece in self.pieces)


def find_pieces(live: LiveWallet, subject: Subject, screen: Screen) -> Published:
    """Read the blocks since a document's message, and the pool; raises WalletError NOT_VALID."""
    blocks = _blocks(live, subject, screen)
    first = next(blocks, [])
    message = next((tx for tx in first if tx.txid == subject.txid), None)
    if message is None:
        raise WalletError(
            Refusal.NOT_VALID, "the document's message is in no block yet; wait for its block"
        )
    reader = _Reader(live, subject.digest[:_PREFIX], author_scripts(message))
    for transactions in (first, *blocks, live.pending):
        for tx in transactions:
            reader.read(tx)
    return Published(reader.authors, tuple(reader.pieces))


def author_scripts(message: Transaction) -> frozenset[bytes]:
    """Return the scripts that a transaction spent, as its inputs show them."""
    return frozenset(
        script for tx_input in message.inputs if (script := shown_script(tx_input)) is not None
    )


def shown_script(tx_input: TxInput) -> bytes | None:
    """Return the output script that a valid input of a usual kind spent."""
    if tx_input.witness:
        last, is_pair = tx_input.witness[-1], len(tx_input.witness) == 2
        if is_pair and len(last) == 33 and 0 < len(tx_input.witness[0]) <= 73:
            return p2wpkh_script(hash160(last))
        return p2wsh_script(last)
    pushes: list[bytes] = []
    with suppress(DecodeError):
        pushes = [data for _, data, _ in read_ops(tx_input.script_sig) if data]
    if not pushes:
        return None
    if len(pushes) == 2 and len(pushes[1]) in _KEY_SIZES:
        return p2pkh_script(hash160(pushes[1]))
    return p2sh_script(pushes[-1])


class _Reader:
    """Collects the pieces of one digest and follows the coins of their author."""

    def __init__(self, live: LiveWallet, prefix: bytes, authors: frozenset[bytes]) -> None:
        self.authors = authors
        self.pieces: list[Piece] = []
        self._live = live
        self._prefix = prefix
        self._coins: dict[OutPoint, bytes] = {}

    def read(self, tx: Transaction) -> None:
        """Note a transaction; they come in the order of the chain."""
        for vout, output in enumerate(tx.outputs):
            if output.script_pubkey in self.authors:
                self._coins[OutPoint(tx.txid, vout)] = output.script_pubkey
        reading = read_message(tx)
        message = None if reading is None else reading.message
        if isinstance(message, ChunkMessage) and message.digest_prefix == self._prefix:
            scripts = frozenset(self._spent(each) for each in tx.inputs) & self.authors
            if scripts:
                self.pieces.append(Piece(message, scripts))

    def _spent(self, tx_input: TxInput) -> bytes:
        if (script := self._coins.get(tx_input.prevout)) is not None:
            return script
        # What an input shows may be staged; a coin from before the message must be looked up.
        if shown_script(tx_input) not in self.authors:
            return b""
        with suppress(RpcError):
            made = self._live.client.raw_transaction(Txid(tx_input.prevout.txid))
            return made.outputs[tx_input.prevout.vout].script_pubkey
        return b""


def _blocks(live: LiveWallet, subject: Subject, screen: Screen) -> Iterator[list[Transaction]]:
    store, start = live.wallet.store, subject.moment.height
    heights = range(start, live.tip_height + 1)
    with screen.progress("Reading blocks") as report:
        for done, height in enumerate(heights, 1):
            # A wallet that began with a snapshot does not know the blocks before.
            block_hash = store.hash_at(height) or live.client.block_hash(height)
            yield list(live.client.block(block_hash).transactions)
            report(done, len(heights))
