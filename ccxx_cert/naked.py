"""Rule 9: what becomes of credit that is spent without a message that counts."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ccxx_cert.conservation import certificate_credit
from ccxx_cert.custody import CERTIFICATE_VALUE
from ccxx_cert.errors import Refusal
from ccxx_cert.holders import with_shown_holder
from ccxx_cert.spend import Outcome, Spend, SpentCredit
from ccxx_cert.standing import Ending
from ccxx_cert.state import (
    Certificate,
    Credit,
    CreditKind,
    Holding,
    Record,
    RegistryView,
    Step,
    get_certificate,
    get_permit,
)
from ccxx_core.transaction import OutPoint


@dataclass
class _Colour:
    """Permit or root credit of one owner and script that still looks for outputs."""

    kind: CreditKind
    owner: OutPoint | None
    script_pubkey: bytes
    left: int

    def takes(self, value: int) -> bool:
        """Tell whether a coin is credit: as a whole, and of a permit in whole certificates."""
        is_whole = self.kind is CreditKind.ROOT or value % CERTIFICATE_VALUE == 0
        return is_whole and value <= self.left


def spend_naked(spend: Spend, view: RegistryView, reason: Refusal) -> Outcome:
    """Keep what rule 9 keeps of the credit spent, and destroy the rest for `reason`."""
    certificates = [
        _settle(spend, spent, certificate, reason)
        for spent in spend.credits
        if (certificate := _certificate_of(spent, view)) is not None
    ]
    kept = [each for each in certificates if each.ended is None]
    taken = {each.holding.location.vout for each in kept}
    colours = _colours(spend)
    records: list[Record] = [*certificates, *map(certificate_credit, kept)]
    records += _recoloured(spend, colours, taken)
    records += _accounts(colours, view)
    return Outcome(
        tuple(records),
        (*(each.id for each in kept), *_owners(colours)),
        tuple(each.id for each in certificates if each.ended is not None),
        sum(colour.left for colour in colours),
    )


def _certificate_of(spent: SpentCredit, view: RegistryView) -> Certificate | None:
    owner = spent.credit.owner
    if spent.credit.kind is not CreditKind.CERTIFICATE or owner is None:
        return None
    return get_certificate(view, owner)


def _settle(
    spend: Spend, spent: SpentCredit, certificate: Certificate, reason: Refusal
) -> Certificate:
    """Return a certificate refreshed at the same script, value and position, else destroyed."""
    certificate = with_shown_holder(certificate, spend.shown_script(spent))
    certificate = replace(
        certificate, needs_newer=certificate.needs_newer or reason is Refusal.NEEDS_NEWER
    )
    position, credit = spent
    outputs = spend.tx.outputs
    if position >= len(outputs) or outputs[position] != (credit.value, credit.script_pubkey):
        return replace(certificate, ended=Ending(spend.tx.txid, spend.moment, reason))
    refreshed = Holding(
        spend.outpoint(position),
        credit.script_pubkey,
        Step.REFRESHED,
        spend.moment,
        certificate.holding.holder_key,
        certificate.holding.custody,
    )
    return replace(certificate, holdings=(*certificate.holdings, refreshed))


def _colours(spend: Spend) -> list[_Colour]:
    """Sum the permit and root credit spent, by owner and script, in the order of the inputs."""
    colours: dict[tuple[CreditKind, OutPoint | None, bytes], _Colour] = {}
    for _, credit in spend.credits:
        if credit.kind is CreditKind.CERTIFICATE:
            continue
        colour = colours.setdefault(
            (credit.kind, credit.owner, credit.script_pubkey),
            _Colour(credit.kind, credit.owner, credit.script_pubkey, 0),
        )
        colour.left += credit.value
    return list(colours.values())


def _recoloured(spend: Spend, colours: list[_Colour], taken: set[int]) -> Iterator[Credit]:
    """Give outputs to the identical script their colour, in order, up to the inputs' value.

    A coin is credit as a whole or not at all: one that is worth more than what is left stays plain.
    """
    for vout, (value, script_pubkey) in enumerate(spend.tx.outputs):
        if vout in taken or value <= 0:
            continue
        for colour in colours:
            if script_pubkey == colour.script_pubkey and colour.takes(value):
                colour.left -= value
                outpoint = spend.outpoint(vout)
                yield Credit(outpoint, value, script_pubkey, colour.kind, colour.owner)
                break


def _accounts(colours: list[_Colour], view: RegistryView) -> Iterator[Record]:
    """Write off what permits lost."""
    for owner in _owners(colours):
        permit = get_permit(view, owner)
        lost = sum(colour.left for colour in colours if colour.owner == owner)
        if permit is not None and lost:
            yield replace(permit, credit=permit.credit - lost)


def _owners(colours: list[_Colour]) -> list[OutPoint]:
    """Return each permit once, in the order of the inputs."""
    return [owner for owner in dict.fromkeys(each.owner for each in colours) if owner is not None]
