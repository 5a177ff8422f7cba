"""Chains of certificates to index, as many as one likes: valid to the registry, unsigned otherwise.

Observers do not check signatures, so what stands for them is bytes of their size. Every certificate
has a script of its own; every coin that is spent exists.
"""

from collections.abc import Iterator, Sequence

from bench_registry import HOLDERS, ISSUER, PERMIT_SCRIPT, ROOT, ROOT_SCRIPT, SIGNATURES, SYSTEM

from ccxx_cert.custody import CERTIFICATE_VALUE, certificate_script, wrap
from ccxx_cert.records import BatchMessage, Custody, IssueMessage, PermitMessage
from ccxx_cert.template import message_output
from ccxx_cert.trust import TrustAnchor
from ccxx_core.block import Block, BlockHeader
from ccxx_core.hashes import Txid, hash160, sha256
from ccxx_core.merkle import merkle_root
from ccxx_core.script import p2wpkh_script
from ccxx_core.transaction import NULL_OUTPOINT, OutPoint, Transaction, TxInput, TxOutput
from ccxx_explorer.database.rows import NewBlock
from ccxx_node.consensus.genesis import genesis_block
from ccxx_node.consensus.params import REGTEST

BATCH = 2_000
# As many as a block of four million weight units holds.
SINGLES_A_BLOCK = 2_500
BATCHES_A_BLOCK = 8
PAYMENTS_A_BLOCK = 4_000
TYPES = ("DIPLOMA", "MASTER", "LICENCE", "TICKET")
START, SPACING = 1_700_000_000, 150
_PLAIN = b"\x00\x14" + bytes(20)
_BUSY = p2wpkh_script(hash160(b"busy"))
_COIN = 10_000


class CertificateChain:
    """A chain that grows block by block; its anchor says which root coin it begins with."""

    def __init__(self, most: int) -> None:
        self.busy_script = _BUSY
        genesis = genesis_block(REGTEST)
        self._height, self._tip = 0, genesis.hash
        self._serials = 0
        self._fees: list[OutPoint] = []
        self._permits: list[tuple[OutPoint, int]] = []
        value = most * CERTIFICATE_VALUE * len(TYPES)
        self._start = [NewBlock(0, genesis.hash, genesis, genesis.header.time)]
        self._start.append(self._block([], fees=1))
        root = self._spend((), [TxOutput(value, ROOT_SCRIPT)])
        outpoint = OutPoint(root.txid, 0)
        self.anchor = TrustAnchor("regtest", outpoint, value, 2, ROOT_SCRIPT, ROOT, SYSTEM)
        self._start.append(self._block([root], fees=len(TYPES)))
        self._grant(outpoint, value, most)

    def _grant(self, root: OutPoint, value: int, most: int) -> None:
        granted = []
        for number, code in enumerate(TYPES):
            value -= most * CERTIFICATE_VALUE
            message = PermitMessage(
                code=code,
                quantity=most,
                typedef_hash=sha256(code.encode()),
                title=f"Bench {code.title()}",
                transferable=number % 2 == 0,
                public_summary=True,
            )
            outputs = [TxOutput(most * CERTIFICATE_VALUE, wrap(PERMIT_SCRIPT))]
            outputs += [TxOutput(value, ROOT_SCRIPT)] if value else []
            tx = self._spend(((root, b""),), [*outputs, message_output(message)])
            granted.append(tx)
            root = OutPoint(tx.txid, 1)
            self._permits.append((OutPoint(tx.txid, 0), most))
        self._start.append(self._block(granted))

    def start(self) -> list[NewBlock]:
        """Give the blocks up to the permits."""
        return self._start

    def batches(self, count: int, size: int = BATCH) -> Iterator[NewBlock]:
        """Issue so many certificates in batches, some batches a block."""
        while count > 0:
            wanted = min(count, BATCHES_A_BLOCK * size)
            yield self._block([], fees=BATCHES_A_BLOCK)
            sizes = [min(size, wanted - first) for first in range(0, wanted, size)]
            yield self._block([self._batch(each) for each in sizes])
            count -= wanted

    def singles(self, count: int, per_block: int = SINGLES_A_BLOCK) -> Iterator[NewBlock]:
        """Issue so many certificates one by one, as many a block as it holds or fewer."""
        while count > 0:
            wanted = min(count, per_block)
            yield self._block([], fees=wanted)
            yield self._block([self._issue() for _ in range(wanted)])
            count -= wanted

    def payments(self, count: int) -> Iterator[NewBlock]:
        """Let one address be paid, and pay, in so many transactions."""
        yield self._block([], fees=1)
        coin = self._fees.pop()
        while count > 0:
            txs = []
            for _ in range(min(count, PAYMENTS_A_BLOCK)):
                spent = TxInput(coin, witness=(bytes(72), ROOT))
                txs.append(Transaction(2, (spent,), (TxOutput(_COIN, _BUSY),)))
                coin = OutPoint(txs[-1].txid, 0)
            count -= len(txs)
            yield self._block(txs)

    def _take(self, count: int) -> tuple[OutPoint, int, list[int]]:
        """Take permit credit for some certificates; gives the coin, what it had, and serials."""
        at = self._serials % len(self._permits)
        coin, left = self._permits[at]
        serials = list(range(self._serials + 1, self._serials + count + 1))
        self._serials += count
        return coin, left, serials

    def _give_back(self, tx: Transaction, vout: int, coin: OutPoint, left: int) -> None:
        at = next(n for n, permit in enumerate(self._permits) if permit[0] == coin)
        self._permits[at] = (OutPoint(tx.txid, vout), left)

    def _batch(self, size: int) -> Transaction:
        coin, left, serials = self._take(size)
        message = BatchMessage(
            serial_start=serials[0],
            count=size,
            merkle_root=sha256(b"%d" % serials[0]),
            text=f"Batch {serials[0]}",
        )
        outputs = [
            TxOutput(CERTIFICATE_VALUE, b"\x00\x20" + sha256(b"holder %d" % serial))
            for serial in serials
        ]
        return self._mint(coin, left - size, outputs, message_output(message))

    def _issue(self) -> Transaction:
        coin, left, (serial,) = self._take(1)
        key = HOLDERS[serial % len(HOLDERS)]
        message = IssueMessage(serial=serial, doc_hash=sha256(b"%d" % serial), tail=key)
        script = certificate_script(ROOT, ISSUER, key, Custody.THREE_OF_THREE)
        output = TxOutput(CERTIFICATE_VALUE, wrap(script))
        return self._mint(coin, left - 1, [output], message_output(message))

    def _mint(
        self, coin: OutPoint, left: int, outputs: Sequence[TxOutput], message: TxOutput
    ) -> Transaction:
        change = TxOutput(left * CERTIFICATE_VALUE, wrap(PERMIT_SCRIPT))
        tx = self._spend(((coin, PERMIT_SCRIPT),), [*outputs, change, message])
        self._give_back(tx, len(outputs), coin, left)
        return tx

    def _spend(
        self, credit: Sequence[tuple[OutPoint, bytes]], outputs: Sequence[TxOutput]
    ) -> Transaction:
        """Spend credit, with a plain coin that pays the fee and change for its rest."""
        inputs = [TxInput(at, witness=(*SIGNATURES, script)) for at, script in credit]
        fee = TxInput(self._fees.pop(), witness=(bytes(72), ROOT))
        rest = TxOutput(_COIN // 2, _PLAIN)
        return Transaction(2, (*inputs, fee), (*outputs, rest))

    def _block(self, txs: Sequence[Transaction], fees: int = 0) -> NewBlock:
        """Mine a block; its coinbase makes coins for the fees of the next."""
        self._height += 1
        script_sig = b"\x04" + self._height.to_bytes(4, "little")
        outputs = (TxOutput(_COIN, _PLAIN),) * max(fees, 1)
        coinbase = Transaction(1, (TxInput(NULL_OUTPOINT, script_sig),), outputs)
        self._fees = [OutPoint(coinbase.txid, vout) for vout in range(fees)]
        transactions = (coinbase, *txs)
        time = START + SPACING * self._height
        root = merkle_root([Txid(tx.txid) for tx in transactions])
        header = BlockHeader(4, self._tip, root, time, 0x207FFFFF, 0)
        self._tip = header.hash
        return NewBlock(self._height, header.hash, Block(header, transactions), time - 900)
