"""The certificates that this wallet's keys hold, declared or not, and passing them on."""

from dataclasses import dataclass
from typing import Any

from ccxx_cert.custody import CERTIFICATE_VALUE, Wrap, certificate_script, wrap
from ccxx_cert.identity import format_outpoint
from ccxx_cert.records import Custody
from ccxx_cert.state import Certificate, Permit, get_certificate, get_permit
from ccxx_cert.status import certificate_status
from ccxx_cert.template import draft_transfer
from ccxx_core.errors import CcxxError
from ccxx_core.script import is_p2sh
from ccxx_core.transaction import TxOutput
from ccxx_wallet.builder import CreditInput, Funded
from ccxx_wallet.certificate_facts import certificate_facts
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.keyring import WatchedKey
from ccxx_wallet.live import LiveWallet

NO_DEED = bytes(32)


@dataclass(frozen=True, slots=True)
class Held:
    """A certificate of ours: the key that holds it and the script behind its output."""

    certificate: Certificate
    key: WatchedKey
    script: bytes


def holdings(live: LiveWallet) -> list[Held]:
    """Return our certificates, the pool's included, in order of issue.

    Their scripts are rebuilt from the root's key, the issuers' revealed keys and our own keys, so a
    certificate whose message declares no holder is found as well.
    """
    found = {}
    for root_key, issuer_key in _issuers(live):
        scripts = live.wallet.watched.certificate_scripts(root_key, issuer_key)
        for script_pubkey in scripts:
            for each in live.registry.certificates_at(script_pubkey):
                found[each.id] = each
    found |= {each.id: each for each in live.ahead.ahead() if isinstance(each, Certificate)}
    held = [_held(live, get_certificate(live.ahead, each.id) or each) for each in found.values()]
    return sorted(
        (each for each in held if each is not None),
        key=lambda each: (each.certificate.issued.height, each.certificate.id),
    )


def list_holdings(live: LiveWallet) -> list[dict[str, Any]]:
    """Give our certificates as JSON."""
    return [held_facts(live, each) for each in holdings(live)]


def held_facts(live: LiveWallet, held: Held) -> dict[str, Any]:
    """Give a certificate of ours as JSON, with our key even where the chain does not know it."""
    facts = certificate_facts(live, held.certificate)
    return {**facts, "holder_key": held.key.public_key.hex(), "key_index": held.key.path.index}


def draft_handover(
    live: LiveWallet, certificate: Certificate, new_holder: bytes, feerate: int, force: bool
) -> Funded:
    """Draft a TRANSFER of one certificate to a new holder's key.

    Raises WalletError WRONG_KEY if it is not ours, RULES if its type does not allow it, unless
    forced.
    """
    held = _held(live, certificate)
    if held is None:
        raise WalletError(
            Refusal.WRONG_KEY,
            f"certificate {format_outpoint(certificate.id)} is not held by a key of this wallet;"
            " its holder must transfer it",
        )
    permit = get_permit(live.ahead, certificate.permit_id)
    _check_transfer(live, certificate, permit, new_holder, force)
    custody = permit.message.custody if permit is not None else Custody.THREE_OF_THREE
    script = certificate_script(certificate.root_key, certificate.issuer_key, new_holder, custody)
    how = Wrap.P2SH if is_p2sh(certificate.script_pubkey) else Wrap.P2WSH
    try:
        draft = draft_transfer([certificate], [wrap(script, how)], new_holder, NO_DEED)
    except CcxxError as error:
        raise WalletError(Refusal.RULES, str(error)) from error
    return live.draft([_input(live, held)], draft.outputs, feerate)


def _issuers(live: LiveWallet) -> set[tuple[bytes, bytes]]:
    return {
        (permit.root_key, permit.issuer_key)
        for permit in live.registry.permits()
        if permit.issuer_key is not None
    }


def _held(live: LiveWallet, certificate: Certificate) -> Held | None:
    scripts = live.wallet.watched.certificate_scripts(certificate.root_key, certificate.issuer_key)
    ours = scripts.get(certificate.script_pubkey)
    return None if ours is None else Held(certificate, *ours)


def _check_transfer(
    live: LiveWallet,
    certificate: Certificate,
    permit: Permit | None,
    new_holder: bytes,
    force: bool,
) -> None:
    if new_holder in (certificate.root_key, certificate.issuer_key):
        raise WalletError(
            Refusal.WRONG_KEY,
            f"{new_holder.hex()} is a key of the root or of the issuer; ask the new holder for the"
            " one that `ccxx-holder key new` shows",
        )
    name = format_outpoint(certificate.id)
    if certificate.location is None:
        raise WalletError(Refusal.RULES, f"certificate {name} is destroyed; it cannot be moved")
    if force:
        return
    if permit is None or not permit.message.transferable:
        raise WalletError(
            Refusal.RULES, f"certificate {name} is of a type that is not transferable"
        )
    status = certificate_status(
        live.ahead, certificate, live.tip_height, live.wallet.store.tip_median_time()
    )
    if status not in ("valid", "provisional", "pending"):
        raise WalletError(Refusal.RULES, f"certificate {name} is {status}; it cannot be moved")


def _input(live: LiveWallet, held: Held) -> CreditInput:
    certificate = held.certificate
    location = certificate.location
    assert location is not None
    custody = certificate.holding.custody
    two = custody is Custody.TWO_OF_THREE
    legacy = is_p2sh(certificate.script_pubkey)
    return CreditInput(
        location,
        TxOutput(CERTIFICATE_VALUE, certificate.script_pubkey),
        held.script,
        signatures=2 if two else 3,
        previous=live.previous(location) if legacy else None,
        origins=live.wallet.origins(held.key.public_key),
    )
