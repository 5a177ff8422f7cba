"""A wallet of one key that pays itself: spends each coin once, says again what is unconfirmed."""

import random
from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from ccxx_core.address import encode_address
from ccxx_core.hashes import Txid, hash160, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.network import REGTEST
from ccxx_core.script import p2pkh_script, p2wpkh_script
from ccxx_core.sighash import SIGHASH_ALL, segwit_sighash
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.client.rpc import NodeClient, NodeError, RpcError

_KEY = PrivateKey(sha256(b"the wallet of the soak"))
_KEY_HASH = hash160(_KEY.public_key)
_SCRIPT = p2wpkh_script(_KEY_HASH)
_FEE = 20_000
_MOST_COINS = 400
# Coins that were cut this small are only ever joined.
_LEAST_VALUE = 1_000_000

ADDRESS = encode_address(_SCRIPT, REGTEST) or ""


class Payments:
    """Coins that can be spent, and transactions that no block has confirmed."""

    def __init__(self, rng: random.Random) -> None:
        self.sent = 0
        self.refused = 0
        self._rng = rng
        self._coins: deque[tuple[OutPoint, int]] = deque()
        self._unconfirmed: dict[Txid, Transaction] = {}

    def take(self, tx: Transaction) -> None:
        """Own what a transaction pays to us."""
        for position, output in enumerate(tx.outputs):
            if output.script_pubkey == _SCRIPT:
                self._coins.append((OutPoint(tx.txid, position), output.value))

    def pay(self, client: NodeClient) -> None:
        """Send a payment to ourselves through a node."""
        if not self._coins:
            return
        joins = len(self._coins) > _MOST_COINS or self._coins[0][1] < _LEAST_VALUE
        spent = [self._coins.popleft() for _ in range(min(3 if joins else 1, len(self._coins)))]
        tx = _sign(spent, 1 if joins else self._rng.randint(2, 4))
        try:
            client.send(tx)
        except (NodeError, RpcError):
            # The node is down, or has lost a parent: both come back.
            self.refused += 1
            self._coins.extend(spent)
            return
        self.sent += 1
        self._unconfirmed[tx.txid] = tx

    def confirm(self, transactions: Iterable[Transaction]) -> None:
        """Note what a block has; its coins can be spent."""
        for tx in transactions:
            if self._unconfirmed.pop(tx.txid, None) is not None:
                self.take(tx)

    def say_again(self, client: NodeClient) -> None:
        """Send everything unconfirmed once more."""
        for tx in list(self._unconfirmed.values()):
            try:
                client.send(tx)
            except RpcError:
                continue
            except NodeError:
                return


def _sign(spent: list[tuple[OutPoint, int]], pieces: int) -> Transaction:
    total = sum(value for _, value in spent) - _FEE
    outputs = tuple(TxOutput(total // pieces, _SCRIPT) for _ in range(pieces))
    draft = Transaction(2, tuple(TxInput(outpoint) for outpoint, _ in spent), outputs, 0)
    signed = []
    for position, (_, value) in enumerate(spent):
        digest = segwit_sighash(draft, position, p2pkh_script(_KEY_HASH), value, SIGHASH_ALL)
        signature = _KEY.sign(digest) + bytes([SIGHASH_ALL])
        signed.append(draft.inputs[position]._replace(witness=(signature, _KEY.public_key)))
    return replace(draft, inputs=tuple(signed))
