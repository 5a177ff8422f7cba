"""Who holds a certificate: the key that a message declares, or that a spent script shows."""

from dataclasses import replace

from ccxx_cert.custody import certificate_script, holder_of, is_wrapped
from ccxx_cert.state import Certificate, Holding


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
