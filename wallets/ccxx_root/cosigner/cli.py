"""The commands `ccxx-root cosigner …`: the service, its tokens and log, and asking one."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from ccxx_core.psbt import Psbt
from ccxx_root.cosigner.audit import AuditLog
from ccxx_root.cosigner.books import Books
from ccxx_root.cosigner.desk import receipt_facts
from ccxx_root.cosigner.ledger import StoredToken
from ccxx_root.cosigner.opening import read_policy
from ccxx_root.cosigner.refusals import CosignerError, Refusal
from ccxx_root.cosigner.tokens import TokenRole, new_token
from ccxx_wallet.cli import FILE, PUBLIC_KEY, settings_of, shared_options
from ccxx_wallet.cosigner_client import CosignerClient
from ccxx_wallet.cosigner_options import cosigner_of, cosigner_options
from ccxx_wallet.files import PRIVATE, check_output, read_file, write_atomically
from ccxx_wallet.opening import opened_wallet

_FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)
_REMOTE_ROLES = [role.value for role in TokenRole if role is not TokenRole.OPERATOR]


@click.group("cosigner")
def cosigner_group() -> None:
    """The co-signer service, which signs with R and S what its policy allows."""


@cosigner_group.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", type=click.IntRange(0, 65535), default=8572, show_default=True)
@click.option("--policy", type=FILE, help="Policy; else cosigner.toml in the wallet's folder.")
@click.option("--types", type=_FOLDER, help="Folder of type definitions, whose rules bind.")
@click.option("--grants", is_flag=True, help="Hold K0 too, and sign permits that are approved.")
@click.option("--tls-certificate", type=FILE, help="The server's certificate chain, PEM.")
@click.option("--tls-key", type=FILE, help="Its private key, PEM.")
@click.option("--client-ca", type=FILE, help="Only clients with a certificate of this CA, PEM.")
@shared_options
@click.pass_context
def serve_command(ctx: click.Context, /, **options: Any) -> None:
    """Unlock R and S, and sign what tokens ask for until the process is stopped."""
    # Only this command waits for a web server to load.
    from ccxx_root.cosigner.serving import Station, serve

    settings = settings_of(ctx)
    policy = read_policy(settings.folder, options.pop("policy"))
    serve(Station(settings=settings, policy=policy, **options))


@cosigner_group.group("token")
def token_group() -> None:
    """Tokens: who may ask the service."""


@token_group.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(_REMOTE_ROLES), required=True, help="What it may ask.")
@click.option("--issuer-key", type=PUBLIC_KEY, multiple=True, help="Issuer's key; repeatable.")
@click.option("--fingerprint", help="SHA-256 of the client certificate it is bound to, hex.")
@click.option("--out", type=FILE, required=True, help="File for the token, readable by you alone.")
@shared_options
@click.pass_context
def token_add(ctx: click.Context, /, name: str, role: str, out: Path, **options: Any) -> None:
    """Make a token; it is written to a file once and kept here as a hash only."""
    settings = settings_of(ctx)
    check_output(out, False)
    fingerprint = _fingerprint(options["fingerprint"])
    now = int(time.time())
    kept = StoredToken(name, role, b"", options["issuer_key"], fingerprint, now)
    facts: dict[str, Any] = {"name": name, "role": role, "file": str(out)}
    if not settings.dry_run:
        with _opened_books(ctx) as books, books.decision():
            token = new_token(books.ledger, os.urandom(32), kept)
            books.note("token-added", now, {"name": name, "role": role})
            write_atomically(out, token.encode() + b"\n", PRIVATE)
    settings.screen.show(facts, "token made; give the file to its owner over a safe way")


@token_group.command("list")
@shared_options
@click.pass_context
def token_list(ctx: click.Context) -> None:
    """List tokens: names and what they may ask, never the tokens."""
    with _opened_books(ctx) as books:
        rows = [
            {
                "name": token.name,
                "role": token.role,
                "issuer_keys": [key.hex() for key in token.issuer_keys],
                "fingerprint": None if token.fingerprint is None else token.fingerprint.hex(),
            }
            for token in books.ledger.tokens()
        ]
    settings_of(ctx).screen.show_list("tokens", rows, ("name", "role", "issuer_keys"))


@token_group.command("remove")
@click.argument("name")
@shared_options
@click.pass_context
def token_remove(ctx: click.Context, name: str) -> None:
    """Forget a token; from now on it opens nothing."""
    settings = settings_of(ctx)
    if not settings.dry_run:
        with _opened_books(ctx) as books, books.decision():
            if not books.ledger.remove_token(name):
                raise CosignerError(Refusal.BAD_TOKEN, f"there is no token {name}; see token list")
            books.note("token-removed", int(time.time()), {"name": name})
    settings.screen.show({"name": name, "removed": not settings.dry_run})


@cosigner_group.group("log")
def log_group() -> None:
    """The audit log of all that was signed, refused and approved."""


@log_group.command("verify")
@click.option("--file", type=FILE, help="A copy of the log; else the one in the wallet's folder.")
@click.option("--head", help="Hash that its last line must have, as a receipt shows it.")
@shared_options
@click.pass_context
def log_verify(ctx: click.Context, file: Path | None, head: str | None) -> None:
    """Check every line of the log, and that none is missing at its end."""
    if file is None:
        with _opened_books(ctx) as books:
            end = books.log.check(books.ledger.log_head())
    else:
        end = AuditLog(file).verify()
    if head is not None and head.lower() != end.hash.hex():
        raise CosignerError(
            Refusal.LOG_DAMAGED, f"its last line is {end.hash.hex()}, not {head[:64]}"
        )
    settings_of(ctx).screen.show({"intact": True, **receipt_facts(end)})


@cosigner_group.command("request")
@click.argument("file", type=FILE)
@click.option("--out", type=FILE, help="Write here instead of in place.")
@cosigner_options
@shared_options
@click.pass_context
def request_command(ctx: click.Context, file: Path, out: Path | None) -> None:
    """Have a PSBT file signed by a service; needs no wallet. --dry-run only asks what it would."""
    settings = settings_of(ctx)
    client = CosignerClient(cosigner_of(ctx))
    psbt = Psbt.decode(read_file(file, limit=8_000_000))
    if settings.dry_run:
        settings.screen.show({**client.check(psbt), "dry_run": True}, "it would sign")
        return
    signed, facts = client.sign(psbt)
    write_atomically(out or file, signed.encode())
    settings.screen.show({**facts, "file": str(out or file)}, "signed by the co-signer")


@cosigner_group.command("approve")
@click.argument("permit")
@cosigner_options
@shared_options
@click.pass_context
def approve_command(ctx: click.Context, permit: str) -> None:
    """Approve a permit as an officer: PERMIT is its PSBT file, or its id txid:vout."""
    settings = settings_of(ctx)
    client = CosignerClient(cosigner_of(ctx))
    path = Path(permit)
    wanted = Psbt.decode(read_file(path, limit=8_000_000)) if path.is_file() else permit
    shown = client.consider(wanted)
    if settings.dry_run:
        settings.screen.show({**shown, "dry_run": True})
        return
    settings.screen.notice(shown, "This permit, as the co-signer's own node sees it:")
    settings.screen.confirm("Approve this permit?")
    settings.screen.show(client.approve(wanted), "approved")


@contextmanager
def _opened_books(ctx: click.Context) -> Iterator[Books]:
    with opened_wallet(ctx) as wallet:
        books = Books(wallet.folder)
        try:
            yield books
        finally:
            books.close()


def _fingerprint(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        fingerprint = bytes.fromhex(text.replace(":", ""))
    except ValueError:
        fingerprint = b""
    if len(fingerprint) != 32:
        raise CosignerError(
            Refusal.BAD_TOKEN, "--fingerprint is no SHA-256: 64 hex digits, colons allowed"
        )
    return fingerprint
