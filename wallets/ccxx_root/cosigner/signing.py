"""`ccxx-root sign` at a machine with a policy: the same desk and books as the service, on files."""

import time
from pathlib import Path
from typing import Any

import click

from ccxx_core.keys import PrivateKey
from ccxx_root.cosigner.books import Books
from ccxx_root.cosigner.desk import CosignerDesk, receipt_facts
from ccxx_root.cosigner.opening import POLICY_FILE, read_policy
from ccxx_root.cosigner.tokens import OPERATOR
from ccxx_wallet.cli import settings_of
from ccxx_wallet.desk import Desk
from ccxx_wallet.files import write_output
from ccxx_wallet.opening import opened_desk
from ccxx_wallet.session_commands import load_psbt, sign_command


def sign_under_policy(**options: Any) -> None:
    """Sign as all wallets do, or where the folder has a policy, as the co-signer does."""
    ctx = click.get_current_context()
    if not (settings_of(ctx).folder / POLICY_FILE).exists():
        ctx.invoke(sign_command, **options)
        return
    with opened_desk(ctx) as desk:
        facts = _sign(desk, options["file"], options["out"], options["overwrite"])
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
