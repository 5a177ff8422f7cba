"""Taking blocks back restores the coins exactly, however they spend each other."""

from hypothesis import given
from hypothesis import strategies as st

from ccxx_core.block import Block
from ccxx_core.hashes import Txid
from ccxx_core.transaction import NULL_OUTPOINT, OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.consensus.coins import BlockUndo, Coin, CoinChanges, apply_block, undo_block
from ccxx_node.consensus.genesis import genesis_block
from ccxx_node.consensus.params import REGTEST

HEADER = genesis_block(REGTEST).header
SCRIPTS = st.sampled_from([b"\x51", b"\x52", b"\x6a\x01\x02", b""])


class Coins:
    """A set of coins in memory."""

    def __init__(self) -> None:
        self.coins = {
            OutPoint(Txid(bytes([i] * 32)), i): Coin(i, b"\x51", 1, i % 2 == 0) for i in range(5)
        }

    def get_coin(self, outpoint: OutPoint) -> Coin | None:
        return self.coins.get(outpoint)

    def write(self, changes: CoinChanges) -> None:
        for outpoint, coin in changes.changes.items():
            if coin is None:
                self.coins.pop(outpoint, None)
            else:
                self.coins[outpoint] = coin


def draw_block(data: st.DataObject, coins: Coins, height: int) -> Block:
    """Build a block that spends coins at random, also those that it makes itself."""
    outputs = st.lists(st.builds(TxOutput, st.integers(0, 9), SCRIPTS), min_size=1, max_size=3)
    coinbase_input = TxInput(NULL_OUTPOINT, height.to_bytes(2, "little"))
    coinbase = Transaction(1, (coinbase_input,), tuple(data.draw(outputs)))
    transactions = [coinbase]
    available = CoinChanges(coins)
    apply_block(Block(HEADER, (coinbase,)), height, available)
    for _ in range(data.draw(st.integers(0, 4))):
        unspent = sorted(
            outpoint
            for outpoint in {*coins.coins, *available.changes}
            if available.get_coin(outpoint) is not None
        )
        if not unspent:
            break
        spent = data.draw(st.lists(st.sampled_from(unspent), min_size=1, max_size=3, unique=True))
        tx = Transaction(2, tuple(map(TxInput, spent)), tuple(data.draw(outputs)))
        transactions.append(tx)
        apply_block(Block(HEADER, (tx,)), height, available)
    return Block(HEADER, tuple(transactions))


@given(data=st.data(), length=st.integers(1, 4))
def test_undo_of_apply_is_the_coins_before(data: st.DataObject, length: int) -> None:
    coins = Coins()
    states: list[dict[OutPoint, Coin]] = []
    applied: list[tuple[Block, BlockUndo]] = []
    for height in range(10, 10 + length):
        states.append(dict(coins.coins))
        block = draw_block(data, coins, height)
        changes = CoinChanges(coins)
        applied.append((block, apply_block(block, height, changes)))
        coins.write(changes)

    for block, undo in reversed(applied):
        changes = CoinChanges(coins)
        undo_block(block, undo, changes)
        coins.write(changes)

        assert coins.coins == states.pop()
