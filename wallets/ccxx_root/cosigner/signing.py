"""`ccxx-root sign` at a machine with a policy: the same desk and books as the service, on files."""

import time
from pathlib import Path
from typing import Any

import click

from ccxx_core.keys import PrivateKey
from ccxx_core.psbt import Psbt
from ccxx_root.cosigner.books import Books
from ccxx_root.cosigner.desk import CosignerDesk, receipt_facts
from ccxx_root.cosigner.opening import POLICY_FILE, read_policy
from ccxx_root.cosigner.tokens import OPERATOR
from ccxx_wallet.cli import settings_of
from ccxx_wallet.desk import Desk
from ccxx_wallet.files import write_output
from ccxx_wallet.opening import opened_desk
from ccxx_wallet.session_commands import load_psbt
from ccxx_wallet.sign_command import check_many, sign_command
from ccxx_wallet.signing_many import (
    Files,
    expand,
    facts_of_many,
    load_many,
    review_next,
    show_many,
)


def sign_under_policy(**options: Any) -> None:
    """Sign as all wallets do, or where the folder has a policy, as the co-signer does."""
    ctx = click.get_current_context()
    if not (settings_of(ctx).folder / POLICY_FILE).exists():
        ctx.invoke(sign_command, **options)
        return
    paths = expand(options["files"])
    check_many(paths, options["out"], options["force"])
    with opened_desk(ctx) as desk:
        if len(paths) == 1:
            facts = _sign(desk, paths[0], options["out"], options["overwrite"])
        else:
            facts = _sign_many(desk, load_many(desk.live.wallet, paths))
        desk.settings.screen.show(facts, "signed")


SIGN_COMMAND = click.Command(
    "sign", params=sign_command.params, callback=sign_under_policy, help=sign_command.help
)


def _sign(desk: Desk, file: Path, out: Path | None, overwrite: bool) -> dict[str, Any]:
    live, settings = desk.live, desk.settings
    psbt = load_psbt(live.wallet, file)
    books = Books(live.wallet.folder)
    try:
        policy = read_policy(live.wallet.folder, None)
        private: dict[bytes, PrivateKey] = {}
        cosigner = CosignerDesk(live, policy, books, lambda: private)
        found = desk.present(psbt, force=False)
        now = int(time.time())
        if settings.dry_run:
            return {**cosigner.check(psbt, OPERATOR, now), "file": None, "dry_run": True}
        settings.screen.confirm("Sign this transaction?")
        keys = live.own_keys(psbt)
        private |= settings.unlock(lambda passphrase: live.wallet.unlock(passphrase, keys))
        answer = cosigner.sign(psbt, OPERATOR, now)
        target = out or file
        write_output(target, answer.psbt.encode(), overwrite or target == file)
        facts = {**desk.facts(answer.psbt, found), "file": str(target)}
        return {**facts, "receipt": receipt_facts(answer.receipt)}
    finally:
        books.close()


def _sign_many(desk: Desk, files: Files) -> dict[str, Any]:
    """Sign files that may spend each other's outputs; each is decided on by the policy."""
    live, settings = desk.live, desk.settings
    reviews = [review_next(desk, path, psbt) for path, psbt in files]
    show_many(desk, reviews)
    books = Books(live.wallet.folder)
    try:
        policy = read_policy(live.wallet.folder, None)
        private: dict[bytes, PrivateKey] = {}
        cosigner = CosignerDesk(live, policy, books, lambda: private)
        if settings.dry_run:
            psbts = [psbt for _, psbt in files]
            checks = [
                cosigner.check(psbt, OPERATOR, int(time.time()), psbts[:at])
                for at, psbt in enumerate(psbts)
            ]
            return facts_of_many(files, reviews) | {"checks": checks, "dry_run": True}
        settings.screen.confirm(f"Sign these {len(files)} transactions?")
        keys = {key.public_key: key for _, psbt in files for key in live.own_keys(psbt)}
        wanted = list(keys.values())
        private |= settings.unlock(lambda passphrase: live.wallet.unlock(passphrase, wanted))
        receipts, signed = [], list[Psbt]()
        for path, psbt in files:
            answer = cosigner.sign(psbt, OPERATOR, int(time.time()), signed)
            write_output(path, answer.psbt.encode(), True)
            signed.append(answer.psbt)
            receipts.append(receipt_facts(answer.receipt))
        return facts_of_many(files, reviews) | {"receipts": receipts}
    finally:
        books.close()
