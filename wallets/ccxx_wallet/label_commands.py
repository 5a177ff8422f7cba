"""Commands on the owner's labels (BIP 329), the same in every wallet: set, list, export, import."""

from pathlib import Path

import click

from ccxx_cert.identity import (
    format_outpoint,
    identity_hash,
    parse_certificate_id,
    parse_outpoint,
)
from ccxx_core.errors import DecodeError
from ccxx_wallet.cli import FILE, OVERWRITE, settings_of, shared_options
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import PRIVATE, check_output, read_file, write_atomically
from ccxx_wallet.labels import (
    Kind,
    Label,
    check_text,
    decode_labels,
    encode_labels,
    guess_kind,
    normal_ref,
)
from ccxx_wallet.opening import opened_wallet
from ccxx_wallet.registry_store import StoredRegistry
from ccxx_wallet.wallet import Wallet

KIND = click.option(
    "--type", "kind", type=click.Choice([each.value for each in Kind]), help="What it is about."
)


@click.group("label")
def label_group() -> None:
    """Labels: your words for transactions, addresses, keys, coins and certificates."""


@label_group.command("set")
@click.argument("ref")
@click.argument("text")
@KIND
@shared_options
@click.pass_context
def label_set(ctx: click.Context, ref: str, text: str, kind: str | None) -> None:
    """Label a transaction, address, key, coin or certificate; an empty TEXT takes it off."""
    settings = settings_of(ctx)
    with opened_wallet(ctx) as wallet:
        about, name = _resolve(wallet, ref, kind)
        label = Label(about, name, check_text(text))
        if not settings.dry_run:
            with wallet.store.transaction():
                wallet.store.set_label(label.kind, label.ref, label.text)
        settings.screen.show({"type": str(about), "ref": name, "label": text or None})


@label_group.command("list")
@KIND
@shared_options
@click.pass_context
def label_list(ctx: click.Context, kind: str | None) -> None:
    """List the labels, and the coins that are frozen."""
    with opened_wallet(ctx) as wallet:
        rows = [
            {
                "type": str(each.kind),
                "ref": each.ref,
                "label": each.text or None,
                "frozen": each.spendable is False,
            }
            for each in known_labels(wallet)
            if kind in (None, each.kind)
        ]
        settings_of(ctx).screen.show_list("labels", rows, ("type", "ref", "label", "frozen"))


@label_group.command("export")
@click.argument("file", type=FILE)
@OVERWRITE
@shared_options
@click.pass_context
def label_export(ctx: click.Context, file: Path, overwrite: bool) -> None:
    """Write all labels to a file that other wallets read (BIP 329)."""
    settings = settings_of(ctx)
    with opened_wallet(ctx) as wallet:
        labels = known_labels(wallet)
        if not settings.dry_run:
            data = encode_labels(labels)
            check_output(file, overwrite, data)
            # Labels tell a stranger whose coins these are.
            write_atomically(file, data, PRIVATE)
        name = None if settings.dry_run else str(file)
        settings.screen.show({"file": name, "labels": len(labels)})


@label_group.command("import")
@click.argument("file", type=FILE)
@shared_options
@click.pass_context
def label_import(ctx: click.Context, file: Path) -> None:
    """Take in the labels of a file (BIP 329); they replace those about the same things."""
    settings = settings_of(ctx)
    with opened_wallet(ctx) as wallet:
        labels, skipped = decode_labels(read_file(file), wallet.network)
        if not settings.dry_run:
            with wallet.store.transaction():
                for label in labels:
                    _take_in(wallet, label)
        settings.screen.show({"imported": len(labels), "skipped": skipped})


def known_labels(wallet: Wallet) -> list[Label]:
    """Return all labels of a wallet; frozen coins are there without words, too."""
    frozen = {format_outpoint(outpoint) for outpoint in wallet.store.frozen()}
    labels = []
    for kind in Kind:
        found = dict(wallet.store.labels(kind))
        if kind is Kind.OUTPUT:
            found |= {ref: "" for ref in sorted(frozen - found.keys())}
        for ref, text in found.items():
            is_frozen = kind is Kind.OUTPUT and ref in frozen
            labels.append(Label(kind, ref, text, False if is_frozen else None))
    return labels


def _take_in(wallet: Wallet, label: Label) -> None:
    if label.text:
        wallet.store.set_label(label.kind, label.ref, label.text)
    if label.spendable is False:
        wallet.store.freeze(parse_outpoint(label.ref))
    elif label.spendable:
        wallet.store.unfreeze(parse_outpoint(label.ref))


def _resolve(wallet: Wallet, ref: str, kind: str | None) -> tuple[Kind, str]:
    """Return what a reference is about, and its one spelling."""
    if ref.lower().startswith("ccert"):
        return Kind.OUTPUT, _certificate(wallet, ref)
    about = guess_kind(ref) if kind is None else Kind(kind)
    return about, normal_ref(about, ref, wallet.network)


def _certificate(wallet: Wallet, text: str) -> str:
    try:
        wanted = parse_certificate_id(text)
    except DecodeError as error:
        raise WalletError(Refusal.UNKNOWN_CERTIFICATE, f"{text}: {error}; check it") from error
    for each in StoredRegistry(wallet.store).certificates():
        if identity_hash(each.id)[: len(wanted)] == wanted:
            return format_outpoint(each.id)
    raise WalletError(
        Refusal.UNKNOWN_CERTIFICATE, f"no certificate {text} is known yet; give its txid:vout"
    )
