"""Sending a message that moves no credit: it counts by a coin that its speaker spends (rule 7).

Which coins give authority is in the registry, from the chain alone. Where this wallet has none, it
first pays one to the speaker's script; each message pays it back to the same script, for the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ccxx_cert.custody import Wrap, permit_script, wrap
from ccxx_cert.errors import CertificateError
from ccxx_cert.marks import WatchedCoin
from ccxx_cert.state import Change, Permit, watched_coin_key
from ccxx_cert.template import Draft
from ccxx_cert.verify import check_meaning, explain
from ccxx_core.address import encode_address
from ccxx_core.amount import format_amount
from ccxx_core.hashes import Txid
from ccxx_core.psbt_fields import Origins
from ccxx_core.script import is_p2sh
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_wallet.authority_coins import may_spend
from ccxx_wallet.builder import CreditInput, Funded
from ccxx_wallet.coin_selection import LEAST_CHANGE, VOICE_VALUE
from ccxx_wallet.desk import Choices, Desk
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.keyring import Role
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.pending import output_finder
from ccxx_wallet.registry_store import Overlay

_PRETENDED = OutPoint(Txid(bytes(32)), 0)


@dataclass(frozen=True, slots=True)
class Voice:
    """A script that gives authority, and how this wallet opens it.

    `script` is the multisig behind it, empty where one key of ours speaks alone.
    """

    script_pubkey: bytes
    origins: Origins
    script: bytes = b""

    @property
    def is_joint(self) -> bool:
        """Whether others must sign too."""
        return bool(self.script)


@dataclass(frozen=True, slots=True)
class Speech:
    """A message, the voices that may speak it, best first, and advice where there is none."""

    draft: Draft
    voices: tuple[Voice, ...]
    advice: str


def own_voices(live: LiveWallet, scripts: Sequence[bytes]) -> tuple[Voice, ...]:
    """Return the scripts that one key of ours opens alone, in their order."""
    keys = {key.plain_script: key.public_key for key in live.wallet.store.watched_keys()}
    found = [script for script in dict.fromkeys(scripts) if script in keys]
    return tuple(Voice(script, live.wallet.origins(keys[script])) for script in found)


def joint_voices(live: LiveWallet, permit: Permit) -> tuple[Voice, ...]:
    """Return the voice of a permit's own script, by which issuer, root and system speak together.

    Empty where no key of ours is in the script, or its issuer's key is not known.
    """
    own = [key.public_key for key in live.wallet.store.watched_keys()]
    issuers = [key.public_key for key in live.wallet.store.watched_keys(Role.ISSUER)]
    if permit.issuer_key is not None:
        issuers.append(permit.issuer_key)
    for issuer_key in issuers:
        keys = (permit.root_key, issuer_key, permit.system_key)
        ours = [key for key in keys if key in own]
        script = permit_script(*keys)
        if ours and permit.script_pubkey in (wrap(script, how) for how in Wrap):
            origins = tuple(each for key in ours for each in live.wallet.origins(key))
            return (Voice(permit.script_pubkey, origins, script),)
    return ()


def speak(desk: Desk, speech: Speech, choices: Choices, feerate: int) -> dict[str, Any]:
    """Sign a message and send it, or write it to a file where others sign too; return the facts.

    Raises WalletError RULES before anything is paid if an observer would not count it, COIN_FIRST
    where a wallet without keys could only write the payment that must come before.
    """
    live = desk.live
    if not speech.voices:
        raise WalletError(Refusal.RULES, speech.advice)
    # Always the first: the key of the root credit is not used where R is enough.
    voice = speech.voices[0]
    check_speech(live, speech.draft, voice)
    coin = _find_coin(live, voice)
    paid = None
    if coin is None:
        paid = _make_coin(desk, voice, feerate)
        if paid.get("file"):
            raise _coin_first(paid["file"])
        if not paid.get("sent"):
            # A dry run: what follows depends on the coin.
            return {**paid, "paid_first": None, "speaks_by": _address(live, voice)}
        live.sync(desk.settings.screen)
        # Coins that were named by hand have paid for this one.
        live.funding = replace(live.funding, coins=())
        coin = _find_coin(live, voice)
        if coin is None:
            raise WalletError(
                Refusal.INPUT_UNKNOWN,
                "the coin to speak by was paid but is not there yet; run the command again",
            )
    facts = desk.finish_draft(_fund(live, speech.draft, coin, feerate), choices)
    facts["speaks_by"] = _address(live, voice)
    return {**facts, "paid_first": None if paid is None else paid["txid"]}


def check_speech(live: LiveWallet, draft: Draft, voice: Voice) -> None:
    """Judge a message as if its voice had a coin already; raises WalletError RULES."""
    pretended = WatchedCoin(_PRETENDED, voice.script_pubkey)
    change = Change(watched_coin_key(_PRETENDED), None, pretended)
    tx = Transaction(version=2, inputs=(TxInput(_PRETENDED),), outputs=draft.outputs)
    meaning = explain(
        tx,
        Overlay(live.ahead, [change]),
        live.require_anchor(),
        next_block=live.moment,
        spent={},
    )
    try:
        check_meaning(meaning)
    except CertificateError as error:
        raise WalletError(Refusal.RULES, f"the rules refuse this message ({error})") from error


def _find_coin(live: LiveWallet, voice: Voice) -> CreditInput | None:
    """Return the largest coin that a voice can speak by now, None where none is worth its input.

    Anybody may pay dust to its script, also by mining, where no dust limit holds.
    """
    wallet, reserved = live.wallet, live.drafts.reserved()
    find = output_finder(live.client, live.pending)
    found: list[tuple[OutPoint, TxOutput]] = []
    for coin in live.watched_coins():
        if coin.script_pubkey != voice.script_pubkey or coin.chain is not None:
            continue
        if coin.outpoint in reserved or not may_spend(wallet, live.pending, coin.outpoint):
            continue
        output = find(coin.outpoint)
        if output is not None and output.value >= LEAST_CHANGE:
            found.append((coin.outpoint, output))
    if not found:
        return None
    return _voice_input(live, voice, *max(found, key=lambda each: each[1].value))


def _voice_input(
    live: LiveWallet, voice: Voice, outpoint: OutPoint, output: TxOutput
) -> CreditInput:
    needs_previous = voice.is_joint and is_p2sh(output.script_pubkey)
    return CreditInput(
        outpoint,
        output,
        voice.script,
        signatures=3 if voice.is_joint else 1,
        previous=live.previous(outpoint) if needs_previous else None,
        origins=voice.origins,
    )


def _make_coin(desk: Desk, voice: Voice, feerate: int) -> dict[str, Any]:
    """Pay a small coin to a voice's script, which the message then spends."""
    address = _address(desk.live, voice)
    output = TxOutput(VOICE_VALUE, voice.script_pubkey)
    for draft in desk.live.wallet.store.drafts():
        # Asked twice, the first payment is still the one to send.
        if output in draft.transaction.outputs and not desk.live.drafts.may_replace:
            raise _coin_first(draft.file)
    desk.settings.screen.say(
        f"no coin lies at {address} to speak by: first a payment of {format_amount(VOICE_VALUE)}"
        " there, then the message that spends it"
    )
    return desk.finish_draft(desk.live.draft((), (output,), feerate), Choices(send=True))


def _coin_first(file: str) -> WalletError:
    return WalletError(
        Refusal.COIN_FIRST,
        f"the message is not drafted yet: {file} pays the coin that it speaks by; have that one"
        " signed and sent first, then run this command again",
    )


def _fund(live: LiveWallet, draft: Draft, spent: CreditInput, feerate: int) -> Funded:
    """Fund a message, and pay its coin back to the script that speaks, if there is enough."""
    value = min(spent.output.value, VOICE_VALUE)
    back = TxOutput(value, spent.output.script_pubkey)
    try:
        return live.draft((spent,), (*draft.outputs, back), feerate)
    except WalletError as error:
        if error.refusal is not Refusal.NOT_ENOUGH_COINS:
            raise
        return live.draft((spent,), draft.outputs, feerate)


def _address(live: LiveWallet, voice: Voice) -> str:
    return encode_address(voice.script_pubkey, live.wallet.network) or voice.script_pubkey.hex()
