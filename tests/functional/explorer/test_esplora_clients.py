"""Wallets of others sync and send through the explorer's `/api`, beside a real node."""

import urllib.error
import urllib.request
from importlib import import_module
from typing import Any

import pytest

from ccxx_core.address import encode_address
from ccxx_core.bip32 import HdKey
from ccxx_core.hashes import format_hash, sha256
from ccxx_core.network import REGTEST
from ccxx_core.script import p2pkh_script
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput

World = Any
COIN = 100_000_000
SEEDS = [HdKey.from_seed(sha256(bytes([number])), REGTEST) for number in range(3)]


class BdkWallet:
    """A wallet of the Bitcoin Development Kit that knows nothing but our `/api`."""

    def __init__(self, url: str, descriptor: str) -> None:
        self.bdk = bdk = pytest.importorskip(
            "bdkpython", reason="bdkpython has no build for this platform", exc_type=ImportError
        )
        self.client = bdk.EsploraClient(f"{url}/api")
        params = bdk.CreateParams(
            genesis_hash=bdk.BlockHash.from_string(format_hash(REGTEST.genesis_hash)),
            lookahead=25,
            use_spk_cache=False,
        )
        external, change = (
            bdk.Descriptor(descriptor.replace("CHAIN", chain), bdk.NetworkKind.TEST)
            for chain in "01"
        )
        self.wallet = bdk.Wallet.create_with_params(
            external, change, bdk.Network.REGTEST, bdk.Persister.new_in_memory(), params
        )
        self.script = self._next_script()

    def _next_script(self) -> bytes:
        info = self.wallet.reveal_next_address(self.bdk.KeychainKind.EXTERNAL)
        return bytes(info.address.script_pubkey().to_bytes())

    def scan(self) -> None:
        """Find everything from nothing."""
        request = self.wallet.start_full_scan().build()
        self.wallet.apply_update(self.client.full_scan(request, 10, 2))

    def sync(self) -> None:
        """Ask for what changed."""
        request = self.wallet.start_sync_with_revealed_spks().build()
        self.wallet.apply_update(self.client.sync(request, 2))

    def balances(self) -> tuple[int, int]:
        """Return what is confirmed, and what is pending, in satoshis."""
        balance = self.wallet.balance()
        pending = balance.trusted_pending.to_sat() + balance.untrusted_pending.to_sat()
        return balance.confirmed.to_sat(), pending

    def send(self, script: bytes, value: int) -> str:
        """Build, sign and broadcast a payment; returns its id."""
        bdk = self.bdk
        builder = bdk.TxBuilder().add_recipient(bdk.Script(script), bdk.Amount.from_sat(value))
        builder = builder.fee_rate(bdk.FeeRate.from_sat_per_vb(50))
        psbt = builder.finish(self.wallet)
        assert self.wallet.sign(psbt)
        tx = psbt.extract_tx()
        self.client.broadcast(tx)
        return str(tx.compute_txid())

    def block_of(self, txid: str) -> str | None:
        """Return the block in which the wallet believes a transaction to be."""
        found = self.wallet.get_tx(self.bdk.Txid.from_string(txid))
        position = found.chain_position
        if not position.is_confirmed():
            return None
        return str(position.confirmation_block_time.block_id.hash)


def sorted_multisig() -> str:
    """Return the descriptor of two of three keys, two of which sign."""
    keys = [f"{seed.xprv()}/CHAIN/*" for seed in SEEDS[:2]]
    return f"sh(sortedmulti(2,{','.join(keys)},{SEEDS[2].xpub()}/CHAIN/*))"


@pytest.mark.parametrize(
    "descriptor", [f"pkh({SEEDS[0].xprv()}/CHAIN/*)", sorted_multisig()], ids=["pkh", "multisig"]
)
def test_bdk_receives_sends_and_sees_a_reorganisation(world: World, descriptor: str) -> None:
    wallet = BdkWallet(world.url, descriptor)

    received = world.pay(TxOutput(2 * COIN, wallet.script))
    wallet.scan()
    pending = wallet.balances()
    world.mine()
    wallet.sync()
    confirmed = wallet.balances()
    txid = wallet.send(world.miner_script, COIN)
    in_pool = world.node.client.call("getrawmempool")
    world.wait_for_pending(txid)
    wallet.sync()
    sent = wallet.balances()
    world.mine()
    wallet.sync()
    settled = wallet.balances()
    first_block = wallet.block_of(txid)
    world.take_back(world.height, 2)
    wallet.sync()

    assert pending == (0, 2 * COIN)
    assert confirmed == (2 * COIN, 0)
    assert in_pool == [txid]
    assert sent[0] == 0 and 0 < sent[1] < COIN
    assert settled == (sent[1], 0)
    assert first_block is not None
    assert wallet.block_of(txid) not in (None, first_block)
    assert wallet.block_of(txid) == str(world.node.client.call("getblockhash", world.height - 1))
    assert wallet.block_of(format_hash(received.txid)) is not None
    assert str(wallet.wallet.latest_checkpoint().hash) == world.get("/blocks/tip/hash")


def test_bdk_reads_a_long_history_page_by_page(world: World) -> None:
    wallet = BdkWallet(world.url, f"pkh({SEEDS[0].xprv()}/CHAIN/*)")
    world.mine(60)
    for number in range(55):
        world.node.client.send(world.draft(TxOutput(COIN + number, wallet.script)))
        if number == 29:
            world.mine()
    world.mine()

    wallet.scan()

    assert wallet.balances() == (55 * COIN + sum(range(55)), 0)
    assert len(wallet.wallet.transactions()) == 55


def test_payment_that_a_reorganisation_drops_is_confirmed_no_more(world: World) -> None:
    wallet = BdkWallet(world.url, f"pkh({SEEDS[0].xprv()}/CHAIN/*)")
    paid = format_hash(world.pay(TxOutput(COIN, wallet.script)).txid)
    world.mine()
    wallet.scan()
    before = wallet.balances()

    # Without the first block's reward there is nothing that it could have spent.
    world.take_back(1, world.height + 5)
    wallet.sync()

    assert before == (COIN, 0)
    assert wallet.balances()[0] == 0
    assert wallet.block_of(paid) is None
    assert wallet.wallet.latest_checkpoint().height == world.height
    assert world.get(f"/tx/{paid}") is None
    assert world.get(f"/scripthash/{sha256(wallet.script).hex()}/txs") == "[]"


def test_bdk_reads_whole_blocks_and_proofs(world: World) -> None:
    wallet = BdkWallet(world.url, f"pkh({SEEDS[0].xprv()}/CHAIN/*)")
    bdk, client = wallet.bdk, wallet.client
    paid = world.pay(TxOutput(COIN, wallet.script))
    world.mine()
    txid = bdk.Txid.from_string(format_hash(paid.txid))

    block = client.get_block_by_hash(client.get_tip_hash())
    proof = client.get_merkle_proof(txid)
    info = client.get_tx_info(txid)
    status = client.get_output_status(txid, 0)

    assert client.get_height() == world.height
    assert len(block.txdata) == 2
    assert (proof.block_height, proof.pos) == (world.height, 1)
    assert info.fee == 10_000 and info.status.confirmed
    assert not status.spent
    assert client.get_fee_estimates()[1] > 0


class Btclib:
    """The Esplora fetcher of btclib-wallet, told of this chain's first block."""

    def __init__(self, url: str) -> None:
        fetch = import_module("btclib_wallet.fetch.esplora")
        self.fetcher = fetch.EsploraFetcher(f"{url}/api", network="regtest", verify_network=False)
        self.tx = import_module("btclib.tx")


def test_btclib_reads_the_chain_and_sends(world: World) -> None:
    theirs = Btclib(world.url)
    fetcher = theirs.fetcher
    script = p2pkh_script(bytes(range(20)))
    address = encode_address(script, REGTEST) or ""
    world.pay(TxOutput(COIN, script))
    pending = fetcher.get_balance(address)
    world.mine()
    height = next(number for number in range(world.height) if _meets_target(world, number))

    header = fetcher.get_block_header(height)
    balance = fetcher.get_balance(address)
    quote = fetcher.estimate_fee(6)
    node = world.node.client
    coinbase = node.block(node.block_hash(1)).transactions[0]
    fetched = fetcher.get_tx(format_hash(coinbase.txid))
    sent = fetcher.broadcast(theirs.tx.Tx.parse(world.draft().encode()))

    assert fetcher.get_block_count() == world.height
    assert fetcher.get_best_block_id().hex() == node.call("getbestblockhash")
    assert header.hash.hex() == node.call("getblockhash", height)
    assert (pending.confirmed, pending.unconfirmed) == (0, COIN)
    assert (balance.confirmed, balance.unconfirmed) == (COIN, 0)
    assert quote.target == 6
    assert fetched.serialize(include_witness=True) == coinbase.encode()
    assert node.call("getrawmempool") == [sent.hex()]


def test_transaction_that_the_node_refuses_is_refused_with_its_words(world: World) -> None:
    coinbase = world.node.client.block(world.node.client.block_hash(1)).transactions[0]
    unsigned = Transaction(2, (TxInput(OutPoint(coinbase.txid, 0)),), (TxOutput(1, b"\x51"),))
    answers = []

    for body in (unsigned.encode().hex(), "hello", "", "00" * 100, "ff" * 500_000):
        request = urllib.request.Request(f"{world.url}/api/tx", data=body.encode())
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(request, timeout=30)
        answers.append((error.value.code, error.value.read().decode()))
        error.value.close()

    assert answers[0][0] == 400
    assert answers[0][1].startswith('sendrawtransaction RPC error: {"code": -26')
    assert [code for code, _ in answers[1:]] == [400, 400, 400, 413]


def test_node_verifies_the_proofs_that_the_explorer_makes(world: World) -> None:
    txids = [
        format_hash(world.pay(TxOutput(COIN + number, world.miner_script)).txid)
        for number in range(3)
    ]
    world.mine()
    coinbase = str(world.node.client.call("getblock", world.get("/blocks/tip/hash"))["tx"][0])

    for txid in (coinbase, *txids):
        proof = world.get(f"/tx/{txid}/merkleblock-proof")

        assert world.node.client.call("verifytxoutproof", proof) == [txid]
        assert world.node.client.call("gettxoutproof", [txid]) == proof


def _meets_target(world: World, height: int) -> bool:
    # Blocks are mined with scrypt; by chance half of them are low enough for SHA-256 too.
    return bool(world.node.client.call("getblockhash", height)[0] in "01234567")
