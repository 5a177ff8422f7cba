"""The certificates that this wallet's keys hold, declared or not, and who may take them soon."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ccxx_cert.identity import format_outpoint
from ccxx_cert.records import Custody
from ccxx_cert.recovery import RecoveryPath, format_blocks, policy_of, recovery_path
from ccxx_cert.state import Certificate, get_certificate, get_permit
from ccxx_wallet.certificate_facts import certificate_facts, certificate_label
from ccxx_wallet.keyring import WatchedKey
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.screen import Screen


@dataclass(frozen=True, slots=True)
class Held:
    """A certificate of ours: the key that holds it and the script behind its output."""

    certificate: Certificate
    key: WatchedKey
    script: bytes

    @property
    def custody(self) -> Custody:
        """The custody policy that the script follows, whatever the chain shows of it."""
        return policy_of(self.script, self.certificate)

    @property
    def recovery(self) -> RecoveryPath | None:
        """When root and issuer may give it another key without us, None if never."""
        return recovery_path(self.certificate, self.custody)


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
    current = (get_certificate(live.ahead, each.id) or each for each in found.values())
    ours = (held(live, each) for each in current)
    return sorted(
        (each for each in ours if each is not None),
        key=lambda each: (each.certificate.issued.height, each.certificate.id),
    )


def held_facts(live: LiveWallet, ours: Held) -> dict[str, Any]:
    """Give a certificate of ours as JSON, with our key even where the chain does not know it."""
    facts = certificate_facts(live, ours.certificate)
    return {
        **facts,
        "label": certificate_label(live, ours.certificate, ours.key.public_key),
        "holder_key": ours.key.public_key.hex(),
        "key_index": ours.key.path.index,
        "policy": ours.custody.label,
        "recovery_opens": None if ours.recovery is None else ours.recovery.opens_height,
    }


def reminders(live: LiveWallet, certificates: Iterable[Held]) -> list[dict[str, Any]]:
    """Give as JSON the certificates that root and issuer may soon give another key, with advice."""
    rows = []
    for each in certificates:
        path = each.recovery
        if path is None or not path.is_near(live.tip_height):
            continue
        name, left = format_outpoint(each.certificate.id), path.blocks_left(live.tip_height)
        permit = get_permit(live.ahead, each.certificate.permit_id)
        rows.append(
            {
                "certificate": name,
                "title": None if permit is None else permit.message.title,
                "serial": each.certificate.serial,
                "opens_height": path.opens_height,
                "blocks_left": left,
                "when": f"in {format_blocks(left)}" if left else "now",
                "command": f"ccxx-holder certificate refresh {name}",
            }
        )
    return rows


def warn_of_recovery(screen: Screen, rows: Iterable[dict[str, Any]]) -> None:
    """Warn a holder, on stderr, before others can act alone."""
    for row in rows:
        screen.warn(
            f"root and issuer can give “{row['title']}” no. {row['serial']} another key without you"
            f" from block {row['opens_height']} on ({row['when']}); keep it yours:"
            f" {row['command']}"
        )


def held(live: LiveWallet, certificate: Certificate) -> Held | None:
    """Return what we know of a certificate that is ours, None for others'."""
    scripts = live.wallet.watched.certificate_scripts(certificate.root_key, certificate.issuer_key)
    ours = scripts.get(certificate.script_pubkey)
    return None if ours is None else Held(certificate, *ours)


def _issuers(live: LiveWallet) -> set[tuple[bytes, bytes]]:
    permits = live.registry.permits()
    found = {(each.root_key, each.issuer_key) for each in permits if each.issuer_key is not None}
    rekeyed = {each.id for each in permits if each.rekeyed is not None}
    if rekeyed:
        # What was issued before a REKEY keeps the issuer's key of then.
        certificates = live.registry.certificates()
        found |= {
            (each.root_key, each.issuer_key) for each in certificates if each.permit_id in rekeyed
        }
    return found
