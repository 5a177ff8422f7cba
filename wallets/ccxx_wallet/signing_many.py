"""Signing a folder of PSBTs at once: one question, one passphrase, every transaction reviewed.

They may spend each other's outputs, as those of an issue of many do: each is reviewed as if those
before it were sent.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ccxx_core.amount import format_amount
from ccxx_core.hashes import format_hash
from ccxx_core.psbt import Psbt
from ccxx_wallet.desk import Choices, Desk
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import write_atomically
from ccxx_wallet.interruption import note_state
from ccxx_wallet.pending import in_order
from ccxx_wallet.screen import Screen
from ccxx_wallet.session import signatures_of
from ccxx_wallet.session_commands import load_psbt
from ccxx_wallet.signer import Review, check_rules, sign
from ccxx_wallet.wallet import Wallet

Files = Sequence[tuple[Path, Psbt]]


def expand(paths: Sequence[Path]) -> list[Path]:
    """Put the PSBTs of a folder in its place; raises WalletError BAD_FILE where there are none."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.glob("*.psbt")) if path.is_dir() else [path]
        if not inside:
            raise WalletError(Refusal.BAD_FILE, f"{path} holds no .psbt file; name another folder")
        found += inside
    return list(dict.fromkeys(found))


def load_many(wallet: Wallet, paths: Sequence[Path]) -> Files:
    """Read files, those that others spend first."""
    loaded = {path: load_psbt(wallet, path) for path in paths}
    by_txid = {psbt.transaction.txid: (path, psbt) for path, psbt in loaded.items()}
    if len(by_txid) != len(loaded):
        raise WalletError(
            Refusal.BAD_FILE, "two of the files are about one transaction; `combine` them first"
        )
    ordered = in_order(psbt.transaction for psbt in loaded.values())
    return [by_txid[tx.txid] for tx in ordered]


def sign_many(desk: Desk, files: Files, choices: Choices) -> dict[str, Any]:
    """Review, show and sign files in place; one that is refused stops all before any is signed."""
    live, settings = desk.live, desk.settings
    live.wallet.check_can_sign()
    reviews = []
    for path, psbt in files:
        signatures_of(psbt)
        desk.check_own_inputs(psbt, choices)
        reviews.append(review_next(desk, path, psbt))
    # The key of a payer may be in some files only.
    keys = {key.public_key: key for _, psbt in files for key in live.own_keys(psbt)}
    if not keys:
        raise WalletError(
            Refusal.NOTHING_TO_SIGN,
            "no key of this wallet guards an input of these files; check that it is the right"
            " wallet and the right folder",
        )
    show_many(desk, reviews)
    if desk.cosigner is not None:
        # The others it can judge once it has signed what they spend.
        desk.cosigner.check(files[0][1])
    if settings.dry_run:
        return facts_of_many(files, reviews) | {"dry_run": True}
    wanted = list(keys.values())
    private = settings.unlock(lambda passphrase: live.wallet.unlock(passphrase, wanted))
    settings.screen.confirm(f"Sign these {len(files)} transactions?")
    signed = []
    with settings.screen.progress("Signing") as report:
        for done, (path, psbt) in enumerate(files, 1):
            signed.append((path, sign(psbt, private)))
            write_atomically(path, signed[-1][1].encode())
            report(done, len(files))
    return facts_of_many(files, reviews) | _cosigned(desk, signed)


def _cosigned(desk: Desk, files: Files) -> dict[str, Any]:
    """Have a co-signer, if one was named, add its signatures to each; return what that adds."""
    if desk.cosigner is None:
        return {"complete": all(signatures_of(psbt).are_complete for _, psbt in files)}
    receipts, is_complete = [], True
    for path, psbt in files:
        note_state(f"every file has our signatures; the co-signer is asked again with sign {path}")
        signed, answer = desk.cosigner.sign(psbt)
        write_atomically(path, signed.encode())
        receipts.append(answer.get("receipt"))
        is_complete = is_complete and signatures_of(signed).are_complete
    return {"complete": is_complete, "receipts": receipts}


def review_next(desk: Desk, path: Path, psbt: Psbt) -> Review:
    """Review one of several and look ahead as if it were sent; a refusal names its file."""
    try:
        found = desk.live.review(psbt)
        check_rules(found, desk.live.funding.most_fee)
    except WalletError as error:
        raise WalletError(error.refusal, f"{path.name}: {error.detail}") from error
    desk.live.assume(psbt)
    return found


def show_many(desk: Desk, reviews: Sequence[Review]) -> None:
    """Show every transaction that would be signed, then their sums; others may have made them."""
    screen = desk.settings.screen
    if screen.as_json and screen.assume_yes:
        return
    show_reviews(screen, reviews)
    actions = ", ".join(sorted({review.action for review in reviews}))
    fee = format_amount(sum(review.fee for review in reviews))
    screen.say(f"{len(reviews)} transactions in all ({actions}), fees {fee} together")


def show_reviews(screen: Screen, reviews: Sequence[Review]) -> None:
    """Show what transactions do, one after the other."""
    for number, review in enumerate(reviews, 1):
        lines = {str(at): line for at, line in enumerate(review.lines, 1)}
        screen.notice(lines, f"Transaction {number} ({review.action}), as your own node sees it:")


def facts_of_many(files: Files, reviews: Sequence[Review]) -> dict[str, Any]:
    """Give the transactions of files as JSON, each with what it does."""
    return {
        "files": [str(path) for path, _ in files],
        "txids": [format_hash(psbt.transaction.txid) for _, psbt in files],
        "actions": sorted({review.action for review in reviews}),
        "fee": format_amount(sum(review.fee for review in reviews)),
        "meanings": [review.as_facts() for review in reviews],
    }
