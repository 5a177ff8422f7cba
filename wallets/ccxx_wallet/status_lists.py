"""Status lists: the hash of a list on the chain, each message spending the baton of the last.

Whoever may speak begins a list under a name of up to eight bytes; the baton, a small coin at the
speaker's script, is what continues it. A baton that is spent otherwise ends the list for ever.
"""

from dataclasses import dataclass
from typing import Any

from ccxx_cert.authority import key_scripts
from ccxx_cert.marks import MessageChain
from ccxx_cert.records import Op, StatusMessage
from ccxx_cert.rotation import keys_at
from ccxx_cert.standing import Authority
from ccxx_cert.state import get_root
from ccxx_cert.upkeep import draft_status, next_sequence
from ccxx_cert.upkeep_wording import format_chain_name
from ccxx_core.hashes import format_hash, sha256
from ccxx_core.transaction import OutPoint, TxOutput
from ccxx_wallet.builder import CreditInput
from ccxx_wallet.desk import Choices, Desk
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.keyring import Role
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.pending import output_finder
from ccxx_wallet.speaking import Speech, own_voices, speak

NAME_SIZE, LOCATOR_SIZE = 8, 20
_ROOT = (Authority.ROOT, Authority.ROOT_CREDIT)
_ADVICE = (
    "observers do not know this wallet's key yet: the first certificate of a permit shows it, so"
    " issue one first"
)


@dataclass(frozen=True, slots=True)
class StatusList:
    """A list to be published: its name and locator as the message has them, and its bytes."""

    name: bytes
    body: bytes
    locator: bytes


def list_name(text: str) -> bytes:
    """Return a list's name as messages have it: UTF-8 of up to 8 bytes, padded with spaces."""
    name = text.encode()
    if not 1 <= len(name) <= NAME_SIZE:
        raise WalletError(
            Refusal.BAD_FILE, f"--list {text!r} has {len(name)} bytes; a name has 1 to {NAME_SIZE}"
        )
    return name.ljust(NAME_SIZE)


def list_locator(text: str) -> bytes:
    """Return where a list is found as messages have it: up to 20 bytes, padded with zeros."""
    locator = text.encode()
    if len(locator) > LOCATOR_SIZE:
        raise WalletError(
            Refusal.BAD_FILE,
            f"--locator has {len(locator)} bytes; a message holds {LOCATOR_SIZE}",
        )
    return locator.ljust(LOCATOR_SIZE, b"\0")


def publish(desk: Desk, wanted: StatusList, choices: Choices, feerate: int) -> dict[str, Any]:
    """Begin a list or continue it, sent at once unless a file was asked for; return the facts."""
    live = desk.live
    chain = _own_chain(live, wanted.name)
    message = StatusMessage(
        list_id=wanted.name,
        seq=next_sequence(chain),
        size=len(wanted.body),
        list_hash=sha256(wanted.body),
        locator=wanted.locator,
    )
    if chain is not None and chain.digest == message.list_hash:
        raise WalletError(
            Refusal.ALREADY_SENT,
            f"the list {format_chain_name(chain.name)} says this already, in its number"
            f" {chain.number}; nothing was sent",
        )
    if chain is None:
        facts = _begin(desk, message, choices, feerate)
    else:
        facts = _continue(desk, chain, message, choices, feerate)
    more = {"list": format_chain_name(wanted.name), "sequence": message.seq, "size": message.size}
    return {**facts, **more, "list_hash": message.list_hash.hex()}


def status_chains(live: LiveWallet) -> list[MessageChain]:
    """Return all status lists of the network, the pool's latest messages included."""
    found = {chain.id: chain for chain in live.registry.chains()}
    found |= {each.id: each for each in live.ahead.ahead() if isinstance(each, MessageChain)}
    return [chain for chain in found.values() if chain.op is Op.STATUS]


def chain_facts(live: LiveWallet, chain: MessageChain) -> dict[str, Any]:
    """Give a status list as JSON."""
    return {
        "list": format_chain_name(chain.name),
        "by": str(chain.by),
        "issuer_key": chain.speaker.hex() if chain.by is Authority.ISSUER else None,
        "sequence": chain.number,
        "list_hash": chain.digest.hex(),
        "txid": format_hash(chain.latest),
        "height": chain.moment.height,
        "ended": chain.baton is None,
        "ours": _is_own(live, chain),
    }


def _begin(desk: Desk, message: StatusMessage, choices: Choices, feerate: int) -> dict[str, Any]:
    live = desk.live
    scripts = _speaking_scripts(live)
    voices = own_voices(live, scripts)
    baton = voices[0].script_pubkey if voices else b""
    return speak(
        desk, Speech(draft_status(message, baton, scripts), voices, _ADVICE), choices, feerate
    )


def _continue(
    desk: Desk, chain: MessageChain, message: StatusMessage, choices: Choices, feerate: int
) -> dict[str, Any]:
    live = desk.live
    if chain.baton is None:
        raise WalletError(
            Refusal.RULES,
            f"the list {format_chain_name(chain.name)} has ended: its baton was spent otherwise;"
            " publish under another --list name",
        )
    output = _baton_output(live, chain.baton)
    (voice,) = own_voices(live, [output.script_pubkey]) or (None,)
    if voice is None:
        raise WalletError(
            Refusal.WRONG_KEY,
            f"the baton of {format_chain_name(chain.name)} lies at a script that no key of this"
            " wallet opens alone",
        )
    spent = CreditInput(chain.baton, output, origins=voice.origins)
    outputs = draft_status(message, output.script_pubkey).outputs
    return desk.finish_draft(live.draft((spent,), outputs, feerate), choices)


def _baton_output(live: LiveWallet, baton: OutPoint) -> TxOutput:
    output = output_finder(live.client, live.pending)(baton)
    if output is None:
        raise WalletError(
            Refusal.INPUT_UNKNOWN, "the list's last message is not known to your node; try again"
        )
    return output


def _own_chain(live: LiveWallet, name: bytes) -> MessageChain | None:
    own = (each for each in status_chains(live) if each.name == name and _is_own(live, each))
    # One that goes on comes before one that ended under another key.
    return min(own, key=lambda chain: chain.baton is None, default=None)


def _is_own(live: LiveWallet, chain: MessageChain) -> bool:
    keys = live.wallet.store.watched_keys()
    if chain.by in _ROOT:
        return any(key.path.role is Role.CREDIT for key in keys)
    return any(key.public_key == chain.speaker for key in keys)


def _speaking_scripts(live: LiveWallet) -> tuple[bytes, ...]:
    """Return the scripts by which we may begin a list: of known issuers' keys, or R and K0."""
    keys = {key.public_key: key.path.role for key in live.wallet.store.watched_keys()}
    issuers = {permit.issuer_key for permit in live.permits()} & keys.keys()
    scripts = [script for key in sorted(filter(None, issuers)) for script in key_scripts(key)]
    root = get_root(live.ahead)
    if root is not None and Role.CREDIT in keys.values():
        term = keys_at(live.ahead, live.moment.height)
        scripts += [*key_scripts(term.root_key), root.script_pubkey]
    return tuple(scripts)
