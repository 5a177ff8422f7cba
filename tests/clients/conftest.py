"""Nodes that know coins and peers, for programs that were written for other nodes."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ccxx_core.address import encode_address
from ccxx_core.bip32 import HdKey
from ccxx_core.hashes import format_hash, hash160, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.network import REGTEST
from ccxx_core.script import p2pkh_script, p2wpkh_script
from ccxx_core.sighash import SIGHASH_ALL, segwit_sighash
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_regtest.node import RegtestNode

MATURITY = 10
FEE = 10_000
KEY = PrivateKey(sha256(b"miner"))
MINER_SCRIPT = p2wpkh_script(hash160(KEY.public_key))
MINER = encode_address(MINER_SCRIPT, REGTEST) or ""
OTHER_MINER = encode_address(p2wpkh_script(bytes(20)), REGTEST) or ""


class ServingNode(RegtestNode):
    """A `ccxx-node` that listens for peers, and whose miner is rich."""

    maturity = MATURITY

    def __init__(self, folder: Path, options: tuple[str, ...] = ()) -> None:
        """Start it; `peer_address` is where others find it."""
        self.spent = 0
        options = (f"-testmaturity={MATURITY}", *options)
        super().__init__(folder, folder.with_suffix(".log"), options, listens=True)

    @property
    def cookie(self) -> str:
        """Name and password for RPC."""
        return (self.datadir / "regtest" / ".cookie").read_text()

    @property
    def tip(self) -> str:
        """The id of the best block."""
        return str(self.client.call("getbestblockhash"))

    def grow(self, count: int = 1) -> None:
        """Mine blocks that reward the miner."""
        self.mine(count, MINER)

    def take_back(self, height: int, others: int) -> None:
        """Leave a block and all above it, and mine other blocks instead."""
        self.client.call("invalidateblock", self.client.call("getblockhash", height))
        self.mine(others, OTHER_MINER)

    def draft(self, script: bytes, value: int) -> Transaction:
        """Sign a payment out of the next reward, and send it to nobody."""
        self.spent += 1
        coinbase = self.client.block(self.client.block_hash(self.spent)).transactions[0]
        coin = coinbase.outputs[0].value
        spent = (TxInput(OutPoint(coinbase.txid, 0)),)
        outputs = (TxOutput(value, script), TxOutput(coin - FEE - value, MINER_SCRIPT))
        tx = Transaction(2, spent, outputs)
        digest = segwit_sighash(tx, 0, p2pkh_script(hash160(KEY.public_key)), coin, SIGHASH_ALL)
        witness = (KEY.sign(digest) + bytes([SIGHASH_ALL]), KEY.public_key)
        return Transaction(2, (tx.inputs[0]._replace(witness=witness),), outputs)

    def pay(self, script: bytes, value: int) -> str:
        """Pay somebody out of the next reward; gives the transaction's id."""
        tx = self.draft(script, value)
        self.client.send(tx)
        return format_hash(tx.txid)

    def coin_facts(self) -> dict[str, Any]:
        """Tell what any other full node must say of the unspent coins too."""
        facts = self.client.call("gettxoutsetinfo")
        return {name: facts[name] for name in ("height", "bestblock", "txouts", "total_amount")}


@pytest.fixture
def start_node(tmp_path: Path) -> Iterator[Callable[..., ServingNode]]:
    """Give a function that starts a node of its own folder with more options."""
    with ExitStack() as running:
        folders = (tmp_path / f"node{number}" for number in range(9))

        def start(*options: str) -> ServingNode:
            return running.enter_context(ServingNode(next(folders), options))

        yield start


class BdkWallet:
    """A wallet of the Bitcoin Development Kit; it knows the chain's first block and one server."""

    def __init__(self, bdk: ModuleType, client: Any) -> None:
        """Make it of a fixed seed; `client` is one of the kit's for Esplora or Electrum servers."""
        self.bdk = bdk
        self.client = client
        self.way = (2,) if isinstance(client, bdk.EsploraClient) else (10, True)
        params = bdk.CreateParams(
            genesis_hash=bdk.BlockHash.from_string(format_hash(REGTEST.genesis_hash)),
            lookahead=25,
            use_spk_cache=False,
        )
        seed = HdKey.from_seed(sha256(b"wallet"), REGTEST).xprv()
        external, change = (
            bdk.Descriptor(f"pkh({seed}/{chain}/*)", bdk.NetworkKind.TEST) for chain in "01"
        )
        self.wallet = bdk.Wallet.create_with_params(
            external, change, bdk.Network.REGTEST, bdk.Persister.new_in_memory(), params
        )
        info = self.wallet.reveal_next_address(bdk.KeychainKind.EXTERNAL)
        self.script = bytes(info.address.script_pubkey().to_bytes())

    @property
    def tip(self) -> str:
        """The id of the block up to which it knows the chain."""
        return str(self.wallet.latest_checkpoint().hash)

    @property
    def balances(self) -> tuple[int, int]:
        """What is confirmed, and what is pending, in satoshis."""
        balance = self.wallet.balance()
        pending = balance.trusted_pending.to_sat() + balance.untrusted_pending.to_sat()
        return balance.confirmed.to_sat(), pending

    def scan(self) -> None:
        """Find everything from nothing."""
        request = self.wallet.start_full_scan().build()
        self.wallet.apply_update(self.client.full_scan(request, 10, *self.way))

    def sync(self) -> None:
        """Ask for what changed."""
        request = self.wallet.start_sync_with_revealed_spks().build()
        self.wallet.apply_update(self.client.sync(request, *self.way))

    def send(self, script: bytes, value: int) -> str:
        """Build, sign and broadcast a payment; gives the transaction's id."""
        bdk = self.bdk
        builder = bdk.TxBuilder().add_recipient(bdk.Script(script), bdk.Amount.from_sat(value))
        psbt = builder.fee_rate(bdk.FeeRate.from_sat_per_vb(50)).finish(self.wallet)
        assert self.wallet.sign(psbt)
        tx = psbt.extract_tx()
        is_esplora = isinstance(self.client, bdk.EsploraClient)
        (self.client.broadcast if is_esplora else self.client.transaction_broadcast)(tx)
        return str(tx.compute_txid())

    def block_of(self, txid: str) -> str | None:
        """Return the block in which it believes a transaction to be."""
        position = self.wallet.get_tx(self.bdk.Txid.from_string(txid)).chain_position
        if not position.is_confirmed():
            return None
        return str(position.confirmation_block_time.block_id.hash)


@pytest.fixture
def make_wallet() -> Callable[[str, str], BdkWallet]:
    """Give a function that makes a wallet with the kit's client of a name, for a URL."""
    bdk = pytest.importorskip(
        "bdkpython", reason="bdkpython has no build for this platform", exc_type=ImportError
    )
    return lambda client, url: BdkWallet(bdk, getattr(bdk, client)(url))
