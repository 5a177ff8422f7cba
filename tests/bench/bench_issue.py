"""How fast certificate transactions are signed: from a drafted PSBT to the finalised bytes.

Root, issuer and system sign one permit coin each through the wallet's own signer, and the session
finishes the transaction. One JSON line a result; the limit is the bare rate of signatures by
libsecp256k1 in the same run, over the signatures that one transaction needs.
"""

import gc
import json
import time
from collections.abc import Sequence
from dataclasses import replace

from coincurve._libsecp256k1 import ffi, lib
from coincurve.context import GLOBAL_CONTEXT

from ccxx_cert.custody import CERTIFICATE_VALUE, permit_script, wrap
from ccxx_cert.records import IssueMessage
from ccxx_cert.state import Credit, CreditKind
from ccxx_cert.template import draft_issue
from ccxx_core.bip32 import KeyOrigin
from ccxx_core.hashes import Txid, hash160, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.network import REGTEST
from ccxx_core.psbt import Psbt
from ccxx_core.script import p2wpkh_script
from ccxx_core.transaction import OutPoint, TxOutput
from ccxx_wallet.builder import CreditInput, Purse, build_draft
from ccxx_wallet.coin_selection import PlainCoin
from ccxx_wallet.session import finalize
from ccxx_wallet.signer import sign

SIZE = 3000
ROUNDS = 7
RAW_SIGNATURES = 9000
FEERATE = 2
COIN_VALUE = 1_000_000
ORIGIN = KeyOrigin(b"root", (1 << 31, 7))
ANCHOR_ID = sha256(b"anchor")
Signers = dict[bytes, PrivateKey]


def key_of(name: str) -> PrivateKey:
    """Give the key that belongs to a name."""
    return PrivateKey(sha256(name.encode()))


def raw_rate() -> float:
    """Sign digests with nothing but calls of the library; gives signatures a second."""
    context, secret = GLOBAL_CONTEXT.ctx, key_of("raw").secret
    digests = [sha256(b"digest %d" % i) for i in range(RAW_SIGNATURES)]
    signature = ffi.new("secp256k1_ecdsa_signature *")
    out, length = ffi.new("unsigned char[72]"), ffi.new("size_t *", 72)
    start = time.perf_counter()
    for digest in digests:
        lib.secp256k1_ecdsa_sign(context, signature, digest, secret, ffi.NULL, ffi.NULL)
        length[0] = 72
        lib.secp256k1_ecdsa_signature_serialize_der(context, out, length, signature)
    return RAW_SIGNATURES / (time.perf_counter() - start)


class Office:
    """Root, issuer and system with one permit, and the issuer's purse."""

    def __init__(self, with_fee: bool) -> None:
        self.with_fee = with_fee
        three = [key_of(name) for name in ("root", "issuer", "system")]
        self.payer = key_of("payer")
        self.script = permit_script(*(key.public_key for key in three))
        signers = [*three, self.payer] if with_fee else three
        self.signers: Signers = {key.public_key: key for key in signers}

    def draft(self, number: int) -> Psbt:
        """Draft an ISSUE from a permit coin of its own, its fee paid by a plain coin."""
        txid = Txid(sha256(b"grant %d" % number))
        permit = OutPoint(txid, 0)
        script_pubkey = wrap(self.script)
        credit = Credit(permit, 8 * CERTIFICATE_VALUE, script_pubkey, CreditKind.PERMIT, permit)
        message = IssueMessage(serial=number, doc_hash=txid, tail=key_of("holder").public_key)
        drafted = draft_issue(message, wrap(self.script + b"h"), credit)
        origins = ((key_of("issuer").public_key, ORIGIN),)
        output = TxOutput(credit.value, script_pubkey)
        coin = CreditInput(permit, output, self.script, 3, origins=origins)
        purse = self._purse(txid)
        psbt = build_draft([coin], drafted.outputs, purse, REGTEST, ANCHOR_ID).psbt
        if self.with_fee:
            return psbt
        bare = psbt.transaction
        bare = replace(bare, inputs=bare.inputs[:1], outputs=bare.outputs[:-1])
        return Psbt.create(bare, [coin.describe()], network=REGTEST, anchor_id=ANCHOR_ID)

    def _purse(self, txid: Txid) -> Purse:
        script = p2wpkh_script(hash160(self.payer.public_key))
        coin = PlainCoin(OutPoint(txid, 9), COIN_VALUE, script, 1)
        origins = ((self.payer.public_key, ORIGIN),)
        return Purse([coin], script, FEERATE, origin_of=lambda _: origins)


def sign_all(drafts: Sequence[Psbt], signers: Signers) -> float:
    """Sign and finish drafts; gives transactions a second."""
    gc.collect()
    gc.disable()
    start = time.perf_counter()
    for psbt in drafts:
        assert finalize(sign(psbt, signers), {}).encode()
    elapsed = time.perf_counter() - start
    gc.enable()
    return len(drafts) / elapsed


def measure(case: str, office: Office) -> None:
    """Print the median of some rounds as one JSON line."""
    rounds = []
    for number in range(ROUNDS):
        drafts = [office.draft(number * SIZE + i) for i in range(SIZE)]
        before = raw_rate()
        rate = sign_all(drafts, office.signers)
        # Both sides, since other programs come and go.
        limit = (before + raw_rate()) / 2 / len(office.signers)
        rounds.append((rate / limit, rate, limit))
    ratio, rate, limit = sorted(rounds)[ROUNDS // 2]
    result = {
        "bench": "issue",
        "case": case,
        "workers": 1,
        "value": round(rate),
        "unit": "tx/s",
        "signatures": len(office.signers),
        "limit": round(limit),
        "ratio": round(ratio, 3),
    }
    print(json.dumps(result), flush=True)


def main() -> None:
    """Measure the 3-of-3 alone, then with the coin that pays the fee."""
    measure("p2wsh_3of3", Office(with_fee=False))
    measure("p2wsh_3of3_and_fee", Office(with_fee=True))


if __name__ == "__main__":
    main()
