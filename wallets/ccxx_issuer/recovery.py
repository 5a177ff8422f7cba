"""Giving a certificate another key of the same person, by what its custody policy allows."""

from dataclasses import dataclass

from ccxx_cert.identity import format_outpoint
from ccxx_cert.records import Custody
from ccxx_cert.recovery import format_blocks, open_certificate, recovery_path
from ccxx_cert.state import Certificate, get_permit
from ccxx_cert.template import draft_recover
from ccxx_wallet.builder import CreditInput, Funded
from ccxx_wallet.certificate_inputs import (
    certificate_input,
    check_movable,
    check_new_holder,
    next_script,
)
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.keyring import Role
from ccxx_wallet.live import LiveWallet


@dataclass(frozen=True, slots=True)
class Recovery:
    """A certificate and its holder's new key.

    `old_key` is the key that holds it, where the chain does not show it. A recoverable certificate
    waits for its delay, unless the holder signs (`with_holder`) or the draft is made in advance.
    """

    certificate: Certificate
    new_key: bytes
    deed_hash: bytes
    old_key: bytes | None = None
    with_holder: bool = False
    in_advance: bool = False


def draft_recovery(live: LiveWallet, wanted: Recovery, feerate: int) -> Funded:
    """Draft a RECOVER of one certificate.

    Raises WalletError WRONG_KEY if another issuer issued it or its holder's key stays unknown,
    RULES if its type does not allow it, TOO_EARLY if its delay has not passed.
    """
    certificate = wanted.certificate
    _check_ours(live, certificate)
    _check_allowed(live, certificate)
    check_movable(live, certificate)
    check_new_holder(live, certificate, wanted.new_key)
    coin = _input(live, wanted)
    script = next_script(certificate, wanted.new_key)
    draft = draft_recover([certificate], [script], wanted.new_key, wanted.deed_hash)
    return live.draft([coin], draft.outputs, feerate)


def _input(live: LiveWallet, wanted: Recovery) -> CreditInput:
    certificate = wanted.certificate
    opened = open_certificate(certificate, wanted.old_key)
    name = format_outpoint(certificate.id)
    if opened is None:
        raise WalletError(Refusal.WRONG_KEY, _unknown_holder(name, wanted))
    script, old_key, custody = opened
    if old_key == wanted.new_key:
        raise WalletError(
            Refusal.WRONG_KEY,
            f"certificate {name} is held by this key already; give the holder's new one",
        )
    late = _goes_late(live, wanted, custody)
    return certificate_input(live, certificate, script, certificate.issuer_key, late)


def _unknown_holder(name: str, wanted: Recovery) -> str:
    if wanted.old_key is not None:
        return (
            f"--from is not the key that holds certificate {name}: it does not rebuild the"
            " certificate's script; look for the right one"
        )
    return (
        f"the chain does not show which key holds certificate {name}; give the key that it was"
        " issued or transferred to with --from (your table, or the holder's `ccxx-holder key list`)"
    )


def _goes_late(live: LiveWallet, wanted: Recovery, custody: Custody) -> bool:
    """Tell whether to take the path without the holder; raises WalletError TOO_EARLY."""
    path = recovery_path(wanted.certificate, custody)
    if path is None or wanted.with_holder:
        return False
    if path.is_open(live.tip_height) or wanted.in_advance:
        return True
    left = format_blocks(path.blocks_left(live.tip_height))
    raise WalletError(
        Refusal.TOO_EARLY,
        "root and issuer can recover this certificate without its holder from block"
        f" {path.opens_height} on (in {left}); until then add --with-holder if the old key can"
        " still sign, or --in-advance to gather signatures now",
    )


def _check_ours(live: LiveWallet, certificate: Certificate) -> None:
    ours = {key.public_key for key in live.wallet.store.watched_keys(Role.ISSUER)}
    if certificate.issuer_key not in ours:
        name = format_outpoint(certificate.id)
        raise WalletError(
            Refusal.WRONG_KEY,
            f"certificate {name} was issued by another issuer's key; ask that issuer",
        )


def _check_allowed(live: LiveWallet, certificate: Certificate) -> None:
    permit = get_permit(live.ahead, certificate.permit_id)
    if permit is None or not permit.message.recovery:
        name = format_outpoint(certificate.id)
        raise WalletError(
            Refusal.RULES,
            f"the type of certificate {name} does not allow recovery; revoke it and issue another",
        )
