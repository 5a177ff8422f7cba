"""Certificates as inputs of a transaction: what co-signers must know about each."""

from pathlib import Path

from ccxx_cert.custody import CERTIFICATE_VALUE, Wrap, certificate_script, wrap, wraps_of
from ccxx_cert.identity import format_outpoint
from ccxx_cert.records import Custody
from ccxx_cert.recovery import policy_of
from ccxx_cert.state import Certificate, get_permit
from ccxx_cert.status import Status, certificate_status
from ccxx_core.hashes import sha256
from ccxx_core.script import is_p2sh
from ccxx_core.spending import RECOVERY_DELAY
from ccxx_core.transaction import TxOutput
from ccxx_wallet.builder import SEQUENCE, CreditInput
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import read_file
from ccxx_wallet.live import LiveWallet

_MOVABLE = (Status.VALID, Status.PROVISIONAL, Status.PENDING)


def certificate_input(
    live: LiveWallet, certificate: Certificate, script: bytes, our_key: bytes, late: bool = False
) -> CreditInput:
    """Describe a certificate, whose script is known, to its co-signers.

    `late` takes the path of root and issuer, which is open once the delay has passed.
    """
    if certificate.location is None:
        name = format_outpoint(certificate.id)
        ending = "destroyed" if certificate.ended else "surrendered"
        raise WalletError(Refusal.RULES, f"certificate {name} is {ending}; it cannot be moved")
    two = late or policy_of(script, certificate) is Custody.TWO_OF_THREE
    is_legacy = is_p2sh(certificate.script_pubkey)
    return CreditInput(
        certificate.location,
        TxOutput(CERTIFICATE_VALUE, certificate.script_pubkey),
        script,
        signatures=2 if two else 3,
        previous=live.previous(certificate.location) if is_legacy else None,
        origins=live.wallet.origins(our_key),
        sequence=RECOVERY_DELAY if late else SEQUENCE,
    )


def next_script(certificate: Certificate, new_holder: bytes) -> bytes:
    """Return the output script of a certificate's next holder: its type's policy, its own wrap."""
    custody = certificate.policy
    script = certificate_script(certificate.root_key, certificate.issuer_key, new_holder, custody)
    how = Wrap.P2SH if is_p2sh(certificate.script_pubkey) else Wrap.P2WSH
    return wrap(script, how if how in wraps_of(custody) else Wrap.P2WSH)


def check_movable(live: LiveWallet, certificate: Certificate) -> None:
    """Raise WalletError RULES, with the way to learn more, unless a certificate is in force."""
    store = live.wallet.store
    status = certificate_status(live.ahead, certificate, live.tip_height, store.tip_median_time())
    if status not in _MOVABLE:
        name = format_outpoint(certificate.id)
        raise WalletError(
            Refusal.RULES,
            f"certificate {name} is {status}; it cannot be moved, `why {name}` says more",
        )


def check_new_holder(live: LiveWallet, certificate: Certificate, new_holder: bytes) -> None:
    """Raise WalletError WRONG_KEY if a new holder's key is one of the co-signers'."""
    permit = get_permit(live.ahead, certificate.permit_id)
    others = (certificate.root_key, certificate.issuer_key, permit and permit.system_key)
    if new_holder in others:
        raise WalletError(
            Refusal.WRONG_KEY,
            f"{new_holder.hex()} is a key of the root or of the issuer; ask the new holder for the"
            " one that `ccxx-holder key new` shows",
        )


def hash_of_file(path: Path | None) -> bytes:
    """Return the SHA-256 (32 bytes) of a deed or note, zeros where there is none."""
    return bytes(32) if path is None else sha256(read_file(path))
