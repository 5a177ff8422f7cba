"""Descriptors of the permits and certificates that this wallet's keys are part of."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from ccxx_cert.custody import Wrap, permit_script, wrap
from ccxx_cert.identity import format_outpoint
from ccxx_cert.records import Custody
from ccxx_cert.state import Certificate, Permit
from ccxx_core.address import encode_address
from ccxx_core.bip32 import KeyOrigin
from ccxx_core.descriptor import recoverable_descriptor, sorted_multisig_descriptor
from ccxx_core.script import is_p2sh
from ccxx_wallet.keyring import Role
from ccxx_wallet.live import LiveWallet


@dataclass(frozen=True, slots=True)
class ScriptDescriptor:
    """A script on the chain that our keys guard together with others', as other wallets know it."""

    kind: str
    id: str
    address: str
    descriptor: str

    def as_facts(self) -> dict[str, str]:
        """Give it as JSON."""
        return {
            "kind": self.kind,
            "id": self.id,
            "address": self.address,
            "descriptor": self.descriptor,
        }


def script_descriptors(live: LiveWallet) -> list[ScriptDescriptor]:
    """Describe every permit and certificate script that one of our keys is part of.

    Left out is what cannot be rebuilt: the script of others whose keys the chain has not shown.
    """
    origins = {key: origin for pairs in _own_origins(live) for key, origin in pairs}
    return [*_permits(live, origins), *_certificates(live, origins)]


def _own_origins(live: LiveWallet) -> Iterator[tuple[tuple[bytes, KeyOrigin], ...]]:
    wallet = live.wallet
    accounts = {account.role: account for account in wallet.accounts}
    for key in wallet.store.watched_keys():
        yield ((key.public_key, accounts[key.path.role].origin(key.path)),)


def _permits(live: LiveWallet, origins: Mapping[bytes, KeyOrigin]) -> Iterator[ScriptDescriptor]:
    issuers = [key.public_key for key in live.wallet.store.watched_keys(Role.ISSUER)]
    for permit in live.registry.permits():
        shown = [] if permit.issuer_key is None else [permit.issuer_key]
        for issuer_key in dict.fromkeys([*issuers, *shown]):
            keys = (permit.root_key, issuer_key, permit.system_key)
            if _is_behind(permit, issuer_key) and origins.keys() & set(keys):
                text = sorted_multisig_descriptor(keys, 3, _wrap_name(permit), origins)
                yield _described("permit", live, permit, text)


def _certificates(
    live: LiveWallet, origins: Mapping[bytes, KeyOrigin]
) -> Iterator[ScriptDescriptor]:
    for certificate in live.registry.certificates():
        ours = live.wallet.watched.holder_of(certificate)
        holder_key = certificate.holder_key if ours is None else ours.public_key
        if holder_key is None or certificate.location is None:
            continue
        root_key, issuer_key = certificate.root_key, certificate.issuer_key
        keys = (root_key, issuer_key, holder_key)
        if not origins.keys() & set(keys):
            continue
        custody = certificate.holding.custody
        if custody is Custody.RECOVERABLE:
            text = recoverable_descriptor(*keys, origins)
        else:
            required = 2 if custody is Custody.TWO_OF_THREE else 3
            text = sorted_multisig_descriptor(keys, required, _wrap_name(certificate), origins)
        yield _described("certificate", live, certificate, text)


def _is_behind(permit: Permit, issuer_key: bytes) -> bool:
    script = permit_script(permit.root_key, issuer_key, permit.system_key)
    return permit.script_pubkey in (wrap(script, how) for how in Wrap)


def _wrap_name(found: Permit | Certificate) -> Literal["wsh", "sh"]:
    return "sh" if is_p2sh(found.script_pubkey) else "wsh"


def _described(
    kind: str, live: LiveWallet, found: Permit | Certificate, text: str
) -> ScriptDescriptor:
    address = encode_address(found.script_pubkey, live.wallet.network) or ""
    return ScriptDescriptor(kind, format_outpoint(found.id), address, text)
