"""The first block of each network, built from its parameters."""

from ccxx_core.amount import COIN
from ccxx_core.block import Block, BlockHeader
from ccxx_core.hashes import BlockHash
from ccxx_core.merkle import merkle_root
from ccxx_core.script import p2pk_script, push_data
from ccxx_core.transaction import NULL_OUTPOINT, Transaction, TxInput, TxOutput
from ccxx_node.consensus.params import ConsensusParams

_MESSAGE = b"British Prince Among the Cryptocurrency Lovers FROM Coins international Journal"
_PUBLIC_KEY = bytes.fromhex(
    "0426fe4d558669bede4304dde41bc438a3cac3c1b0219091506e4690c312244770"
    "742998b196f39db06f5c6b9bd5dfd30e030d169143ab259e8c610462b473d915"
)
# The compact target 0x1d00ffff and the number 4, as the first block of Bitcoin has them.
_COINBASE_SCRIPT = push_data(bytes.fromhex("ffff001d")) + push_data(b"\x04") + push_data(_MESSAGE)


def genesis_block(params: ConsensusParams) -> Block:
    """Build the genesis block; its 50 coins can never be spent."""
    coinbase = Transaction(
        1,
        (TxInput(NULL_OUTPOINT, _COINBASE_SCRIPT),),
        (TxOutput(50 * COIN, p2pk_script(_PUBLIC_KEY)),),
    )
    header = BlockHeader(
        version=1,
        prev_hash=BlockHash(bytes(32)),
        merkle_root=merkle_root([coinbase.txid]),
        time=params.genesis_time,
        bits=params.genesis_bits,
        nonce=params.genesis_nonce,
    )
    return Block(header, (coinbase,))
