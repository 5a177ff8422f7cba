"""What a holder does with certificates: pass them on, give them back, renew their delay."""

from collections.abc import Sequence
from dataclasses import dataclass

from ccxx_cert.identity import format_outpoint
from ccxx_cert.state import Certificate, get_permit
from ccxx_cert.template import draft_transfer
from ccxx_cert.upkeep import draft_refresh, draft_surrender
from ccxx_holder.holdings import Held, held
from ccxx_wallet.builder import CreditInput, Funded
from ccxx_wallet.certificate_inputs import (
    certificate_input,
    check_movable,
    check_new_holder,
    next_script,
)
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.live import LiveWallet


@dataclass(frozen=True, slots=True)
class Transfer:
    """Certificates and their new holders' keys, one each; `force` goes past the rules."""

    certificates: tuple[Certificate, ...]
    new_holders: tuple[bytes, ...]
    deed_hash: bytes
    force: bool = False


def draft_handover(live: LiveWallet, transfer: Transfer, feerate: int) -> Funded:
    """Draft a TRANSFER of certificates to new holders.

    The message names the first certificate and its holder's key. Raises WalletError WRONG_KEY if
    one is not ours, RULES if its type does not allow it, unless forced.
    """
    ours = _own(live, transfer.certificates)
    for each, new_holder in zip(transfer.certificates, transfer.new_holders, strict=True):
        check_new_holder(live, each, new_holder)
        if not transfer.force:
            _check_transferable(live, each)
    scripts = [
        next_script(each, new_holder)
        for each, new_holder in zip(transfer.certificates, transfer.new_holders, strict=True)
    ]
    inputs = _inputs(live, ours)
    first = transfer.new_holders[0]
    draft = draft_transfer(transfer.certificates, scripts, first, transfer.deed_hash)
    return live.draft(inputs, draft.outputs, feerate)


def draft_return(
    live: LiveWallet, certificates: Sequence[Certificate], note: bytes, feerate: int
) -> Funded:
    """Draft a SURRENDER: certificates of one permit end, and it may issue as many more.

    Raises WalletError WRONG_KEY if one is not ours, RULES if they are of several permits.
    """
    ours = _own(live, certificates)
    permits = {each.permit_id for each in certificates}
    permit = get_permit(live.ahead, certificates[0].permit_id)
    if permit is None or len(permits) > 1:
        raise WalletError(
            Refusal.RULES,
            f"these certificates are of {len(permits)} permits; give back those of one at a time",
        )
    inputs = _inputs(live, ours)
    draft = draft_surrender(certificates, permit, note)
    return live.draft(inputs, draft.outputs, feerate)


def draft_renewal(live: LiveWallet, certificates: Sequence[Certificate], feerate: int) -> Funded:
    """Draft a refresh: each certificate to its own script again, at the position it came from.

    Raises WalletError WRONG_KEY if one is not ours.
    """
    inputs = _inputs(live, _own(live, certificates))
    outputs = [draft_refresh(each)[1] for each in certificates]
    return live.draft(inputs, outputs, feerate)


def _own(live: LiveWallet, certificates: Sequence[Certificate]) -> list[Held]:
    """Return what we know of certificates that are ours."""
    if len({each.id for each in certificates}) < len(certificates):
        raise WalletError(Refusal.UNKNOWN_CERTIFICATE, "a certificate is named twice; name it once")
    ours = []
    for certificate in certificates:
        found = held(live, certificate)
        if found is None:
            name = format_outpoint(certificate.id)
            raise WalletError(
                Refusal.WRONG_KEY,
                f"certificate {name} is not held by a key of this wallet; its holder must do it,"
                f" `why {name}` says more",
            )
        ours.append(found)
    return ours


def _inputs(live: LiveWallet, ours: Sequence[Held]) -> list[CreditInput]:
    return [
        certificate_input(live, each.certificate, each.script, each.key.public_key) for each in ours
    ]


def _check_transferable(live: LiveWallet, certificate: Certificate) -> None:
    permit = get_permit(live.ahead, certificate.permit_id)
    if permit is None or not permit.message.transferable:
        name = format_outpoint(certificate.id)
        raise WalletError(
            Refusal.RULES,
            f"certificate {name} is of a type that is not transferable; `why {name}` says what can"
            " be done",
        )
    check_movable(live, certificate)
