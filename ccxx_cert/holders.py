"""Who holds a certificate: the key that a message declares, or that a spent script shows."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ccxx_cert.custody import certificate_script, holder_of, is_wrapped
from ccxx_cert.marks import HolderUse
from ccxx_cert.state import Certificate, Holding, Record, RegistryView
from ccxx_cert.state import holder_key as key_of_holder


def declare_holder(certificate: Certificate, holding: Holding, holder_key: bytes) -> Holding:
    """Write a declared key into a station whose script it rebuilds under the type's policy.

    Where it does not, the station comes back as it was: opaque.
    """
    script = certificate_script(
        certificate.root_key, certificate.issuer_key, holder_key, certificate.policy
    )
    if not is_wrapped(script, holding.script_pubkey, certificate.policy):
        return holding
    return replace(holding, holder_key=holder_key, custody=certificate.policy)


def with_shown_holder(certificate: Certificate, script: bytes | None) -> Certificate:
    """Write into the latest station who held it, once the script spent there has shown it."""
    if script is None or certificate.holder_key is not None:
        return certificate
    shown = holder_of(script, certificate.root_key, certificate.issuer_key)
    if shown is None:
        return certificate
    holding = replace(certificate.holding, holder_key=shown[0], custody=shown[1])
    return replace(certificate, holdings=(*certificate.holdings[:-1], holding))


def keeps_policy(certificate: Certificate) -> bool | None:
    """Tell whether a certificate lies under its type's custody policy; None while it is opaque.

    A holder who declares no key may hide behind any script; what is found when the script is shown
    stays written in the station.
    """
    found = certificate.holding.custody
    return None if found is None else found is certificate.policy


def holder_uses(records: Iterable[Record], view: RegistryView) -> Iterator[HolderUse]:
    """Yield what certificates say of their holders' keys that was not known before.

    A key that holds a second certificate ties two people's papers together: it is flagged, and
    never used as an identity.
    """
    uses: dict[bytes, HolderUse] = {}
    for certificate in records:
        if not isinstance(certificate, Certificate):
            continue
        # Earlier stations were seen before; the one that was just spent may have shown its key.
        for holding in certificate.holdings[-2:]:
            key = holding.holder_key
            if key is None:
                continue
            before = uses.get(key) or first_use(view, key)
            use = before or HolderUse(key, certificate.id)
            if use.first != certificate.id:
                use = replace(use, reused=True)
            if use != before:
                uses[key] = use
    yield from uses.values()


def first_use(view: RegistryView, public_key: bytes) -> HolderUse | None:
    """Return the first use of a holder's key."""
    record = view.get(key_of_holder(public_key))
    return record if isinstance(record, HolderUse) else None


def is_key_reused(view: RegistryView, certificate: Certificate) -> bool:
    """Tell whether the key that holds a certificate held another one too."""
    key = certificate.holder_key
    use = first_use(view, key) if key is not None else None
    return use is not None and use.reused
