"""The command `why`, the same in every wallet: what is in the way, or who can do what."""

from pathlib import Path
from typing import Any

import click

from ccxx_cert.errors import CertificateError
from ccxx_cert.identity import format_outpoint, parse_outpoint
from ccxx_cert.prospects import Terms
from ccxx_cert.state import Certificate, CreditKind, get_certificate, get_credit, get_permit
from ccxx_cert.type_definition import TypeDefinition, check_type_definition
from ccxx_core.errors import DecodeError
from ccxx_core.transaction import OutPoint
from ccxx_wallet.certificate_facts import certificate_facts, find_certificate
from ccxx_wallet.cli import FILE, shared_options
from ccxx_wallet.drafts import name_draft
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import read_file
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.opening import opened_desk
from ccxx_wallet.why import Answer, Explainer, known_terms


@click.command("why")
@click.argument("certificate")
@click.option("--type", "type_file", type=FILE, help="Type definition, for its own terms.")
@shared_options
@click.pass_context
def why_command(ctx: click.Context, certificate: str, type_file: Path | None) -> None:
    """Say why something cannot be done with a certificate, or who can do it with which command."""
    with opened_desk(ctx) as desk:
        live, screen = desk.live, desk.settings.screen
        found = _find(live, certificate)
        explainer = Explainer(live, found, _terms(live, found, type_file))
        facts = certificate_facts(live, found)
        shown = {name: facts[name] for name in ("id", "short_id", "title", "serial", "status")}
        shown |= {"policy": explainer.custody.label, "ours": explainer.our_key is not None}
        answers = explainer.answers()
        if screen.as_json:
            screen.show({**shown, "deeds": [_facts(each) for each in answers]})
        else:
            screen.show({**shown, **{str(each.deed): each.sentence() for each in answers}})


def _facts(answer: Answer) -> dict[str, Any]:
    return {
        "deed": str(answer.deed),
        "possible": answer.is_possible,
        "here": answer.is_here,
        "by": answer.by,
        "signers": answer.signers or None,
        "command": answer.command or None,
        "note": answer.note or None,
        "reasons": [{"reason": str(each.reason), "line": each.line} for each in answer.hindrances],
        "line": answer.sentence(),
    }


def _find(live: LiveWallet, text: str) -> Certificate:
    """Find a certificate by its id, or by where it lies now; say what else it may be."""
    try:
        return find_certificate(live, text)
    except WalletError:
        try:
            outpoint = parse_outpoint(text)
        except DecodeError:
            outpoint = None
        if outpoint is None:
            raise
        found = _at(live, outpoint)
        if found is None:
            _explain_unknown(live, outpoint)
            raise
        return found


def _at(live: LiveWallet, outpoint: OutPoint) -> Certificate | None:
    credit = get_credit(live.ahead, outpoint)
    if credit is None or credit.owner is None or credit.kind is not CreditKind.CERTIFICATE:
        return None
    return get_certificate(live.ahead, credit.owner)


def _explain_unknown(live: LiveWallet, outpoint: OutPoint) -> None:
    """Raise WalletError UNKNOWN_CERTIFICATE with what an outpoint is, where we know it."""
    name = format_outpoint(outpoint)
    for draft in live.wallet.store.drafts():
        if draft.transaction.txid == outpoint.txid:
            raise WalletError(
                Refusal.UNKNOWN_CERTIFICATE,
                f"{name} is in {name_draft(draft)}, which was not sent: no certificate yet; let"
                " who is missing sign the file, then send it",
            )
    credit = get_credit(live.ahead, outpoint)
    if credit is not None or get_permit(live.ahead, outpoint) is not None:
        kind = "permit" if credit is None else f"coin of {credit.kind} credit"
        raise WalletError(
            Refusal.UNKNOWN_CERTIFICATE, f"{name} is a {kind}, no certificate; see permit list"
        )


def _terms(live: LiveWallet, certificate: Certificate, file: Path | None) -> Terms:
    """Return the terms of a type from a file, which must be the right one, or as kept here."""
    permit = get_permit(live.ahead, certificate.permit_id)
    if file is None or permit is None:
        return known_terms(live, certificate)
    try:
        definition = TypeDefinition.decode(read_file(file, limit=1_000_000))
        check_type_definition(definition, permit.message)
    except (DecodeError, CertificateError) as error:
        raise WalletError(
            Refusal.WRONG_TYPE_DEFINITION,
            f"{file} is not the type definition of this certificate: {error}; ask the root for the"
            " file that was granted (`ccxx-root permit type`)",
        ) from error
    return definition.rules
