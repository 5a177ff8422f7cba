"""Foreign code signs its part of a 3-of-3, or joins and finishes ours, and the chain takes it."""

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from ccxx_cert.custody import certificate_script, wrap
from ccxx_cert.records import Custody, IssueMessage
from ccxx_cert.state import CreditKind
from ccxx_cert.status import Status
from ccxx_cert.template import draft_issue, draft_transfer
from ccxx_core.bip32 import HdKey, KeyOrigin, parse_path
from ccxx_core.hashes import sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.network import REGTEST
from ccxx_core.psbt import Psbt
from ccxx_core.transaction import Transaction, TxOutput
from ccxx_wallet.builder import CreditInput, Purse, build_draft
from ccxx_wallet.coin_selection import PlainCoin

World = Any
PATH = "m/48h/571h/4h/2h/0/0"
SEED = HdKey.from_seed(sha256(b"the holder"), REGTEST)
HOLDER = SEED.derive(PATH)
BITCOINJS = Path(__file__).parents[2] / "clients" / "bitcoinjs"
WRAPS = ("p2wsh", "p2sh")


class Bdk:
    """The Bitcoin Development Kit, a wallet library in Rust."""

    def __init__(self) -> None:
        self.bdk = pytest.importorskip(
            "bdkpython", reason="bdkpython has no build for this platform", exc_type=ImportError
        )

    def sign(self, psbt: Psbt, script: bytes, how: str) -> Psbt:
        """Sign as the wallet of a descriptor whose third key is ours."""
        bdk, ours = self.bdk, f"{SEED.xprv()}/{PATH.removeprefix('m/')}"
        keys = ",".join(ours if key == HOLDER.public_key else key.hex() for key in keys_of(script))
        text = f"{ {'p2wsh': 'wsh', 'p2sh': 'sh'}[how] }(sortedmulti(3,{keys}))"
        descriptor = bdk.Descriptor(text, bdk.NetworkKind.TEST)
        wallet = bdk.Wallet.create_single(
            descriptor, bdk.Network.REGTEST, bdk.Persister.new_in_memory()
        )
        options = bdk.SignOptions(
            trust_witness_utxo=True,
            assume_height=None,
            allow_all_sighashes=False,
            try_finalize=False,
            sign_with_tap_internal_key=False,
            allow_grinding=True,
        )
        theirs = bdk.Psbt(psbt.to_base64())
        wallet.sign(theirs, options)
        return Psbt.decode(theirs.serialize())

    def join(self, copies: list[Psbt]) -> Transaction:
        """Combine, finish and extract."""
        first, *others = (self.bdk.Psbt(copy.to_base64()) for copy in copies)
        for other in others:
            first = first.combine(other)
        finished = first.finalize()
        assert finished.could_finalize, finished.errors
        tx = finished.psbt.extract_tx_unchecked_fee_rate()
        return Transaction.decode(bytes(tx.serialize()))


class Btclib:
    """btclib-wallet, in Python throughout."""

    def __init__(self) -> None:
        self.psbt = import_module("btclib_wallet.psbt")
        self.signer = import_module("btclib_wallet.psbt_signer")

    def sign(self, psbt: Psbt, script: bytes, how: str) -> Psbt:  # noqa: ARG002
        """Sign what the origins in the file say that our seed guards."""
        signer = self.signer.SoftwareSigner(SEED.xprv())
        signed, _ = self.psbt.sign(self._read(psbt), signer, require_non_witness_utxo=False)
        return Psbt.decode(signed.serialize())

    def join(self, copies: list[Psbt]) -> Transaction:
        """Combine, finish and extract; it runs the scripts itself."""
        combined = self.psbt.combine([self._read(copy) for copy in copies])
        tx = self.psbt.extract_tx(self.psbt.finalize(combined), max_fee_rate=None)
        return Transaction.decode(tx.serialize(include_witness=True))

    def _read(self, psbt: Psbt) -> Any:
        return self.psbt.Psbt.parse(psbt.encode())


class BitcoinJs:
    """bitcoinjs-lib, on which many web wallets stand."""

    def __init__(self) -> None:
        if shutil.which("node") is None:
            pytest.skip("node is not installed: apt-get install nodejs npm")
        if not (BITCOINJS / "node_modules").is_dir():
            pytest.skip(f"bitcoinjs-lib is not installed: npm ci --prefix {BITCOINJS}")

    def sign(self, psbt: Psbt, script: bytes, how: str) -> Psbt:  # noqa: ARG002
        """Sign what the origins in the file say that our seed guards."""
        return Psbt.decode(self._order(sign=psbt.to_base64(), xprv=SEED.xprv())["psbt"])

    def join(self, copies: list[Psbt]) -> Transaction:
        """Combine, verify every signature, finish and extract."""
        answer = self._order(join=[copy.to_base64() for copy in copies])
        return Transaction.decode(bytes.fromhex(answer["hex"]))

    def _order(self, **order: Any) -> dict[str, Any]:
        done = subprocess.run(
            ["node", BITCOINJS / "cosign.mjs"],
            input=json.dumps(order),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer


@pytest.fixture(params=[Bdk, Btclib, BitcoinJs])
def theirs(request: pytest.FixtureRequest) -> Any:
    """A foreign library."""
    return request.param()


@dataclass(frozen=True)
class Held:
    """A certificate in the holder's hands, and the unsigned transfer that passes it on."""

    transfer: Psbt
    script: bytes
    how: str


@pytest.fixture(params=WRAPS)
def held(
    request: pytest.FixtureRequest, new_world: Callable[..., World], tmp_path: Path
) -> tuple[World, Held]:
    """A world in which the holder wants to pass a certificate on, drafted as our wallets do."""
    world, how = new_world(tmp_path, with_untouched_coins=True), request.param
    world.permit_script = wrap(world.inner[world.permit_script], how)
    script = certificate_script(
        world.key("root"), world.key("issuer"), HOLDER.public_key, Custody.THREE_OF_THREE
    )
    world.inner[wrap(script, how)] = script
    coin = world.coin_of(world.grant(world.permit_message()))
    message = IssueMessage(serial=1, doc_hash=sha256(b"document"), tail=HOLDER.public_key)
    (verdict,) = world.mine(world.tx_of(draft_issue(message, wrap(script, how), coin)))
    certificate = world.certificate(verdict.subjects[1])
    target = world.learn(world.certificate_inner("bob"))
    draft = draft_transfer(
        [certificate], [wrap(world.inner[target], how)], world.key("bob"), bytes(32)
    )
    origin = KeyOrigin(SEED.fingerprint, parse_path(PATH))
    credit = CreditInput(
        certificate.location,
        TxOutput(100_000, certificate.script_pubkey),
        script,
        3,
        world.ground.made[certificate.location.txid],
        ((HOLDER.public_key, origin),),
    )
    fee = world.plain_coin()
    purse = Purse(
        [PlainCoin(fee, *world.ground.output(fee), 1, False)], world.plain_script("change"), 2
    )
    funded = build_draft([credit], draft.outputs, purse, REGTEST, world.anchor.anchor_id)
    return world, Held(funded.psbt, script, how)


def keys_of(script: bytes) -> list[bytes]:
    """Return the three keys of a sorted multisig."""
    return [script[2 + 34 * at : 35 + 34 * at] for at in range(3)]


def signed_by(psbt: Psbt, *names: str) -> Psbt:
    """Sign with our own code."""
    for name in names:
        psbt = psbt.sign_with(PrivateKey(sha256(name.encode())))
    return psbt


def check_accepted(world: World, tx: Transaction) -> None:
    """The node's pool takes it, a block holds it, and the certificate is bob's."""
    assert world.ground.client.test_accept(tx) is None
    (verdict,) = world.mine_signed(tx)
    (certificate,) = verdict.subjects
    assert verdict.accepted, verdict
    assert world.certificate(certificate).holder_key == world.key("bob")
    assert world.status(certificate) is Status.VALID
    assert [each.owner for each in world.credit(CreditKind.CERTIFICATE)] == [certificate]


def test_their_signature_completes_ours(theirs: Any, held: tuple[World, Held]) -> None:
    world, wish = held
    ours = signed_by(wish.transfer, "root", "issuer", "bank")

    signed = theirs.sign(wish.transfer, wish.script, wish.how)

    assert list(signed.signatures(0)) == [HOLDER.public_key]
    check_accepted(world, Psbt.combine([ours, signed]).finalize())


def test_they_sign_what_we_have_signed_before(theirs: Any, held: tuple[World, Held]) -> None:
    world, wish = held
    ours = signed_by(wish.transfer, "root", "issuer", "bank")

    signed = theirs.sign(ours, wish.script, wish.how)

    assert len(signed.signatures(0)) == 3
    assert signed.network_name == "regtest"
    assert signed.anchor_id == world.anchor.anchor_id
    check_accepted(world, signed.finalize())


def test_they_combine_and_finish_what_we_signed_apart(
    theirs: Any, held: tuple[World, Held]
) -> None:
    world, wish = held
    copies = [signed_by(wish.transfer, name) for name in ("root", "issuer", "bank")]
    copies.append(wish.transfer.sign_with(HOLDER.private_key))

    tx = theirs.join(copies)

    assert tx == Psbt.combine(copies).finalize()
    check_accepted(world, tx)
