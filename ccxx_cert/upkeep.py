"""Drafts of what comes after the grant and the issue: give back, revoke, publish, move keys.

As in `template`: a wallet adds plain inputs that pay the fee, and plain change behind. A message
that moves no credit speaks by one of those plain inputs.
"""

from collections.abc import Sequence

from ccxx_cert.authority import key_scripts
from ccxx_cert.conservation import certificate_credit
from ccxx_cert.errors import CertificateError, Refusal
from ccxx_cert.identity import cert_ref
from ccxx_cert.marks import MessageChain, RootState
from ccxx_cert.permit_moves import rekeyed_scripts
from ccxx_cert.records import (
    CloseMessage,
    Message,
    RekeyMessage,
    RevokeMessage,
    RootMessage,
    StatusMessage,
    SurrenderMessage,
)
from ccxx_cert.state import Certificate, Credit, Permit
from ccxx_cert.template import Draft, locations_of, message_output
from ccxx_core.transaction import TxOutput

LEAST_BATON = 1_000  # satoshis: above the dust limit of any script


def draft_refresh(certificate: Certificate) -> tuple[Credit, TxOutput]:
    """Return the coin of a certificate and the output that renews its recovery delay.

    A refresh has no message: the output must stand at the position of its input.
    """
    locations_of((certificate,))
    coin = certificate_credit(certificate)
    return coin, TxOutput(coin.value, coin.script_pubkey)


def draft_surrender(certificates: Sequence[Certificate], permit: Permit, note: bytes) -> Draft:
    """Give certificates of one permit back to it, as one coin."""
    inputs = locations_of(certificates)
    value = sum(certificate_credit(each).value for each in certificates)
    message = SurrenderMessage(cert_ref(certificates[0].id), note)
    outputs = (TxOutput(value, permit.script_pubkey), message_output(message))
    return Draft(inputs, outputs, message)


def draft_rekey(
    permit: Permit,
    coins: Sequence[Credit],
    new_script_pubkey: bytes,
    message: RekeyMessage,
) -> Draft:
    """Move permit coins, each as it is, to the script of new keys."""
    if new_script_pubkey not in rekeyed_scripts(message.new_script_hash):
        raise CertificateError(Refusal.WRONG_NEW_SCRIPT, "the hash names another script")
    if message.permit_ref != cert_ref(permit.id):
        raise CertificateError(Refusal.WRONG_REFERENCE, "the message names another permit")
    return _moved(message, coins, [TxOutput(coin.value, new_script_pubkey) for coin in coins])


def draft_close(permit: Permit, coins: Sequence[Credit], root: RootState, note: bytes) -> Draft:
    """Return permit coins to the root in force, as one coin."""
    value = sum(coin.value for coin in coins)
    message = CloseMessage(cert_ref(permit.id), note)
    return _moved(message, coins, [TxOutput(value, root.script_pubkey)])


def draft_root(message: RootMessage, coins: Sequence[Credit], new_script_pubkey: bytes) -> Draft:
    """Move root coins to the next root script, as one coin."""
    value = sum(coin.value for coin in coins)
    return _moved(message, coins, [TxOutput(value, new_script_pubkey)])


def draft_revoke(message: RevokeMessage, permit: Permit, root: RootState) -> Draft:
    """Revoke, hold or release what a message names under a permit."""
    issuer = permit.issuer_key if permit.message.issuer_revokes else None
    spoken_by = (
        *key_scripts(issuer or b""),
        *(key_scripts(permit.root_key) if permit.message.root_revokes else ()),
        permit.script_pubkey,
        root.script_pubkey,
    )
    return Draft((), (message_output(message),), message, spoken_by)


def draft_status(
    message: StatusMessage, baton_script_pubkey: bytes, spoken_by: tuple[bytes, ...] = ()
) -> Draft:
    """Publish a status list; the first output behind the message is the next baton.

    The first of a chain speaks by a script; each later one spends the baton, which the wallet
    knows from the chain's record.
    """
    baton = TxOutput(LEAST_BATON, baton_script_pubkey)
    return Draft((), (message_output(message), baton), message, spoken_by)


def next_sequence(chain: MessageChain | None) -> int:
    """Return the sequence that continues a status list, 1 for the first of one."""
    return 1 if chain is None else chain.number + 1


def _moved(message: Message, coins: Sequence[Credit], outputs: Sequence[TxOutput]) -> Draft:
    if not coins:
        raise CertificateError(Refusal.NO_CREDIT, "there is no credit to move")
    inputs = tuple(coin.outpoint for coin in coins)
    return Draft(inputs, (*outputs, message_output(message)), message)
