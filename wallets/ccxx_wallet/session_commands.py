"""Commands on PSBT files, the same in every wallet: combine, finalize."""

from pathlib import Path
from typing import Any

import click

from ccxx_core.errors import CcxxError
from ccxx_core.hashes import format_hash
from ccxx_core.psbt import Psbt
from ccxx_wallet.cli import FILE, OVERWRITE, settings_of, shared_options
from ccxx_wallet.cosigner_options import cosigner_options
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import read_file, write_output
from ccxx_wallet.opening import opened_wallet
from ccxx_wallet.session import combine, finalize, read_psbt, signatures_of
from ccxx_wallet.wallet import Wallet

OUT = click.option("--out", type=FILE, help="Write here instead of in place.")
_DRAFT_OUT = click.option("--out", type=FILE, help="Name of the PSBT; else from action and id.")
_REPLACE = click.option(
    "--replace-draft", is_flag=True, help="Discard own unsent drafts of the same serial or coin."
)
FORCE = click.option("--force", is_flag=True, help="Go past a refusal of the rules. Destroys.")


def draft_options(function: Any) -> Any:
    """Give a command that drafts the options about its file and about a co-signer."""
    return _DRAFT_OUT(OVERWRITE(_REPLACE(cosigner_options(function))))


@click.command("combine")
@click.argument("files", type=FILE, nargs=-1, required=True)
@click.option("--out", type=FILE, required=True, help="File to write the joined PSBT to.")
@OVERWRITE
@shared_options
@click.pass_context
def combine_command(
    ctx: click.Context, files: tuple[Path, ...], out: Path, overwrite: bool
) -> None:
    """Join the signatures of several files about one transaction; needs no node."""
    settings = settings_of(ctx)
    with opened_wallet(ctx) as wallet:
        joined = combine([load_psbt(wallet, file) for file in files])
        if not settings.dry_run:
            write_output(out, joined.encode(), overwrite)
        settings.screen.show(
            {
                "file": None if settings.dry_run else str(out),
                "txid": format_hash(joined.transaction.txid),
                "signatures": len(signatures_of(joined).present),
                "complete": signatures_of(joined).are_complete,
            },
            "combined",
        )


@click.command("finalize")
@click.argument("file", type=FILE)
@click.option("--out", type=FILE, help="File for the transaction's hex; without it, printed.")
@OVERWRITE
@shared_options
@click.pass_context
def finalize_command(ctx: click.Context, file: Path, out: Path | None, overwrite: bool) -> None:
    """Turn a fully signed PSBT into a transaction, without sending it; needs no node."""
    settings = settings_of(ctx)
    with opened_wallet(ctx) as wallet:
        tx = finalize(load_psbt(wallet, file), anchor_names(wallet))
        raw = tx.encode().hex()
        if out is not None and not settings.dry_run:
            write_output(out, raw.encode() + b"\n", overwrite)
        settings.screen.show(
            {
                "txid": format_hash(tx.txid),
                "vsize": tx.vsize,
                "file": None if out is None or settings.dry_run else str(out),
                "hex": raw,
            },
            "finalized",
        )


def anchor_names(wallet: Wallet) -> dict[bytes, str]:
    """Name the keys that the trust anchor names."""
    anchor = wallet.anchor
    names: dict[bytes, str] = {}
    for each in () if anchor is None else anchor.roots:
        names |= {each.root_key: "root", each.system_key: "system"}
    return names


def load_psbt(wallet: Wallet, file: Path) -> Psbt:
    """Read a PSBT file for this wallet's network and trust anchor, and open all of its inputs."""
    body = read_file(file, limit=8_000_000)
    psbt = read_psbt(body, file.name, wallet.network, wallet.anchor)
    try:
        for index in range(len(psbt.inputs)):
            psbt.spent_output(index)
    except CcxxError as error:
        raise WalletError(
            Refusal.BAD_FILE, f"{file.name}: {error}; ask for a whole file"
        ) from error
    return psbt
