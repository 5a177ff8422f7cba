"""`send`, the same in every wallet: one fully signed PSBT file, several, or all in a folder."""

from pathlib import Path

import click

from ccxx_wallet.cli import shared_options
from ccxx_wallet.desk import Choices
from ccxx_wallet.funding_options import MAX_FEE
from ccxx_wallet.opening import opened_desk
from ccxx_wallet.sending_many import send_many
from ccxx_wallet.session import signatures_of
from ccxx_wallet.session_commands import FORCE, load_psbt
from ccxx_wallet.signing_many import expand, load_many


@click.command("send")
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True)
@FORCE
@MAX_FEE
@shared_options
@click.pass_context
def send_command(ctx: click.Context, files: tuple[Path, ...], force: bool) -> None:
    """Finish fully signed PSBTs, have them checked a second time, and send them in order."""
    paths = expand(files)
    is_one = paths == list(files)[:1] and len(files) == 1
    if force and not is_one:
        raise click.UsageError("--force is for one file; send the others without it")
    with opened_desk(ctx) as desk:
        if not is_one:
            facts = send_many(desk, load_many(desk.live.wallet, paths))
        else:
            psbt = load_psbt(desk.live.wallet, paths[0])
            signatures_of(psbt)
            found = desk.present(psbt, force)
            facts = desk.send(psbt, found, Choices(sign=False, force=force))
        desk.settings.screen.show(facts, "sent")
