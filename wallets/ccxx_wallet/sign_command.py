"""`sign`, the same in every wallet: one PSBT file, several, or all in a folder."""

from pathlib import Path

import click

from ccxx_wallet.cli import OVERWRITE, shared_options
from ccxx_wallet.cosigner_options import cosigner_options
from ccxx_wallet.desk import Choices
from ccxx_wallet.funding_options import MAX_FEE
from ccxx_wallet.opening import opened_desk
from ccxx_wallet.session_commands import FORCE, OUT, load_psbt
from ccxx_wallet.signing_many import expand, load_many, sign_many


@click.command("sign")
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True)
@OUT
@OVERWRITE
@FORCE
@click.option("--spend-own", is_flag=True, help="Agree that a file of others spends what is ours.")
@MAX_FEE
@cosigner_options
@shared_options
@click.pass_context
def sign_command(
    ctx: click.Context, /, files: tuple[Path, ...], out: Path | None, **options: bool
) -> None:
    """Show what PSBT files, or all in a folder, would do; then sign them with our keys."""
    paths = expand(files)
    check_many(paths, out, options["force"])
    with opened_desk(ctx) as desk:
        choices = Choices(out=out, **options)
        if len(paths) == 1:
            psbt = load_psbt(desk.live.wallet, paths[0])
            facts = desk.sign_file(psbt, paths[0], choices)
        else:
            facts = sign_many(desk, load_many(desk.live.wallet, paths), choices)
        desk.settings.screen.show(facts, "signed")


def check_many(paths: list[Path], out: Path | None, force: bool) -> None:
    """Refuse options that are about one file where there are several."""
    if len(paths) > 1 and (out is not None or force):
        raise click.UsageError("--out and --force are for one file; several are signed in place")
