"""Putting a document on the chain: one transaction a piece, each paying back to the author.

An author is known by a script that the document's message spent, so the coins for the pieces are
paid there first. A relay takes 25 unconfirmed transactions that hang together: longer documents
need several coins, or several blocks. Running it again goes on where it ended.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ccxx_cert.chunks import split
from ccxx_cert.records import ChunkMessage
from ccxx_cert.template import message_output
from ccxx_core.address import encode_address
from ccxx_core.amount import format_amount
from ccxx_core.hashes import format_hash
from ccxx_core.keys import PrivateKey
from ccxx_core.psbt import Psbt, PsbtInput
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_wallet.authority_coins import batons
from ccxx_wallet.builder import SEQUENCE
from ccxx_wallet.chain_pieces import Published, find_pieces
from ccxx_wallet.coin_selection import LEAST_CHANGE, P2WPKH_INPUT_VSIZE, PlainCoin
from ccxx_wallet.desk import Choices, Desk
from ccxx_wallet.document_subjects import Subject
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.funding import usual_feerate
from ccxx_wallet.keyring import WatchedKey
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.signer import check_cost, check_rules, sign

PURPOSE = "chunk"
# One below the relay's limit of transactions that hang together: the payment counts too.
_LANE = 24
_MOST_LANES = 100
_OVERHEAD_VSIZE = 11
_CHANGE_VSIZE = 31
_FULL = "too-long-mempool-chain"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is still to be sent: pieces, the key whose coins speak, those coins, the fee rate."""

    total: int
    missing: tuple[ChunkMessage, ...]
    key: WatchedKey
    coins: tuple[PlainCoin, ...]
    feerate: int

    @property
    def fee(self) -> int:
        """Satoshis that the missing pieces cost together."""
        return sum(_fee(message, self.feerate) for message in self.missing)

    @property
    def unpaid(self) -> int:
        """How many pieces the author's coins do not reach for."""
        dearest = max((_fee(message, self.feerate) for message in self.missing), default=1)
        reach = sum(max(0, coin.value - LEAST_CHANGE) // dearest for coin in self.coins)
        return max(0, len(self.missing) - reach)

    def payment(self) -> tuple[TxOutput, ...]:
        """Return the outputs that pay for what the coins do not reach for."""
        if not self.unpaid:
            return ()
        dearest = max(_fee(message, self.feerate) for message in self.missing)
        lanes = min(-(-self.unpaid // _LANE), _MOST_LANES)
        value = -(-self.unpaid // lanes) * dearest + LEAST_CHANGE
        return (TxOutput(value, self.key.plain_script),) * lanes


def publish_on_chain(desk: Desk, subject: Subject, document: bytes, feerate: int) -> dict[str, Any]:
    """Send the pieces of a document that are not on the chain yet; return the facts.

    Raises WalletError WRONG_KEY where this wallet did not send the document's message, FEE_TOO_HIGH
    where all pieces together cost more than a transaction may.
    """
    published = find_pieces(desk.live, subject, desk.settings.screen)
    plan = _plan(desk.live, published, document, feerate or usual_feerate(desk.live.client))
    facts = _facts(desk.live, subject, document, plan)
    screen = desk.settings.screen
    if desk.settings.dry_run or published.document(subject.digest) is not None:
        return {**facts, "sent": 0, "complete": not plan.missing}
    desk.live.wallet.check_can_sign()
    check_cost(plan.fee, desk.live.funding.most_fee)
    screen.notice(facts, "This publishes the document for everybody and for ever:")
    screen.confirm(f"Publish {len(plan.missing)} pieces?")
    if payment := plan.payment():
        desk.finish_draft(desk.live.draft((), payment, plan.feerate), Choices(send=True))
        desk.live.sync(screen)
        plan = replace(plan, coins=_author_coins(desk.live, plan.key))
    wallet = desk.live.wallet
    private = desk.settings.unlock(lambda passphrase: wallet.unlock(passphrase, [plan.key]))
    sent = _send_pieces(desk, plan, private[plan.key.public_key])
    left = len(plan.missing) - sent
    if left:
        screen.say(f"{left} pieces wait for a block: run the same command again after it")
    return {**facts, "sent": sent, "complete": not left}


def _plan(live: LiveWallet, published: Published, document: bytes, feerate: int) -> Plan:
    try:
        messages = split(document)
    except ValueError as error:
        raise WalletError(
            Refusal.BAD_FILE, f"{error}: too long for the chain; take another --store"
        ) from error
    key = _author_key(live, published.authors)
    missing = tuple(message for message in messages if not published.has(message))
    return Plan(len(messages), missing, key, _author_coins(live, key), feerate)


def _author_key(live: LiveWallet, authors: frozenset[bytes]) -> WatchedKey:
    keys = [key for script in sorted(authors) if (key := live.wallet.watched.plain_key(script))]
    if not keys:
        raise WalletError(
            Refusal.WRONG_KEY,
            "only who paid for the document's message can publish it on the chain, with a coin of"
            " the same address, and this wallet did not; take another --store",
        )
    return keys[0]


def _author_coins(live: LiveWallet, key: WatchedKey) -> tuple[PlainCoin, ...]:
    unfit = live.drafts.reserved() | batons(live.watched_coins())
    coins = live.wallet.plain_coins(live.pending)
    return tuple(
        coin
        for coin in coins
        if coin.script_pubkey == key.plain_script and coin.outpoint not in unfit
    )


def _send_pieces(desk: Desk, plan: Plan, key: PrivateKey) -> int:
    """Send pieces along each coin until all are sent or the pool takes no more; return how many."""
    waiting = list(plan.missing)
    with desk.settings.screen.progress("Publishing") as report:
        for coin in plan.coins:
            spent: PlainCoin | None = coin
            while waiting and spent is not None:
                spent = _send_piece(desk.live, spent, waiting[0], plan, key)
                if spent is not None:
                    del waiting[0]
                    report(len(plan.missing) - len(waiting), len(plan.missing))
    return len(plan.missing) - len(waiting)


def _send_piece(
    live: LiveWallet, coin: PlainCoin, message: ChunkMessage, plan: Plan, key: PrivateKey
) -> PlainCoin | None:
    """Send one piece; return the coin it pays back, None where the coin reaches no further."""
    change = coin.value - _fee(message, plan.feerate)
    if change < LEAST_CHANGE:
        return None
    back = TxOutput(change, coin.script_pubkey)
    tx = Transaction(
        version=2,
        inputs=(TxInput(coin.outpoint, sequence=SEQUENCE),),
        outputs=(message_output(message), back),
    )
    spent = PsbtInput(witness_utxo=TxOutput(coin.value, coin.script_pubkey))
    psbt = Psbt.create(tx, [spent], network=live.wallet.network)
    check_rules(live.review(psbt))
    try:
        finished = live.finish(sign(psbt, {key.public_key: key}), {})
    except WalletError as error:
        if error.refusal is Refusal.NOT_ACCEPTED and _FULL in error.detail:
            return None
        raise
    live.send(finished, PURPOSE)
    live.pending.append(finished.transaction)
    return replace(coin, outpoint=OutPoint(tx.txid, 1), value=change, height=None)


def _fee(message: ChunkMessage, feerate: int) -> int:
    size = len(message_output(message).encode())
    return feerate * (_OVERHEAD_VSIZE + P2WPKH_INPUT_VSIZE + size + _CHANGE_VSIZE)


def _facts(live: LiveWallet, subject: Subject, document: bytes, plan: Plan) -> dict[str, Any]:
    paid: Sequence[TxOutput] = plan.payment()
    return {
        "document_hash": subject.digest.hex(),
        "message": format_hash(subject.txid),
        "bytes": len(document),
        "pieces": plan.total,
        "already_published": plan.total - len(plan.missing),
        "fee_of_pieces": format_amount(plan.fee),
        "paid_first": format_amount(sum(output.value for output in paid)),
        "author": encode_address(plan.key.plain_script, live.wallet.network),
    }
