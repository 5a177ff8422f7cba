"""Sending several PSBTs at once: each behind what it spends, those sent before passed over."""

from collections.abc import Sequence
from typing import Any

from ccxx_core.hashes import format_hash
from ccxx_core.psbt import Psbt
from ccxx_wallet.desk import Desk
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.interruption import note_state
from ccxx_wallet.session import finalize
from ccxx_wallet.signer import Review
from ccxx_wallet.signing_many import Files, review_next, show_many


def send_many(desk: Desk, files: Files) -> dict[str, Any]:
    """Review and show files, ask once, and send them; one that is refused stops all before any.

    Raises WalletError NOT_ACCEPTED, with how many were sent, where the node takes no more.
    """
    left, sent_before = _split(desk, files)
    for path, psbt in left:
        try:
            finalize(psbt, desk.key_names(psbt))
        except WalletError as error:
            raise WalletError(error.refusal, f"{path.name}: {error.detail}") from error
    reviews = [review_next(desk, path, psbt) for path, psbt in left]
    facts: dict[str, Any] = {
        "txids": [],
        "files": [str(path) for path, _ in left],
        "already_sent": sent_before,
    }
    if left:
        show_many(desk, reviews)
    if not left or desk.settings.dry_run:
        return facts | {"dry_run": desk.settings.dry_run}
    desk.settings.screen.confirm(f"Send these {len(left)} transactions?")
    desk.live.stop_assuming(desk.settings.screen)
    facts["txids"] = _send_in_order(desk, left, reviews)
    return facts


def _split(desk: Desk, files: Files) -> tuple[Files, list[str]]:
    """Return what is to be sent, and the files of what was; each of those gets a line."""
    left, before = [], []
    for path, psbt in files:
        try:
            desk.live.check_unsent(psbt)
        except WalletError as error:
            if error.refusal is not Refusal.ALREADY_SENT:
                raise
            desk.settings.screen.say(f"{path.name}: {error.detail}; passed over")
            before.append(str(path))
        else:
            left.append((path, psbt))
    return left, before


def _send_in_order(desk: Desk, files: Files, reviews: Sequence[Review]) -> list[str]:
    sent: list[str] = []
    for (path, psbt), found in zip(files, reviews, strict=True):
        try:
            sent.append(_send(desk, psbt, found))
        except WalletError as error:
            raise WalletError(
                error.refusal,
                f"{path.name}: {error.detail}; {len(sent)} of {len(files)} were sent, and the same"
                " command sends the rest",
            ) from error
        note_state(f"{len(sent)} of {len(files)} transactions were sent; the rest can be sent yet")
    return sent


def _send(desk: Desk, psbt: Psbt, found: Review) -> str:
    sent = desk.live.finish(psbt, desk.key_names(psbt))
    desk.live.send(sent, found.action)
    desk.live.assume(psbt)
    return format_hash(sent.transaction.txid)
